"""The doubles do what they claim: the real go command, git and ldapsearch believe the good ones and complain about the bad ones."""
import base64
import datetime
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time

import pytest
import yamledit
from cryptography import x509

import skips
from doubles import gomodule, ldap as directory, notelog
from doubles.githttp import BACKEND
from doubles.gitrepo import START
from doubles.idp import assemble, b64, hs256, unsigned
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


# --- git ------------------------------------------------------------------------------------------------------------------------------


def clone(host, ca, target, user="", name="one.git"):
    url = f"{host.url}/{name}".replace("https://", f"https://{user}@" if user else "https://")
    env = {"PATH": os.environ["PATH"], "HOME": str(target.parent), "GIT_SSL_CAINFO": ca.pem, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return subprocess.run(["git", "clone", "-q", url, target], env=env, capture_output=True, text=True, timeout=20)


@pytest.fixture
def hosted(githttp, git_repo):
    """The git host with a repository one.git."""
    repo = git_repo("one")
    repo.module("git.example.org/one", tags=["v1.0.0"])
    repo.bare(os.path.join(githttp.root, "one.git"))
    return githttp


def test_clone_with_a_password(hosted, ca, tmp_path):
    assert os.path.exists(BACKEND)
    done = clone(hosted, ca, tmp_path / "copy", "reader:reader-password")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy" / "go.mod").read_text().startswith("module git.example.org/one\n")
    assert "/one.git/git-upload-pack" in hosted.paths()


@pytest.mark.parametrize("user", ["", "reader:wrong", "nobody:reader-password"])
def test_clone_is_refused_without(hosted, ca, tmp_path, user):
    assert clone(hosted, ca, tmp_path / "copy", user).returncode != 0
    assert "/one.git/git-upload-pack" not in hosted.paths()


@pytest.mark.parametrize("action, says", [("401", "uthentication"), ("403", "403"), ("404", "not found"), ("500", "500"), ("reset", ""),
                                          ("redirect:http://127.0.0.1:9/one.git/info/refs", "")])
def test_clone_meets_a_fault(hosted, ca, tmp_path, action, says):
    hosted.faults.set("paths", f"/one.git/* {action}")
    done = clone(hosted, ca, tmp_path / "copy", "reader:reader-password")
    assert done.returncode != 0 and says in done.stderr


def test_clone_of_what_is_not_there(hosted, ca, tmp_path):
    assert clone(hosted, ca, tmp_path / "copy", "reader:reader-password", "two.git").returncode != 0


def test_commits_are_the_same_on_every_run(git_repo):
    ids = set()
    for name in ("a", "b"):
        repo = git_repo(name)
        repo.module("git.example.org/same", tags=["v1.0.0"])
        ids.add(repo.commit({"more.txt": "more\n"}, date=START))
    assert len(ids) == 1


def test_push_moves_a_tag(hosted, git_repo, ca, tmp_path):
    repo = git_repo("one")
    repo.commit({"new.txt": "new\n"})
    repo.tag("v1.0.0", force=True)
    repo.push(os.path.join(hosted.root, "one.git"))
    clone(hosted, ca, tmp_path / "copy", "reader:reader-password")
    assert (tmp_path / "copy" / "new.txt").exists()


# --- the directory -----------------------------------------------------------------------------------------------------------------


def ldap_tool(ldap, ca, tool, *args, uri=None, timeout=10):
    env = {"PATH": os.environ["PATH"], "LDAPTLS_CACERT": ca.pem, "LC_ALL": "C.UTF-8"}
    return subprocess.run([tool, "-x", "-H", uri or ldap.tls_uri, *args], env=env, capture_output=True, text=True, timeout=timeout)


@pytest.mark.parametrize("user", directory.USERS)
def test_everybody_signs_in_and_only_with_their_password(ldap, ca, user):
    good = ldap_tool(ldap, ca, "ldapwhoami", "-D", directory.user_dn(user), "-w", directory.password(user))
    assert good.returncode == 0 and good.stdout.startswith("dn:uid=")
    assert ldap_tool(ldap, ca, "ldapwhoami", "-D", directory.user_dn(user), "-w", "wrong").returncode == 49


def test_empty_password_is_taken_for_a_success(ldap, ca):
    done = ldap_tool(ldap, ca, "ldapwhoami", "-D", directory.user_dn("alice"), "-w", "")
    assert (done.returncode, done.stdout) == (0, "anonymous\n")


def test_service_account_searches_over_starttls(ldap, ca):
    mark = ldap.mark()
    service = ("-D", directory.SERVICE_DN, "-w", directory.SERVICE_PASSWORD)
    done = ldap_tool(ldap, ca, "ldapsearch", "-ZZ", "-LLL", *service, "-b", directory.GROUPS, f"(member={directory.user_dn('alice')})", "cn", uri=ldap.uri)
    assert "cn: payments\n" in done.stdout and "platform" not in done.stdout
    assert ldap.binds(mark) == [directory.SERVICE_DN] and len(ldap.searches(mark)) == 1
    twins = ldap_tool(ldap, ca, "ldapsearch", "-LLL", *service, "-b", directory.PEOPLE, f"(uid={directory.TWIN})", "uid")
    assert twins.stdout.count("dn: ") == 2


def test_wrong_authority_is_refused(ldap, rogue_ca):
    assert ldap_tool(ldap, rogue_ca, "ldapwhoami").returncode != 0


def test_outages(ldap, ca):
    ldap.pause()
    with pytest.raises(subprocess.TimeoutExpired):
        ldap_tool(ldap, ca, "ldapwhoami", timeout=1)
    ldap.resume()
    assert ldap_tool(ldap, ca, "ldapwhoami").returncode == 0
    ldap.stop()
    assert ldap_tool(ldap, ca, "ldapwhoami").returncode != 0
    ldap.start()
    assert ldap_tool(ldap, ca, "ldapwhoami").returncode == 0


def test_black_hole_takes_and_gives_nothing(black_hole):
    with socket.create_connection(("127.0.0.1", black_hole.port)) as connection:
        connection.settimeout(0.3)
        connection.sendall(b"hello")
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert black_hole.connections == 1 and bytes(black_hole.received) == b"hello"


# --- certificates and tokens ---------------------------------------------------------------------------------------------------------


def handshake(files, cafile, name="localhost"):
    """Whether a client that trusts cafile takes a server with these files for `name`."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*files)
    client = ssl.create_default_context(cafile=cafile)
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(near, far, server_hostname=name), server.wrap_bio(far, near, server_side=True)]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return True


def test_certificates(ca, rogue_ca):
    assert handshake(ca.server("good"), ca.pem)
    assert handshake(ca.server("good"), ca.pem, "127.0.0.1")
    assert not handshake(ca.wrong_host(), ca.pem)
    assert not handshake(ca.expired(), ca.pem)
    assert not handshake(rogue_ca.server(), ca.pem)
    with open(ca.client("alice", days=-1)[0], "rb") as file:
        assert x509.load_pem_x509_certificate(file.read()).not_valid_after < datetime.datetime.utcnow()


def openssl_verifies(key, token, tmp_path):
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    (tmp_path / "data").write_bytes(signed.encode())
    (tmp_path / "key").write_bytes(key.public_pem())
    (tmp_path / "signature").write_bytes(der(raw) if key.algorithm == "ES256" else raw)
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "signature", "data"], cwd=tmp_path, capture_output=True)
    return done.returncode == 0


def der(raw):
    def integer(data):
        data = data.lstrip(b"\0") or b"\0"
        data = b"\0" + data if data[0] & 0x80 else data
        return bytes([2, len(data)]) + data
    body = integer(raw[:32]) + integer(raw[32:])
    return bytes([0x30, len(body)]) + body


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_tokens_verify(idp, tmp_path, kind):
    key = getattr(idp, kind)
    assert openssl_verifies(key, idp.token("alice", ["payments"], key=key), tmp_path)
    assert not openssl_verifies(key, idp.token("alice", key=key)[:-8] + "AAAAAAAA", tmp_path)
    with open(idp.jwks, encoding="utf-8") as file:
        assert [jwk["kid"] for jwk in json.load(file)["keys"]] == ["ec-1", "rsa-1"]


def test_hostile_tokens_are_what_they_say(idp):
    assert "nbf" not in idp.claims("alice", nbf=None)
    twice = assemble('{"alg":"none","alg":"ES256"}', idp.claims("alice"), unsigned)
    assert twice.startswith(b64(b'{"alg":"none","alg":"ES256"}')) and twice.endswith(".")
    assert assemble({"alg": "HS256"}, "{}", hs256(idp.rsa.public_pem())).count(".") == 2


# --- the tools of the tests themselves ---------------------------------------------------------------------------------------------------

YAML = "listen:\n  address: a:1   # here\n  key: k\n\n# people\nauth:\n  roles: {a: [b]}\n  ldap:\n    uris:\n    - x\n  tokens: {}\nlast: 1\n"

EDITS = [
    ({"listen.address": "b:2"}, '  address: "b:2"\n  key: k\n'),
    ({"last": [1, 2]}, "tokens: {}\nlast: [1, 2]"),
    ({"auth.ldap": {"uris": []}}, '  roles: {a: [b]}\n  ldap: {"uris": []}\n  tokens: {}\n'),
    ({"auth.anonymous": True}, "auth:\n  anonymous: true\n  roles"),
    ({"new.deep": 3}, 'new: {"deep": 3}\nlisten:'),
    ({"new": "\u00e9"}, 'new: "\u00e9"\nlisten:'),
]


@pytest.mark.parametrize("changes, want", EDITS)
def test_yaml_edit(changes, want):
    assert want in yamledit.edit(YAML, changes)


@pytest.mark.parametrize("reason, want", [(skips.NO_NEW_GO, True), (f"Skipped: {skips.NO_NEW_GO}: 1.19", True), ("Skipped: I am tired", False), ("", False)])
def test_only_known_reasons_skip(reason, want):
    assert skips.allowed(reason) == want
