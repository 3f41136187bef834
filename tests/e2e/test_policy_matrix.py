"""Policy on every endpoint, for every kind of caller; refused, absent and unknown told apart; the go command's walk through lists of proxies."""
import itertools
import re

import pytest

from company import API, COLOUR, GREETING, MONO, Company, rules

SUMDB = "/sumdb/sum.example.org"
DB_ENDPOINTS = {"supported": f"{SUMDB}/supported", "db latest": f"{SUMDB}/latest", "tile": f"{SUMDB}/tile/8/0/000"}

RULES = [
    {"name": "by-user", "modules": [COLOUR], "users": ["mallory"], "verdict": "deny", "reason": "not for mallory", "help": "ask #security"},
    {"name": "by-group", "modules": [COLOUR], "groups": ["interns"], "verdict": "deny"},
    {"name": "by-method", "modules": [COLOUR], "methods": ["anonymous"], "verdict": "deny"},
    {"name": "by-version", "modules": [GREETING], "versions": ">=1.1.0", "groups": ["interns"], "verdict": "deny"},
    {"name": "nothing", "groups": ["nothing"], "verdict": "deny"},
]


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def gate(company):
    return company.gateway(rules(*RULES), {"auth.anonymous": True})


@pytest.fixture(scope="module")
def callers(gate):
    """{name: token}; None is anonymous."""
    groups = {"alice": ["payments"], "bob": [], "mallory": ["payments"], "intern": ["interns"], "nobody": ["nothing"]}
    return {**{name: gate.token(name, given) for name, given in groups.items()}, "anonymous": None,
            "limited": gate.token("alice", ["payments"], modules=[GREETING])}


@pytest.fixture
def rows(gate):
    begin = gate.audit_size()
    return lambda: gate.rows(begin)


def endpoints(module, version):
    """{name: path} of everything that can be asked about a version."""
    files = {kind: f"/{module}/@v/{version}.{kind}" for kind in ("info", "mod", "zip")}
    return {"list": f"/{module}/@v/list", "latest": f"/{module}/@latest", **files, "lookup": f"{SUMDB}/lookup/{module}@{version}"}


NAMES = ("list", "latest", "info", "mod", "zip", "lookup")
ALL = {name: 200 for name in NAMES}
NONE = {name: 403 for name in NAMES}
MATRIX = [
    # caller, module, version, the status of each endpoint
    ("alice", API, "v1.1.0", {**ALL, "lookup": 403}),       # its name is not sent to a public database
    ("bob", API, "v1.1.0", NONE),
    ("anonymous", API, "v1.1.0", NONE),
    ("limited", API, "v1.1.0", NONE),
    ("alice", COLOUR, "v0.3.0", ALL),
    ("bob", COLOUR, "v0.3.0", ALL),
    ("mallory", COLOUR, "v0.3.0", NONE),
    ("intern", COLOUR, "v0.3.0", NONE),
    ("anonymous", COLOUR, "v0.3.0", NONE),
    ("limited", COLOUR, "v0.3.0", NONE),
    ("nobody", COLOUR, "v0.3.0", NONE),
    ("mallory", GREETING, "v1.1.0", ALL),
    ("anonymous", GREETING, "v1.1.0", ALL),
    ("limited", GREETING, "v1.1.0", ALL),
    ("intern", GREETING, "v1.1.0", {**ALL, "info": 403, "zip": 403}),
    ("intern", GREETING, "v1.0.0", ALL),
]


@pytest.mark.parametrize("caller, module, version, wanted", MATRIX, ids=[f"{row[0]}-{row[1]}-{row[2]}" for row in MATRIX])
def test_matrix(gate, callers, rows, caller, module, version, wanted):
    paths = endpoints(module, version)
    assert {name: gate.request(path, token=callers[caller]).status for name, path in paths.items()} == wanted
    told = rows()
    assert [row["action"] for row in told] == list(NAMES)
    assert [row["verdict"] for row in told] == ["deny" if wanted[name] == 403 else "allow" for name in NAMES]
    assert {row["module"] for row in told} == {module}


DATABASE = [("alice", 200), ("bob", 200), ("anonymous", 200), ("limited", 200), ("mallory", 200), ("nobody", 403)]


