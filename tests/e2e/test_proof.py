"""Public modules are proved before they are stored, private ones pinned: every lie is an error, is recorded, and leaves nothing behind."""
import os
import sqlite3

import pytest

from company import API, COLOUR, GREETING, MONO, PALETTE, Company, rules
from doubles.gomodule import hash1

ONE = f"{GREETING}@v1.1.0"


def stored(gate, module=GREETING):
    """(files of the whole store, drafts included; how many the catalogue has of a module)."""
    files = [os.path.join(folder, name) for folder, _, names in os.walk(gate.path("data", "cache")) for name in names]
    with sqlite3.connect(f"file:{gate.path('data', 'modgate.db')}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT count(*) FROM store_file WHERE module = ?", (module,)).fetchone()[0]
    return sorted(os.path.relpath(file, gate.path("data", "cache")) for file in files), rows


def paths(module=GREETING, version="v1.1.0"):
    return [f"/{module}/@v/{version}.{kind}" for kind in ("mod", "zip")]


def accesses(gate):
    return gate.rows(kinds=("access",))


# --- lies --------------------------------------------------------------------------------------------------------------------------------

LIES = [
    # name, faults, which of .mod and .zip must fail
    ("zip is another", {"zip": ONE}, ("zip",)),
    ("mod is another", {"mod": ONE}, ("mod",)),
    ("zip is cut short", {"paths": "*.zip truncate"}, ("zip",)),
    ("zip is no zip", {"paths": "*.zip body:not a zip"}, ("zip",)),
    ("zip is empty", {"paths": "*.zip body:"}, ("zip",)),
    ("signature does not verify", {"signature": "bad"}, ("mod", "zip")),
    ("signed by another key", {"signature": "other"}, ("mod", "zip")),
    ("signed by nobody known", {"signature": "unknown"}, ("mod", "zip")),
    ("leaf tile corrupt", {"tile": "tile/8/0/*"}, ("mod", "zip")),
    ("upper tile corrupt", {"tile": "tile/8/1/*"}, ("mod", "zip")),
    ("lookup is empty", {"lookup": "* empty"}, ("mod", "zip")),
    ("lookup is no record", {"paths": "/sumdb/*/lookup/* body:<html>"}, ("mod", "zip")),
    ("record beyond the tree", {"rollback": "300"}, ("mod", "zip")),
    ("another module's record", {"lookup": "* foreign"}, ("mod", "zip")),
    ("sums behind the tree head", {"lookup": "* tail", "zip": ONE, "mod": ONE}, ("mod", "zip")),
    ("sums that are not in the tree", {"lookup": "* altered", "zip": ONE, "mod": ONE}, ("mod", "zip")),
    ("sums nobody signed", {"lookup": "* forged", "zip": ONE, "mod": ONE}, ("mod", "zip")),
    ("another module's record, with the zip to match", {"lookup": "* foreign", "zip": ONE, "mod": ONE}, ("mod", "zip")),
    ("database redirects", {"paths": "/sumdb/* redirect:https://127.0.0.1:9/"}, ("mod", "zip")),
    ("database has no such record", {"paths": "/sumdb/*/lookup/* 404"}, ("mod", "zip")),
    ("database is down", {"sumdb": "503"}, ("mod", "zip")),
    ("database resets", {"sumdb": "reset"}, ("mod", "zip")),
]


@pytest.mark.parametrize("faults, fails", [row[1:] for row in LIES], ids=[row[0] for row in LIES])
def test_lie(stage, faults, fails):
    """The padding lies after our records: the hashes between leaf and root come from tiles that the double can forge."""
    upstream = stage.upstream(padding=(0, 300) if "forged" in str(faults) else (300, 0))
    gate = stage.gateway(upstream=upstream)
    token = gate.token("alice")
    for name, argument in faults.items():
        upstream.faults.set(name, argument)
    for path in paths():
        answer = gate.request(path, token=token)
        lied = path.endswith(fails)
        assert (answer.status >= 500) == lied, (path, answer.status, answer.body)
    told = accesses(gate)
    assert [row["status"] >= 500 for row in told] == [path.endswith(fails) for path in paths()]
    for row in told:
        assert row["verdict"] == "allow" and ("proof" not in row and row["reason"] if row["status"] >= 500 else row["proof"] == "sumdb")
    files, rows = stored(gate)
    good = [kind for kind in ("mod", "zip") if kind not in fails]
    assert [name for name in files if not name.endswith(("/list", "hash"))] == [f"download/{GREETING}/@v/v1.1.0.{kind}" for kind in good]
    assert rows == len(good)
    upstream.faults.clear()
    assert [gate.request(path, token=token).status for path in paths()] == [200, 200]


