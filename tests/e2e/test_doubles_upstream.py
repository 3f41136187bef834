"""The upstream double does what it claims: the real go command believes the good answers and complains about the bad ones."""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time

import pytest

import skips
from doubles import gomodule, notelog
from doubles.upstream import MODULES

GREETING, COLOUR, PALETTE = "example.org/greeting", "example.org/colour", "example.org/Palette"

# --- the proxy half --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def go(go_command, workspace, upstream, ca):
    """A workspace behind the double, database asked through the proxy."""
    return workspace(go_command, upstream.url, ca=ca.pem, GOSUMDB=upstream.key)


def test_go_builds_and_verifies(go, upstream):
    go.program(COLOUR, PALETTE, f"{GREETING}/v2")
    go.run("get", f"{COLOUR}@latest", f"{PALETTE}@v1.0.0", f"{GREETING}/v2@v2.0.0")
    go.run("build", "-o", os.devnull, ".")
    assert go.run("mod", "verify") == "all modules verified\n"
    assert f"{COLOUR} v0.4.0 h1:" in go.read("go.sum")
    assert upstream.sumdb.lookup_path(PALETTE, "v1.0.0") in upstream.paths()


def test_go_asks_the_database_by_its_own_address(go_command, workspace, upstream, ca):
    go = workspace(go_command, upstream.url, ca=ca.pem, GOSUMDB=upstream.gosumdb)
    go.run("get", f"{COLOUR}@v0.3.0")
    assert "/sumdb/sum.example.org/supported" not in upstream.paths()
    assert "/sumdb/sum.example.org/lookup/example.org/colour@v0.3.0" in upstream.paths()


def test_go_lists_versions(go):
    assert go.run("list", "-m", "-versions", GREETING).split() == [GREETING, "v1.0.0", "v1.1.0", "v1.2.0-rc.1"]
    assert go.run("list", "-m", "-versions", COLOUR).split() == [COLOUR, "v0.3.0", "v0.4.0"]
    assert go.run("list", "-m", "-retracted", "-versions", COLOUR).split() == [COLOUR, "v0.3.0", "v0.3.1", "v0.4.0"]


def test_go_resolves_queries(go):
    go.run("get", f"{GREETING}@main")
    assert f"{GREETING} v1.1.0" in go.read("go.mod")
    assert "404" in go.refused("get", f"{GREETING}@nobranch")


def test_zip_and_sums_are_the_same_every_time(upstream_factory):
    one, two = upstream_factory("one"), upstream_factory("two", name="sum2.example.org")
    for path, version in one.modules.all():
        url = f"/{gomodule.escape(path)}/@v/{version}.zip"
        assert one.answer(url) == two.answer(url)
    assert one.key != two.key


def test_new_version_appears_while_it_runs(tmp_path, upstream_factory, workspace, go_command, ca):
    modules = tmp_path / "modules"
    shutil.copytree(MODULES, modules, symlinks=True)
    upstream = upstream_factory(modules=str(modules))
    go = workspace(go_command, upstream.url, ca=ca.pem, GOSUMDB=upstream.key)
    go.run("get", f"{GREETING}@v1.1.0")
    size = upstream.sumdb.tree.size
    new = modules / "example.org" / "greeting@v1.3.0"
    shutil.copytree(modules / "example.org" / "greeting@v1.1.0", new)
    go.run("get", f"{GREETING}@latest")
    assert f"{GREETING} v1.3.0" in go.read("go.sum")
    assert upstream.sumdb.tree.size == size + 1


def test_key_and_log_outlive_a_restart(upstream_factory):
    first = upstream_factory()
    root, key = first.sumdb.tree.root(first.sumdb.tree.size), first.key
    first.stop()
    second = upstream_factory()
    assert (second.sumdb.tree.root(second.sumdb.tree.size), second.key) == (root, key)


# --- faults, each of which the go command must notice -------------------------------------------------------------------------------

FAULTS = [
    # name, fault, argument, what to get, what go says
    ("database answers 503", "sumdb", "503", GREETING, "503"),
    ("database resets", "sumdb", "reset", GREETING, "supported"),
    ("proxy answers 500", "upstream", "500", GREETING, "500"),
    ("proxy answers 404", "paths", f"/{GREETING}/* 404", GREETING, "404"),
    ("proxy answers 410", "paths", f"/{GREETING}/* 410", GREETING, "410"),
    ("proxy resets", "upstream", "reset", GREETING, "connection reset"),
    ("nobody gets through", "connections", "reset", GREETING, "connection reset"),
    ("zip is another", "zip", f"{GREETING}@v1.1.0", GREETING, "SECURITY ERROR"),
    ("mod is another", "mod", f"{GREETING}@v1.1.0", GREETING, "SECURITY ERROR"),
    ("zip is cut short", "paths", "*.zip truncate", GREETING, "unexpected EOF"),
    ("info is no JSON", "paths", "*.info body:<html>", GREETING, "invalid character"),
    ("redirect to a place that is closed", "paths", "*.info redirect:https://127.0.0.1:9/", GREETING, "127.0.0.1:9: connect: connection refused"),
    ("signature does not verify", "signature", "bad", GREETING, "invalid signature"),
    ("signed by another key", "signature", "other", GREETING, "invalid signature"),
    ("signed by nobody known", "signature", "unknown", GREETING, "stranger"),
    ("leaf tile corrupt", "tile", "tile/8/0/*", GREETING, "inconsistent tile"),
    ("upper tile corrupt", "tile", "tile/8/1/*", GREETING, "inconsistent tile"),
    ("lookup is empty", "lookup", "* empty", GREETING, "malformed"),
    ("record of a tree that is not yet so large", "rollback", "300", GREETING, "cannot validate record"),
]


