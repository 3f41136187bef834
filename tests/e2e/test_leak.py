"""Private names never go out: whatever anybody asks, no byte of them reaches the public upstream or its checksum database."""
import itertools

import pytest

from company import API, API2, COLOUR, GREETING, LINT, MONO, POLICY, PORTAL, Company
from doubles.gomodule import escape

UNMAPPED = "tools.internal.example/secret"          # private by pattern, with no repository
ABSENT = "git.corp.example/payments/hushhush"       # private, and the host has no such repository
NAMES = (API, API2, LINT, PORTAL, MONO, f"{API}/deep", ABSENT, UNMAPPED, "git.corp.example/payments", "git.corp.example", "code.corp.example")

# No public module's name holds one of these, however it is escaped.
TELLTALES = ("corp.example", "corp%2e", "internal.example", "payments", "portal", "hushhush", "mono", "secret", "alice", "wrongly")

SUMDB = "/sumdb/sum.example.org"


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def gate(company):
    return company.gateway(settings={"auth.anonymous": True})


@pytest.fixture(scope="module")
def tokens(gate):
    return {"alice": gate.token("alice", ["payments", "web"]), "bob": gate.token("bob"), "anonymous": None, "wrong": "mg_wrongly"}


def assert_nothing_went_out(upstream, mark=0):
    """Every byte that was received and every TLS server name. What was received at all is in there, so an empty record proves nothing alone."""
    heard = upstream.everything(mark).lower()
    assert [word for word in TELLTALES if word in heard] == []
    assert {row.get("sni") for row in upstream.events("tls", mark)} <= {None, "127.0.0.1", "localhost"}
    for row in upstream.events("close", mark):
        assert row["unread"] == ""


def questions(module, version):
    name, version = escape(module), escape(version)
    return [f"/{name}/@v/list", f"/{name}/@latest", f"/{name}/@v/{version}.info", f"/{name}/@v/{version}.mod", f"/{name}/@v/{version}.zip",
            f"/{name}/@v/main.info", f"{SUMDB}/lookup/{name}@{version}", f"/{name}?go-get=1"]


def misspelt(path):
    """As a typing mistake, or somebody who wants round the rule, writes it."""
    return [path.replace("git.corp", "GIT.corp"), path.replace("/payments", "//payments"), path.replace("payments", "p%61yments"),
            path.replace("payments", "Payments"), path.replace("payments", "p%2561yments"), "/." + path, path.replace("@v", "%40v"),
            path.replace("corp.example", "corp.example.")]


@pytest.mark.parametrize("caller", ["alice", "bob", "anonymous", "wrong"])
def test_every_endpoint(company, gate, tokens, caller):
    mark = company.upstream.mark()
    asked, connection = 0, gate.connection()
    for module, version in itertools.product(NAMES, ("v1.1.0", "v9.9.9")):
        for path in questions(module, version):
            for spelling in {path, *misspelt(path)}:
                gate.request(spelling, token=tokens[caller], connection=connection)
                asked += 1
    connection.close()
    assert asked > 500
    assert gate.request(f"/{GREETING}/@v/list", token=tokens["alice"]).status == 200
    assert_nothing_went_out(company.upstream, mark)


def test_go_commands_that_probe(stage, go_command):
    """The go command asks for every prefix of an import path; with and without access, with the database asked for everything."""
    company = Company(stage)
    gate = company.gateway()
    for token in (gate.token("alice", ["payments", "web"]), gate.token("bob")):
        go = company.go(gate, go_command, token)
        go.program(f"{API}/deep", COLOUR)
        for needs in (f"{API}/deep/none", f"{API}/deep", PORTAL, ABSENT, UNMAPPED, f"{COLOUR}@latest"):
            go.attempt("get", needs)
        go.attempt("mod", "tidy")
        careless = company.go(gate, go_command, token)
        careless.env["GONOSUMDB"] = "none"      # asks the checksum database for private names too
        said = careless.attempt("get", f"{API}@v1.1.0")
        assert said.returncode != 0 and "403" in said.stderr
    assert company.upstream.paths()
    assert_nothing_went_out(company.upstream)


def test_outage_of_the_git_host(stage):
    """The name is unknown for the moment; it is not tried elsewhere."""
    company = Company(stage)
    gate = company.gateway()
    company.host.stop()
    token = gate.token("alice", ["payments"])
    for path in questions(API, "v1.1.0")[:-1]:      # the page names this gateway, whatever the host does
        assert gate.request(path, token=token).status >= 400
    assert_nothing_went_out(company.upstream)


def test_private_by_a_reload(stage):
    """Public until the policy says otherwise; from then on not one more byte."""
    company = Company(stage)
    gate = company.gateway({**POLICY, "private": []})
    token = gate.token("alice")
    gate.request(f"/{UNMAPPED}/@v/list", token=token)
    assert "internal.example" in company.upstream.everything()
    gate.policy(POLICY)
    gate.command("reload")
    mark = company.upstream.mark()
    for path in questions(UNMAPPED, "v1.0.0"):
        gate.request(path, token=token)
    assert_nothing_went_out(company.upstream, mark)


def test_mapped_prefix_is_private_whatever_the_policy_says(stage):
    company = Company(stage)
    open_policy = {"private": [], "nosumdb": [], "rules": [{"name": "all", "verdict": "allow"}]}
    gate = company.gateway(open_policy)
    token = gate.token("alice")
    statuses = {path: gate.request(path, token=token).status for module in (API, MONO) for path in questions(module, "v1.1.0")}
    assert statuses[f"/{API}/@v/v1.1.0.zip"] == 200 and statuses[f"{SUMDB}/lookup/{API}@v1.1.0"] == 403
    assert_nothing_went_out(company.upstream)


def test_the_telltale_would_be_seen(company, gate, tokens):
    """The test's own eyes: a public name shows up in the record."""
    mark = company.upstream.mark()
    gate.request("/example.org/wrongly/@v/list", token=tokens["alice"])
    with pytest.raises(AssertionError):
        assert_nothing_went_out(company.upstream, mark)
