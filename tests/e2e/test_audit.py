"""The record: what each request leaves, that it is there before the answer, and that the metrics agree with it."""
import http.client
import re
import subprocess
import threading
import time

import pytest

from company import API, GREETING, POLICY, Company

SUMDB = "/sumdb/sum.example.org"


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def gate(company):
    return company.gateway()


# --- the fields ----------------------------------------------------------------------------------------------------------------------------

HEAD = ["v", "seq", "time", "salt", "kind"]
CALLER = ["request", "user", "groups", "method", "credential", "address", "agent", "action", "module", "version", "verdict", "rule", "reason",
          "policy", "private"]
SERVED = ["proof", "source", "origin", "status", "h1", "bytes"]
REFUSED = HEAD + ["request", "method", "credential", "address", "agent", "action", "module", "version", "verdict", "reason", "status"]


def without(names, *gone):
    return [name for name in names if name not in gone]


ROWS = [
    # name, path, who asks, status, the row's fields in order, some of their values
    ("private info", f"/{API}/@v/v1.1.0.info", "alice", 200, without(HEAD + CALLER + SERVED, "h1"),
     {"action": "info", "proof": "pin", "private": True, "rule": "payments"}),
    ("private mod", f"/{API}/@v/v1.1.0.mod", "alice", 200, HEAD + CALLER + SERVED, {"action": "mod", "proof": "pin"}),
    ("private zip", f"/{API}/@v/v1.1.0.zip", "alice", 200, HEAD + CALLER + SERVED, {"action": "zip", "source": "built", "version": "v1.1.0"}),
    ("private list", f"/{API}/@v/list", "alice", 200, without(HEAD + CALLER + SERVED, "version", "origin", "h1"), {"action": "list"}),
    ("private latest", f"/{API}/@latest", "alice", 200, without(HEAD + CALLER + SERVED, "h1"), {"action": "latest", "version": "v1.3.0"}),
    ("branch", f"/{API}/@v/main.info", "alice", 200, without(HEAD + CALLER + SERVED, "h1"), {"action": "info", "version": "v1.3.0"}),
    ("public zip", f"/{GREETING}/@v/v1.1.0.zip", "alice", 200, without(HEAD + CALLER + SERVED, "origin"),
     {"proof": "sumdb", "source": "fetched", "private": False}),
    ("public mod", f"/{GREETING}/@v/v1.1.0.mod", "alice", 200, without(HEAD + CALLER + SERVED, "origin"), {"proof": "sumdb", "rule": "public"}),
    ("public info", f"/{GREETING}/@v/v1.1.0.info", "alice", 200, without(HEAD + CALLER + SERVED, "origin", "h1"), {"proof": "none"}),
    ("lookup", f"{SUMDB}/lookup/{GREETING}@v1.1.0", "alice", 200, None,
     {"action": "lookup", "module": GREETING, "version": "v1.1.0", "verdict": "allow"}),
    ("tile", f"{SUMDB}/tile/8/0/000", "alice", 200, None, {"action": "tile", "verdict": "allow"}),
    ("latest of the database", f"{SUMDB}/latest", "alice", 200, None, {"action": "tile", "verdict": "allow"}),
    ("denied", f"/{API}/@v/v1.1.0.zip", "bob", 403, HEAD + CALLER + ["status"],
     {"verdict": "deny", "rule": "payments-others", "reason": "only the payments team"}),
    ("absent", f"/{API}/@v/v9.9.9.info", "alice", 404, HEAD + CALLER + ["status"], {"verdict": "allow"}),
    ("nobody", f"/{API}/@v/v1.1.0.zip", None, 401, REFUSED, {"kind": "auth", "verdict": "deny", "reason": "no_credential"}),
    ("wrong token", f"/{API}/@v/v1.1.0.zip", "mg_wrong", 401, None, {"kind": "auth", "verdict": "deny", "method": "token"}),
]


