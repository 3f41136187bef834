"""No answer before its record is on the disk, and system calls that fail: what a client was given has its row, and service comes back by itself."""
import re

import pytest

from company import API, GREETING

INFO, ZIP = f"/{API}/@v/v1.1.0.info", f"/{GREETING}/@v/v1.1.0.zip"
SYNCED = re.compile(r"(?:fsync|fdatasync)\(\d+<[^>]*/audit/log-[^>]*>\) += 0|<\.\.\. (?:fsync|fdatasync) resumed>\) += 0")
SENT = re.compile(r"(?:sendmsg|sendto|write|writev)\(\d+<(?:socket|TCP)")


@pytest.fixture
def token(gate):
    """One that was used: what is asked below is in the store and in memory."""
    token = gate.token("alice", ["payments"])
    for path in (INFO, ZIP):
        assert gate.request(path, token=token).status == 200
    return token


def test_the_record_is_synced_before_the_answer_is_sent(gate, token, strace):
    """On a connection that is open, so that the next thing sent is the answer."""
    connection = gate.connection()
    assert gate.request("/livez", connection=connection).status == 200
    gate.audit_size()
    tracer = strace("-e", "trace=fsync,fdatasync,sendmsg,sendto,write,writev")
    assert gate.request(INFO, token=token, connection=connection).status == 200
    tracer.stop()
    lines = tracer.lines()
    synced = [number for number, line in enumerate(lines) if SYNCED.search(line)]
    sent = [number for number, line in enumerate(lines) if SENT.search(line)]
    assert synced and sent and synced[0] < sent[0], "\n".join(lines)
    connection.close()


FAILURES = [
    # the calls that fail, how, and for which of them (strace's `when`)
    ("fsync,fdatasync", "EIO", "1+"),
    ("fsync,fdatasync", "EIO", "1"),
    ("fsync,fdatasync", "EIO", "2+3"),
    ("pwrite64", "ENOSPC", "1+2"),
    ("pwrite64", "EIO", "1"),
    ("pwrite64", "EIO", "1+"),
    ("openat", "EMFILE", "1+"),
    ("ftruncate,unlink,rename", "EIO", "1+"),
]


@pytest.mark.parametrize("calls, error, when", FAILURES, ids=["-".join(row) for row in FAILURES])
def test_what_was_given_was_recorded(gate, token, strace, calls, error, when):
    tracer = strace("-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={when}")
    answers = {}
    for number in range(12):
        name = f"under-failure-{number}"
        path = (INFO, ZIP, f"/{API}/@v/v1.{number % 2}.0.mod")[number % 3]
        answers[name] = gate.request(path, token=token, headers={"X-Trace-Id": name})
    tracer.stop()
    assert {answer.status for answer in answers.values()} <= {200, 503}
    assert "INJECTED" in "".join(tracer.lines())
    gate.wait(lambda: gate.request(INFO, token=token, headers={"X-Trace-Id": "after-failure"}).status == 200, "does not come back")
    gate.wait(lambda: gate.request("/readyz").status == 200, "does not get ready again")
    gate.kill9()
    recorded = {row.get("request") for row in gate.audit_export() if row.get("status") == 200}
    assert {name for name, answer in answers.items() if answer.status == 200} | {"after-failure"} <= recorded
    assert gate.attempt("audit", "verify").returncode == 0
    gate.start()
    assert [gate.request(path, token=token).status for path in (INFO, ZIP)] == [200, 200]
    size = gate.audit_size()
    sequences = [row["seq"] for row in gate.audit_export()]
    # An answer's outcome may come between the two.
    assert sequences == list(range(max(size, len(sequences))))


def test_health_is_red_while_nothing_can_be_synced(gate, token, strace):
    tracer = strace("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO")
    assert [gate.request(INFO, token=token).status for _ in range(3)] == [503] * 3
    assert (gate.request("/readyz").status, gate.request("/livez").status) == (503, 200)
    assert gate.metrics()["modgate_ready"] == 0
    tracer.stop()
    gate.wait(lambda: gate.request("/readyz").status == 200, "does not get ready again")
    assert gate.request(INFO, token=token).status == 200
