"""Remote git hosts that are away, slow or elsewhere: what the mirror knows is served and says so, what needs the host is 5xx and never 404."""
import math
import os
import re
import threading
import time

import pytest

from company import API, PORTAL, READER, Company
from doubles.githttp import GitHttp
from test_hosts import cut_packs, get, mirror_of, open_gate

FRESH_S = 1         # of lists and mirrors here
STALE = "modgate; hit; stale"


@pytest.fixture
def company(stage):
    return Company(stage)


def open_short(company, **settings):
    """What is read of a host is soon no more fresh."""
    return open_gate(company, settings={"cache.list_ttl_s": FRESH_S, **settings}, refresh_s=FRESH_S)


def learn(gate, token, module, file):
    """Asks until a first clone has ended, however long it takes."""
    gate.wait(lambda: get(gate, token, module, file).status == 200, f"does not answer {file} of {module}")
    return get(gate, token, module, file)


def start_again(stage, company):
    """The host, where it was before."""
    host = company.host
    company.host = stage.add(GitHttp(host.root, host.state, stage.certificate, host.users, host.server_port)).start()


def outlive(seconds=FRESH_S + 0.2):
    time.sleep(seconds)


def release(company, version):
    company.repos["payments/api"].commit({"code.go": f'package code\n\nconst Release = "{version}"\n'}, tags=[version])
    company.push("payments/api")


def test_the_go_command_while_the_plug_is_pulled(company, stage, go_commands):
    gate, token = open_short(company)
    gos = [company.go(gate, command, token) for command in go_commands]
    known = [go.run("list", "-m", "-versions", API) for go in gos]
    for go in gos:
        go.run("get", f"{API}@v1.0.0")
    release(company, "v1.4.0")
    company.host.stop()
    outlive()

    # The list, a branch, and versions that were never asked for.
    unasked = ["v1.1.0", "v1.2.0-rc.1", "v1.2.0"]
    for turn, go in enumerate(gos):
        go.forget()
        assert go.run("list", "-m", "-versions", API) == known[turn]
        go.run("get", f"{API}@{unasked[turn % len(unasked)]}")
        go.run("get", f"{API}@dev")
        # What only the host can tell, asked as go does with a list that goes on after 404 alone: it stops here.
        go.env["GOPROXY"] = f"{gate.url},{company.upstream.url}"
        for query in ("v1.4.0", "a-new-branch"):
            told = go.refused("get", f"{API}@{query}")
            assert "502" in told or "503" in told
            assert "404" not in told
    assert "payments" not in company.upstream.everything()

    start_again(stage, company)
    # A host that failed is left alone for some seconds.
    gate.wait(lambda: get(gate, token, API, "@v/v1.4.0.info").status == 200, "does not ask the host again")
    for go in gos:
        go.run("get", f"{API}@v1.4.0")
        assert "v1.4.0" in go.run("list", "-m", "-versions", API)


def test_stale_answers_are_marked_and_age(company, stage):
    gate, token = open_short(company)
    asked = time.monotonic()
    for file in ("@v/list", "@latest", "@v/main.info"):
        fresh = get(gate, token, API, file)
        assert fresh.status == 200 and "Age" not in fresh.headers and "Cache-Status" not in fresh.headers
        assert re.fullmatch("private, max-age=[01]", fresh.headers["Cache-Control"])
    company.host.stop()
    outlive()
    ages = []
    # dev was never asked for before: the mirror knows it as well. Twice: nothing of it is taken for fresh later.
    for file in ("@v/list", "@latest", "@v/main.info", "@v/dev.info", "@v/dev.info"):
        stale = get(gate, token, API, file)
        assert (stale.status, stale.headers["Cache-Status"], stale.headers["Cache-Control"]) == (200, STALE, "private, max-age=0"), file
        ages.append(int(stale.headers["Age"]))
    assert FRESH_S <= min(ages) and max(ages) <= time.monotonic() - asked + 1
    gate.restart()      # the age is the mirror's, not the process's
    again = get(gate, token, API, "@v/list")
    assert again.headers["Cache-Status"] == STALE and int(again.headers["Age"]) >= max(ages)
    # Artifacts are what they are.
    zipped = get(gate, token, API, "@v/v1.1.0.zip")
    assert zipped.status == 200 and "Cache-Status" not in zipped.headers and "Age" not in zipped.headers
    rows = [row for row in gate.rows() if row["action"] in ("list", "latest") and row["status"] == 200]
    assert {row["source"] for row in rows} == {"built", "cache"}