@pytest.mark.parametrize("caller, status", DATABASE)
def test_database_without_a_module(gate, callers, rows, caller, status):
    assert [gate.request(path, token=callers[caller]).status for path in DB_ENDPOINTS.values()] == [status] * 3
    told = rows()
    assert [row["verdict"] for row in told] == ["allow" if status == 200 else "deny"] * 3
    assert {row["rule"] for row in told} == {"" if status == 200 else "nothing"}      # several allow some module; which one is not asked


def test_database_that_is_not_configured_is_refused(gate, callers):
    """404 would send the go command there directly."""
    for path in DB_ENDPOINTS.values():
        assert gate.request(path.replace("sum.example.org", "sum.golang.example"), token=callers["alice"]).status == 403
    assert gate.request(f"/sumdb/sum.golang.example/lookup/{GREETING}@v1.0.0", token=callers["alice"]).status == 403


NO_RULE = [
    # what no rule forbids although some rule would allow it: caller, path, what the row says
    ("private name in a public database", "alice", f"{SUMDB}/lookup/{API}@v1.1.0", "is private"),
    ("private without a repository", "alice", "/tools.internal.example/x/@v/v1.0.0.info", "no repository is configured"),
    ("a token's limit", "limited", f"/{COLOUR}/@v/v0.3.0.info", "limited to other modules"),
    ("another database", "alice", f"/sumdb/sum.golang.example/lookup/{GREETING}@v1.0.0", "sum.golang.example"),
]


@pytest.mark.parametrize("caller, path, reason", [row[1:] for row in NO_RULE], ids=[row[0] for row in NO_RULE])
def test_a_denial_by_no_rule_names_none(company, caller, path, reason):
    gate = company.gateway(rules({"name": "inside", "modules": ["tools.internal.example"], "verdict": "allow"}))
    token = gate.token("alice", ["payments"], modules=[GREETING] if caller == "limited" else ())
    assert gate.request(path, token=token).status == 403
    row = gate.rows()[-1]
    assert (row["verdict"], row["rule"], row["status"]) == ("deny", "", 403) and reason in row["reason"]
    assert [denied["seq"] for denied in gate.audit_export("--verdict", "deny")] == [row["seq"]]


def test_private_names_are_not_looked_up(gate, callers, company):
    mark = company.upstream.mark()
    for module in (API, MONO, "tools.internal.example/x", "git.corp.example/none"):
        assert gate.request(f"{SUMDB}/lookup/{module}@v1.0.0", token=callers["alice"]).status == 403
    assert company.upstream.events(since=mark) == []


def test_names_under_nosumdb_are_not_looked_up(company):
    """Public ones too: whoever exempted them may not want their names known. What is served of them is not proved either."""
    gate = company.gateway({**rules(), "nosumdb": ["example.org/greet*", "git.corp.example"]})
    token = gate.token("alice", ["payments"])
    mark = company.upstream.mark()
    for module, why in ((GREETING, b"nosumdb"), (f"{GREETING}/sub", b"nosumdb"), (API, b"is private")):
        answer = gate.request(f"{SUMDB}/lookup/{module}@v1.0.0", token=token)
        assert answer.status == 403 and why in answer.body and b"GONOSUMDB" in answer.body
    assert company.upstream.events(since=mark) == []
    assert gate.request(f"/{GREETING}/@v/v1.0.0.mod", token=token).status == 200
    assert not [path for path in company.upstream.paths(mark) if path.startswith("/sumdb/")]
    assert gate.request(f"{SUMDB}/lookup/{COLOUR}@v0.3.0", token=token).status == 200
    said = gate.command("policy", "explain", "--user", "alice", GREETING)
    assert "lookup: deny: nosumdb" in said


# --- refused says nothing about what exists ----------------------------------------------------------------------------------------------


