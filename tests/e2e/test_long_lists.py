"""Lists of many versions under many rules: looked through beside the event loop, and the same versions as one by one."""
import select

import pytest

from company import MONO, Company, rules

COUNT = 1500
WORKERS = 2      # that look through lists
ODD = [f">=9.{n}.0 <9.{n}.5" for n in range(64)]
# None holds, and each is tried for every version: seconds of work for a list that is in memory.
HEAVY = [{"name": f"heavy-{n}", "groups": ["heavy"], "modules": [MONO], "versions": ODD, "verdict": "deny"} for n in range(400)]
HIDDEN = {"name": "hidden", "groups": ["heavy"], "modules": [MONO], "versions": [">=1.7.1000"], "verdict": "deny"}


@pytest.fixture(scope="module")
def gate(shared):
    company = Company(shared)
    repo = company.repos["mono"]
    head = repo.head("v1.0.0")
    repo.git("update-ref", "--stdin", input="".join(f"create refs/tags/v1.7.{n} {head}\n" for n in range(COUNT)))
    company.push("mono")
    return company.gateway(rules(*HEAVY, HIDDEN), refresh_s=600)


@pytest.fixture(scope="module")
def heavy(gate):
    return gate.token("alice", ["payments", "heavy"])


def ask(gate, path, token):
    connection = gate.raw_socket(timeout=300)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode())
    return connection


def answered(connection):
    return bool(connection.pending() or select.select([connection], [], [], 0)[0])


def rest(connection):
    received = b""
    while block := connection.recv(65536):
        received += block
    connection.close()
    return received.partition(b"\r\n\r\n")[2]


def versions(gate, token):
    answer = gate.request(f"/{MONO}/@v/list", token=token)
    assert answer.status == 200
    return answer.body.decode().split()


@pytest.mark.parametrize("what", ["@v/list", "@latest"])
def test_others_are_answered_meanwhile(gate, heavy, what):
    """Whatever the machine's pace: who asks later for less is answered first."""
    everything = versions(gate, gate.token("bob", ["payments"]))      # and the list is in memory now
    slow = ask(gate, f"/{MONO}/{what}", heavy)
    assert [gate.request("/livez").status for _ in range(5)] == [200] * 5
    assert not answered(slow)
    body = rest(slow)
    shown = [version for version in everything if not version.startswith("v1.7.1") or len(version) < len("v1.7.1000")]
    assert len(everything) - len(shown) == COUNT - 1000
    assert body.decode().split() == shown if what == "@v/list" else b'"Version":"v1.7.999"' in body


def test_who_no_version_rule_concerns_waits_for_nobody(gate, heavy):
    """Nothing is decided per version, so nothing stands in line behind those who keep every worker busy."""
    bob = gate.token("bob", ["payments"])
    everything = versions(gate, bob)
    slow = [ask(gate, f"/{MONO}/@v/list", heavy) for _ in range(WORKERS)]
    assert versions(gate, bob) == everything
    assert not [one for one in slow if answered(one)]
    assert len({rest(one) for one in slow}) == 1
