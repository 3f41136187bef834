"""`modgate audit export` and `audit verify`: filters, copies, readers that leave, what was altered, and what was cut off."""
import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from gateway import BINARY, environment
from test_commands import modgate, refused

HEAD = re.compile(r"[A-Za-z0-9+/]{43}=@\d+")


@pytest.fixture(scope="module")
def trail(shared):
    """The audit directory of a gateway that issued and revoked tokens and refused and served a few; nobody writes it."""
    gate = shared.gateway(policy={"private": ["*.internal"], "rules": [{"name": "public", "private": False, "verdict": "allow"}]})
    token = gate.token("alice", ["web"])
    for path, who in (("/example.org/greeting/@v/v1.0.0.info", token), ("/example.org/greeting/@v/v1.0.0.info", None), ("/corp.internal/x/@v/list", token)):
        gate.request(path, token=who)
    gate.command("token", "revoke", token)
    gate.stop()
    return gate.path("data", "audit")


@pytest.fixture
def copy(trail, tmp_path):
    return shutil.copytree(trail, tmp_path / "audit")


def export(directory, *filters):
    done = modgate("audit", "export", "--dir", directory, *filters)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def segment(directory):
    return sorted(directory.glob("log-*.db"))[-1]


# --- export --------------------------------------------------------------------------------------------------------------------------


def test_export_needs_no_configuration(copy):
    rows = export(copy)
    assert [row["seq"] for row in rows] == list(range(len(rows))) and {row["kind"] for row in rows} >= {"token", "system", "access", "auth"}
    assert export(copy, "--format", "jsonl") == export(copy, "--json") == rows


def test_export_filters(copy):
    rows = export(copy)
    middle = rows[len(rows) // 2]["time"]
    assert export(copy, "--since", middle) == [row for row in rows if row["time"] >= middle]
    assert export(copy, "--until", middle) == [row for row in rows if row["time"] < middle]
    assert export(copy, "--since", "2020-01-01", "--until", "2020-01-02") == []
    assert export(copy, "--user", "alice") == [row for row in rows if row.get("user") == "alice"] != []
    assert export(copy, "--module", "example.org") == [row for row in rows if row.get("module", "").startswith("example.org/")] != []
    assert export(copy, "--verdict", "deny", "--module", "*.internal") == [row for row in rows if row.get("module", "").startswith("corp.internal/")] != []


@pytest.mark.parametrize("options, says", [
    (("--since", "yesterday"), "--since yesterday: a date"), (("--until", "2026-02-30"), "--until 2026-02-30"), (("--verdict", "maybe"), "allow, deny or none"),
    (("--module", "[x"), "--module [x"), (("--format", "cef"), "--format cef is not in this version"),
])
def test_export_refuses(copy, options, says):
    assert refused(modgate("audit", "export", "--dir", copy, *options), 2, says).stdout == ""


def test_no_log_there(tmp_path):
    refused(modgate("audit", "export", "--dir", tmp_path), 3, str(tmp_path))
    assert refused(modgate("audit", "verify", "--dir", tmp_path / "none"), 3, "none").stdout == ""
    refused(modgate("audit", "verify", "--json", "--dir", tmp_path), 3, str(tmp_path))


@pytest.mark.parametrize("ignored", [True, False], ids=["SIGPIPE ignored", "SIGPIPE at its default"])
def test_export_ends_quietly_when_the_reader_leaves(trail, ignored):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as gone:
        done = subprocess.run([BINARY, "audit", "export", "--dir", trail], stdout=gone, stderr=subprocess.PIPE, env=environment(), restore_signals=not ignored)
    assert (done.returncode, done.stderr) == (0, b"")


def test_export_says_that_the_disk_is_full(trail):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BINARY, "audit", "export", "--dir", trail], stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
    assert done.returncode == 3 and done.stderr == "modgate: standard output: No space left on device\n"


# --- verify --------------------------------------------------------------------------------------------------------------------------


def test_verify_tells_how_to_go_on(copy):
    rows = len(export(copy))
    said = modgate("audit", "verify", "--dir", copy).stdout
    assert said.startswith(f"{rows} rows in 1 segment: as they were written\n")
    head = HEAD.search(said)[0]
    assert head.endswith(f"@{rows}") and f"modgate audit verify --expect {head}" in said
    assert "rows expected" in modgate("audit", "verify", "--dir", copy, "--expect", head).stdout
    told = json.loads(modgate("audit", "verify", "--dir", copy, "--json").stdout)
    assert told == {"faults": [], "faults_found": 0, "sound": True, "rows": rows, "segments": 1, "superseded": 0, "head": head}


