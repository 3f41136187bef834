"""data/control.sock, spoken to by hand: what its one user may get wrong, and who keeps whom waiting."""
import json
import resource
import socket
import time

import pytest

from gateway import PATIENCE_S


@pytest.fixture
def gate(stage):
    return stage.gateway()


@pytest.fixture
def call(gate, monkeypatch):
    """call(**members) is the daemon's answer; call() alone a connection that has said nothing yet."""
    monkeypatch.chdir(gate.path("data"))      # a socket's path is short
    callers = []

    def one(**members):
        callers.append(socket.socket(socket.AF_UNIX))
        callers[-1].settimeout(PATIENCE_S)
        callers[-1].connect("control.sock")
        if not members:
            return callers[-1]
        callers[-1].sendall(json.dumps(members).encode() + b"\n")
        return json.loads(callers[-1].makefile().readline())
    yield one
    for caller in callers:
        caller.close()


def tokens(gate):
    return [token["user"] for token in json.loads(gate.command("token", "list", "--json"))]


ODD = [
    ("modules that are a number", {"modules": 5}, "modules: a text"),
    ("modules in an array", {"modules": ["example.org"]}, "modules: a text"),
    ("no modules", {"modules": None}, "modules: a text"),
    ("groups in an array", {"groups": ["x"]}, "groups: a text"),
    ("a scope of another type", {"scope": {"read": True}}, "scope: a text"),
    ("days in a text", {"days": "1"}, "days: a whole number"),
    ("half a day", {"days": 0.5}, "days: a whole number"),
    ("a user of another type", {"user": 1}, "user: a text"),
    ("a limit of another name", {"module": "example.org"}, "module"),
]


@pytest.mark.parametrize("members, says", [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_a_limit_that_cannot_be_read_is_no_missing_limit(gate, call, members, says):
    before = tokens(gate)
    answer = call(**{"command": "token_issue", "user": "a", **members})
    assert answer["code"] < 0 and says in answer["error"]
    assert tokens(gate) == before
    assert call(command="token_issue", user="a", modules="example.org")["code"] == 0


def test_silent_callers_keep_nobody_waiting(gate, call):
    """More of them than were ever served one after the other within the time that a command waits."""
    silent = [call() for _ in range(17)]
    assert tokens(gate) == ["admin"]
    for caller in silent:
        assert "does not answer" in json.loads(caller.makefile().readline())["error"]


def test_out_of_descriptors_the_socket_is_not_polled_without_end(gate, call, strace):
    """A caller who cannot be let in is tried now and then, not thousands of times a second, and is answered when there is room again."""
    soft, hard = resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE)
    tracer = strace("-e", "trace=accept,accept4")
    resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE, (3, hard))
    try:
        caller = call()
        time.sleep(2)
        tried = sum("EMFILE" in line for line in tracer.lines())
    finally:
        resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
    tracer.stop()
    assert 1 <= tried < 200
    caller.sendall(b'{"command": "token_list"}\n')
    assert json.loads(caller.makefile().readline())["code"] == 0


def test_a_caller_that_drips_is_ended(call):
    """One deadline for the whole request: a byte now and then does not put it off."""
    caller = call()
    caller.settimeout(0.5)
    answer = b""
    for _ in range(PATIENCE_S * 2):
        try:
            caller.sendall(b" ")
            answer = caller.recv(4096)
            break
        except TimeoutError:
            continue
    assert b"does not answer" in answer
