"""What is told of a pinned version that moved, to whom and how often; and what is served meanwhile."""
import json
import os
import threading

import pytest

from company import API, MONO, ODD, Company
from test_pins import get, lose_files, moves, place  # noqa: F401 (a fixture)


def move(company, name, *command):
    company.repos[name].git(*command)
    company.push(name)


def listed(gate, module, token):
    answer = gate.request(f"/{module}/@v/list", token=token)
    assert answer.status == 200
    return answer.body.decode().split()


def moved(gate):
    return gate.metrics()["modgate_pins_moved_total"]


def test_deleted_and_back(place):
    company, gate, token, name, module = place
    before = get(gate, token, module)
    old = company.repos[name].head("v1.1.0^{commit}")
    for count in (1, 2):
        move(company, name, "tag", "-d", "v1.1.0")
        for _ in range(2):
            assert "v1.1.0" not in listed(gate, module, token)
            assert [answer.body for answer in get(gate, token, module)] == [answer.body for answer in before]
        assert moved(gate) == count
        told = moves(gate)[-1]
        assert told["text"] == f"tag deleted: pinned {old}, found none; what is pinned goes on being served" and "origin" not in told
        move(company, name, "tag", "v1.1.0", old)
        for _ in range(2):
            assert "v1.1.0" in listed(gate, module, token)
        told = moves(gate)[-1]
        assert moved(gate) == count and told["text"] == f"tag moved back: pinned {old}, found {old} again" and told["origin"] == old
    (pin,) = json.loads(gate.command("pin", "show", "--json", f"{module}@v1.1.0"))
    assert [one["found"] for one in pin["moves"]] == ["", old, "", old]


def test_another_tag_of_the_same_commit(place):
    company, gate, token, name, module = place
    before = get(gate, token, module)
    move(company, name, "tag", "-f", "-a", "-m", "now with words", "v1.1.0", company.repos[name].head("v1.1.0^{commit}"))
    listed(gate, module, token)
    lose_files(gate, module)
    assert [answer.body for answer in get(gate, token, module)] == [answer.body for answer in before]
    assert moved(gate) == 0 and moves(gate) == []


def test_commit_that_nothing_reaches(place):
    """A pseudo-version names its commit itself: what can happen to it is that history goes on without it."""
    company, gate, token, name, module = place
    version = json.loads(gate.request(f"/{module}/@v/dev.info", token=token).body)["Version"]
    before = get(gate, token, module, version)
    commit = company.repos[name].head("dev")
    assert [answer.status for answer in before] == [200] * 3
    move(company, name, "branch", "-f", "dev", "main")
    for _ in range(2):
        listed(gate, module, token)
        assert [answer.body for answer in get(gate, token, module, version)] == [answer.body for answer in before]
    (told,) = moves(gate)
    assert told["version"] == version and told["text"].startswith(f"history rewritten: pinned {commit}, found none")


def test_noticed_behind_what_is_stored(place):
    """Who asks only for what is stored has it noticed too, also when it moved while nobody looked."""
    company, gate, token, name, module = place
    get(gate, token, module, kinds=["zip"])

    def seen(count):
        get(gate, token, module, kinds=["zip"])
        return moved(gate) == count

    move(company, name, "tag", "-f", "v1.1.0", "main")
    gate.wait(lambda: seen(1), "the move is not noticed")
    gate.stop()
    move(company, name, "tag", "-f", "v1.1.0", "dev")
    gate.start()
    gate.wait(lambda: seen(1), "the move while it was stopped is not noticed")
    assert [row["origin"] for row in moves(gate)] == [company.repos[name].head("main"), company.repos[name].head("dev")]


def test_noticed_by_a_push(place):
    company, gate, token, name, module = place
    get(gate, token, module, kinds=["mod"])
    move(company, name, "tag", "-f", "v1.1.0", "main")
    admin = gate.admin_token()
    assert gate.request(f"/-/api/v1/refresh?module={module}", method="POST", token=admin).status in (200, 202, 204)
    gate.wait(lambda: moved(gate) == 1, "the push is not looked at")