def test_the_age_is_that_of_the_mirror_that_answers(company):
    """Also where {*} was not asked for since the start, and none is made up when the mirror's date is lost."""
    def nested(gate):
        host = company.settings(gate, refresh_s=FRESH_S)["repositories"][0]
        return {"cache.list_ttl_s": FRESH_S, "repositories": [{**host, "repository": company.host.url + "/{*}.git"}]}

    asked = time.monotonic()
    gate, token = open_gate(company, settings=nested)
    assert get(gate, token, API, "@v/list").status == 200
    company.host.stop()
    gate.stop()
    outlive()
    gate.start()
    for file in ("@v/list", "@latest", "@v/main.info"):
        stale = get(gate, token, API, file)
        assert (stale.status, stale.headers["Cache-Status"]) == (200, STALE), file
        assert FRESH_S <= int(stale.headers["Age"]) <= time.monotonic() - asked + 1, file
    gate.stop()
    os.utime(os.path.join(mirror_of(gate, f"{company.host.url}/payments/api.git"), "modgate-url"), (0, 0))
    gate.start()
    stale = get(gate, token, API, "@v/list")
    assert (stale.status, stale.headers["Cache-Status"]) == (200, STALE) and "Age" not in stale.headers


def test_the_rest_of_the_time_to_live(company):
    gate, token = open_gate(company, settings={"cache.list_ttl_s": 30})
    asked = time.monotonic()
    first = get(gate, token, API, "@v/list").headers["Cache-Control"]
    outlive(1.1)
    then = get(gate, token, API, "@v/list").headers["Cache-Control"]
    left = range(30 - math.ceil(time.monotonic() - asked), 30)
    assert first == "private, max-age=30" and then in [f"private, max-age={seconds}" for seconds in left]


def test_nothing_is_absent_that_was_never_read(company):
    gate, token = open_gate(company)
    company.host.stop()
    for file in ("@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip", "@v/main.info"):
        answer = get(gate, token, API, file)
        assert answer.status in (502, 503) and company.host.url in answer.body.decode(), file


def test_an_unknown_version_costs_one_fetch(company):
    gate, token = open_gate(company, settings={"cache.negative_ttl_s": 3})
    assert get(gate, token, API, "@v/v1.0.0.info").status == 200
    gate.restart()      # references that were read less than 3 s ago are not read again, but by another process
    mark = company.host.mark()
    for _ in range(2):      # the go command asks everything twice
        for file in ("@v/v1.9.9.info", "@v/v1.9.9.mod", "@v/v1.9.9.zip"):
            assert get(gate, token, API, file).status == 404
    gets = [path for path in company.host.paths(mark) if "/info/refs" in path]
    assert 1 <= len(gets) <= 4      # it is asked where HEAD is, then it is fetched; each without and with the credential
    release(company, "v1.9.9")
    outlive(3.1)
    assert get(gate, token, API, "@v/v1.9.9.info").status == 200


def test_not_found_is_believed_of_a_trusted_credential(company):
    gate, token = open_gate(company, settings={"cache.negative_ttl_s": 1})
    gone = "git.corp.example/payments/gone"
    assert get(gate, token, gone, "@v/list").status == 502
    assert get(gate, token, PORTAL, "@v/v0.1.0.info").status == 200
    gate.restart()      # what failed a moment ago is asked for at once
    assert get(gate, token, API, "@v/list").status == 200
    assert get(gate, token, gone, "@v/list").status == 404
    # Of a repository that was there it is never believed.
    company.host.faults.set("paths", "/web/Portal.git/* 404")
    assert get(gate, token, PORTAL, "@v/v0.2.0.info").status == 502
    assert get(gate, token, PORTAL, "@v/v0.1.0.zip").status == 200