@pytest.mark.parametrize("fault, argument, module, says", [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_go_notices(go, upstream, fault, argument, module, says):
    upstream.faults.set(fault, argument)
    assert says in go.refused("get", f"{module}@v1.1.0")
    upstream.faults.clear()
    go.run("get", f"{module}@v1.1.0")


def test_go_notices_a_zip_that_changed_later(go_command, workspace, upstream, ca):
    first = workspace(go_command, upstream.url, ca=ca.pem, GOSUMDB=upstream.key)
    first.run("get", f"{GREETING}@v1.1.0")
    upstream.faults.set("zip", f"{GREETING}@v1.1.0")
    shutil.rmtree(first.modcache)
    assert "SECURITY ERROR" in first.refused("mod", "download", "all")


def test_go_notices_a_fork(go, upstream):
    go.run("get", f"{GREETING}@v1.1.0")
    upstream.faults.set("fork", "0")
    assert "SECURITY ERROR" in go.refused("get", f"{COLOUR}@v0.3.0")


def test_rolled_back_tree_is_signed_and_smaller(go, upstream):
    """A fresh client that asks for a record beyond the old size is refused; that the size may not shrink is the gateway's own promise."""
    size = upstream.sumdb.record(GREETING, "v1.1.0")
    upstream.faults.set("rollback", str(size))
    go.refused("get", f"{GREETING}@v1.1.0")
    upstream.faults.set("rollback", str(size + 1))
    go.run("get", f"{GREETING}@v1.1.0")
    _, body, _ = upstream.answer("/sumdb/sum.example.org/latest")
    assert body.decode().split("\n")[1] == str(size + 1)


REPLAYS = ("foreign", "tail", "forged")
REPLAYS_KNOWN_SINCE = (1, 26, 8)


@pytest.mark.parametrize("action", REPLAYS)
def test_new_go_is_not_fooled_by_a_replay(go_commands, workspace, upstream_factory, ca, action):
    """CVE-2026-42501, -56864 and -56865, each with a zip that is not the true one. Debian's go 1.19 takes it in all three cases."""
    if go_commands[0].version < REPLAYS_KNOWN_SINCE:
        pytest.skip(f"{skips.NO_NEW_GO}: {go_commands[0].name} can be fooled")
    upstream = upstream_factory(padding=(0, 300))
    upstream.faults.set("zip", f"{GREETING}@v1.1.0")
    upstream.faults.set("lookup", f"{GREETING}@v1.1.0 {action}")
    go = workspace(go_commands[0], upstream.url, ca=ca.pem, GOSUMDB=upstream.key)
    said = go.refused("get", f"{GREETING}@v1.1.0")
    assert ("inconsistent tile" if action == "forged" else "cannot be verified") in said


@pytest.mark.parametrize("action", REPLAYS)
def test_lookup_replays_carry_no_proof_of_what_was_asked(upstream, action):
    """Never is there an authentic line for the module."""
    upstream.faults.set("zip", f"{GREETING}@v1.1.0")
    upstream.faults.set("lookup", f"* {action}")
    true, _ = upstream.modules.sums(GREETING, "v1.1.0")
    served, _ = upstream.served_sums(GREETING, "v1.1.0")
    _, body, _ = upstream.answer(upstream.sumdb.lookup_path(GREETING, "v1.1.0"))
    number, rest = body.decode().split("\n", 1)
    record, note = rest.split("\n\n", 1)
    authentic = upstream.sumdb.tree.levels[0][int(number)] == notelog.leaf_hash(record.encode() + b"\n")
    assert true not in body.decode()
    assert (served in record, served in note, authentic) == {"foreign": (False, False, True), "tail": (False, True, True), "forged": (True, False, False)}[action]
    assert note.startswith("go.sum database tree\n")


def test_hang_lasts_until_the_client_goes(go, upstream):
    upstream.faults.set("paths", "*.zip hang")
    with pytest.raises(subprocess.TimeoutExpired):
        go.attempt("get", f"{GREETING}@v1.0.0", timeout=3)
    assert f"/{GREETING}/@v/v1.0.0.zip" in upstream.paths()


def test_slow_body_arrives_in_the_end(go, upstream):
    upstream.faults.set("paths", "*/v1.0.0.info slow:30")
    begin = time.monotonic()
    go.run("list", "-m", f"{GREETING}@v1.0.0")
    assert time.monotonic() - begin > 1


# --- the database half -----------------------------------------------------------------------------------------------------------


def test_tree_is_rfc_6962():
    """Against the definition, recursive and slow."""
    def root(leaves):
        if len(leaves) == 1:
            return leaves[0]
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return notelog.node_hash(root(leaves[:split]), root(leaves[split:]))
    leaves = [notelog.leaf_hash(bytes([n])) for n in range(70)]
    tree = notelog.Tree(leaves)
    for size in range(1, 71):
        assert tree.root(size) == root(leaves[:size]), size


TILES = [("000", 0), ("001", 1), ("999", 999), ("x001/000", 1000), ("x001/x234/067", 1234067), ("1", None), ("1000", None), ("001/000", None),
         ("x000/001", None), ("x001", None), ("", None)]


@pytest.mark.parametrize("text, number", TILES)
def test_tile_number(text, number):
    assert notelog.tile_number(text) == number


ANSWERS = [
    ("latest", 200), ("supported", 200), ("lookup/example.org/greeting@v1.1.0", 200), ("lookup/example.org/!palette@v1.0.0", 200),
    ("lookup/example.org/Palette@v1.0.0", 400), ("lookup/example.org/greeting@v9.9.9", 404), ("lookup/example.org/none@v1.0.0", 404),
    ("lookup/example.org/greeting@main", 400), ("lookup/example.org/greeting", 400), ("tile/8/0/000", 200), ("tile/8/0/001.p/40", 200),
    ("tile/8/0/000.p/256", 400), ("tile/8/0/000.p/0", 400), ("tile/8/0/001", 404), ("tile/8/0/123/456", 400), ("tile/9/0/000", 400),
    ("tile/8/1/000.p/1", 200), ("tile/8/data/000", 200), ("tile/8/data/001.p/10", 200), ("tile/8/2/000.p/1", 404), ("other", 400),
]


@pytest.mark.parametrize("rest, status", ANSWERS)
def test_database_answers(upstream, rest, status):
    assert upstream.answer(f"/sumdb/sum.example.org/{rest}")[0] == status


def test_data_tile_holds_the_leaves(upstream):
    _, body, _ = upstream.answer("/sumdb/sum.example.org/tile/8/data/000")
    records = [text + "\n" for text in body.decode().split("\n\n")[:-1]]
    assert len(records) == 256
    assert [notelog.leaf_hash(text.encode()) for text in records] == upstream.sumdb.tree.levels[0][:256]


# --- the record ---------------------------------------------------------------------------------------------------------------------


def test_silent_connection_is_recorded(upstream):
    port = upstream.server_port
    mark = upstream.mark()
    socket.create_connection(("127.0.0.1", port)).close()
    until(lambda: upstream.events("tls_failed", mark))
    assert len(upstream.events("connect", mark)) == 1
    assert not upstream.paths(mark)


def test_bytes_that_are_no_request_are_recorded(upstream, ca):
    context = ssl.create_default_context(cafile=ca.pem)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", upstream.server_port)), server_hostname="localhost") as connection:
        connection.sendall(b"secret-name")
    until(lambda: upstream.events("close"))
    assert upstream.events("close")[0]["unread"] + "".join(row["head"] for row in upstream.events("request")) == "secret-name"
    assert upstream.events("tls")[0]["sni"] == "localhost"


def test_request_is_recorded_with_its_bytes(go, upstream):
    go.run("list", "-m", f"{GREETING}@v1.0.0")
    row = upstream.events("request")[0]
    assert row["head"].startswith(f"GET {row['path']} HTTP/1.1\r\n") and row["bytes"] == len(row["head"])
    assert "Host" in row["headers"]
    assert GREETING in upstream.everything() and "work.example" not in upstream.everything()


def test_upstream_as_a_program(tmp_path, server_certificate):
    program = os.path.join(os.path.dirname(MODULES), "upstream.py")
    state, address = tmp_path / "state", tmp_path / "address"
    child = subprocess.Popen([sys.executable, program, "--state", state, "--address-file", address, "--tls-cert", server_certificate[0],
                              "--tls-key", server_certificate[1], "--name", "sum.example.org/one"])
    try:
        until(address.exists)
        assert address.read_text().startswith("https://127.0.0.1:")
        assert (state / "sumdb.key").read_text().startswith("sum.example.org/one+")
    finally:
        child.terminate()
        assert child.wait(10) == 0


def until(true, seconds=5):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