def test_latest_and_branch(place):
    """The latest version is the one that was served; a branch whose commit bears its name now is refused, since other bytes would come."""
    company, gate, token, name, module = place
    get(gate, token, module, "v1.3.0")
    old = company.repos[name].head("v1.3.0^{commit}")
    move(company, name, "tag", "-f", "v1.3.0", "dev")
    latest = gate.request(f"/{module}/@latest", token=token)
    assert latest.status == 200
    latest = json.loads(latest.body)
    assert (latest["Version"], latest["Origin"]["Hash"]) == ("v1.3.0", old)
    branch = gate.request(f"/{module}/@v/dev.info", token=token)
    assert branch.status == 502 and b"v1.3.0 was served as commit " + old[:12].encode() in branch.body
    main = gate.request(f"/{module}/@v/main.info", token=token)
    assert main.status == 200 and json.loads(main.body)["Origin"]["Hash"] == old
    assert moved(gate) == 1


def test_every_layout(place):
    company, gate, token, name, module = place
    rows = [(name, f"{module}/v2", "v2.0.0", "v2.0.0"), (name, f"{module}/tools/lint", "v0.3.0", "tools/lint/v0.3.0"),
            ("odd", ODD, "v2.0.0+incompatible", "v2.0.0")]
    for repository, path, version, tag in rows:
        before = get(gate, token, path, version)
        assert [answer.status for answer in before] == [200] * 3
        repo = company.repos[repository]
        if repository == "odd":
            repo.commit({"more.go": "package odd\n"})
        move(company, repository, "tag", "-f", tag, "HEAD")
        listed(gate, path, token)
        told = moves(gate)[-1]
        assert (told["module"], told["version"], told["origin"]) == (path, version, repo.head())
        lose_files(gate, path)
        assert [answer.body for answer in get(gate, token, path, version)] == [answer.body for answer in before]
    assert len(moves(gate)) == len(rows)


def test_altered_on_disk(place):
    """What somebody wrote over a stored file is not served, also not by a daemon that read it before; the operator is told."""
    company, gate, token, name, module = place
    before = get(gate, token, module)
    stored = [gate.path("data", "cache", "download", *module.split("/"), "@v", f"v1.1.0.{kind}") for kind in ("info", "mod", "zip")]

    def alter(path):
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"#")

    alter(stored[2])
    assert get(gate, token, module, kinds=["zip"])[0].body == before[2].body
    gate.stop()
    for path in stored:
        alter(path)
    gate.start()
    assert [answer.body for answer in get(gate, token, module)] == [answer.body for answer in before]
    for path in stored:
        assert f"{os.path.basename(path)} is not what was stored; it is made again" in gate.stderr()
    assert moved(gate) == 0


def test_first_of_many_and_a_kill(place):
    """Many ask at once for what nobody had before, and the daemon is killed amid: one pin, and it serves again."""
    company, gate, token, name, module = place
    answers = []

    def ask(kind):
        try:
            answers.append((kind, gate.request(f"/{module}/@v/v1.1.0.{kind}", token=token).body))
        except OSError:
            pass  # killed before it answered

    def ask_all():
        threads = [threading.Thread(target=ask, args=(kind,)) for kind in ("info", "mod", "zip", "zip", "info", "zip")]
        for thread in threads:
            thread.start()
        return threads

    threads = ask_all()
    threads[0].join()
    gate.kill9()
    for thread in threads:
        thread.join()
    gate.start()
    for thread in ask_all():
        thread.join()
    assert len({body for kind, body in answers if kind == "zip"}) == 1 and len({body for kind, body in answers if kind == "info"}) == 1
    (pin,) = json.loads(gate.command("pin", "show", "--json", module))
    assert pin["version"] == "v1.1.0" and pin["h1"] and pin["go_mod_h1"] and pin["moves"] == []


def test_rebuilt_while_the_host_hangs(stage):
    """All that is needed is in the mirror: whether the tag moved is looked at behind, and nobody waits for the host to say so."""
    company = Company(stage)
    gate = company.gateway(refresh_s=0, hold_s=60)
    token = gate.token("alice", ["payments"])
    before = get(gate, token, API)
    assert [answer.status for answer in before] == [200] * 3
    lose_files(gate, API)
    company.host.faults.set("connections", "hang")
    assert [answer.body for answer in get(gate, token, API, kinds=["mod", "zip"])] == [answer.body for answer in before[1:]]


@pytest.mark.parametrize("place", ["this machine"], indirect=True)
def test_paths_are_the_operators(place):
    company, gate, token, name, module = place
    os.rename(company.bare[name], company.bare[name] + "-away")
    answer = gate.request(f"/{MONO}/@v/v1.0.0.info", token=token)
    assert answer.status == 502 and b"the repository of code.corp.example" in answer.body and company.local.encode() not in answer.body
    assert company.bare[name] in gate.stderr()