def told(answer, module):
    """What an answer says, the name that was asked for, its own number and the time taken out."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in ("X-Request-Id", "Date"))
    text = repr((answer.status, headers, answer.body.decode().replace(module, "MODULE")))
    return re.sub(r"'Content-Length', '\d+'", "'Content-Length'", text)


@pytest.mark.parametrize("caller", ["bob", "anonymous", "limited"])
def test_denied_is_the_same_whether_or_not_it_exists(gate, callers, caller):
    absent = "git.corp.example/payments/nil"
    assert len(absent) == len(API)
    for name, version in itertools.product(NAMES, ("v1.1.0", "v9.9.9")):
        there, gone = (gate.request(endpoints(module, version)[name], token=callers[caller]) for module in (API, absent))
        assert there.status == 403 and told(there, API) == told(gone, absent)


def test_refusal_says_whom_to_ask(gate, callers):
    text = gate.request(f"/{API}/@v/list", token=callers["bob"]).body.decode()
    assert API in text and "bob" in text and "only the payments team" in text and "ask #payments for the group" in text
    text = gate.request(f"/{COLOUR}/@v/list", token=callers["mallory"]).body.decode()
    assert "not for mallory" in text and "by-user" in text


def test_nothing_is_fetched_or_built_for_a_refused_name(company, callers, gate):
    marks = company.upstream.mark(), company.host.mark()
    for name, path in {**endpoints("git.corp.example/web/Secret".replace("S", "!s"), "v1.0.0"), **endpoints("example.org/fresh", "v1.0.0")}.items():
        assert gate.request(path, token=callers["nobody"]).status == 403
    assert company.upstream.events(since=marks[0]) == [] and company.host.events(since=marks[1]) == []


# --- absent, unknown -------------------------------------------------------------------------------------------------------------------------


ABSENT = [f"/{API}/@v/v9.9.9.info", f"/{API}/@v/v9.9.9.mod", f"/{API}/@v/v9.9.9.zip", f"/{API}/@v/nobranch.info", f"/{API}/deep/@v/list",
          f"/{API}/deep/@latest", f"/{API}/v3/@v/list", f"/{MONO}/nodir/@v/list", f"/{GREETING}/@v/v9.9.9.info", f"/{GREETING}/@v/v9.9.9.zip",
          "/example.org/none/@v/list", "/example.org/none/@latest", f"{SUMDB}/lookup/example.org/none@v1.0.0"]


@pytest.mark.parametrize("path", ABSENT)
def test_absent_is_404(gate, callers, path):
    answer = gate.request(path, token=callers["alice"])
    assert answer.status == 404, answer.body


def test_repository_that_the_host_denies_is_unknown(stage):
    """The host's "not found" may mean that our credential lost access: the go command must not look elsewhere until it has shown itself good."""
    gate = Company(stage).gateway()
    token = gate.token("alice", ["payments"])
    for kind in ("list", "latest", "info", "zip"):
        answer = gate.request(endpoints("git.corp.example/payments/nil", "v1.0.0")[kind], token=token)
        assert answer.status == 502 and b"the credential may not see it" in answer.body
    assert gate.request(endpoints(API, "v1.1.0")["list"], token=token).status == 200
    assert gate.request(endpoints("git.corp.example/payments/nix", "v1.0.0")["list"], token=token).status == 404


OUTAGES = ["500", "503", "403", "401", "reset", "redirect:https://127.0.0.1:9/"]


def test_outage_is_5xx(stage):
    """Each kind of it under a name of its own, at the git host and upstream; it ends by itself."""
    company = Company(stage)
    gate = company.gateway()
    token = gate.token("alice", ["payments"])
    for number, fault in enumerate(OUTAGES):
        private, public = f"git.corp.example/payments/api{number or ''}", f"example.org/out{number}"
        company.host.faults.set("paths", f"/payments/api* {fault}")
        company.upstream.faults.set("paths", f"/{public}/* {fault}")
        for module in (private, public):
            statuses = {path: gate.request(path, token=token).status for path in list(endpoints(module, "v1.1.0").values())[:5]}
            assert all(status in (502, 503) for status in statuses.values()), (fault, statuses)
    company.host.faults.clear()
    company.upstream.faults.clear()
    assert gate.request(f"/{COLOUR}/@v/list", token=token).status == 200
    gate.wait(lambda: gate.request(f"/{API}/@v/list", token=token).status == 200, "does not ask the git host again")


# --- what the go command makes of it ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(stage):
    """A public proxy that somebody put behind the gateway in GOPROXY."""
    return stage.upstream("elsewhere", name="sum2.example.org")


