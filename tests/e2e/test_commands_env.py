"""`modgate env`: what it prints works when it is pasted, for every go command."""
import json
import os
import re
import shlex
import stat
import subprocess

import pytest

from gateway import BINARY, environment
from test_commands import fake_go, modgate, refused

URL = "https://gate.corp.example:8443"


def lines(text):
    """What is not for a person."""
    return [line for line in text.splitlines() if not line.startswith("#")]


def machines(text):
    return re.findall(r"^# +machine (\S+) login USER password PASSWORD$", text, re.MULTILINE)


# --- which lines -----------------------------------------------------------------------------------------------------------------------

BOTH = ["gate.corp.example:8443", "gate.corp.example"]


@pytest.mark.parametrize("go, names, goauth", [
    ("go1.26.8", BOTH[:1], True), ("go1.24", BOTH[:1], True), ("go1.24rc1", BOTH[:1], True), ("devel go1.25-3e5ab2c Thu Jan", BOTH[:1], True),
    ("go1.23.12", BOTH[1:], False), ("go1.19.8", BOTH[1:], False), ("go1.9", BOTH[1:], False), ("devel +a1b2c3 Mon", BOTH, False), (None, BOTH, False),
])
def test_env_knows_go_versions(tmp_path, go, names, goauth):
    env = fake_go(tmp_path, **({"GOVERSION": go} if go else {}))
    done = modgate("env", URL, env=env, cwd=tmp_path)
    assert done.returncode == 0 and machines(done.stdout) == names
    assert ("go env -w GOAUTH=netrc" in done.stdout) == goauth
    told = json.loads(modgate("env", "--json", URL, env=env, cwd=tmp_path).stdout)
    assert told["netrc_machines"] == names and told["set"].get("GOAUTH") == ("netrc" if goauth else None)


@pytest.mark.parametrize("url, proxy, host", [
    ("https://gate.corp.example", "https://gate.corp.example", ["gate.corp.example"]), ("https://gate.corp.example/", "https://gate.corp.example", ["gate.corp.example"]),
    ("https://gate.corp.example/goproxy/", "https://gate.corp.example/goproxy", ["gate.corp.example"]),
    ("https://[::1]:8443", "https://[::1]:8443", ["[::1]:8443", "::1"]), ("https://[::1]", "https://[::1]", ["[::1]", "::1"]),
])
def test_env_of_a_url(tmp_path, url, proxy, host):
    """On a machine that knows nothing else of the gateway."""
    env = fake_go(tmp_path)
    done = modgate("env", url, env=env, cwd=tmp_path)
    assert lines(done.stdout) == [f"go env -w GOPROXY={shlex.quote(proxy)}", "go env -w GONOPROXY=none", "go env -u GOPRIVATE"]
    assert machines(done.stdout) == host and "GOSUMDB and GONOSUMDB are not known here" in done.stdout


@pytest.mark.parametrize("url", ["gate.corp.example", "http://gate.corp.example", "https://a|https://b", "https://a b", "https://a'b", "https://a?x", "https://u:p@a", ""])
def test_env_refuses(tmp_path, url):
    assert refused(modgate("env", url, cwd=tmp_path), 2, "https://HOST").stdout == ""


# --- from a configuration ----------------------------------------------------------------------------------------------------------------

POLICY = {"private": ["*.internal.example", "corp.example/a"], "nosumdb": ["corp.example/a", "odd.example/[xy]", "a.internal.example/b"], "rules": [{"name": "all", "verdict": "allow"}]}
LIST = "*.internal.example,corp.example/a,odd.example/[xy],git.example/one"


@pytest.fixture
def gate(gateway, git_repo):
    repo = git_repo("one")
    repo.commit({"go.mod": "module git.example/one\n"}, tags=["v1.0.0"])
    return gateway({"listen.address": "127.0.0.1:8443", "repositories": [{"prefix": "git.example/one", "repository": repo.directory}]}, POLICY, start=False)


