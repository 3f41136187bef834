"""Git hosts and mirrors on bad days: a mirror damaged on disk, a host that hangs, repositories that are not there, a damaged local one."""
import glob
import os
import subprocess
import threading

from company import API, LINT, MONO, ODD, POLICY, PORTAL, READER, rules

OTHER = "git.other.example/tool"
EVERYBODY = {"name": "everybody", "modules": ["git.corp.example", "git.other.example", "code.corp.example"], "verdict": "allow"}


def open_gate(company, **options):
    gate = company.gateway(policy=rules(EVERYBODY), **options)
    return gate, gate.token("alice")


def get(gate, token, module, file):
    path = "".join("!" + letter.lower() if letter.isupper() else letter for letter in module)
    return gate.request(f"/{path}/{file}", token=token, timeout=60)


def mirror_of(gate, url):
    """The directory of its mirror."""
    for name in glob.glob(gate.path("data", "git", "*.git")):
        mark = os.path.join(name, "modgate-url")
        if os.path.exists(mark) and open(mark, encoding="utf-8").read() == url:
            return name
    raise AssertionError(f"no mirror of {url}")


def cut_packs(mirror):
    packs = glob.glob(os.path.join(mirror, "objects", "pack", "*.pack"))
    assert packs
    for pack in packs:
        os.chmod(pack, 0o600)
        os.truncate(pack, 60)


def test_a_damaged_mirror_is_replaced(company):
    gate, token = open_gate(company)
    url = f"{company.host.url}/payments/api.git"
    assert get(gate, token, API, "@v/v1.0.0.zip").status == 200
    assert get(gate, token, PORTAL, "@v/v0.1.0.info").status == 200
    gate.stop()
    mirror = mirror_of(gate, url)
    cut_packs(mirror)
    gate.start()
    assert get(gate, token, API, "@v/v1.1.0.zip").status == 200
    assert get(gate, token, PORTAL, "@v/v0.1.0.zip").status == 200
    told = [line for line in gate.stderr().splitlines() if "was damaged (" in line]
    assert len(told) == 1 and url in told[0] and f"{mirror}.damaged" in told[0]
    assert READER[1] not in told[0]
    assert os.path.isdir(f"{mirror}.damaged")

    # Damaged again within the hour: a sentence says so, and what is stored goes on being served.
    cut_packs(mirror)
    os.unlink(os.path.join(mirror, "HEAD"))
    answer = get(gate, token, LINT, "@v/v0.3.0.zip")
    assert answer.status == 502 and "less than an hour ago" in answer.body.decode()
    assert get(gate, token, API, "@v/v1.0.0.zip").status == 200
    assert get(gate, token, PORTAL, "@latest").status == 200


def test_a_damaged_local_repository_is_named(company):
    gate, token = open_gate(company)
    bare = company.bare["mono"]
    tree = company.repos["mono"].head("v1.0.0^{tree}")
    for pack in glob.glob(os.path.join(bare, "objects", "pack", "*.pack")):
        os.rename(pack, pack + ".bytes")
        os.unlink(pack[:-4] + "idx")
        unpack(bare, pack + ".bytes")
    os.unlink(os.path.join(bare, "objects", tree[:2], tree[2:]))
    answer = get(gate, token, MONO, "@v/v1.0.0.zip")
    assert answer.status == 502 and tree in answer.body.decode() and "git fsck" in answer.body.decode()
    assert get(gate, token, ODD, "@v/v1.0.0.zip").status == 200


def unpack(bare, pack):
    with open(pack, "rb") as file:
        subprocess.run(["git", "--git-dir", bare, "unpack-objects", "-q"], stdin=file, check=True)


def test_a_host_that_hangs_holds_no_other(company, stage):
    other = stage.githttp(state="other")
    tool = stage.repo("tool")
    tool.module(OTHER, tags=["v1.0.0"])
    tool.bare(os.path.join(other.root, "tool.git"))

    def settings(gate):
        made = company.settings(gate)["repositories"]
        return {"repositories": [*made, {"prefix": "git.other.example", "repository": other.url + "/{1}.git", "ca": stage.ca.pem}]}

    policy = {**POLICY, "private": [*POLICY["private"], "git.other.example"], "rules": [EVERYBODY]}
    gate = stage.gateway(settings, policy, company.upstream)
    token = gate.token("alice")
    assert get(gate, token, API, "@v/v1.0.0.mod").status == 200
    company.host.faults.set("connections", "hang")
    gate.restart()      # nothing is in memory, nothing was read of any host

    waiting = [threading.Thread(target=ask_for_nothing, args=(gate, f"/git.corp.example/payments/{i}/@v/list", token), daemon=True)
               for i in range(20)]
    for thread in waiting:
        thread.start()
    gate.wait(lambda: gate.metrics()['modgate_queue_depth{queue="git"}'] >= 15, "does not ask the host")
    assert get(gate, token, API, "@v/v1.0.0.mod").status == 200
    assert get(gate, token, OTHER, "@v/v1.0.0.zip").status == 200
    assert get(gate, token, MONO, "@v/v1.0.0.zip").status == 200
    assert all(thread.is_alive() for thread in waiting)
    gate.kill9()
    for thread in waiting:
        thread.join()


def ask_for_nothing(gate, path, token):
    try:
        gate.request(path, token=token, timeout=120)
    except OSError:
        pass


def test_an_absent_repository_is_asked_for_once(company):
    gate, token = open_gate(company)
    mark = company.host.mark()
    for module in ("git.corp.example/payments/gone/a/b", "git.corp.example/payments/gone/a", "git.corp.example/payments/gone"):
        for file in ("@v/list", "@latest", "@v/v1.0.0.info"):
            answer = get(gate, token, module, file)
            assert answer.status == 502 and "not found" in answer.body.decode()
    asked = company.host.paths(mark)
    assert asked and len(asked) <= 2 and all("/payments/gone.git/" in path for path in asked)
    # No repository can hold the parent: nobody is asked.
    assert get(gate, token, "git.corp.example/payments", "@v/list").status == 404
    assert company.host.paths(mark) == asked


def test_the_commit_of_every_private_answer_is_recorded(company):
    gate, token = open_gate(company)
    begin = gate.audit_size()
    repo = company.repos["payments/api"]
    asked = {"@v/dev.info": repo.head("dev"), "@latest": repo.head("v1.3.0"), "@v/v1.0.0.info": repo.head("v1.0.0"),
             "@v/v1.0.0.zip": repo.head("v1.0.0")}
    for _ in range(2):      # built, then from memory
        for file in asked:
            assert get(gate, token, API, file).status == 200
    origins = [row.get("origin") for row in gate.rows(begin) if row["kind"] == "access"]
    assert origins == [*asked.values()] * 2
