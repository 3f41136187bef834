"""README.md is held to its word: its tour runs as it stands, and what it names exists."""
import glob
import os
import re
import subprocess

import pytest

from gateway import BINARY, BUILD
from golang import RUN_TIMEOUT_S

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = re.compile(r"^(\w[\w-]*):(?!=)", re.MULTILINE)


def read(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


def tour():
    """The shell blocks, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", read("README.md"), re.MULTILINE | re.DOTALL)


def run_tour(go, directory, upstream, script):
    """In a shell that stops at the first failure, with the variables that README.md introduces set to the double, as a reader would set them."""
    os.symlink(BUILD, directory / "build")
    env = {"PATH": f"{os.path.dirname(go.binary)}:{os.environ['PATH']}", "HOME": str(directory), "LC_ALL": "C", "GOTOOLCHAIN": "local",
           "GOCACHE": os.path.join(BUILD, "tests", f"gocache-{go.name}"), "GOSUMDB": upstream.key, "GOENV": "off",
           "TOUR": str(directory / "tour"), "UPSTREAM": upstream.url, "PUBLIC": "example.org/greeting@v1.1.0"}
    quiet_end = 'gate=; trap \'[ -z "$gate" ] || kill "$gate"\' EXIT\n'
    return subprocess.run(["bash", "-euo", "pipefail", "-c", quiet_end + script], cwd=directory, env=env, capture_output=True, text=True,
                          timeout=RUN_TIMEOUT_S, stdin=subprocess.DEVNULL)


def test_tour(go_command, tmp_path, upstream_factory):
    upstream = upstream_factory(tls=None)
    (tmp_path / "tour").mkdir()
    done = run_tour(go_command, tmp_path, upstream, "\n".join(tour()) + "\ngate=\n")
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("all modules verified", "corp.example/hello v1.0.0", "denied, exit status 1", "ask #platform for the group"):
        assert said in done.stdout, f"{said!r} is missing in:\n{done.stdout}"
    for zip_row in ('"zip","corp.example/hello","v1.0.0","allow","built","pin",200]',
                    '"zip","example.org/greeting","v1.1.0","allow","fetched","sumdb",200]'):
        assert zip_row in done.stdout, f"{zip_row} is missing in:\n{done.stdout}"
    assert "corp.example" not in upstream.everything()


def test_tour_stops_at_a_failure(go_commands, tmp_path, upstream_factory):
    """So that the test above cannot pass over a command that fails."""
    upstream = upstream_factory(tls=None)
    (tmp_path / "tour").mkdir()
    done = run_tour(go_commands[0], tmp_path, upstream, "\n".join(tour()[:3]).replace("verdict: deny", "verdict: perhaps") + "\necho went on\n")
    assert done.returncode != 0 and "went on" not in done.stdout


def test_installing(tmp_path):
    """The steps before the first start, in a root of their own: what only a real machine can do is recorded, everything else happens."""
    block = re.search(r"\*\*Installing\.\*\*.*?\n\n((?:    [^\n]*\n)+)", read("README.md"), re.DOTALL)[1]
    steps = [line.strip() for line in block.splitlines()]
    unit = read("conf", "modgate.service")
    told = re.findall(r"^#   (.*)$", unit, re.MULTILINE)
    assert [step.replace("NAME", "modgate.corp.example") for step in told] == [step for step in steps if step in told or step.startswith("modgate init")] and len(told) == 5
    stubs = tmp_path / "stubs"
    for name in ("make", "adduser", "chown", "systemctl"):
        stubs.mkdir(exist_ok=True)
        (stubs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/asked\n')
        (stubs / name).chmod(0o755)
    script = "\n".join(steps).replace("/etc/modgate", f"{tmp_path}/etc/modgate").replace("/var/lib/modgate", f"{tmp_path}/lib/modgate")
    (tmp_path / "lib").mkdir()
    env = {"PATH": f"{stubs}:{BUILD}:/usr/bin:/bin", "HOME": str(tmp_path), "MODGATE_CONFIG": f"{tmp_path}/etc/modgate/modgate.yaml"}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "lib/modgate/audit").is_dir() and f"data: {tmp_path}/lib/modgate\n" in (tmp_path / "etc/modgate/modgate.yaml").read_text()
    assert [line.split()[0] for line in (tmp_path / "asked").read_text().splitlines()] == ["make", "adduser", "chown", "systemctl"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_names(page):
    """Make targets, files and commands that the page speaks of are there."""
    text = read(page)
    targets = set(TARGET.findall(read("Makefile")))
    rooms = re.search(r"^ROOMS := (.*)$", read("Makefile"), re.MULTILINE)[1].split()
    asked = set(re.findall(r"(?:`|^    )make ([a-z-]+)(?![\w-])", text, re.MULTILINE))
    assert asked and asked <= targets, asked - targets
    for name in re.findall(r"\]\((?!https?:)([^)#]+)\)|`((?:%s|tests|conf|docs)/[\w./*-]*)`" % "|".join(rooms), text):
        file = re.sub(r"WORD|NAME|ROOM", "*", name[0] or name[1])      # words that stand for any
        assert glob.glob(os.path.join(ROOT, file)), f"{page} names {file}"
    help_text = subprocess.run([BINARY, "help"], capture_output=True, text=True, check=True).stdout.partition("Not in this version")[0]
    text = text.partition("## Not in this version")[0]
    code = "\n".join(re.findall(r"^```.*?^```|`[^`\n]+`", text, re.MULTILINE | re.DOTALL))
    commands = set(re.findall(r"(?:`|^)modgate ([a-z][a-z-]+)", code, re.MULTILINE))
    known = set(re.findall(r"^  ([a-z][a-z-]+)", help_text, re.MULTILINE))
    assert commands <= known, commands - known


def test_sections():
    """The table of configuration names every section, and no other."""
    table = re.search(r"\| section \|.*?\n\n", read("README.md"), re.DOTALL)[0]
    told = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
    assert sorted(told) == sorted(re.findall(r"^(\w+):", read("conf", "modgate.yaml"), re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_stands_alone(page):
    """No path of the machine that it was written on."""
    assert ROOT not in read(page) and not re.search(r"/(root|home)/", read(page))
