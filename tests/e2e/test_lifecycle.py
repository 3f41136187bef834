"""Starting, reloading, draining, dying and coming back."""
import hashlib
import os
import random
import signal
import socket
import sqlite3
import threading
import time

import pytest

from company import API, COLOUR, GREETING, POLICY, Company, rules
from gateway import SLOW

CRASHY = "code.corp.example/crashy.git"
BIG = "code.corp.example/big.git"
ROUNDS = 10 if SLOW else 50


@pytest.fixture
def company(stage):
    return Company(stage)


@pytest.fixture
def gate(company):
    return company.gateway()


@pytest.fixture
def token(gate):
    return gate.token("alice", ["payments"])


# --- reload ----------------------------------------------------------------------------------------------------------------------------------

CLOSED = rules({"name": "closed", "modules": [GREETING], "verdict": "deny", "reason": "not today"})
LIST = f"/{GREETING}/@v/list"


def by_signal(gate):
    gate.process.send_signal(signal.SIGHUP)


def by_command(gate):
    assert gate.attempt("reload").returncode == 0


@pytest.mark.parametrize("reload", [by_signal, by_command])
def test_reload_changes_the_answer(gate, token, reload):
    pid = gate.process.pid
    assert gate.request(LIST, token=token).status == 200
    gate.policy(CLOSED)
    assert gate.request(LIST, token=token).status == 200
    reload(gate)
    gate.wait(lambda: gate.request(LIST, token=token).status == 403, "did not reload")
    assert b"not today" in gate.request(LIST, token=token).body and gate.process.pid == pid
    hashes = [row["policy"] for row in gate.audit_export() if row["kind"] == "access"]
    assert hashes[0] != hashes[-1]


BROKEN = ["rules: [", "rules:\n- {name: x, verdict: perhaps}\n", 'privates: ["x"]\nrules: []\n', 'private: ["[a"]\nrules: []\n', "rules: []\n---\nrules: []\n"]


@pytest.mark.parametrize("text", BROKEN)
def test_broken_policy_leaves_the_old_one_in_force(gate, token, text):
    gate.policy(text)
    done = gate.attempt("reload")
    assert done.returncode == 1 and "policy.yaml:" in done.stderr and "stays in force" in done.stderr
    gate.process.send_signal(signal.SIGHUP)
    gate.wait(lambda: gate.stderr().count("not reloaded") >= 2, "did not say so")
    assert gate.request(LIST, token=token).status == 200
    gate.policy(CLOSED)
    by_command(gate)
    assert gate.request(LIST, token=token).status == 403


def test_missing_policy_leaves_the_old_one_in_force(gate, token):
    os.unlink(gate.path("policy.yaml"))
    assert gate.attempt("reload").returncode != 0
    gate.process.send_signal(signal.SIGHUP)
    gate.wait(lambda: "not reloaded" in gate.stderr(), "did not say so")
    assert gate.request(LIST, token=token).status == 200


def test_reload_without_a_daemon(company):
    gate = company.gateway(start=False)
    done = gate.attempt("reload")
    assert done.returncode != 0 and "no daemon" in done.stderr


def test_explanations_follow_the_file(gate, token):
    """policy explain reads the file; what is in force is what was loaded."""
    ask = ("policy", "explain", "--user", "alice", "--groups", "payments", f"{API}@v1.1.0")
    assert gate.attempt(*ask).returncode == 0
    bob = gate.attempt("policy", "explain", "--user", "bob", f"{API}@v1.1.0")
    assert bob.returncode == 1 and "payments-others" in bob.stdout
    gate.policy({**POLICY, "rules": []})
    assert gate.attempt(*ask).returncode == 1
    assert gate.request(f"/{API}/@v/v1.1.0.info", token=token).status == 200


# --- drain -------------------------------------------------------------------------------------------------------------------------------------


def big_module(company):
    repo = company.stage.repo("big")
    repo.commit({"go.mod": f"module {BIG}\n", "big.bin": random.Random(1).randbytes(24 << 20)}, tags=["v1.0.0"])
    repo.bare(f"{company.local}/big.git")
    return f"/{BIG}/@v/v1.0.0.zip"


def test_sigterm_finishes_downloads_and_takes_no_new_ones(company, gate, token):
    path = big_module(company)
    whole = gate.request(path, token=token).body
    with gate.raw_socket() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode())
        received = bytearray(connection.recv(65536))
        gate.process.terminate()
        gate.wait(lambda: "stopping" in gate.stderr(), "does not say that it stops")
        gate.wait(lambda: refused(gate), "takes new connections")
        assert len(received) < len(whole) and gate.process.poll() is None
        while block := connection.recv(1 << 20):
            received += block
    assert bytes(received.split(b"\r\n\r\n", 1)[1]) == whole
    assert gate.process.wait(20) == 0
    outcomes = [row for row in gate.audit_export() if row["kind"] == "outcome"]
    assert [row["complete"] for row in outcomes] == [True, True]


