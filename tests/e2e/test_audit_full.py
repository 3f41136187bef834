"""The disk is full: nothing that must be recorded is answered, health says so, and all comes back by itself."""
import os
import subprocess
import time

import pytest

import skips
from company import API, GREETING, POLICY, Company
from doubles.ldap import SERVICE_PASSWORD, password

TMPFS_MIB = 12


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few MiB that ends with the test."""
    directory = tmp_path / "small"
    directory.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MIB}m,mode=0700", "none", directory], capture_output=True).returncode:
        pytest.skip(f"{skips.NO_KERNEL_FEATURE}: mounting a tmpfs is not allowed here")
    yield directory
    subprocess.run(["umount", "-l", directory], check=True)


def fill(directory):
    """Until nothing fits; the file that does it."""
    ballast = os.path.join(directory, "ballast")
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return ballast


def until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_full_disk(stage, small_disk):
    company = Company(stage)
    gate = company.gateway(settings={"data": str(small_disk / "data")})
    token = gate.token("alice", ["payments"])
    recorded = [f"/{API}/@v/v1.1.0.info", f"/{GREETING}/@v/v1.1.0.zip", f"/{API}/@v/list", "/sumdb/sum.example.org/latest"]
    assert [gate.request(path, token=token).status for path in recorded] == [200] * 4
    ballast = fill(small_disk)
    answers = []
    until(lambda: answers.append(gate.request(recorded[0], token=token)) or answers[-1].status != 200)
    served = sum(answer.status == 200 for answer in answers)
    assert answers[-1].status == 503 and b"recorded" in answers[-1].body
    assert [gate.request(path, token=token).status for path in recorded] == [503] * 4
    assert gate.request("/readyz").status == 503 and gate.request("/livez").status == 200 and gate.request("/metrics").status == 200
    assert gate.request(f"/{API}/@v/list", token="mg_wrong").status in (401, 503)
    os.unlink(ballast)
    until(lambda: gate.request("/readyz").status == 200)
    assert [gate.request(path, token=token).status for path in recorded] == [200] * 4
    gate.restart()
    told = [row for row in gate.audit_export() if row["kind"] == "access" and row["status"] == 200]
    assert len(told) == 4 + served + 4
    assert gate.attempt("audit", "verify").returncode == 0


def test_a_reload_that_cannot_be_recorded_changes_nothing(stage, small_disk):
    """Neither the policy nor what is known of those who signed in."""
    company, slapd = Company(stage), stage.ldap()
    gate = company.gateway(settings=lambda one: {"data": str(small_disk / "data"),
                                                 "auth.ldap": slapd.settings(stage.ca.pem, one.secret("ldap", SERVICE_PASSWORD))})
    alice = ("alice", password("alice"))
    assert gate.request("/", user=alice).status == 200
    ballast = fill(small_disk)
    until(lambda: gate.request(f"/{GREETING}/@v/list", user=alice).status == 503)
    gate.policy({**POLICY, "rules": []})
    done = gate.attempt("reload")
    assert done.returncode == 1 and "the old policy stays in force" in done.stderr
    os.unlink(ballast)
    until(lambda: gate.request("/readyz").status == 200)
    assert gate.request(f"/{GREETING}/@v/list", user=alice).status == 200
    assert gate.metrics()["modgate_directory_binds_total"] == 1
    gate.command("reload")
    assert gate.request(f"/{GREETING}/@v/list", user=alice).status == 403
    assert gate.metrics()["modgate_directory_binds_total"] == 2


def test_full_disk_of_the_store_alone(stage, small_disk):
    """New modules are refused, stored ones served; nothing half is left."""
    company = Company(stage)
    gate = company.gateway(start=False)
    os.makedirs(gate.path("data"), exist_ok=True)
    os.symlink(small_disk, gate.path("data", "cache"))
    gate.start()
    token = gate.token("alice", ["payments"])
    assert gate.request(f"/{GREETING}/@v/v1.0.0.zip", token=token).status == 200
    ballast = fill(small_disk)
    assert gate.request(f"/{GREETING}/@v/v1.0.0.zip", token=token).status == 200
    for path in (f"/{API}/@v/v1.1.0.zip", f"/{GREETING}/@v/v1.1.0.zip"):
        assert gate.request(path, token=token).status == 503
    assert gate.request("/readyz").status == 503
    os.unlink(ballast)
    until(lambda: gate.request("/readyz").status == 200)
    for path in (f"/{API}/@v/v1.1.0.zip", f"/{GREETING}/@v/v1.1.0.zip"):
        assert gate.request(path, token=token).status == 200
    left = [name for _, _, names in os.walk(small_disk) for name in names if not name.endswith((".info", ".mod", ".zip", ".ziphash", "list"))]
    assert left == []
