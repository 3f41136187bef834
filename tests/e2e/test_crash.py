"""kill -9 at any moment: nothing recorded is lost, nothing half is stored, and the next start needs no repair."""
import hashlib
import os
import random
import sqlite3
import threading
import time

import pytest

from company import GREETING
from gateway import SLOW

CRASHY = "code.corp.example/crashy.git"
ROUNDS = 10 if SLOW else 50


@pytest.fixture
def crashy(company):
    """A module with a version for each round."""
    repo = company.stage.repo("crashy")
    for number in range(ROUNDS + 1):
        repo.commit({"go.mod": f"module {CRASHY}\n", "data.bin": random.Random(number).randbytes(128 << 10)}, tags=[f"v1.0.{number}"])
    repo.bare(f"{company.local}/crashy.git")


def assert_store_is_whole(gate):
    """Every row of the catalogue has its file, byte for byte, and nothing half lies about."""
    top = gate.path("data", "cache", "download")
    with sqlite3.connect(f"file:{gate.path('data', 'modgate.db')}?mode=ro", uri=True) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = db.execute("SELECT module, version, kind, bytes, digest FROM store_file").fetchall()
    for module, version, kind, size, digest in rows:
        with open(os.path.join(top, module, "@v", f"{version}.{('info', 'mod', 'zip')[kind]}"), "rb") as file:
            body = file.read()
        assert (len(body), hashlib.sha256(body).digest()) == (size, bytes(digest)), (module, version, kind)
    files = [name for _, _, names in os.walk(gate.path("data", "cache")) for name in names]
    assert [name for name in files if not name.endswith((".info", ".mod", ".zip", ".ziphash", "list"))] == []


def test_kill_during_downloads(company, gate, token, crashy):
    """Under load, at any moment: nothing recorded is lost, nothing half is stored, and what was asked for is served after the restart."""
    chance = random.Random(4711)
    for turn in range(ROUNDS):
        paths = [f"/{CRASHY}/@v/v1.0.{turn}.zip", f"/{CRASHY}/@v/v1.0.{turn}.info", f"/{CRASHY}/@v/v1.0.{turn + 1}.mod", f"/{GREETING}/@v/v1.1.0.zip"]
        done = []
        clients = [threading.Thread(target=gate.keep_asking, args=(path, token, done)) for path in paths * 2]
        for client in clients:
            client.start()
        time.sleep(chance.uniform(0.0, 0.2))
        gate.kill9()
        for client in clients:
            client.join()
        gate.start()
        assert gate.attempt("audit", "verify").returncode == 0
        assert set(done) <= {row.get("request") for row in gate.audit_export()}
        assert_store_is_whole(gate)
        assert [gate.request(path, token=token).status for path in paths] == [200] * 4
    assert [row["seq"] for row in gate.audit_export()] == list(range(len(gate.audit_lines())))


def test_draft_of_a_dead_process_is_swept(company, gate, token):
    """Killed in the middle of writing a zip that comes slowly."""
    company.upstream.faults.set("paths", "*.zip slow:50")
    waiting = threading.Thread(target=gate.keep_asking, args=(f"/{GREETING}/@v/v1.1.0.zip", token, []))
    waiting.start()
    gate.wait(lambda: gate.metrics()["modgate_fetches_active"] == 1, "does not fetch")
    gate.wait(lambda: os.listdir(gate.path("data", "cache", "tmp")), "writes no draft")
    gate.kill9()
    waiting.join()
    assert os.listdir(gate.path("data", "cache", "tmp"))
    company.upstream.faults.clear()
    gate.start()
    assert_store_is_whole(gate)
    assert gate.request(f"/{GREETING}/@v/v1.1.0.zip", token=token).status == 200
    assert_store_is_whole(gate)