@pytest.mark.parametrize("path, who, status, fields, values", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_row(gate, path, who, status, fields, values):
    groups = {"alice": ["payments", "web"], "bob": []}
    token = gate.token(who, groups[who]) if who in groups else who
    begin = gate.audit_size()
    assert gate.request(path, token=token, headers={"User-Agent": b"test/\xe9"}).status == status
    told = gate.rows(begin)
    assert len(told) == 1
    row = told[0]
    if fields is not None:
        assert without(row, "agent_b64") == without(fields, "agent")
    assert {name: row[name] for name in values} == values
    assert row["status"] == status and row["address"] == "127.0.0.1" and row["v"] == 1 and row["seq"] == begin
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row["time"]) and len(row["salt"]) >= 22
    if who in groups:
        assert (row["user"], row["groups"], row["method"], row["credential"]) == (who, groups[who], "token", token.split("_")[1])
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", row["policy"])


def test_row_of_a_question_about_versions(company):
    """The version in the row is the one that was decided on; where none was found, nothing was decided."""
    only_old = {"name": "only-old", "modules": [API], "versions": "<1.2.0", "verdict": "allow"}
    gate = company.gateway({**POLICY, "rules": [only_old]})
    token = gate.token("alice")
    rows = [
        (f"/{API}/@v/v1.1.0.info", 200, "v1.1.0", "allow"),
        (f"/{API}/@v/main.info", 403, "v1.3.0", "deny"),
        (f"/{API}/@latest", 200, "v1.1.0", "allow"),
        (f"/{API}/@v/nope.info", 404, "nope", "none"),
        (f"/{API}/@v/v1.1.0.zip", 200, "v1.1.0", "allow"),
        (f"/{API}/@v/v1.3.0.zip", 403, "v1.3.0", "deny"),
    ]
    assert [gate.request(path, token=token).status for path, *_ in rows] == [status for _, status, *_ in rows]
    told = gate.rows(kinds=("access",))
    assert [(row["status"], row["version"], row["verdict"]) for row in told] == [tuple(values) for _, *values in rows]
    assert "nope" in told[3]["reason"]


def test_agent_of_any_bytes(gate):
    token = gate.token("alice", ["payments"])
    agents = ((b"plain/1", "agent", "plain/1"), (b"\xff\xfe", "agent_b64", "//4="), ("\u2028\u00fc".encode(), "agent", "\u2028\u00fc"))
    for agent, field, value in agents:
        head = f"GET /{GREETING}/@v/list HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nUser-Agent: ".encode()
        gate.raw(head + agent + b"\r\n\r\n")
        assert gate.audit_export()[-1][field] == value


def test_what_is_no_access_has_rows_of_its_kind(stage):
    company = Company(stage)
    gate = company.gateway()
    token = gate.token("alice", ["payments"])
    gate.command("token", "revoke", token.split("_")[1])
    gate.command("reload")
    gate.policy("rules: [")
    assert gate.attempt("reload").returncode != 0
    gate.stop()
    told = [(row["kind"], row["text"]) for row in gate.audit_export()]
    kinds = [kind for kind, _ in told]
    assert kinds[-1] == "system" and "stopped" in told[-1][1]
    assert [text.split()[0] for kind, text in told if kind == "token" and "alice" in text or "revoked" in text] == ["issued", "revoked"]
    assert "policy" in kinds and any("started" in text for kind, text in told if kind == "system")
    assert [row["seq"] for row in gate.audit_export()] == list(range(len(told)))


def test_export_filters(gate):
    token = gate.token("eve", ["payments"])
    for path in (f"/{API}/@v/list", f"/{GREETING}/@v/list", "/git.corp.example/web/!portal/@v/list"):
        gate.request(path, token=token)
    mine = [row for row in gate.rows() if row.get("user") == "eve"]
    assert gate.audit_export("--user", "eve") == mine and len(mine) == 3
    assert gate.audit_export("--user", "eve", "--verdict", "deny") == mine[2:]
    assert gate.audit_export("--user", "eve", "--module", "git.corp.example") == [mine[0], mine[2]]
    assert gate.audit_export("--user", "eve", "--since", mine[1]["time"]) == mine[1:]
    assert gate.audit_export("--user", "eve", "--until", mine[1]["time"]) == mine[:1]
    assert gate.audit_export("--user", "nobody-at-all") == []
    assert gate.attempt("audit", "export", "--verdict", "perhaps").returncode == 2
    lines = gate.audit_lines()
    assert len({re.search(rb'"salt":"([^"]+)"', line)[1] for line in lines}) == len(lines)


