"""Served once, the same for ever: a moved tag, rewritten history, a lost zip; and the commands that tell what is pinned."""
import json
import os
import subprocess

import pytest

from company import API, GREETING, MONO, Company
from test_commands import modgate, refused

PLACES = {"git host": ("payments/api", API), "this machine": ("mono", MONO)}


@pytest.fixture(params=PLACES)
def place(request, stage):
    """(company, gateway, token, repository's name, module); references are read anew at each question."""
    company = Company(stage)
    gate = company.gateway(settings={"cache": {"list_ttl_s": 0, "negative_ttl_s": 0}}, refresh_s=0)
    return company, gate, gate.token("alice", ["payments"]), *PLACES[request.param]


def get(gate, token, module, version="v1.1.0", kinds=("info", "mod", "zip")):
    return [gate.request(f"/{module}/@v/{version}.{kind}", token=token) for kind in kinds]


def lose_files(gate, module):
    gate.stop()
    subprocess.run(["rm", "-r", gate.path("data", "cache", "download", *module.split("/"), "@v")], check=True)
    gate.start()


def moves(gate):
    return [row for row in gate.audit_export() if row["kind"] == "module"]


def rewrite(company, name):
    """Another history from its beginning; every tag and branch is of it."""
    repo = company.repos[name]
    repo.git("checkout", "-q", "--orphan", "rewritten")
    repo.commit({"code.go": "package code\n\nconst Release = 66\n"})
    for tag in repo.git("tag").split():
        repo.tag(tag, "rewritten", force=True)
    for branch in ("main", "dev", "two"):
        repo.branch(branch, "rewritten")
    company.push(name)
    return repo.head("rewritten")


def forget(directory):
    """As git on the host would in time: what no reference reaches goes."""
    for command in (["reflog", "expire", "--expire=now", "--all"], ["repack", "-adq"], ["prune", "--expire=now"]):
        subprocess.run(["git", "-C", directory, "-c", "safe.directory=*", *command], check=True, capture_output=True)


def test_rewritten_history(place):
    """Every file is lost after it: each is built again from the pinned commit, and is the same."""
    company, gate, token, name, module = place
    before = get(gate, token, module)
    assert [answer.status for answer in before] == [200] * 3
    old = company.repos[name].head("v1.1.0^{commit}")
    new = rewrite(company, name)
    lose_files(gate, module)
    for _ in range(3):
        gate.request(f"/{module}/@v/list", token=token)
        after = get(gate, token, module)
        assert [answer.status for answer in after] == [200] * 3
        assert [answer.body for answer in after[1:]] == [answer.body for answer in before[1:]]
        assert after[0].body == before[0].body
    (told,) = moves(gate)
    assert (told["module"], told["version"], told["private"], told["origin"]) == (module, "v1.1.0", True, new)
    assert told["text"] == f"tag moved: pinned {old}, found {new}, which is not served"
    assert sum("tag moved" in line for line in gate.stderr().splitlines()) == 1


def test_each_move_counts_once(place):
    company, gate, token, name, module = place
    get(gate, token, module, kinds=["zip"])
    repo = company.repos[name]
    assert gate.metrics()["modgate_pins_moved_total"] == 0
    for count, target in enumerate(("v1.0.0", "main", "v1.0.0", "dev"), 1):
        repo.tag("v1.1.0", target, force=True)
        company.push(name)
        for _ in range(3):
            gate.request(f"/{module}/@v/list", token=token)
        assert gate.metrics()["modgate_pins_moved_total"] == count
    assert len(moves(gate)) == 4


def test_bytes_and_commit_are_gone(place):
    """What cannot be built again is no 404, with which the go command would look elsewhere; and comes back with the commit."""
    company, gate, token, name, module = place
    before = get(gate, token, module)
    saved = company.repos[name].directory + "-saved"
    company.repos[name].git("clone", "-q", "--mirror", ".", saved)
    rewrite(company, name)
    forget(company.bare[name])
    gate.stop()
    subprocess.run(["rm", "-rf", gate.path("data", "cache"), gate.path("data", "git")], check=True)
    gate.start()
    for answer in get(gate, token, module):
        assert answer.status == 502 and answer.body.startswith(b"modgate: ")
    assert gate.request(f"/{module}/@v/list", token=token).status == 200
    subprocess.run(["git", "-C", saved, "push", "-q", "--mirror", company.bare[name]], check=True, capture_output=True)
    assert [answer.body for answer in get(gate, token, module)][1:] == [answer.body for answer in before][1:]


