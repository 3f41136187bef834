"""What a 401 tells a developer: what to do, under the name that the client knows the gateway by."""
import pytest

from company import GREETING
from doubles.ldap import SERVICE_PASSWORD

LIST = f"/{GREETING}/@v/list"


@pytest.fixture(scope="module")
def gate(shared):
    return shared.gateway()


def said(answer):
    """The lines of a 401, within what the go command shows."""
    assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert len(answer.body) <= 600 and answer.body.endswith(b"\n")
    lines = answer.body.decode().splitlines()
    assert len(lines) <= 8 and all(lines)
    return lines


CALLERS = [
    ("nobody", "/", {}, "sign in first"),
    ("nobody, for a module", LIST, {}, "sign in first"),
    ("a token that is none", LIST, {"token": "mg_abcdefghij_0123456789"}, "token"),
    ("a password where there is no directory", LIST, {"user": ("alice", "secret")}, "does not take this kind of credential"),
]


@pytest.mark.parametrize("path, credential, why", [row[1:] for row in CALLERS], ids=[row[0] for row in CALLERS])
def test_every_refusal_says_what_to_do(gate, path, credential, why):
    lines = said(gate.request(path, **credential))
    assert why in lines[0]
    assert lines[1] == f"Help: put this line into ~/.netrc: machine {gate.host}:{gate.port} login USER password SECRET"
    assert lines[2] == f"SECRET is a token (mg_...); go before 1.24 wants {gate.host} without the port"


HOSTS = [
    # the Host header, the machine, the machine for an old go command
    ("proxy.example:8443", "proxy.example:8443", "proxy.example"),
    ("proxy.example", "proxy.example", None),
    ("[::1]:8443", "[::1]:8443", "[::1]"),
    ("[::1]", "[::1]", None),
    ("x\tlogin mallory", "HOST:PORT", "HOST"),
    ("x" * 121, "HOST:PORT", "HOST"),
]


@pytest.mark.parametrize("host, machine, old", HOSTS)
def test_the_name_is_the_client_s(gate, host, machine, old):
    lines = said(gate.request(LIST, headers={"Host": host}))
    assert f"machine {machine} login" in lines[1]
    assert lines[2].endswith(f"; go before 1.24 wants {old} without the port" if old else "(mg_...)")


def test_what_is_taken_is_what_is_configured(stage, idp):
    issuer = {"issuer": idp.issuer, "audiences": [idp.audience], "algorithms": ["ES256"], "jwks_file": idp.jwks}
    slapd = stage.ldap()
    gate = stage.gateway(lambda one: {"auth.ldap": slapd.settings(stage.ca.pem, one.secret("ldap", SERVICE_PASSWORD)), "auth.jwt": [issuer]})
    assert said(gate.request(LIST))[2].startswith("SECRET is a token (mg_...), your password in the directory or an identity token (JWT)")


def test_the_go_command_shows_it(gate, go_command):
    assert f"machine {gate.host}:{gate.port} login USER password SECRET" in gate.go(go_command).refused("list", "-m", f"{GREETING}@v1.0.0")