def test_a_slow_first_clone_goes_on_behind(company):
    gate, token = open_gate(company, hold_s=1)
    company.host.faults.set("paths", "/payments/api.git/git-upload-pack slow:20")
    answers = []
    asking = [threading.Thread(target=lambda: answers.append(get(gate, token, API, "@v/v1.0.0.info"))) for _ in range(4)]
    for thread in asking:
        thread.start()
    gate.wait(lambda: any("payments/api.git/git-upload-pack" in path for path in company.host.paths()), "does not fetch")
    # Meanwhile others of the same host are served.
    learn(gate, token, PORTAL, "@v/v0.1.0.info")
    for thread in asking:
        thread.join()
    for answer in answers:
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
        assert "goes on; ask again" in answer.body.decode()
    rows = [row for row in gate.rows() if row.get("module") == API]
    assert len(rows) == 4 and all(row["status"] == 503 and "goes on" in row["reason"] for row in rows)
    gets = len([path for path in company.host.paths() if "payments/api.git/info/refs" in path])
    company.host.faults.clear()
    learn(gate, token, API, "@v/v1.0.0.info")
    assert len([path for path in company.host.paths() if "payments/api.git/info/refs" in path]) <= max(gets, 4)


BAD_DAYS = [
    ("hangs before a word", "connections", "hang"),
    ("hangs after its first packet", "paths", "*/info/refs stall:36"),
    ("hangs in the middle of a pack", "paths", "*/git-upload-pack stall:700"),
    ("breaks off in the middle of a pack", "paths", "*/git-upload-pack truncate:700"),
]


@pytest.mark.parametrize("fault, how", [row[1:] for row in BAD_DAYS], ids=[row[0] for row in BAD_DAYS])
def test_a_host_that_stops_half_way(company, fault, how):
    gate, token = open_gate(company, settings={"cache.list_ttl_s": 0}, refresh_s=0, hold_s=1)
    known = learn(gate, token, API, "@v/list")
    release(company, "v1.4.0")
    company.host.faults.set(fault, how)
    stale = get(gate, token, API, "@v/list")
    assert (stale.status, stale.body, stale.headers["Cache-Status"]) == (200, known.body, STALE)
    assert get(gate, token, API, "@v/v1.4.0.info").status in (502, 503)
    assert get(gate, token, API, "@v/v1.1.0.zip").status == 200


def test_no_redirect_and_no_credential_elsewhere(company, stage):
    other = stage.githttp(state="other")
    gate, token = open_gate(company)
    # A host that failed is left alone for some seconds, but not for another repository.
    away = company.host.url.replace("127.0.0.1", "localhost")
    for name, target in enumerate((f"{other.url}/payments/api.git/info/refs?service=git-upload-pack", "ext::touch /tmp/never", f"file://{company.local}/mono.git",
                   f"{away}/payments/api.git/info/refs?service=git-upload-pack")):
        module = API if name == 0 else f"{API}{name}"
        company.host.faults.set("paths", f"/payments/{os.path.basename(module)}.git/* redirect:{target}")
        mark = company.host.mark()
        answer = get(gate, token, module, "@v/v1.0.0.info")
        assert answer.status == 502 and READER[1] not in answer.body.decode(), target
        assert company.host.paths(mark), "it was asked"
    assert not other.events("connect")
    company.host.faults.clear()
    gate.restart()
    assert get(gate, token, API, "@v/v1.0.0.info").status == 200


def test_a_corrupt_mirror_is_no_absence(company):
    """And while the host is away too, what is stored goes on being served."""
    gate, token = open_gate(company)
    assert get(gate, token, API, "@v/v1.0.0.zip").status == 200
    gate.stop()
    for name in os.listdir(gate.path("data", "git")):
        if os.path.exists(gate.path("data", "git", name, "modgate-url")):
            cut_packs(gate.path("data", "git", name))
    company.host.stop()
    gate.start()
    assert get(gate, token, API, "@v/v1.1.0.zip").status == 502
    assert get(gate, token, API, "@v/v1.0.0.zip").status == 200
