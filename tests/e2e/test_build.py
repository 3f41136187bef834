"""The main job: real go commands get, build and verify private and public modules through the gateway."""
import json
import os
import shutil

import pytest

from company import API, API2, COLOUR, GREETING, LINT, MONO, ODD, PALETTE, PORTAL, Company


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def gate(company):
    return company.gateway()


@pytest.fixture(scope="module")
def token(gate):
    return gate.token("alice", ["payments", "web"])


@pytest.fixture
def go(company, gate, token, go_command):
    return company.go(gate, go_command, token)


def test_go_builds_a_program_of_private_and_public_modules(go):
    needs = (API, API2, LINT, PORTAL, f"{MONO}/v2", COLOUR, PALETTE, f"{GREETING}/v2")
    go.program(*needs)
    go.run("get", *needs)
    go.run("build", "-o", os.path.join(go.directory, "program"), ".")
    assert go.attempt("run", ".").stderr == "built\n"
    assert go.run("mod", "verify") == "all modules verified\n"
    for module, version in ((API, "v1.3.0"), (API2, "v2.0.0"), (LINT, "v0.3.0"), (PORTAL, "v0.1.0"), (COLOUR, "v0.4.0")):
        assert f"{module} {version} h1:" in go.read("go.sum")


VERSIONS = [
    (API, (), "v1.0.0 v1.1.0 v1.2.0-rc.1 v1.3.0"),
    (API, ("-retracted",), "v1.0.0 v1.1.0 v1.2.0-rc.1 v1.2.0 v1.3.0"),
    (API2, (), "v2.0.0"),
    (LINT, (), "v0.3.0"),
    (PORTAL, (), "v0.1.0"),
    (ODD, (), "v1.0.0 v2.0.0+incompatible"),
    (COLOUR, (), "v0.3.0 v0.4.0"),
    (GREETING, (), "v1.0.0 v1.1.0 v1.2.0-rc.1"),
]


@pytest.mark.parametrize("module, flags, versions", VERSIONS)
def test_go_lists_versions(go, module, flags, versions):
    assert go.run("list", "-m", "-versions", *flags, module).split() == [module, *versions.split()]


QUERIES = [
    (API, "latest", "v1.3.0"), (API, "v1.1", "v1.1.0"), (API, "v1", "v1.3.0"), (API, ">v1.0.0", "v1.1.0"), (API, "<v1.3.0", "v1.1.0"),
    (API, "upgrade", "v1.3.0"),
    (API, "v1.2.0-rc.1", "v1.2.0-rc.1"), (API, "v1.2.0", "v1.2.0"), (ODD, "v2.0.0", "v2.0.0+incompatible"), (GREETING, "main", "v1.1.0"),
    (API, "dev", "v1.3.1-0.2024"), (LINT, "v0", "v0.3.0"),
]


@pytest.mark.parametrize("module, query, version", QUERIES)
def test_go_resolves_queries(go, module, query, version):
    said = json.loads(go.run("list", "-m", "-json", f"{module}@{query}"))
    assert said["Version"].startswith(version)


def test_go_gets_branches_and_hashes(company, go):
    commit = company.repos["payments/api"].head("dev")
    for query in ("dev", commit, commit[:12], commit[:7]):
        go.forget()
        go.run("get", f"{API}@{query}")
        assert f"{API} v1.3.1-0." in go.read("go.mod") and go.read("go.mod").rstrip().endswith(commit[:12] + " // indirect")


def test_a_commit_with_a_tag_is_that_version(company, go):
    go.run("get", f"{API}@{company.repos['payments/api'].head('v1.1.0^{commit}')}")
    assert f"{API} v1.2.0-rc.1 " in go.read("go.mod")


def test_go_tells_of_a_retraction(go):
    said = go.attempt("get", f"{API}@v1.2.0")
    assert "retracted by module author: it was a mistake" in said.stderr and said.returncode == 0


def test_go_gets_a_package_inside_a_module(go):
    """It asks for a module at every prefix of the path: what is none must be told apart from what is refused or unknown."""
    go.program(f"{API}/deep", f"{PALETTE}/missing")
    go.run("get", f"{API}/deep")
    assert f"{API} v1.3.0" in go.read("go.mod")
    assert "does not contain package" in go.refused("get", f"{PALETTE}/missing")
    assert "does not contain package" in go.refused("get", f"{API}/missing/deeper")


def test_tidy_finds_what_imports_need(go):
    go.program(f"{API}/deep", f"{API2}", f"{COLOUR}")
    go.run("mod", "tidy")
    assert f"{API} v1.3.0" in go.read("go.mod") and f"{COLOUR} v0.4.0" in go.read("go.mod")


# --- the same sums as without any gateway ------------------------------------------------------------------------------------------