def refused(gate):
    try:
        socket.create_connection((gate.host, gate.port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_sigterm_answers_what_waits(company, gate, token):
    """A cold fetch is under way: it is finished, and served."""
    company.upstream.faults.set("paths", f"/{GREETING}/@v/v1.1.0.info slow:30")
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(gate.request(f"/{GREETING}/@v/v1.1.0.info", token=token)))
    waiting.start()
    gate.wait(lambda: gate.metrics()["modgate_fetches_active"] == 1, "does not fetch")
    gate.stop()
    waiting.join()
    assert answers[0].status == 200


def test_sigterm_under_keep_alive_load(gate, token):
    """Who never stops asking on a connection that stays open is told to close it: the daemon ends at once, with every request answered or refused whole."""
    paths = [f"/{API}/@v/v1.1.0.info", f"/{GREETING}/@v/v1.1.0.mod"]
    assert [gate.request(path, token=token).status for path in paths] == [200, 200]
    answers = []
    clients = [threading.Thread(target=ask_on_one_connection, args=(gate, token, path, answers)) for path in paths * 4]
    for client in clients:
        client.start()
    gate.wait(lambda: len(answers) > 50, "does not answer")
    begin = time.monotonic()
    process, gate.process = gate.process, None
    process.terminate()
    assert process.wait(20) == 0, gate.stderr()
    assert time.monotonic() - begin < 5
    for client in clients:
        client.join()
    assert {status for status, _ in answers} <= {200, 503}
    assert sum(1 for status, _ in answers if status == 200) == len([row for row in gate.audit_export() if row["kind"] == "access" and row["status"] == 200]) - 2


def ask_on_one_connection(gate, token, path, answers):
    """Until the server closes it."""
    connection = gate.connection()
    try:
        while True:
            answer = gate.request(path, token=token, connection=connection)
            answers.append((answer.status, answer.headers["X-Request-Id"]))
            if answer.headers["Connection"] == "close":
                return
    except OSError:
        return
    finally:
        connection.close()


# --- kill ----------------------------------------------------------------------------------------------------------------------------------------


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
        clients = [threading.Thread(target=ask_until_it_dies, args=(gate, token, path, done)) for path in paths * 2]
        for client in clients:
            client.start()
        time.sleep(chance.uniform(0.0, 0.25))
        gate.kill9()
        for client in clients:
            client.join()
        gate.start()
        assert gate.attempt("audit", "verify").returncode == 0
        assert set(done) <= {row.get("request") for row in gate.audit_export()}
        assert_store_is_whole(gate)
        assert [gate.request(path, token=token).status for path in paths] == [200] * 4
    assert [row["seq"] for row in gate.audit_export()] == list(range(len(gate.audit_lines())))


def ask_until_it_dies(gate, token, path, done):
    try:
        while True:
            answer = gate.request(path, token=token)
            if answer.status == 200:
                done.append(answer.headers["X-Request-Id"])
    except Exception:
        return


def test_draft_of_a_dead_process_is_swept(company, gate, token):
    """Killed in the middle of writing a zip that comes slowly."""
    company.upstream.faults.set("paths", "*.zip slow:50")
    waiting = threading.Thread(target=ask_until_it_dies, args=(gate, token, f"/{GREETING}/@v/v1.1.0.zip", []))
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


# --- one at a time ---------------------------------------------------------------------------------------------------------------------------------


def test_second_daemon_on_the_same_data_is_refused(gate, token):
    done = gate.attempt("serve")
    assert done.returncode == 3 and "another modgate owns" in done.stderr
    assert gate.request(LIST, token=token).status == 200


def test_hanging_fetches_do_not_hold_up_what_is_stored(company, gate, token):
    """Thirty of each kind; nothing is timed here: what is asked meanwhile is answered, or the test does not end."""
    stored = [f"/{GREETING}/@v/v1.0.0.info", f"/{COLOUR}/@v/v0.3.0.zip", f"/{API}/@v/v1.1.0.info", f"/{API}/@v/v1.1.0.zip", f"/{API}/@v/list"]
    assert [gate.request(path, token=token).status for path in stored] == [200] * 5
    gate.restart()      # so that nothing is in memory yet
    company.upstream.faults.set("paths", "/example.org/hang* hang")
    company.host.faults.set("paths", "* hang")
    cold = [path.format(n) for n in range(30) for path in ("/example.org/hang{}/@v/list", "/git.corp.example/payments/hang{}/@v/list")]
    waiting = [threading.Thread(target=ask_until_it_dies, args=(gate, token, path, [])) for path in cold]
    for thread in waiting:
        thread.start()
    gate.wait(lambda: gate.metrics()["modgate_requests_in_flight"] > 50, "does not take them all")
    connection = gate.connection()
    for _ in range(20):
        assert [gate.request(path, token=token, connection=connection).status for path in stored] == [200] * 5
    assert gate.metrics()["modgate_requests_in_flight"] > 50
    connection.close()
    gate.kill9()
    for thread in waiting:
        thread.join()


def test_service_manager_is_told(company, tmp_path):
    gate = company.gateway(start=False)
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(20)
        gate.env["NOTIFY_SOCKET"] = address
        gate.start()
        assert b"READY=1" in listener.recv(4096)
        gate.process.send_signal(signal.SIGHUP)
        assert b"RELOADING=1\nMONOTONIC_USEC=" in listener.recv(4096) and b"READY=1" in listener.recv(4096)
        gate.stop()
        assert b"STOPPING=1" in listener.recv(4096)
