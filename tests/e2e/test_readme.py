"""README.md is held to its word: its tour runs as it stands, and what it names exists."""
import glob
import os
import re
import subprocess

import pytest

from company import API, Company
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


def section(title):
    return read("README.md").split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands(text, first):
    """The block of commands, told by spaces before them, that begins so."""
    (block,) = [block for block in re.findall(r"\n\n((?:    [^\n]*\n)+)", text) if block.startswith("    " + first)]
    return [line.strip() for line in block.splitlines()]


REPOSITORIES = re.findall(r"^```yaml\n(.*?)^```$", section("Private repositories"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", REPOSITORIES)
def test_private_repositories_load(tmp_path, block):
    """In what init wrote, with the files that they name."""
    gate, env = tmp_path / "gate", {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run([BINARY, "init", str(gate), "--upstream", "https://proxy.example"], check=True, capture_output=True, env=env)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(gate / "keys" / "ssh")], check=True)
    (gate / "known_hosts").write_text("ssh.corp.example " + (gate / "keys" / "ssh.pub").read_text())
    for name in ("git", "hook"):
        (gate / "keys" / name).write_text("reader:secret")
        (gate / "keys" / name).chmod(0o600)
    with open(gate / "modgate.yaml", "a", encoding="utf-8") as config:
        config.write(block)
    done, shown = (subprocess.run([BINARY, command, "-c", str(gate / "modgate.yaml")], capture_output=True, text=True, env=env, check=False)
                   for command in ("check-config", "show-config"))
    assert done.returncode == 0 and "repositories" not in done.stderr, done.stderr
    prefixes = re.findall(r"prefix: (\S+)", block)
    assert prefixes and all(prefix in shown.stdout for prefix in prefixes) and len(REPOSITORIES) == 3


def test_ssh_commands(stage, tmp_path):
    """The host's key is found, and its fingerprint shown."""
    host = stage.gitssh()
    (tmp_path / "keys").mkdir()
    script = "\n".join(commands(section("Private repositories"), "ssh-keygen")).replace("ssh.corp.example", f"-p {host.port} 127.0.0.1")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "SHA256:" in done.stdout, done.stderr
    key = host.read("host_key.pub").split()[1]
    assert key in (tmp_path / "known_hosts").read_text() and (tmp_path / "keys" / "ssh.pub").exists()


def test_refresh_commands(company_gate):
    """By the webhook's secret and by an administrator's token."""
    gate = company_gate
    lines = commands(section("Operations"), "(printf")
    assert len(lines) == 2
    for line in lines:
        script = line.replace("https://HOST:PORT", gate.url).replace("MODULE", API)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=gate.directory, capture_output=True, text=True, check=False)
        assert f'"module":"{API}"' in done.stdout.replace(" ", ""), done.stdout + done.stderr


def test_while_a_host_is_down(company_gate, go_commands):
    """What README.md says works, and what it says does not."""
    gate = company_gate
    token = gate.token("alice", ["payments"])
    go = gate.company.go(gate, go_commands[0], token)
    go.run("get", f"{API}@v1.0.0")
    gate.company.host.stop()
    go.forget()
    go.program(f"{API}/deep")
    # What the host said a moment ago is believed for some seconds.
    gate.wait(lambda: gate.request(f"/{API}/deep/@v/v1.1.0.info", token=token).status == 502, "still believes the host")
    told = go.refused("get", f"{API}/deep@v1.1.0")
    assert "502" in told or "503" in told
    for line in commands(section("Operations"), "go get MODULE@"):
        go.run(*line.replace("MODULE", API).replace("v1.3.0", "v1.1.0").split()[1:])
    go.run("list", "-m", "-versions", API)
    go.run("mod", "download")
    go.run("build", ".")


@pytest.fixture
def company_gate(stage):
    company = Company(stage)
    gate = company.gateway(settings=lambda one: {"cache.negative_ttl_s": 0, "repositories": [
        {**company.settings(one, refresh_s=1)["repositories"][0], "webhook_secret_file": one.secret("hook", "a secret of ours")}]})
    gate.company = company
    return gate


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