LISTS = [
    # separator, module, what happens at the gateway, does the go command ask elsewhere
    (",", f"{API}@v1.0.0", "denied", False),
    (",", "git.corp.example/payments/nil@v1.0.0", "unknown", False),
    (",", f"{GREETING}@v9.9.9", "absent", True),
    (",", f"{COLOUR}@v0.3.1", "outage", False),
    ("|", f"{GREETING}@v9.9.9", "absent", True),
]


@pytest.mark.parametrize("separator, module, happens, asks", LISTS, ids=[f"{row[2]}{row[0]}" for row in LISTS])
def test_go_falls_through_on_absent_only(company, gate, go_command, elsewhere, ca, separator, module, happens, asks, tmp_path, callers):
    token = callers["bob" if happens == "denied" else "alice"]
    if happens == "unknown":
        # A daemon whose credential the git host has not let in lately.
        gate = company.gateway()
        token = gate.token("alice", ["payments"])
    go = company.go(gate, go_command, token)
    bundle = tmp_path / "both.pem"
    bundle.write_text(open(gate.ca, encoding="utf-8").read() + open(ca.pem, encoding="utf-8").read())
    go.env.update(GOPROXY=f"{gate.url}{separator}{elsewhere.url}", SSL_CERT_FILE=str(bundle), GONOSUMDB="*")
    if happens == "outage":
        company.upstream.faults.set("paths", f"/{COLOUR}/@v/v0.3.1.info 503")
    try:
        said = go.refused("list", "-m", module)
    finally:
        company.upstream.faults.clear()
    assert bool(elsewhere.paths()) == asks
    if happens == "denied":
        assert "403" in said and "only the payments team" in said and "ask #payments" in said


FALLBACKS = [
    # fallback of the first, what the first does, does the second answer
    ("not_found", "404", True), ("not_found", "410", True), ("not_found", "500", False), ("not_found", "403", False), ("not_found", "reset", False),
    ("any_error", "404", True), ("any_error", "500", True), ("any_error", "403", True), ("any_error", "reset", True),
]


@pytest.mark.parametrize("fallback, fault, second", FALLBACKS)
def test_lists_of_upstreams(stage, fallback, fault, second, go_commands):
    """`,` and `|` between our upstreams mean what they mean to the go command."""
    one, two = stage.upstream("one"), stage.upstream("two")
    gate = stage.gateway({"upstreams": [{"url": one.url, "fallback": fallback, "ca": stage.ca.pem}, {"url": two.url, "ca": stage.ca.pem}],
                          "cache.negative_ttl_s": 0}, upstream=one)
    token = gate.token("alice")
    one.faults.set("upstream", fault)
    answered = [gate.request(f"/{GREETING}/@v/{file}", token=token).status for file in ("list", "v1.1.0.info", "v1.1.0.mod")]
    assert answered == [200] * 3 if second else all(status >= 500 for status in answered)
    assert bool(two.paths()) == second
    go = stage.workspace(go_commands[0], f"{one.url}{',' if fallback == 'not_found' else '|'}{two.url}", ca=stage.ca.pem, GOSUMDB="off")
    assert (go.attempt("list", "-m", f"{GREETING}@v1.1.0").returncode == 0) == second


def test_modules_of_an_upstream(stage):
    """The second is asked for what the first is not for."""
    one, two = stage.upstream("one"), stage.upstream("two")
    upstreams = [{"url": server.url, "modules": [module], "ca": stage.ca.pem} for server, module in ((one, COLOUR), (two, GREETING))]
    gate = stage.gateway({"upstreams": upstreams}, upstream=one)
    token = gate.token("alice")
    for module, status in ((COLOUR, 200), (GREETING, 200), ("example.org/Palette".replace("P", "!p"), None)):
        answer = gate.request(f"/{module}/@v/list", token=token)
        assert answer.status == status if status else answer.status >= 400
    assert {path.split("/@")[0] for path in one.paths() if "/sumdb/" not in path} == {f"/{COLOUR}"}
    assert {path.split("/@")[0] for path in two.paths() if "/sumdb/" not in path} == {f"/{GREETING}"}
