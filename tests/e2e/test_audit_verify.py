"""`modgate audit verify` finds what was changed, and says where."""
import hashlib
import re
import shutil
import sqlite3
import subprocess

import pytest

from company import API, Company
from gateway import BINARY, environment


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def gate(company):
    return company.gateway()


@pytest.fixture(scope="module")
def trail(gate, company):
    """A copy of the directory with a good many rows, taken while no daemon writes it."""
    token = gate.token("alice", ["payments"])
    connection = gate.connection()
    for _ in range(40):
        gate.request(f"/{API}/@v/v1.0.0.info", token=token, connection=connection)
    connection.close()
    expected = head_of(gate.command("audit", "verify"))
    gate.stop()
    copy = shutil.copytree(gate.directory, str(company.stage.directory / "trail"))
    gate.start()
    return copy, expected


def head_of(text):
    return re.search(r"[A-Za-z0-9+/]{43}=@\d+", text)[0]


def verify(directory, *options):
    return subprocess.run([BINARY, "audit", "verify", "-c", f"{directory}/modgate.yaml", *options], capture_output=True, text=True, env=environment())


CHANGES = {
    "edited": lambda db: db.execute("UPDATE leaf SET line = CAST(replace(CAST(line AS TEXT), '\"seq\":20,', '\"seq\":20 ') AS BLOB) WHERE seq = 20"),
    "bit flipped": lambda db: flip(db, 20),
    "edited with its hash": lambda db: rehash(db, 20),
    "deleted": lambda db: db.execute("DELETE FROM leaf WHERE seq = 20"),
    "inserted": lambda db: db.execute("INSERT INTO leaf (seq, line, hash) SELECT 1000000, line, hash FROM leaf WHERE seq = 20"),
    "swapped": lambda db: swap(db, 20, 21),
}


def flip(db, seq):
    line = bytearray(db.execute("SELECT line FROM leaf WHERE seq = ?", (seq,)).fetchone()[0])
    line[len(line) // 2] ^= 1
    db.execute("UPDATE leaf SET line = ? WHERE seq = ?", (bytes(line), seq))


def rehash(db, seq):
    line = bytearray(db.execute("SELECT line FROM leaf WHERE seq = ?", (seq,)).fetchone()[0])
    line[-3] ^= 1
    db.execute("UPDATE leaf SET line = ?, hash = ? WHERE seq = ?", (bytes(line), hashlib.sha256(b"\0" + line).digest(), seq))


def swap(db, one, two):
    for old, new in ((one, -1), (two, one), (-1, two)):
        db.execute("UPDATE leaf SET seq = ? WHERE seq = ?", (new, old))


@pytest.mark.parametrize("change", CHANGES)
def test_verify_finds_and_names(trail, tmp_path, change):
    directory = shutil.copytree(trail[0], tmp_path / "copy")
    assert verify(directory).returncode == 0
    segment = sorted((directory / "data" / "audit").glob("log-*.db"))[0]
    with sqlite3.connect(segment) as db:
        CHANGES[change](db)
    done = verify(directory)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert segment.name in said and names(said, 1000000 if change == "inserted" else 20), said


def names(text, seq):
    """Does it name that row, or rows from one to another that hold it?"""
    ranges = [(int(first), int(last)) for first, last in re.findall(r"rows (\d+) to (\d+)", text)]
    return re.search(rf"\b{seq}\b", text) or any(first <= seq <= last for first, last in ranges)


def test_verify_with_a_head_noted_earlier(trail, gate, tmp_path):
    directory = shutil.copytree(trail[0], tmp_path / "copy")
    assert verify(directory, "--expect", trail[1]).returncode == 0
    assert gate.attempt("audit", "verify", "--expect", trail[1]).returncode == 0        # it has grown since
    root, size = trail[1].split("@")
    assert verify(directory, "--expect", f"{root}@{int(size) - 1}").returncode == 1
    segment = sorted((directory / "data" / "audit").glob("log-*.db"))[-1]
    with sqlite3.connect(segment) as db:
        cut = int(size) - 5
        db.execute("DELETE FROM leaf WHERE seq >= ?", (cut,))
        db.execute("DELETE FROM head WHERE size > ?", (cut,))
        db.execute("DELETE FROM tip")
    assert verify(directory, "--expect", trail[1]).returncode == 1


def test_start_tells_of_rows_gone_from_the_end(stage):
    """One byte of the write-ahead log that a killed daemon left: the rows behind it are lost, and nobody may miss that."""
    gate = Company(stage).gateway()
    token = gate.token("alice", ["payments"])
    for _ in range(12):
        gate.request(f"/{API}/@v/v1.0.0.info", token=token)
    gate.audit_size()
    gate.kill9()
    assert gate.attempt("audit", "verify").returncode == 0
    with open(gate.path("data", "audit", "log-000001.db-wal"), "r+b") as wal:
        wal.seek(32 + 24 + 4120 + 4000)
        byte = wal.read(1)
        wal.seek(-1, 1)
        wal.write(bytes([byte[0] ^ 1]))
    done = gate.attempt("audit", "verify")
    assert done.returncode == 1 and re.search(r"^wal: log-000001\.db: row \d+ and what came after it may be missing", done.stdout, re.MULTILINE), done.stdout
    gate.start()
    assert "are gone from the audit log: frame 2 of log-000001.db-wal" in gate.stderr()
    assert [row["kind"] for row in gate.audit_export() if "gone from the audit log" in row.get("text", "")] == ["system"]
    assert gate.attempt("audit", "verify").returncode == 0
