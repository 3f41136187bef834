"""The manual pages say what the program does: commands and options, keys of the policy, and examples that hold."""
import os
import re
import subprocess

import pytest

from test_commands import NOW, modgate

DOCS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "docs")
PAGES = ("modgate.1", "modgate.yaml.5", "modgate-policy.yaml.5")


def source(page):
    with open(os.path.join(DOCS, page), encoding="utf-8") as file:
        return file.read()


def plain(roff):
    """A line without fonts and escapes."""
    return re.sub(r"\\f[A-Z]", "", roff).replace("\\-", "-").replace("\\e", "\\")


def examples(page):
    return [plain(text) for text in re.findall(r"^\.nf\n(.*?)^\.fi$", source(page), re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("page", PAGES)
def test_pages_format_without_warning(page):
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", os.path.join(DOCS, page)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and len(done.stdout) > 1000


@pytest.mark.parametrize("name", NOW)
def test_commands_and_options(name):
    """Usage and every option, in the order of `modgate help`."""
    usage, *rest = modgate("help", *name.split()).stdout.splitlines()
    sections = [plain(part) for part in re.split(r"^\.TP\n(?=\\fBmodgate )", source("modgate.1"), flags=re.MULTILINE)]
    (section,) = [part for part in sections if part.splitlines()[0] == usage.removeprefix("usage: ")]
    documented = re.findall(r"^\.TP\n(--\S+.*)$", section.split("\n.SS ")[0].split("\n.SH ")[0], re.MULTILINE)
    options = [re.match(r"  (\S+( \S+)?)  ", line)[1].strip() for line in rest if line.startswith("  -")]
    assert documented == [one for one in options if one not in ("-c FILE", "--json")]


def test_later_commands_have_no_page_entry():
    assert len(re.findall(r"^\\fBmodgate ", source("modgate.1"), re.MULTILINE)) == len(NOW)


def documented_between(start, end):
    text = source("modgate-policy.yaml.5").split(f".SH {start}\n")[1].split(f".SH {end}\n")[0]
    return sorted(word for line in re.findall(r"^\.TP\n\.BR? (.*)$", text, re.MULTILINE) for word in re.findall(r"\w+", line))


def expected(said):
    """The keys that a message about an unknown one lists."""
    return sorted(re.findall(r"\w+", re.search(r"; ([\w, ]+) was expected", said)[1].replace(" or ", ", ")))


def test_policy_keys(gateway):
    gate = gateway(start=False)
    gate.policy("rules: []\nbogus: []\n")
    assert expected(gate.attempt("check-config").stderr) == documented_between("KEYS", "RULES")
    gate.policy("rules: [ { name: a, verdict: allow, bogus: 1 } ]\n")
    assert expected(gate.attempt("check-config").stderr) == documented_between("RULES", "EXAMPLE")
    gate.policy("rules: []\n")
    with open(gate.path("cases.yaml"), "w", encoding="utf-8") as file:
        file.write("cases: [ { bogus: 1 } ]\n")
    assert expected(gate.attempt("policy", "test", gate.path("cases.yaml")).stderr) == documented_between("CASES", "SEE ALSO")


def test_policy_examples_hold(gateway):
    policy, cases = examples("modgate-policy.yaml.5")
    gate = gateway(start=False)
    gate.policy(policy)
    with open(gate.path("cases.yaml"), "w", encoding="utf-8") as file:
        file.write(cases)
    assert gate.command("policy", "test", gate.path("cases.yaml")) == f"{cases.count('want:')} passed, 0 failed\n"
