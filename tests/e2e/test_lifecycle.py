"""Starting, reloading, draining, dying and coming back."""
import os
import random
import signal
import socket
import threading

import pytest

from company import API, COLOUR, GREETING, POLICY, rules

BIG = "code.corp.example/big.git"


# --- starting --------------------------------------------------------------------------------------------------------------------------------


def system_rows(gate):
    return [row["text"].split()[0] for row in gate.audit_export() if row["kind"] == "system"]


def test_no_start_is_recorded_where_the_port_is_taken(company):
    gate = company.gateway(start=False)
    gate.token("alice")
    with socket.create_server(("127.0.0.1", 0)) as other:
        gate.configure({"listen.address": f"127.0.0.1:{other.getsockname()[1]}"})
        done = gate.attempt("serve")
    assert done.returncode == 3 and "is another server there?" in done.stderr
    assert system_rows(gate) == []


def test_a_start_that_fails_is_recorded_to_its_end(company):
    gate = company.gateway(start=False)
    os.makedirs(os.path.join(gate.directory, "data", "control.sock", "in the way"))
    done = gate.attempt("serve")
    assert done.returncode == 3 and "control.sock" in done.stderr
    assert system_rows(gate) == ["started", "stopped"]


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
    hashes = [row["policy"] for row in gate.rows(kinds=("access",))]
    assert hashes[0] != hashes[-1]


BROKEN = ["rules: [", "rules:\n- {name: x, verdict: perhaps}\n", 'privates: ["x"]\nrules: []\n', 'private: ["[a"]\nrules: []\n',
          "rules: []\n---\nrules: []\n"]


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
    """Who never stops asking on a connection that stays open is told to close it: the daemon ends, every request answered or refused whole."""
    paths = [f"/{API}/@v/v1.1.0.info", f"/{GREETING}/@v/v1.1.0.mod"]
    assert [gate.request(path, token=token).status for path in paths] == [200, 200]
    answers = []
    clients = [threading.Thread(target=ask_on_one_connection, args=(gate, token, path, answers)) for path in paths * 4]
    for client in clients:
        client.start()
    gate.wait(lambda: len(answers) > 50, "does not answer")
    process, gate.process = gate.process, None
    process.terminate()
    assert process.wait(20) == 0, gate.stderr()
    for client in clients:
        client.join()
    assert {status for status, _ in answers} <= {200, 503}
    served = [row for row in gate.audit_export() if row["kind"] == "access" and row["status"] == 200]
    assert sum(1 for status, _ in answers if status == 200) == len(served) - 2


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


# --- one daemon, many requests ---------------------------------------------------------------------------------------------------------------------------------


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
    waiting = [threading.Thread(target=gate.keep_asking, args=(path, token, [])) for path in cold]
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


def test_hanging_fetches_do_not_hold_up_what_is_known_of_the_database(company, gate, token):
    """More than there are fetchers: what was proved is answered from the disk beside them."""
    database = "/sumdb/sum.example.org"
    known = [f"{database}/{path}" for path in ("supported", f"lookup/{GREETING}@v1.0.0", "tile/8/0/000", "tile/8/0/001.p/3")]
    want = [gate.request(path, token=token).body for path in known]
    gate.restart()
    mark = company.upstream.mark()
    latest = gate.request(f"{database}/latest", token=token)
    company.upstream.faults.set("paths", "/example.org/hang* hang")
    cold = [f"/example.org/hang{n}/@v/list" for n in range(80)]
    waiting = [threading.Thread(target=gate.keep_asking, args=(path, token, [])) for path in cold]
    for thread in waiting:
        thread.start()
    gate.wait(lambda: len([path for path in company.upstream.paths(mark) if "hang" in path]) == 64, "does not use all fetchers")
    connection = gate.connection()
    for _ in range(20):
        assert [gate.request(path, token=token, connection=connection).body for path in known] == want
    assert gate.request(f"{database}/latest", token=token, connection=connection).body == latest.body
    connection.close()
    gate.kill9()
    for thread in waiting:
        thread.join()
    assert [row["source"] for row in gate.audit_export() if row.get("action") == "lookup"][:3] == ["fetched", "cache", "cache"]


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
