"""POST /-/api/v1/refresh: who may have a repository looked at again at once, what that changes, and what is refused."""
import hashlib
import hmac
import json
import re

import pytest

from company import API, LINT, MONO, PORTAL, Company, rules

SECRET = "a secret of ours"
PATH = "/-/api/v1/refresh"
PUSH = json.dumps({"ref": "refs/tags/v1.4.0", "repository": {"full_name": "elsewhere/other"}}).encode()
TEAMS = {"name": "everybody", "modules": ["git.corp.example", "code.corp.example"], "verdict": "allow"}


def signature(body, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


FORMS = {
    "github": lambda body, secret: {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={signature(body, secret)}"},
    "gitlab": lambda body, secret: {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": secret},
    "gitea": lambda body, secret: {"X-Gitea-Event": "push", "X-Gitea-Signature": signature(body, secret)},
    "gitea of today": lambda body, secret: {"X-Gitea-Signature": signature(body, secret), "X-Hub-Signature": "sha1=00",
                                            "X-Hub-Signature-256": f"sha256={signature(body, secret)}"},
}


def open_gate(company, repository="/{1}/{2}.git", **settings):
    """Nothing is looked at again for an hour, unless somebody says so."""
    def make(one):
        made = company.settings(one, refresh_s=3600)
        made["repositories"][0]["repository"] = company.host.url + repository
        made["repositories"][0]["webhook_secret_file"] = one.secret("hook", SECRET)
        return {**made, "cache": {"list_ttl_s": 3600, "negative_ttl_s": 3600}, **settings}
    return company.stage.gateway(make, rules(TEAMS), company.upstream)


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def gate(company):
    return open_gate(company)


@pytest.fixture(scope="module")
def alice(gate):
    return gate.token("alice", ["payments"])


def versions(gate, token, module):
    answer = gate.request(f"/{module}/@v/list", token=token)
    assert answer.status == 200
    return answer.body.decode().split()


def deliver(gate, headers, body=PUSH, module=API, content_type="application/json", **options):
    headers = {"Content-Type": content_type, **headers} if content_type else headers
    return gate.request(f"{PATH}?module={module}", "POST", headers=headers, body=body, **options)


# --- what it is for ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_push_is_seen_at_once(stage, form):
    company = Company(stage)
    gate = open_gate(company)
    alice = gate.token("alice")
    repo, new = company.repos["payments/api"], "v1.4.0"
    before = versions(gate, alice, API)
    branch = gate.request(f"/{API}/@v/main.info", token=alice).body
    assert new not in before and gate.request(f"/{API}/@v/{new}.info", token=alice).status == 404
    lint = versions(gate, alice, LINT)
    repo.commit({"code.go": "package code\n\nconst Release = 4\n"}, tags=[new, "tools/lint/v0.9.0"])
    company.push("payments/api")
    assert versions(gate, alice, API) == before and gate.request(f"/{API}/@v/{new}.info", token=alice).status == 404

    answer = deliver(gate, FORMS[form](PUSH, SECRET))
    assert (answer.status, json.loads(answer.body)) == (202, {"module": API, "after_s": 0})
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "no-store"
    assert versions(gate, alice, API) == [*before, new]
    assert gate.request(f"/{API}/@v/{new}.info", token=alice).status == 200
    assert gate.request(f"/{API}/@v/main.info", token=alice).body != branch
    assert versions(gate, alice, LINT) == [*lint, "v0.9.0"]     # another module of the same repository

    (row,) = [row for row in gate.audit_export() if row["kind"] == "admin"]
    assert (row["module"], row["method"], row["user"], row["verdict"], row["status"], row["text"]) == (API, "webhook", "", "allow", 202, "refresh")
    assert row["request"] == answer.headers["X-Request-Id"] and row["address"] == "127.0.0.1" and "action" not in row
    assert gate.metrics()['modgate_requests_total{endpoint="refresh",status="202"}'] == 1


@pytest.mark.parametrize("repository", ["/{1}/{2}.git", "/{*}.git"])
def test_a_new_repository(stage, repository):
    """Asked for before it is there, which is remembered for long; then it is made, pushed to and told of."""
    company = Company(stage)
    gate = open_gate(company, repository=repository)
    alice, module = gate.token("alice"), "git.corp.example/payments/new"
    for file in ("@v/list", "@v/v1.0.0.info"):
        answer = gate.request(f"/{module}/{file}", token=alice)
        assert answer.status == 502 and b"not found" in answer.body
    repo = stage.repo("new")
    repo.module(module, tags=["v1.0.0"])
    repo.bare(f"{company.host.root}/payments/new.git")
    assert gate.request(f"/{module}/@v/v1.0.0.info", token=alice).status == 502
    assert json.loads(deliver(gate, FORMS["github"](PUSH, SECRET), module=module).body)["after_s"] == 0
    assert versions(gate, alice, module) == ["v1.0.0"]
    assert gate.request(f"/{module}/@v/v1.0.0.info", token=alice).status == 200


def test_an_administrator(stage):
    """A token of that scope; without a body, as curl -X POST sends it, or with one."""
    company = Company(stage)
    gate = open_gate(company)
    alice, admin = gate.token("alice"), gate.admin_token()
    before = versions(gate, alice, MONO)
    company.repos["mono"].commit({"more.go": "package code\n"}, tags=["v1.4.0"])
    company.push("mono")
    assert versions(gate, alice, MONO) == before
    answer = gate.request(f"{PATH}?module=code.corp.example%2Fmono.git", "POST", token=admin)
    assert (answer.status, json.loads(answer.body)["module"]) == (202, MONO)
    assert versions(gate, alice, MONO) == [*before, "v1.4.0"]
    assert deliver(gate, {}, module=MONO, token=admin).status == 202
    assert [(row["user"], row["method"], row["module"]) for row in gate.audit_export() if row["kind"] == "admin"] == [("admin", "token", MONO)] * 2


def test_a_storm_is_no_storm_of_fetches(stage):
    company = Company(stage)
    gate = open_gate(company)
    alice = gate.token("alice")
    versions(gate, alice, API)
    begun = company.host.mark()
    after = [json.loads(deliver(gate, FORMS["github"](PUSH, SECRET)).body)["after_s"] for _ in range(60)]
    for _ in range(60):
        versions(gate, alice, API)
    assert after[:4] == [0] * 4 and all(0 < seconds <= 5 for seconds in after[4:20])
    fetches = [one for one in company.host.events("answer", begun) if "service=git-upload-pack" in one["path"] and one["status"] == 200]
    assert 1 <= len(fetches) <= 12


def test_invented_names_fill_no_queue(stage):
    """One signature told of many names: few are fetched, the rest are refused; and what was true of them is seen nevertheless."""
    company = Company(stage)
    gate = open_gate(company)
    alice = gate.token("alice")
    before = versions(gate, alice, API)
    company.repos["payments/api"].commit({"code.go": "package code\n\nconst Release = 4\n"}, tags=["v1.4.0"])
    company.push("payments/api")
    begun = company.host.mark()
    connection = gate.connection()
    answers = [deliver(gate, FORMS["github"](PUSH, SECRET), module=f"git.corp.example/payments/r{n}", connection=connection) for n in range(60)]
    statuses = [answer.status for answer in answers]
    assert statuses[:16] == [202] * 16 and 429 in statuses and set(statuses) == {202, 429}
    refused = answers[statuses.index(429)]
    assert refused.headers["Retry-After"] == "5" and b"too many repositories of one rule" in refused.body
    (row,) = [row for row in gate.audit_export() if row.get("request") == refused.headers["X-Request-Id"]]
    assert (row["kind"], row["status"]) == ("admin", 429)
    asked = {one["path"].split("/info/")[0] for one in company.host.events("answer", begun)}
    assert len(asked) <= statuses.count(202)
    assert deliver(gate, FORMS["github"](PUSH, SECRET), connection=connection).status in (202, 429)
    connection.close()
    assert versions(gate, alice, API) == [*before, "v1.4.0"]
    assert deliver(gate, {}, module=MONO, token=gate.admin_token()).status == 202       # another rule has its own


# --- who may -------------------------------------------------------------------------------------------------------------------------

WRONG = [
    ("another secret", lambda: FORMS["github"](PUSH, "another"), API), ("of another body", lambda: FORMS["github"](b"{}", SECRET), API),
    ("no prefix", lambda: {"X-Hub-Signature-256": signature(PUSH)}, API), ("too short", lambda: {"X-Gitea-Signature": signature(PUSH)[:-2]}, API),
    ("too long", lambda: {"X-Gitea-Signature": signature(PUSH) + "00"}, API), ("empty", lambda: {"X-Gitea-Signature": ""}, API),
    ("another token", lambda: {"X-Gitlab-Token": SECRET + "x"}, API), ("a part of the token", lambda: {"X-Gitlab-Token": SECRET[:-1]}, API),
    ("an empty token", lambda: {"X-Gitlab-Token": ""}, API), ("sha1", lambda: {"X-Hub-Signature-256": f"sha1={signature(PUSH)}"}, API),
    ("of a repository without a secret", lambda: FORMS["github"](PUSH, SECRET), MONO), ("of no secret", lambda: FORMS["github"](PUSH, ""), MONO),
    ("no token for no secret", lambda: {"X-Gitlab-Token": ""}, MONO), ("of a public module", lambda: FORMS["github"](PUSH, SECRET), "example.org/greeting"),
]


@pytest.mark.parametrize("headers, module", [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_wrong_signatures(gate, addresses, headers, module):
    begin = gate.audit_size()
    answer = deliver(gate, headers(), module=module)
    assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.body == (b"modgate: the signature was not made with the secret of this module's repository "
                           b"(repositories[].webhook_secret_file)\n")
    assert SECRET not in gate.stderr()
    for row in gate.rows(begin, ("auth", "admin", "access")):
        assert (row["kind"], row["method"], row["verdict"], row["reason"], row["status"]) == ("auth", "webhook", "deny", "bad_signature", 401)


def test_scopes(gate, alice):
    audit, admin = gate.token("carol", ["compliance"], scope="audit"), gate.token("dora", ["x"], scope="admin", modules=["code.corp.example"])
    assert deliver(gate, {}).status == 401 and deliver(gate, {}, token="mg_wrong").status == 401
    for token in (alice, audit):
        answer = deliver(gate, {}, token=token)
        assert answer.status == 403 and b"scope admin" in answer.body
        # Whoever brings a credential is judged by it.
        assert deliver(gate, FORMS["github"](PUSH, SECRET), token=token).status == 403
    assert deliver(gate, {}, token=admin).status == 403 and deliver(gate, {}, module=MONO, token=admin).status == 202
    rows = [row for row in gate.rows(kinds=("admin",)) if row["user"] in ("alice", "carol", "dora")]
    assert [(row["user"], row["verdict"], row["status"]) for row in rows] == [
        ("alice", "deny", 403)] * 2 + [("carol", "deny", 403)] * 2 + [("dora", "deny", 403), ("dora", "allow", 202)]


def test_anonymous_is_nobody(stage):
    gate = open_gate(Company(stage), **{"auth.anonymous": True})
    assert deliver(gate, {}).status == 401


def test_nothing_to_refresh(gate):
    answer = deliver(gate, {}, module="example.org/greeting", token=gate.admin_token())
    assert answer.status == 404 and b"no repository is configured for example.org/greeting" in answer.body


def test_a_secret_is_read_again(stage):
    company = Company(stage)
    gate = open_gate(company)
    assert deliver(gate, FORMS["gitlab"](PUSH, "the next")).status == 401
    gate.secret("hook", "the next")
    gate.command("reload")
    assert deliver(gate, FORMS["gitlab"](PUSH, "the next")).status == 202 and deliver(gate, FORMS["gitlab"](PUSH, SECRET)).status == 401
    gate.secret("hook", "")
    done = gate.attempt("reload")
    assert done.returncode == 1 and "webhook_secret_file" in done.stderr
    assert deliver(gate, FORMS["github"](PUSH, "the next"), module=PORTAL).status == 202


# --- the form of it --------------------------------------------------------------------------------------------------------------------

QUERIES = ["", "?", "?module", "?module=", "?module=x", f"?module={API}&module={API}", f"?module={API}&x=1", f"?Module={API}", f"?x={API}",
           f"?module={API}%00", f"?module={API}%zz", f"?module={API}%", "?module=git.corp.example/../x", f"?module={API}%3Fx", f"?module=/{API}", f"?module={API}/"]


@pytest.mark.parametrize("query", QUERIES)
def test_queries(gate, query):
    answer = gate.request(PATH + query, "POST", token=gate.admin_token())
    assert answer.status == 400 and answer.body.startswith(b"modgate: ")


def test_bodies(gate):
    """Just within the limit, and just not; other types."""
    most = b"[" + b" " * (1024 * 1024 - 2) + b"]"
    for form in ("github", "gitlab", "gitea"):
        assert deliver(gate, FORMS[form](most, SECRET), body=most).status == 202
    assert deliver(gate, FORMS["github"](b"", SECRET), body=b"").status == 202
    assert deliver(gate, FORMS["github"](PUSH, SECRET), content_type="Application/JSON; charset=utf-8").status == 202
    assert deliver(gate, FORMS["github"](PUSH, SECRET), content_type="application/x-www-form-urlencoded").status == 400
    assert deliver(gate, FORMS["github"](PUSH, SECRET), content_type=None).status == 400
    for length, status in ((1024 * 1024 + 1, b" 413 "), (10 ** 30, b" 413 ")):
        answer, closed = gate.raw(f"POST {PATH}?module={API} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Gitlab-Token: {SECRET}\r\n"
                                  f"Content-Length: {length}\r\n\r\n".encode())
        assert status in answer.split(b"\r\n")[0] and closed or length > 2 ** 63 and b" 4" in answer.split(b"\r\n")[0]


FRAMES = ["Content-Length: 2\r\nContent-Length: 2\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n",
          "Content-Length: +2\r\n", "Content-Length: 0x2\r\n", "Content-Length: 2, 2\r\n", "Content-Length: -2\r\n", "Content-Length : 2\r\n",
          "Host: y\r\nContent-Length: 2\r\n"]


@pytest.mark.parametrize("frame", FRAMES)
def test_frames(gate, frame):
    """With a second request behind it, which must not be answered."""
    begin = gate.audit_size()
    answer, closed = gate.raw((f"POST {PATH}?module={API} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Gitlab-Token: {SECRET}\r\n{frame}\r\n{{}}"
                               f"POST {PATH}?module={API} HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: {SECRET}\r\n\r\n").encode())
    # The head of the library's own 400, for a length that is no number, goes out twice.
    assert set(re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)) == {b"400"} and closed
    assert gate.rows(begin, ("admin", "auth", "access")) == []


def test_a_connection_goes_on(gate):
    connection = gate.connection()
    for _ in range(3):
        assert deliver(gate, FORMS["github"](PUSH, SECRET), connection=connection).status == 202
        assert deliver(gate, FORMS["github"](PUSH, "another"), connection=connection).status == 401
        assert gate.request("/livez", connection=connection).status == 200
    connection.close()


def test_expect_continue(gate):
    with gate.raw_socket() as connection:
        connection.sendall(f"POST {PATH}?module={API} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Gitlab-Token: {SECRET}\r\n"
                           "Expect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert connection.recv(1000).startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("query", ["", f"?module={API}"])
def test_other_methods(gate, method, query):
    answer = gate.request(PATH + query, method, token=gate.admin_token())
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", [PATH + "/", "/-/api/v1", "/-/api/v1/tokens", "/", "/livez", f"/{API}/@v/list"])
def test_other_paths(gate, path):
    answer = gate.request(path, "POST", token=gate.admin_token())
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_body_that_never_ends(gate):
    """Whoever hangs up in the middle leaves nothing."""
    begin = gate.audit_size()
    with gate.raw_socket() as connection:
        connection.sendall(f"POST {PATH}?module={API} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Gitlab-Token: {SECRET}\r\n"
                           "Content-Length: 1000\r\n\r\n{".encode())
    gate.wait(lambda: gate.request("/livez").status == 200, "does not answer")
    assert gate.rows(begin, ("admin", "auth", "access")) == []