def test_env_of_a_configuration(gate, tmp_path, upstream):
    said = modgate("env", "-c", gate.config, env=fake_go(tmp_path)).stdout
    assert lines(said) == ["go env -w GOPROXY=https://127.0.0.1:8443", "go env -w GONOPROXY=none", "go env -u GOPRIVATE", f"go env -w GOSUMDB={upstream.key}",
                           f"go env -w GONOSUMDB='{LIST}'", f"export SSL_CERT_FILE={gate.ca}"]
    told = json.loads(modgate("env", "-c", gate.config, "--json", env=fake_go(tmp_path)).stdout)
    assert told == {"set": {"GOPROXY": "https://127.0.0.1:8443", "GONOPROXY": "none", "GOSUMDB": upstream.key, "GONOSUMDB": LIST}, "unset": ["GOPRIVATE"],
                    "netrc_machines": ["127.0.0.1:8443", "127.0.0.1"], "ssl_cert_file": gate.ca}


def test_env_without_patterns_or_database(gate, tmp_path):
    gate.configure({"repositories": [], "sumdb.databases": []})
    gate.policy("rules: []\n")
    said = gate.command("env")
    assert "go env -u GONOSUMDB" in lines(said) and "GOSUMDB=" not in said and "# no checksum database is configured" in said


def test_env_says_nothing_of_an_authority_that_is_not_its_own(gate, server_certificate):
    gate.configure({"listen.certificate": server_certificate[0], "listen.key": server_certificate[1]})
    assert "SSL_CERT_FILE" not in gate.command("env")


def test_env_finds_its_name(tmp_path):
    modgate("init", tmp_path / "gate", "--host", "gate.corp.example", "--upstream", "https://proxy.example")
    config = tmp_path / "gate/modgate.yaml"
    assert "go env -w GOPROXY=https://gate.corp.example:8443\n" in modgate("env", "-c", config).stdout
    config.write_text(config.read_text().replace("0.0.0.0:8443", "[::]:443").replace("key: keys/server.key", "key: keys/server.key\n  prefix: /goproxy"))
    assert "go env -w GOPROXY=https://gate.corp.example:443/goproxy\n" in modgate("env", "-c", config).stdout
    config.write_text(config.read_text().replace("[::]:443", "127.0.0.1:0"))
    refused(modgate("env", "-c", config), 2, "modgate env URL")
    assert "go env -w GOPROXY=https://127.0.0.1:4711/goproxy\n" in modgate("env", "-c", config, "https://127.0.0.1:4711/goproxy").stdout


# --- pasted ------------------------------------------------------------------------------------------------------------------------------


def test_env_pasted(gateway, git_repo, go_command, tmp_path):
    """Everything it prints goes through a shell, with settings that would lead the go command round the gateway in force before."""
    repo = git_repo("one")
    repo.commit({"go.mod": "module git.example/one\n\ngo 1.19\n", "one.go": "package one\n"}, tags=["v1.0.0"])
    policy = {**POLICY, "rules": [{"name": "machine", "users": ["ci"], "verdict": "allow"}]}
    gate = gateway({"repositories": [{"prefix": "git.example/one", "repository": repo.directory}]}, policy)
    go_folder = os.path.dirname(go_command.binary)
    env = environment(PATH=f"{go_folder}:{os.path.dirname(BINARY)}:{os.environ['PATH']}", HOME=str(tmp_path), GOENV=str(tmp_path / "go.env"), GOTOOLCHAIN="local",
                      GOPATH=str(tmp_path / "go"), GOCACHE=str(tmp_path / "cache"), GOFLAGS="-modcacherw", MODGATE_CONFIG=gate.config, URL=gate.url, TOKEN=gate.token("ci", ["x"]))
    script = """
        set -eu
        go env -w GOPRIVATE='*' GOPROXY=direct GONOSUMDB='*' GOSUMDB=off
        modgate env "$URL" > lines
        . ./lines
        sed -n 's/^# *\\(machine .*\\) USER password PASSWORD$/\\1 ci password '"$TOKEN"'/p' lines > .netrc
        chmod 600 .netrc
        go env GOPROXY GONOPROXY GOPRIVATE GOSUMDB GONOSUMDB
        go mod init work.example/m
        go mod download git.example/one@v1.0.0 example.org/greeting@v1.0.0
        """
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:3] == [gate.url.rstrip("/"), "none", ""] and done.stdout.splitlines()[4] == LIST
    assert len(machines((tmp_path / "lines").read_text())) == 1
    taken = {row["module"] for row in gate.audit_export("--user", "ci") if row.get("action") == "zip"}
    assert taken == {"git.example/one", "example.org/greeting"}
    assert stat.S_IMODE(os.stat(tmp_path / ".netrc").st_mode) == 0o600