def test_the_lies_of_the_zip_reach_a_client_that_does_not_prove(stage, go_commands):
    """The test's own eyes: without the gateway and the database the changed zip is taken."""
    upstream = stage.upstream()
    upstream.faults.set("zip", ONE)
    go = stage.workspace(go_commands[0], upstream.url, ca=stage.ca.pem, GOSUMDB="off")
    go.run("get", ONE)
    assert os.path.exists(os.path.join(go.modcache, f"{GREETING}@v1.1.0", "CHANGED"))


def test_forked_database(stage):
    """Everything about the new tree is consistent, only not with what was seen before: also after a restart."""
    upstream = stage.upstream()
    gate = stage.gateway(upstream=upstream)
    token = gate.token("alice")
    assert gate.request(paths()[1], token=token).status == 200
    gate.restart()
    upstream.faults.set("fork", "0")
    answer = gate.request(paths(COLOUR, "v0.3.0")[1], token=token)
    assert answer.status == 502 and b"SECURITY" in answer.body
    assert stored(gate, COLOUR) [1] == 0
    assert gate.request(paths()[1], token=token).status == 200


def test_rolled_back_database(stage):
    """A smaller tree than we have seen is consistent with it and holds the record: nothing to complain of, and nothing is forgotten."""
    upstream = stage.upstream()
    gate = stage.gateway(upstream=upstream)
    token = gate.token("alice")
    sizes = lambda: int(gate.request("/sumdb/sum.example.org/latest", token=token).body.split(b"\n")[1])
    assert gate.request(paths()[1], token=token).status == 200
    before = sizes()
    upstream.faults.set("rollback", str(before - 1))
    gate.restart()
    assert sizes() >= before


# --- the database down -------------------------------------------------------------------------------------------------------------------


def test_database_down(stage, go_commands):
    """What is new is refused with a sentence; what is stored goes on."""
    company = Company(stage)
    gate = company.gateway()
    token = gate.token("alice", ["payments"])
    first = company.go(gate, go_commands[0], token)
    first.program(COLOUR, API)
    first.run("mod", "tidy")
    company.upstream.faults.set("sumdb", "503")
    for command in go_commands:
        second = company.go(gate, command, token)
        for name in ("main.go", "go.mod", "go.sum"):
            second.write(name, first.read(name))
        second.run("build", "-o", os.devnull, ".")
        said = second.refused("get", f"{PALETTE}@v1.0.0")
        assert "cannot be asked to prove it" in said or "503" in said
    answer = gate.request(paths("example.org/!palette", "v1.0.0")[1], token=token)
    assert answer.status == 503 and b"checksum database" in answer.body and b"try again later" in answer.body


def test_exempt_is_served_and_the_record_says_so(stage):
    company = Company(stage)
    gate = company.gateway({**rules(), "nosumdb": ["git.corp.example", GREETING]})
    token = gate.token("alice")
    company.upstream.faults.set("sumdb", "503")
    mark = company.upstream.mark()
    for path in paths():
        assert gate.request(path, token=token).status == 200
    assert [row["proof"] for row in accesses(gate)] == ["exempt", "exempt"]
    assert not [path for path in company.upstream.paths(mark) if "/lookup/" in path]
    gate.policy(rules())
    gate.command("reload")
    assert gate.request(paths()[1], token=token).status == 503      # the exemption is gone, and what came in by it with it
    company.upstream.faults.clear()
    assert gate.request(paths()[1], token=token).status == 200
    assert accesses(gate)[-1]["proof"] == "sumdb"


def test_the_proof_of_a_go_mod_is_none_of_its_zip(stage):
    """A changed zip came in while the module was exempt; of the two only the go.mod can be proved since, and only that is served."""
    company = Company(stage)
    gate = company.gateway({**rules(), "nosumdb": ["git.corp.example", GREETING]})
    token = gate.token("alice")
    mod, archive = paths()
    company.upstream.faults.set("zip", ONE)
    assert [gate.request(path, token=token).status for path in (mod, archive)] == [200, 200]
    gate.policy(rules())
    gate.command("reload")
    for _ in range(2):
        assert [gate.request(path, token=token).status for path in (mod, archive)] == [200, 502]
        gate.restart()
    assert [row["proof"] for row in accesses(gate) if row["status"] == 200] == ["exempt", "exempt", "sumdb", "sumdb"]