# --- durable before the answer -------------------------------------------------------------------------------------------------------------


def test_row_is_durable_before_the_answer(stage):
    """Power goes the moment the answer has come: its row is there."""
    company = Company(stage)
    gate = company.gateway()
    token = gate.token("alice", ["payments"])
    for number, path in enumerate((f"/{API}/@v/v1.1.0.info", f"/{GREETING}/@v/v1.1.0.zip", f"/{API}/@v/list", f"/{API}/@v/v1.1.0.info")):
        answer = gate.request(path, token=token, headers={"X-Trace-Id": f"the-last-{number}"})
        gate.kill9()
        told = [row for row in gate.audit_export() if row.get("request") == f"the-last-{number}"]
        assert answer.status == 200 and [row["status"] for row in told if row["kind"] == "access"] == [200]
        assert gate.attempt("audit", "verify").returncode == 0
        gate.start()


def test_record_before_answer_by_many_at_once(stage):
    """Whatever clients have got when the process dies, the record has it."""
    gate = stage.gateway()
    token = gate.token("alice")
    assert gate.request(f"/{GREETING}/@v/v1.0.0.info", token=token).status == 200
    got = []

    def client(number):
        try:
            connection = gate.connection()
            for turn in range(1000):
                name = f"client-{number}-{turn}"
                if gate.request(f"/{GREETING}/@v/v1.0.0.info", token=token, headers={"X-Trace-Id": name}, connection=connection).status == 200:
                    got.append(name)
        except (OSError, http.client.HTTPException):
            return
    threads = [threading.Thread(target=client, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    while len(got) < 200:
        time.sleep(0.01)
    gate.kill9()
    for thread in threads:
        thread.join()
    recorded = {row.get("request") for row in gate.audit_export()}
    assert len(got) >= 200 and set(got) <= recorded
    assert gate.attempt("audit", "verify").returncode == 0


# --- metrics -----------------------------------------------------------------------------------------------------------------------------------


def test_metrics_agree_with_the_record(stage):
    company = Company(stage)
    gate = company.gateway()
    token, bob = gate.token("alice", ["payments"]), gate.token("bob")
    asked = [(f"/{API}/@v/v1.1.0.zip", token)] * 3 + [(f"/{API}/@v/list", token), (f"/{API}/@v/list", bob), (f"/{GREETING}/@v/v9.9.9.info", token),
                                                    (f"/{GREETING}/@v/v1.0.0.info", "mg_wrong"), (f"{SUMDB}/latest", token)]
    for path, credential in asked:
        gate.request(path, token=credential)
    counts = {}
    rows = gate.rows()
    for row in rows:
        endpoint = "sumdb" if row["action"] in ("tile", "lookup") else row["action"]
        counts[endpoint, row["status"]] = counts.get((endpoint, row["status"]), 0) + 1
    metrics = gate.metrics()
    told = {tuple(re.search(r'endpoint="(\w+)",status="(\d+)"', name).groups()): value for name, value in metrics.items()
            if name.startswith("modgate_requests_total")}
    recorded = {key: value for key, value in told.items() if key[0] not in ("root", "livez", "readyz", "version", "metrics", "none")}
    assert recorded == {(endpoint, str(status)): count for (endpoint, status), count in counts.items()}
    assert metrics["modgate_audit_rows_total"] == len(gate.audit_lines())
    assert metrics['modgate_stage_seconds_count{stage="record"}'] == sum(row["status"] < 400 for row in rows)
    assert metrics["modgate_cache_hits_total"] == sum(row.get("source") == "cache" and row["action"] not in ("tile", "lookup") for row in rows)
    size = next(row["bytes"] for row in rows if row["action"] == "zip")
    assert metrics["modgate_sent_bytes_total"] == 3 * size


def test_promtool_takes_the_metrics(gate):
    assert gate.request(f"/{GREETING}/@v/list", token="mg_wrong").status == 401
    text = gate.request("/metrics").body
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert done.returncode == 0 and done.stdout + done.stderr == b"", done.stderr.decode()