def test_verify_names_a_flipped_byte(copy):
    path = segment(copy)
    line = export(copy)[3]
    with open(path, "r+b") as file:
        at = file.read().index(line["salt"].encode())
        file.seek(at)
        file.write(b"0" if line["salt"][0] != "0" else b"1")
    done = modgate("audit", "verify", "--dir", copy)
    refused(done, 1, "is not what was written: 1 finding\n")
    assert re.search(rf"^edited: {path.name}: row 3 ", done.stdout, re.MULTILINE) and "in 1 segment: not as they were written, 1 finding\n" in done.stdout and not HEAD.search(done.stdout)
    told = json.loads(modgate("audit", "verify", "--dir", copy, "--json").stdout)
    assert told["sound"] is False and told["faults_found"] == 1
    assert [(fault["fault"], fault["first"], fault["last"], fault["segment"]) for fault in told["faults"]] == [("edited", 3, 3, path.name)]


def test_rows_forged_in_an_index_are_found(copy):
    """A covering index answers for the table: readers that ask for fewer columns than verify would be shown other rows."""
    with sqlite3.connect(segment(copy)) as db:
        rows = db.execute("SELECT seq, line, hash FROM leaf").fetchall()
        db.execute("PRAGMA writable_schema = 1")
        db.execute("CREATE TABLE fake(seq INTEGER PRIMARY KEY, line BLOB NOT NULL, hash BLOB NOT NULL)")
        db.executemany("INSERT INTO fake VALUES (?, ?, ?)", [(seq, line.replace(b'"alice"', b'"mallory"'), digest) for seq, line, digest in rows])
        db.execute("CREATE INDEX x ON fake(seq, line)")
        db.execute("UPDATE sqlite_master SET tbl_name = 'leaf', sql = 'CREATE INDEX x ON leaf(seq,line)' WHERE name = 'x'")
        db.execute("DELETE FROM sqlite_master WHERE name = 'fake'")
    with sqlite3.connect(segment(copy)) as db:
        assert any(b"mallory" in line for _, line in db.execute("SELECT seq, line FROM leaf WHERE seq >= 0 ORDER BY seq"))
    done = modgate("audit", "verify", "--dir", copy)
    assert done.returncode == 1 and "its tables are not those of an audit segment" in done.stdout
    assert "mallory" not in refused(modgate("audit", "export", "--dir", copy), 3, "its tables are not those").stdout


@pytest.mark.parametrize("rows, says", [(1, "row {} is not what the expected tree head says: the log ends before it, its last row was cut off"),
                                        (2, "rows {} to {} are not what the expected tree head says: the log ends before them, its last 2 rows were cut off")])
def test_expected_head_finds_a_cut_tail(copy, rows, says):
    """Whoever cuts the tail cleanly leaves a log that is sound by itself."""
    head = HEAD.search(modgate("audit", "verify", "--dir", copy).stdout)[0]
    cut = int(head.split("@")[1]) - rows
    with sqlite3.connect(segment(copy)) as db:
        db.execute("DELETE FROM leaf WHERE seq >= ?", (cut,))
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'leaf'").fetchall():
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            if "size" in columns:
                db.execute(f"DELETE FROM {table} WHERE size > ?", (cut,))
    done = modgate("audit", "verify", "--dir", copy, "--expect", head)
    assert done.returncode == 1 and f"expected: {says.format(cut, cut + 1)}" in done.stdout, done.stdout
    told = json.loads(modgate("audit", "verify", "--dir", copy, "--expect", head, "--json").stdout)
    assert "expected" in [fault["fault"] for fault in told["faults"]] and told["sound"] is False


@pytest.mark.parametrize("text", ["", "x", "x@1", "@", "A" * 43 + "=@", "A" * 43 + "=@-1", "A" * 43 + "@3", "A" * 43 + "=@1 "])
def test_verify_refuses_what_is_no_head(copy, text):
    assert refused(modgate("audit", "verify", "--dir", copy, "--expect", text), 2, "ROOT@SIZE was expected").stdout == ""
