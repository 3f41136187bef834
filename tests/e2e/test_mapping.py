"""From a module path to a repository: {*} for nested groups, names of one's own, and ?go-get=1 pages."""
import os
import re

import pytest

from company import READER
from doubles.connect import Connect

GROUPS = "gitlab.corp.example"
TOOLS = f"{GROUPS}/platform/go/tools"
LINT = f"{TOOLS}/lint"
VANITY = "go.corp.example"
GREET = f"{VANITY}/greet"
POLICY = {
    "private": ["*.corp.example"],
    "nosumdb": ["*.corp.example"],
    "rules": [
        {"name": "hidden", "modules": [f"{GROUPS}/hidden"], "verdict": "deny"},
        {"name": "developers", "modules": [GROUPS, VANITY, "unmapped.corp.example"], "groups": ["developers"], "verdict": "allow"},
        {"name": "public", "modules": ["*"], "private": False, "verdict": "allow"},
    ],
}


class World:
    """A git host with nested groups, and a gateway that knows it by {*} and by a name of its own."""

    def __init__(self, stage, missing="unknown"):
        self.stage = stage
        self.host = stage.githttp(users=dict([READER]))
        tools = stage.repo("tools")
        tools.module(TOOLS, tags=["v0.1.0"])
        tools.commit({"lint/go.mod": f"module {LINT}\n\ngo 1.19\n", "lint/lint.go": "package lint\n"}, tags=["lint/v0.2.0"])
        self._put(tools, "platform/go/tools.git")
        greet = stage.repo("greet")
        greet.commit({"src/go.mod": f"module {GREET}\n\ngo 1.19\n", "src/greet.go": "package greet\n", "src/loud/loud.go": "package loud\n"},
                     tags=["src/v1.0.0"])
        self._put(greet, "inner/of/greet.git")
        self.gate = stage.gateway(lambda gate: self._settings(gate, missing), POLICY, init=["--host", VANITY])
        self.token = self.gate.token("dora", ["developers"])

    def _put(self, repo, name):
        path = os.path.join(self.host.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        repo.bare(path)

    def _settings(self, gate, missing):
        common = {"ca": self.stage.ca.pem, "credentials_file": gate.secret("git", ":".join(READER)), "missing": missing}
        return {"repositories": [{"prefix": GROUPS, "repository": self.host.url + "/{*}.git", **common},
                                 {"prefix": VANITY, "repository": self.host.url + "/inner/of/{1}.git", "subdir": "src", **common}],
                "cache.negative_ttl_s": 3600}

    def asked(self, mark=0):
        """Which repositories the git host was asked for, each question once."""
        paths = [row["path"] for row in self.host.events("answer", mark) if row["status"] != 401]
        return [path.split("/info/refs")[0] for path in paths if "/info/refs" in path]

    def mirrors(self):
        return [name for name in os.listdir(self.gate.path("data", "git")) if name != "empty.git"]

    def page(self, path, **request):
        return self.gate.request(f"/{path}?go-get=1", **{"token": self.token, **request})


@pytest.fixture
def world(stage):
    return World(stage)


@pytest.fixture(scope="module")
def pages(shared):
    """Of this one nothing is asked but pages."""
    return World(shared)


# --- {*} -------------------------------------------------------------------------------------------------------------------------------


def test_go_gets_a_module_of_a_nested_group(world, go_command):
    """The repository is found by the shortest path that is there; the groups above are asked for once, and a second developer asks for nothing."""
    for _ in range(2):
        go = world.gate.go(go_command, world.token, GONOSUMDB="*.corp.example")
        go.program(TOOLS, LINT)
        go.run("get", TOOLS, LINT)
        go.run("build", ".")
        assert f"{TOOLS} v0.1.0 h1:" in go.read("go.sum") and f"{LINT} v0.2.0 h1:" in go.read("go.sum")
    asked = world.asked()
    assert {path: asked.count(path) for path in asked if "tools" not in path} == {"/platform.git": 1, "/platform/go.git": 1}
    assert set(asked) == {"/platform.git", "/platform/go.git", "/platform/go/tools.git"}
    assert len(world.mirrors()) == 1


@pytest.mark.parametrize("missing, status", [("unknown", 502), ("absent", 404)])
def test_what_is_no_module_is_asked_for_once(stage, missing, status):
    """A path with nothing at it, and a group: neither costs a clone, and the host hears of it once."""
    world = World(stage, missing)
    for round in range(2):
        mark = world.host.mark()
        for path in (f"{GROUPS}/platform/none", f"{GROUPS}/platform"):
            for query in ("@v/list", "@latest", "@v/v1.0.0.info"):
                answer = world.gate.request(f"/{path}/{query}", token=world.token)
                assert answer.status == status and b"not found" in answer.body
        assert world.asked(mark) == ([] if round else ["/platform.git", "/platform/none.git"])
    assert world.mirrors() == []


def test_a_path_in_a_repository_that_is_no_module_costs_no_fetch(world):
    assert world.gate.request(f"/{TOOLS}/@v/list", token=world.token).status == 200
    mark = world.host.mark()
    for path in (f"{TOOLS}/none", f"{TOOLS}/none/deeper"):
        for query in ("@v/list", "@latest", "@v/list"):
            assert world.gate.request(f"/{path}/{query}", token=world.token).status == 404
    assert world.asked(mark) == []


# --- a host that ignores case ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case, status", [("exact", 200), ("lower", 404)])
def test_a_host_that_ignores_case(stage, case, status):
    """A deny of hello does not hold for Hello, where the host has one for the other; unless capitals are said to be absent."""
    host = stage.githttp(users=dict([READER]))
    hello = stage.repo("hello")
    hello.commit({"hello.go": "package hello\n"}, tags=["v1.0.0"])
    hello.bare(os.path.join(host.root, "team/hello.git"))
    os.symlink("hello.git", os.path.join(host.root, "team/Hello.git"))
    policy = {"rules": [{"name": "secret", "modules": ["git.corp.example/team/hello"], "verdict": "deny"}, {"name": "rest", "private": True, "verdict": "allow"}]}

    def settings(gate):
        return {"repositories": [{"prefix": "git.corp.example", "repository": host.url + "/{1}/{2}.git", "ca": stage.ca.pem, "case": case,
                                  "credentials_file": gate.secret("git", ":".join(READER))}]}
    gate = stage.gateway(settings, policy)
    token = gate.token("dora")
    assert gate.request("/git.corp.example/team/hello/@v/v1.0.0.info", token=token).status == 403
    for file in ("@v/list", "@v/v1.0.0.info", "@v/v1.0.0.zip", "@latest"):
        mark = host.mark()
        answer = gate.request(f"/git.corp.example/team/!hello/{file}", token=token)
        assert answer.status == status and (b"named in lower case" in answer.body) == (case == "lower"), answer.body
        assert case == "exact" or not host.events("answer", mark)


def test_two_names_of_one_repository_are_told(stage):
    gate = stage.gateway({"repositories": [{"prefix": "git.corp.example", "repository": "https://git.corp.example/{1}/{2}.git"},
                                           {"prefix": "go.corp.example", "repository": "https://git.corp.example/go/{1}.git"}]})
    said = "go.corp.example may come to the repositories of git.corp.example on line"
    assert said in gate.stderr() and said in gate.attempt("check-config").stderr


# --- ?go-get=1 -------------------------------------------------------------------------------------------------------------------------


def tag(answer):
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    (content,) = re.findall(r'<meta name="go-import" content="([^"]*)">', answer.body.decode())
    return content.split(" ")


@pytest.mark.parametrize("path, root", [(TOOLS, TOOLS), (LINT, TOOLS), (f"{TOOLS}/v2", TOOLS), (GREET, GREET), (f"{GREET}/loud", GREET)])
def test_the_page_names_this_gateway(pages, path, root):
    """Of the repository's own path, found without a clone; recorded as a list is."""
    begin = pages.gate.audit_size()
    assert tag(pages.page(path)) == [root, "mod", pages.gate.url + "/"]
    row, = pages.gate.rows(begin)
    assert (row["action"], row["module"], row["verdict"], row["status"], row["user"]) == ("list", path, "allow", 200, "dora")
    assert pages.mirrors() == []


def test_the_page_by_the_hosts_own_name(pages):
    """As a go command asks: the host's name is the path's first element."""
    for host in (VANITY, VANITY.upper(), f"{VANITY}:443"):
        assert tag(pages.page("greet", headers={"Host": host})) == [GREET, "mod", f"https://{host}/"]
    assert tag(pages.page(GREET, headers={"Host": VANITY}))[0] == GREET
    for host in ('"><script>', "a b", "x/y"):
        assert tag(pages.page(GREET, headers={"Host": host}))[2] == pages.gate.url + "/"


REFUSED = [
    (f"{GROUPS}/hidden/x", "dora", 403), (TOOLS, "nobody", 403), ("unmapped.corp.example/x", "dora", 403), ("corp.example", "dora", 404),
    ("example.org/greeting", "dora", 404), (f"{GROUPS}/none", "dora", 404), (GROUPS, "dora", 404), (TOOLS, None, 401),
]


@pytest.mark.parametrize("path, user, status", REFUSED)
def test_pages_that_are_refused(pages, path, user, status):
    assert pages.page(TOOLS).status == 200      # the credential works, so "not found" is believed
    begin = pages.gate.audit_size()
    answer = pages.page(path, token=user and (pages.token if user == "dora" else pages.gate.token(user)))
    assert answer.status == status and b"go-import" not in answer.body and answer.headers["Content-Type"].startswith("text/plain")
    row, = [row for row in pages.gate.rows(begin)]
    assert row["status"] == status and row["module"] == path and row["verdict"] == {403: "deny", 401: "deny"}.get(status, "allow")


@pytest.mark.parametrize("path", ["", "livez", "Corp.example/x", f"{TOOLS}/", f"{GROUPS}//platform", f"{GROUPS}/!tools", f"{GROUPS}/%74ools%3fgo-get=1",
                                  f"{TOOLS}/@v/list"])
def test_what_is_no_module_path(pages, path):
    begin = pages.gate.audit_size()
    assert pages.page(path).status == 404
    assert pages.gate.rows(begin) == []


@pytest.mark.parametrize("query", ["?go-get", "?go-get=0", "?go-get=1&x=1", "?go-get&1", "?go-get=1=", "?x=1&go-get=1", "??go-get=1", "?go%2dget=1", "?GO-GET=1"])
def test_other_query_strings_are_none(pages, query):
    answer = pages.gate.request(f"/{TOOLS}{query}", token=pages.token)
    assert answer.status == 404 and b"query string" in answer.body


def test_go_in_direct_mode_is_led_to_the_gateway(world, go_command):
    """GOPROXY=direct, no git (GOVCS): go.corp.example itself says that the gateway is its proxy."""
    gate = world.gate
    proxy = world.stage.add(Connect({f"{VANITY}:443": (gate.host, gate.port)})).start()
    go = world.stage.workspace(go_command, f"https://{VANITY}", ca=gate.ca, user="token", password=world.token, HTTPS_PROXY=proxy.url,
                               GOPRIVATE=VANITY, GOSUMDB="off")
    go.env["GOPROXY"] = "direct"
    del go.env["GONOPROXY"], go.env["GONOSUMDB"]
    go.program(f"{GREET}/loud")
    go.run("get", f"{GREET}/loud@latest")
    go.run("build", ".")
    assert f"{GREET} v1.0.0 h1:" in go.read("go.sum")
    assert set(proxy.names) == {f"{VANITY}:443"}
    rows = {(row["action"], row["module"]) for row in gate.rows() if row["status"] == 200}
    assert {("list", GREET), ("list", f"{GREET}/loud"), ("mod", GREET), ("zip", GREET)} <= rows