DIRECT = [f"{MONO}@v1.0.0", f"{MONO}@v1.1.0", f"{MONO}@v1.2.0-rc.1", f"{MONO}@v1.2.0", f"{MONO}@v1.3.0", f"{MONO}@dev", f"{MONO}/v2@v2.0.0",
          f"{MONO}/tools/lint@v0.3.0", f"{ODD}@v1.0.0", f"{ODD}@v2.0.0+incompatible"]


def downloaded(text):
    """{module@version: (sums, .info)} of `go mod download -json`."""
    found, rest, decode = {}, text.strip(), json.JSONDecoder().raw_decode
    while rest:
        row, end = decode(rest)
        with open(row["Info"], encoding="utf-8") as file:
            found[f"{row['Path']}@{row['Version']}"] = (row["Sum"], row["GoModSum"], json.load(file)["Time"])
        rest = rest[end:].strip()
    return found


def test_sums_are_those_of_direct_mode(company, gate, token, go_command):
    through = downloaded(company.go(gate, go_command, token).run("mod", "download", "-json", *DIRECT))
    direct = downloaded(company.direct(go_command).run("mod", "download", "-json", *DIRECT))
    assert through == direct and len(direct) == len(DIRECT)


# --- what is stored needs nobody -----------------------------------------------------------------------------------------------------


def test_second_client_is_served_from_the_store(stage, go_commands):
    """With the public upstream, its checksum database and the git host gone."""
    company = Company(stage)
    gate = company.gateway()
    token = gate.token("alice", ["payments", "web"])
    needs = (API, f"{API2}", PORTAL, COLOUR)
    first = company.go(gate, go_commands[0], token)
    first.program(*needs)
    first.run("mod", "tidy")
    first.run("mod", "download", "all")
    company.upstream.stop()
    company.host.stop()
    for command in go_commands:
        second = company.go(gate, command, token)
        second.write("main.go", first.read("main.go"))
        second.write("go.mod", first.read("go.mod"))
        second.write("go.sum", first.read("go.sum"))
        second.run("mod", "download", "all")
        second.run("build", "-o", os.devnull, ".")
        assert second.run("mod", "verify") == "all modules verified\n"
    refused = company.go(gate, go_commands[0], token).refused("get", f"{PALETTE}@v1.0.0")
    assert "503" in refused or "502" in refused
    zips = [row for row in gate.rows() if row["action"] == "zip" and row["status"] == 200]
    assert {row["source"] for row in zips if row["private"]} == {"built", "cache"}
    assert {row["source"] for row in zips if not row["private"]} == {"fetched", "cache"}


def test_a_copy_of_the_store_is_a_proxy(company, gate, go, go_command, tmp_path):
    """GOPROXY=file:// of data/cache/download, without sums from anywhere else."""
    needs = (f"{API}@v1.1.0", f"{API2}@v2.0.0", f"{PORTAL}@v0.1.0", f"{COLOUR}@v0.4.0")
    go.run("mod", "download", *needs)
    copy = shutil.copytree(gate.path("data", "cache", "download"), tmp_path / "copy")
    other = company.stage.workspace(go_command, f"file://{copy}", GOSUMDB="off")
    through, alone = (downloaded(one.run("mod", "download", "-json", *needs)) for one in (go, other))
    assert through == alone and len(alone) == len(needs)



@pytest.mark.parametrize("status", (404, 410))
def test_go_finds_the_latest_where_upstream_knows_none(stage, go_commands, status):
    """Not every proxy has @latest; ours says so too, and the go command goes by the list."""
    company = Company(stage)
    company.upstream.faults.set("paths", f"*/@latest {status}")
    gate = company.gateway()
    token = gate.token("alice")
    assert gate.request(f"/{GREETING}/@latest", token=token).status == 404
    for command in go_commands:
        go = company.go(gate, command, token)
        assert json.loads(go.run("list", "-m", "-json", f"{GREETING}@latest"))["Version"] == "v1.1.0"
        go.run("get", GREETING)
        assert f"{GREETING} v1.1.0" in go.read("go.mod")


def test_go_shows_what_upstream_did(stage, go_commands):
    """Which upstream of the list, its host and what it was asked for; where it lies on that host is nobody's business."""
    upstream = stage.upstream()
    gate = stage.gateway({"upstreams": [{"url": f"{upstream.url}/internal/path", "ca": stage.ca.pem}]}, upstream=upstream)
    token = gate.token("alice")
    go = gate.go(go_commands[0], token)
    host = upstream.url.split("//")[1]
    upstream.faults.set("paths", f"* redirect:{upstream.url}/elsewhere")
    said = go.refused("get", f"{GREETING}@v1.1.0")
    assert f"upstream 1 at {host} answered 302 for {GREETING}/@v/v1.1.0.info: it sends us elsewhere" in said and "internal" not in said
    upstream.faults.set("paths", "* reset")
    said = go.refused("get", f"{GREETING}@v1.1.0")
    assert f"upstream 1 at {host} was asked for {GREETING}/@v/v1.1.0.info" in said and "internal" not in said
