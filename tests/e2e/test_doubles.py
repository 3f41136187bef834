"""The other doubles do what they claim, as git, ldapsearch and openssl see them; so do the tools of the tests themselves."""
import base64
import datetime
import json
import os
import socket
import ssl
import subprocess

import pytest
import yamledit
from cryptography import x509

import skips
from doubles import ldap as directory
from doubles.githttp import BACKEND
from doubles.gitrepo import START
from doubles.idp import assemble, b64, hs256, unsigned

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
