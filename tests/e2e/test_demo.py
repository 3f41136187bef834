"""The demo does what it says, leaves nothing running, starts anew, and fails when it should."""
import os
import subprocess
import sys

import pytest

from gateway import BINARY

DEMO = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "demo", "demo.py")
RUN_TIMEOUT_S = 300


@pytest.fixture
def demo(tmp_path, go_commands):
    """run() is a demo with the oldest go command and no public internet; all of it lies in tmp_path."""
    os.symlink(BINARY, tmp_path / "modgate")

    def run():
        env = {**os.environ, "BUILD": str(tmp_path), "GO": go_commands[-1].binary, "GOPROXY": "off", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}
        return subprocess.run([sys.executable, DEMO], env=env, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, stdin=subprocess.DEVNULL)
    return run


def running(directory):
    """The command lines of processes that name the directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                line = file.read().replace("\0", " ")
        except OSError:
            continue
        if f"{directory}/demo/" in line:
            found.append(line)
    return found


def test_every_step(demo, tmp_path):
    for _ in range(2):
        done = demo()
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("✓") == 9 and "left out: go env GOPROXY names no https proxy" in done.stdout, done.stdout
        plain = done.stdout.replace(os.path.relpath(tmp_path), "build").replace(str(tmp_path), "build")
        assert max(map(len, plain.splitlines())) <= 100
        assert "\x1b" not in done.stdout, "colour although it is no terminal"
        assert not running(tmp_path)


def test_a_step_that_fails(demo, tmp_path):
    """A modgate that lets everybody read everything: the demo must notice at bob, tell it, and end what it started."""
    os.unlink(tmp_path / "modgate")
    with open(os.open(tmp_path / "modgate", os.O_WRONLY | os.O_CREAT, 0o755), "w", encoding="utf-8") as file:
        file.write(f"""#!/bin/sh
[ "$1" != serve ] || sed -i 's/"verdict": "deny"/"verdict": "allow"/' "$(dirname "$3")"/policy.yaml
exec {BINARY} "$@"
""")
    done = demo()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "✗  3 bob may not read" in done.stdout and "gateway.stderr" in done.stdout, done.stdout
    assert "✓  4" not in done.stdout and not running(tmp_path)


def test_what_is_not_its_own(demo, tmp_path):
    os.makedirs(tmp_path / "demo")
    (tmp_path / "demo" / "thesis.txt").write_text("years of work")
    done = demo()
    assert done.returncode == 1 and "no demo made it" in done.stdout
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "years of work"