def test_a_private_list_is_not_served_as_a_public_one(stage):
    """The module was private when its list was kept; now it is not, and its upstream cannot be asked."""
    company = Company(stage)
    gate = company.gateway(settings={"cache.list_ttl_s": 0})
    token = gate.token("alice", ["payments"])
    url = f"/{MONO}/@v/list"
    assert b"v1.0.0" in gate.request(url, token=token).body
    gate.configure({"repositories": company.settings(gate)["repositories"][:1]})
    gate.policy({"rules": [{"name": "all", "modules": ["*"], "verdict": "allow"}]})
    gate.restart()
    company.upstream.faults.set("paths", f"{url} 503")
    assert gate.request(url, token=token).status == 503


def test_proofs_in_the_record(stage):
    company = Company(stage)
    gate = company.gateway()
    token = gate.token("alice", ["payments"])
    for path in (*paths(), *paths(), *paths(API), *paths(API)):
        assert gate.request(path, token=token).status == 200
    zip_sum, mod_sum = company.upstream.modules.sums(GREETING, "v1.1.0")
    assert [(row["proof"], row["source"]) for row in accesses(gate)] == [
        ("sumdb", "fetched"), ("sumdb", "fetched"), ("sumdb", "cache"), ("sumdb", "cache"),
        ("pin", "built"), ("pin", "built"), ("pin", "cache"), ("pin", "cache")]
    assert [row["h1"] for row in accesses(gate)][:4] == [mod_sum, zip_sum] * 2
    assert {row["origin"] for row in accesses(gate)[4:]} == {company.repos["payments/api"].head("v1.1.0^{commit}")}


# --- served once, the same for ever ------------------------------------------------------------------------------------------------------


def test_moved_tag(stage, go_commands):
    company = Company(stage)
    gate = company.gateway(settings={"cache.list_ttl_s": 0}, refresh_s=0)
    token = gate.token("alice", ["payments"])
    urls = [f"/{MONO}/@v/v1.1.0.{kind}" for kind in ("info", "mod", "zip")]
    before = [gate.request(url, token=token).body for url in urls[:2]]
    repo = company.repos["mono"]
    old = repo.head("v1.1.0^{commit}")
    repo.tag("v1.1.0", "main", force=True)
    company.push("mono")
    for _ in range(3):
        assert gate.request(f"/{MONO}/@v/list", token=token).status == 200
        assert [gate.request(url, token=token).body for url in urls[:2]] == before
    go = company.go(gate, go_commands[0], token)
    go.run("get", f"{MONO}@v1.1.0")
    with open(os.path.join(go.modcache, f"{MONO}@v1.1.0", "code.go"), encoding="utf-8") as file:
        assert "Release = 2" in file.read()         # the zip is built after the tag moved, from the pinned commit
    told = [row for row in gate.audit_export() if row["kind"] == "module"]
    assert [(row["module"], row["version"], row["private"]) for row in told] == [(MONO, "v1.1.0", True)]
    assert old in told[0]["text"] and repo.head("main") in told[0]["text"]


def test_changed_zip_upstream(stage):
    """Of a module that no database speaks of; its stored file is lost, so that it has to be fetched again."""
    company = Company(stage)
    gate = company.gateway({**rules(), "nosumdb": ["git.corp.example", GREETING]})
    token = gate.token("alice")
    first = gate.request(paths()[1], token=token)
    company.upstream.faults.set("zip", ONE)
    assert gate.request(paths()[1], token=token).body == first.body
    gate.stop()
    os.unlink(gate.path("data", "cache", "download", GREETING, "@v", "v1.1.0.zip"))
    gate.start()
    for _ in range(3):
        assert gate.request(paths()[1], token=token).status == 502
    told = [row for row in gate.audit_export() if row["kind"] == "module"]
    assert [(row["module"], row["version"], row["private"]) for row in told] == [(GREETING, "v1.1.0", False)]
    assert first.headers["X-Go-Checksum"] in told[0]["text"] and hash1(company.upstream.served_files(GREETING, "v1.1.0")) in told[0]["text"]
    company.upstream.faults.clear()
    assert gate.request(paths()[1], token=token).body == first.body
