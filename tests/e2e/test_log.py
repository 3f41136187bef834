"""What fails outside is told to the operator: once a minute for each, with the request that met it."""
import json
import os

from company import COLOUR, GREETING, MONO
from doubles.ldap import SERVICE_PASSWORD, password


def warnings(gate):
    """What the gateway warned of, with the request it names."""
    lines = [json.loads(line) for line in gate.stderr().splitlines() if line.startswith("{")]
    return [(line["request"], line["message"]) for line in lines if line["level"] == "warning" and "request" in line]


def told_once(gate, ask, status):
    """Asked three times, there is one warning: of the first, with what its caller was told."""
    before = warnings(gate)
    answers = [ask() for _ in range(3)]
    assert [answer.status for answer in answers] == [status] * 3
    (request, message), = warnings(gate)[len(before):]
    assert request == answers[0].headers["X-Request-Id"]
    assert message == f"answered {status}: {answers[0].body.decode().rstrip()}"


def test_upstreams_and_repositories_are_told_apart(company):
    gate = company.gateway()
    token = gate.token("alice", ["payments"])
    company.upstream.faults.set("upstream", "403")
    modules = iter((GREETING, COLOUR, "example.org/Palette"))
    told_once(gate, lambda: gate.request(f"/{next(modules).replace('P', '!p')}/@v/list", token=token), 502)
    os.rename(company.bare["mono"], company.bare["mono"] + ".moved")
    told_once(gate, lambda: gate.request(f"/{MONO}/@v/list", token=token), 502)


def test_a_directory_that_refuses_connections(stage):
    slapd = stage.ldap()
    gate = stage.gateway(lambda one: {"auth.ldap": slapd.settings(stage.ca.pem, one.secret("ldap", SERVICE_PASSWORD))})
    slapd.stop()
    told_once(gate, lambda: gate.request(f"/{GREETING}/@v/list", user=("alice", password("alice"))), 503)


def test_what_is_no_failure_is_not_told(company):
    gate = company.gateway()
    token = gate.token("bob")
    statuses = [gate.request(path, token=given).status for path, given in
                ((f"/{MONO}/@v/list", token), ("/example.org/none/@v/list", token), (f"/{GREETING}/@v/list", None), (f"/{GREETING}/@v/list", token))]
    assert statuses == [403, 404, 401, 200] and warnings(gate) == []