# --- the commands ----------------------------------------------------------------------------------------------------------------------


def test_nothing_is_pinned(tmp_path):
    modgate("init", tmp_path / "gate", "--upstream", "https://proxy.example")
    config = ("-c", tmp_path / "gate/modgate.yaml")
    assert modgate("pin", "list", *config).stdout == "" and json.loads(modgate("pin", "list", "--json", *config).stdout) == []
    refused(modgate("pin", "show", MONO, *config), 1, f"nothing of {MONO} is pinned")
    os.unlink(tmp_path / "gate/data/modgate.db")
    assert modgate("pin", "list", *config).returncode == 0 and not os.path.exists(tmp_path / "gate/data/modgate.db")
    refused(modgate("pin", "show", "x@", *config), 2, "modgate: x@: ")
    refused(modgate("pin", "show", f"{MONO}@", *config), 2, "a version was expected after @")
    refused(modgate("pin", "show", *config), 2, "MODULE[@VERSION] is needed")


def test_list_and_show(place):
    """While the daemon runs, and after it."""
    company, gate, token, name, module = place
    _, mod, file = get(gate, token, module)
    assert gate.request(f"/{module}/@v/v1.0.0.info", token=token).status == 200
    assert gate.request(f"/{GREETING}/@v/v1.1.0.zip", token=token).status == 200
    repo = company.repos[name]
    old, targets = repo.head("v1.1.0^{commit}"), [repo.head("main"), repo.head("dev")]
    for target in targets:
        repo.tag("v1.1.0", target, force=True)
        company.push(name)
        gate.request(f"/{module}/@v/list", token=token)
    for _ in range(2):
        (pin,) = json.loads(gate.command("pin", "show", "--json", f"{module}@v1.1.0"))
        assert pin.pop("first_seen").startswith("20")
        assert pin == {"module": module, "version": "v1.1.0", "commit": old, "h1": file.headers["X-Go-Checksum"], "proof": "pin",
                       "go_mod_h1": mod.headers["X-Go-Checksum"], "go_mod_proof": "pin", "private": True, "moves": pin["moves"]}
        assert [(move["what"], move["found"], move["time"][:2]) for move in pin["moves"]] == [("commit", target, "20") for target in targets]
        pins = json.loads(gate.command("pin", "list", "--json"))
        assert [(one["module"], one["version"], one["private"], len(one["moves"])) for one in pins] == sorted(
            [(module, "v1.0.0", True, 0), (module, "v1.1.0", True, 2), (GREETING, "v1.1.0", False, 0)])
        assert {one["proof"] for one in pins if one["module"] == GREETING} == {"sumdb"}
        for prefix in (module, os.path.dirname(module)):
            assert json.loads(gate.command("pin", "list", "--json", prefix)) == [one for one in pins if one["module"] == module]
        assert json.loads(gate.command("pin", "list", "--json", "--moved")) == [one for one in pins if one["moves"]]
        refused(gate.attempt("pin", "list", module[:-1]), 1, "is pinned")
        refused(gate.attempt("pin", "list", "--moved", GREETING), 1, "has moved")
        table = gate.command("pin", "list").splitlines()
        assert len(table) == 4 and table[0].split() == ["FIRST", "SEEN", "COMMIT", "MOVED", "H1", "MODULE@VERSION"]
        (line,) = [line.split() for line in table if line.endswith(f" {module}@v1.1.0")]
        assert line[1:4] == [old[:12], "yes", file.headers["X-Go-Checksum"]]
        shown = gate.command("pin", "show", module)
        assert shown.count("  commit ") == 2 and all(f"  found       {target} (commit, 20" in shown for target in targets)
        refused(gate.attempt("pin", "show", f"{module}@v9.9.9"), 1, "is pinned")
        gate.stop()
    gate.start()
