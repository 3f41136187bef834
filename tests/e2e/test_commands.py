"""The command line: help, misuse, init, tokens, policy, configuration. (The audit commands: test_commands_audit.py; env: test_commands_env.py.)"""
import json
import os
import re
import stat
import subprocess

import pytest

from gateway import BINARY, environment

LATER = ["status", "policy check", "policy diff", "policy who-can", "audit prove", "audit consistency", "audit checkpoint", "audit who", "audit what",
         "audit denied", "audit unused", "audit stats", "audit pack", "audit policy", "audit purge", "audit hold", "audit reindex", "sumdb", "store",
         "backup", "restore", "warm", "bundle", "login", "logout", "whoami", "auth", "doctor"]
NOW = ["init", "serve", "check-config", "show-config", "reload", "token issue", "token list", "token revoke", "pin list", "pin show", "policy explain", "policy test", "env",
       "audit export", "audit verify", "version", "help"]


def modgate(*args, **options):
    """Run `modgate ARGS`; the finished process."""
    options = {"env": environment(), "capture_output": True, "text": True, "timeout": 60, **options}
    return subprocess.run([BINARY, *map(str, args)], **options)


def refused(done, code, *says):
    """It ended with this code and one line on stderr that says all of this."""
    assert done.returncode == code, done.stderr + done.stdout
    lines = done.stderr.splitlines()
    assert lines and lines[0].startswith("modgate: ") and len(lines) == (2 if done.stderr.rpartition("\n")[0].find("\nusage: ") >= 0 else 1), done.stderr
    for text in says:
        assert text in done.stderr, f"{text!r} is missing in {done.stderr!r}"
    return done


# --- help and misuse ----------------------------------------------------------------------------------------------------------------


def test_help_lists_every_command():
    said = modgate("help").stdout
    for name in NOW:
        assert re.search(rf"^  {name}\b.*   ?\w", said, re.MULTILINE), name
    named = re.search(r"Not in this version: (.*)\.$", said, re.MULTILINE)[1].split(", ")
    assert sorted(named) == sorted(LATER)
    assert modgate("--help").stdout == said


@pytest.mark.parametrize("name", NOW)
def test_help_of(name):
    words = name.split()
    done = modgate("help", *words)
    assert done.returncode == 0 and done.stdout.startswith(f"usage: modgate {name}") and done.stderr == ""
    assert modgate(*words, "--help").stdout == done.stdout == modgate(*words, "--bogus", "-h").stdout


@pytest.mark.parametrize("first", ["token", "pin", "policy", "audit"])
def test_help_of_a_first_word(first):
    done = modgate("help", first)
    usages = re.findall(r"^usage: modgate (\w+ \w+) .*\n  \w.*$", done.stdout, re.MULTILINE)
    assert (done.returncode, usages) == (0, [name for name in NOW if name.startswith(f"{first} ")])


@pytest.mark.parametrize("name", NOW)
def test_unknown_option_of(name):
    refused(modgate(*name.split(), "--bogus"), 2, f"modgate: {name}: unknown option --bogus\n", f"usage: modgate {name}")


@pytest.mark.parametrize("name", LATER)
def test_later(name):
    refused(modgate(*name.split(), "--whatever", "x"), 2, f"modgate: {name} is not in this version\n")
    refused(modgate("help", *name.split()), 2, f"modgate: {name} is not in this version\n")


@pytest.mark.parametrize("args, says", [
    ((), "a command is needed"), (("frob",), "frob: there is no such command"), (("token",), "token: a second word is needed: issue, list, revoke"),
    (("policy", "frob"), "explain, test was expected after policy"), (("help", "frob"), "frob: there is no such command"), (("help", "init", "x"), "init is one word"),
    (("init",), "DIR is needed"), (("serve", "now"), "now: nothing more was expected"), (("token", "issue"), "--user U is needed"),
    (("token", "issue", "--user", "a", "--days", "0"), "--days 0: a whole number from 1 to 3650"), (("audit", "export", "--format", "csv"), "--format csv is not in this version"),
    (("audit", "verify", "-c", "x", "--dir", "y"), "-c and --dir exclude each other"), (("token", "revoke"), "ID is needed"), (("env", "http://h"), "https://HOST"),
    (("env", "https://a,https://b"), "https://HOST"), (("env", "https://"), "https://HOST"), (("env", "https://:8443"), "names no host"), (("frob\x1b[2J",), "frob?[2J"),
])
def test_misuse(args, says):
    refused(modgate(*args), 2, says)


def test_version():
    said = modgate("version").stdout
    assert re.fullmatch(r"modgate \d+\.\d+\.\d+\n", said) and modgate("--version").stdout == said
    assert json.loads(modgate("version", "--json").stdout) == {"name": "modgate", "version": said.split()[1]}


def test_answers_that_cannot_be_written():
    with open("/dev/full", "w", encoding="utf-8") as full:
        refused(modgate("help", stdout=full, stderr=subprocess.PIPE, capture_output=False), 3, "standard output: No space left on device")


# --- init ----------------------------------------------------------------------------------------------------------------------------

MADE = {"modgate.yaml": 0o644, "policy.yaml": 0o644, "admin.token": 0o600, "ca.pem": 0o644, "server.pem": 0o644, "keys/server.key": 0o600, "keys/ca.key": 0o600,
        "keys": 0o700, "data": 0o700}
UPSTREAM = ("--upstream", "https://proxy.example")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_init_makes(tmp_path):
    old = os.umask(0o077)
    try:
        done = modgate("init", tmp_path / "gate", *UPSTREAM)
    finally:
        os.umask(old)
    assert done.returncode == 0 and done.stderr == ""
    for name, mode in MADE.items():
        assert stat.S_IMODE(os.stat(tmp_path / "gate" / name).st_mode) == mode, name
        assert f"{tmp_path}/gate/{name}" in done.stdout or name == "keys"
    assert done.stdout.endswith(f"Next:\n  modgate serve -c {tmp_path}/gate/modgate.yaml\n  modgate env -c {tmp_path}/gate/modgate.yaml\n")
    assert re.fullmatch(r"mg_\w+\n", read(tmp_path / "gate/admin.token"))
    config = ("-c", tmp_path / "gate/modgate.yaml")
    (token,) = json.loads(modgate("token", "list", "--json", *config).stdout)
    assert (token["user"], token["scope"], token["groups"]) == ("admin", "admin", [])
    assert '"kind":"token"' in modgate("audit", "export", *config).stdout
    assert modgate("check-config", *config).returncode == 0


@pytest.mark.parametrize("name", sorted(MADE.keys() - {"keys"}))
@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_init_overwrites_nothing(tmp_path, name, kind):
    there = tmp_path / "gate" / name
    there.parent.mkdir(parents=True)
    if kind == "file":
        there.write_text("mine")
    else:
        there.symlink_to("/nonexistent/x")
    before = sorted(tmp_path.rglob("*"))
    refused(modgate("init", tmp_path / "gate", *UPSTREAM), 1, f"{there} is there already")
    assert sorted(tmp_path.rglob("*")) == before
    assert kind != "file" or there.read_text() == "mine"


@pytest.mark.parametrize("options, says", [
    (("--upstream", "ftp://x.example"), "ftp://x.example"), (("--upstream", "https://u:p@x.example"), "cannot be used"),
    (("--upstream", "file:///x"), '"file:///x" cannot be used: an http or https URL'), (("--upstream", "https:///x"), "there is no host after https://"), (("--host", "no host"), "no host"),
    (("--host", "a_b"), "a_b"), (("--host", ""), "neither"), (("--upstream-ca", "/nonexistent/ca.pem"), "/nonexistent/ca.pem"),
])
def test_init_refuses(tmp_path, options, says):
    refused(modgate("init", tmp_path / "gate", *options), 2, says)
    assert not (tmp_path / "gate").exists()


def test_init_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    refused(modgate("init", tmp_path / "file" / "gate", *UPSTREAM), 3, "Not a directory")


def fake_go(tmp_path, **values):
    """A go command that knows only these."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    rows = "".join(f"{name}) echo '{value}';;\n" for name, value in values.items())
    (folder / "go").write_text(f'#!/bin/sh\n[ "$1" = env ] && [ "$GOTOOLCHAIN" = local ] || exit 1\ncase "$2" in\n{rows}esac\n')
    (folder / "go").chmod(0o755)
    return environment(PATH=f"{folder}:/usr/bin:/bin")


def shown(gate):
    return json.loads(modgate("show-config", "--json", "-c", gate / "modgate.yaml").stdout)


KEY = "sum.example+23691819+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
INITS = [
    ("option", ("--upstream", "https://a.example,https://b.example|https://c.example"), {"GOPROXY": "https://env.example"}, {"GOPROXY": "https://go.example"},
     [("https://a.example", "not_found"), ("https://b.example", "any_error"), ("https://c.example", "not_found")], ""),
    ("environment", (), {"GOPROXY": "https://env.example,direct"}, {"GOPROXY": "https://go.example"}, [("https://env.example", "not_found")], "direct"),
    ("go", (), {}, {"GOPROXY": "https://go.example,off"}, [("https://go.example", "not_found")], "off"),
    ("nobody knows", (), {}, {}, [], ""),
    ("nothing but direct", ("--upstream", "direct"), {}, {}, [], "direct"),
    ("an empty variable", (), {"GOPROXY": ""}, {"GOPROXY": "https://go.example"}, [("https://go.example", "not_found")], ""),
]


@pytest.mark.parametrize("options, variables, go, upstreams, dropped", [row[1:] for row in INITS], ids=[row[0] for row in INITS])
def test_init_takes_upstreams_from(tmp_path, options, variables, go, upstreams, dropped):
    env = {**fake_go(tmp_path, **go), **variables}
    done = modgate("init", tmp_path / "gate", *options, env=env)
    assert done.returncode == 0, done.stderr
    assert [(one["url"], one["fallback"]) for one in shown(tmp_path / "gate")["upstreams"]] == upstreams
    assert (f"Left out of that list: {dropped}." in done.stdout) == bool(dropped) and ("There is no upstream" in done.stdout) == (not upstreams)
    told = re.findall(r"^Public modules come from (.*)\.$", done.stdout, re.MULTILINE)
    assert [re.split("[,|]", text) for text in told] == ([[url for url, _ in upstreams]] if upstreams else [])
    assert ("proved against" in done.stdout) <= bool(upstreams)


@pytest.mark.parametrize("variables, go, want", [
    ({"GOSUMDB": KEY}, {"GOSUMDB": "sum.golang.org"}, [KEY]), ({}, {"GOSUMDB": "sum.golang.org"}, ["sum.golang.org"]), ({"GOSUMDB": "off"}, {}, []), ({}, {}, []),
])
def test_init_takes_the_database_from(tmp_path, variables, go, want):
    done = modgate("init", tmp_path / "gate", *UPSTREAM, env={**fake_go(tmp_path, **go), **variables})
    assert [one["key"] for one in shown(tmp_path / "gate")["sumdb"]["databases"]] == want
    assert ("cannot be proved" in done.stdout) == (not want)


def test_init_without_a_go_command(tmp_path):
    (tmp_path / "empty").mkdir()
    done = modgate("init", tmp_path / "gate", env=environment(PATH=str(tmp_path / "empty")))
    assert done.returncode == 0 and "There is no upstream" in done.stdout and "cannot be proved" in done.stdout


def test_init_does_not_wait_for_a_go_command_that_hangs(tmp_path):
    env = fake_go(tmp_path)
    (tmp_path / "bin" / "go").write_text("#!/bin/sh\nexec sleep 600\n")
    assert modgate("init", tmp_path / "gate", *UPSTREAM, env=env).returncode == 0


def test_init_for_others(tmp_path, ca):
    done = modgate("init", tmp_path / "a gate", "--host", "gate.corp.example", "--upstream-ca", ca.pem, "--json", *UPSTREAM)
    told = json.loads(done.stdout)
    assert told["address"] == "0.0.0.0:8443" and told["upstreams"] == UPSTREAM[1] and f"{tmp_path}/a gate/ca.pem" in told["made"]
    assert shown(tmp_path / "a gate")["upstreams"][0]["ca"] == os.path.realpath(ca.pem)
    text = subprocess.run(["openssl", "x509", "-in", tmp_path / "a gate/server.pem", "-noout", "-ext", "subjectAltName,extendedKeyUsage"], capture_output=True,
                          text=True, check=True).stdout
    for name in ("DNS:gate.corp.example", "DNS:localhost", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1", "TLS Web Server Authentication"):
        assert name in text
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", tmp_path / "a gate/ca.pem", tmp_path / "a gate/server.pem"]
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 0
    days = ["openssl", "x509", "-in", tmp_path / "a gate/server.pem", "-noout", "-checkend"]
    assert subprocess.run([*days, str(824 * 86400)], capture_output=True, check=False).returncode == 0
    assert subprocess.run([*days, str(825 * 86400)], capture_output=True, check=False).returncode == 1


# --- configuration ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def gate(gateway):
    """Not running."""
    return gateway(start=False)


def test_config_is_found(gate, tmp_path):
    env = environment()
    refused(modgate("show-config", cwd=tmp_path, env=env), 3, "there is no configuration")
    here = modgate("show-config", cwd=gate.directory, env=env)
    assert here.returncode == 0 and here.stdout.replace("/./", "/") == modgate("show-config", env={**env, "MODGATE_CONFIG": gate.config}).stdout
    refused(modgate("show-config", "-c", tmp_path / "none.yaml"), 3, "none.yaml does not exist")


def test_show_config_is_a_configuration(gate, tmp_path):
    text = gate.command("show-config")
    copy = os.path.join(gate.directory, "copy.yaml")
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text)
    assert json.loads(gate.command("show-config", "--json", "-c", copy)) == json.loads(gate.command("show-config", "--json"))
    assert gate.command("show-config", "--json").endswith("}\n")


def test_check_config(gate):
    said = gate.command("check-config")
    assert said.startswith(f"{gate.config}: ok\n") and "policy.yaml: 1 rule, sha256:" in said
    told = json.loads(gate.command("check-config", "--json"))
    assert told["ok"] is True and told["upstreams"] == 1 and told["rules"] == 1
    gate.start()
    assert gate.attempt("check-config").returncode == 0         # beside the daemon


BROKEN = {
    "unknown key": ({"listen.port": 1}, "unknown key listen.port"),
    "later": ({"network": "offline"}, "network is not in this version"),
    "missing file": ({"listen.certificate": "none.pem"}, "none.pem"),
    "no certificate": ({"listen.certificate": "policy.yaml"}, "holds no certificate"),
    "no key": ({"listen.key": "admin.token"}, "holds no private key"),
    "key of another": ({"listen.key": "keys/ca.key"}, "do not belong together"),
    "data at the root": ({"data": "/"}, "data: / is the root of the file system; a directory of its own was expected"),
    "data in a device": ({"data": "/dev/null"}, "data: /dev/null is no directory; a directory of its own was expected"),
    "a gap": ({"repositories": [{"prefix": "a.example", "repository": "https://a.example/{2}.git"}]}, "without a gap"),
    "half a credential": ({"repositories": [{"prefix": "a.example", "repository": "https://a.example/x.git", "credentials_file": "admin.token"}]}, "user:token"),
    "unknown database": ({"sumdb.databases": [{"key": "sum.unknown.example"}]}, ": no checksum database is known as sum.unknown.example"),
}


@pytest.mark.parametrize("settings, says", BROKEN.values(), ids=BROKEN)
def test_check_config_says_no(gate, settings, says):
    gate.configure(settings)
    done = refused(gate.attempt("check-config"), 1, says)
    assert done.stdout == "" and re.match(r"modgate: \S+/modgate\.yaml:\d+: ", done.stderr)
    assert refused(gate.attempt("serve"), 2, says).stderr.splitlines()[-1] == done.stderr.strip()


def test_a_repository_that_is_not_there_is_a_warning(gate, tmp_path):
    """At a start as well: it may come, and everything else can be served."""
    gate.configure({"repositories": [{"prefix": "a.example", "repository": str(tmp_path / "none" / "{1}.git")}, {"prefix": "b.example", "repository": str(tmp_path)}]})
    done = gate.attempt("check-config")
    assert done.returncode == 0 and len(done.stderr.splitlines()) == 1
    assert re.match(rf"modgate: warning: \S+/modgate\.yaml:\d+: repositories\[\]\.repository: {tmp_path}/none/ cannot be opened", done.stderr)
    warnings = json.loads(gate.command("check-config", "--json"))["warnings"]
    assert [f"modgate: warning: {text}" for text in warnings] == done.stderr.splitlines()
    gate.start()
    assert warnings[0] in gate.stderr()


def test_prefixes_that_overlap_are_a_warning(gate, tmp_path):
    """Both lines are named, and at a start the log has it too."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    gate.configure({"repositories": [{"prefix": "a.example/x", "repository": str(tmp_path / "one")},
                                     {"prefix": "a.example", "repository": str(tmp_path / "other")}]})
    done = gate.attempt("check-config")
    assert done.returncode == 0
    warning, = done.stderr.splitlines()
    place = re.match(r"modgate: warning: \S+/modgate\.yaml:(\d+): repositories\[\]\.prefix a\.example/x overlaps with a\.example on line (\d+); ", warning)
    lines = open(gate.config, encoding="utf-8").read().splitlines()
    assert ["a.example/x" in lines[int(place[1]) - 1], "prefix: a.example" in lines[int(place[2]) - 1].replace('"', "")] == [True, True]
    gate.start()
    assert warning.removeprefix("modgate: warning: ") in gate.stderr()


@pytest.mark.parametrize("policy, says", [("rules: [{ name: x, verdict: perhaps }]\n", "policy.yaml:1: "), ("rulez: []\n", "policy.yaml:1: "), ("rules: [", "policy.yaml:")])
def test_check_config_reads_the_policy(gate, policy, says):
    gate.policy(policy)
    refused(gate.attempt("check-config"), 1, says)
    refused(gate.attempt("policy", "explain", "--user", "a", "example.org/m"), 2, says)


def test_configuration_that_cannot_stand_is_misuse_elsewhere(gate):
    gate.configure({"network": "offline"})
    for args in (("show-config",), ("serve",), ("token", "list"), ("audit", "verify"), ("env",)):
        refused(gate.attempt(*args), 2, "modgate.yaml:", "network is not in this version")


def test_serve_says_why_it_does_not_start(gate, tmp_path):
    gate.configure({"sumdb.databases": [{"key": "sum.unknown.example"}]})
    line = next(number for number, text in enumerate(open(gate.config, encoding="utf-8"), 1) if "sum.unknown.example" in text)
    refused(gate.attempt("serve"), 2, f"modgate.yaml:{line}: no checksum database is known as sum.unknown.example")
    gate.policy("rules: [")
    refused(gate.attempt("serve"), 2, "policy.yaml:")
    (tmp_path / "file").write_text("")
    gate.policy("rules: []\n")
    gate.configure({"data": str(tmp_path / "file" / "data")})
    refused(gate.attempt("serve"), 3, "file")


def test_one_daemon_owns_the_data(gate):
    gate.start()
    refused(gate.attempt("serve"), 3, "another modgate owns")


# --- tokens ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("running", [False, True], ids=["alone", "by the daemon"])
def test_tokens(gate, running):
    if running:
        gate.start()
    text = gate.command("token", "issue", "--user", "ci", "--groups", "build,web", "--days", "5", "--scope", "audit", "--modules", "example.org/*,corp.example")
    assert re.fullmatch(r"mg_\w+\n", text)
    issued = gate.attempt("token", "issue", "--user", "alice", "--json")
    assert issued.returncode == 0 and "warning: there is no directory (auth.ldap) that could tell the groups of alice" in issued.stderr
    told = json.loads(issued.stdout)
    person = told.pop("token")
    rows = {row["user"]: row for row in json.loads(gate.command("token", "list", "--json"))}
    assert rows["ci"]["groups"] == ["build", "web"] and rows["ci"]["modules"] == ["example.org/*", "corp.example"] and rows["ci"]["scope"] == "audit"
    assert told == rows["alice"]
    assert "groups" not in rows["alice"] and rows["ci"]["expires"] < rows["alice"]["expires"]
    table = gate.command("token", "list")
    assert text.strip() not in table and person not in table
    assert re.search(rf"^{rows['ci']['id']} +ci +audit +\S+ +\S+ +- +build,web +example.org/\*,corp.example$", table, re.MULTILINE), table
    assert re.search(rf"^{rows['alice']['id']} +alice +read .* \(directory\) +\*$", table, re.MULTILINE), table

    assert gate.command("token", "revoke", rows["ci"]["id"]) == ""
    assert json.loads(gate.command("token", "revoke", person, "--json")) == {"revoked": True}
    assert all("revoked" in row for row in json.loads(gate.command("token", "list", "--json")) if row["user"] != "admin")
    refused(gate.attempt("token", "revoke", "0123456789"), 1, "no token has this id")
    texts = [row["text"] for row in gate.audit_export() if row["kind"] == "token"]
    assert texts[1] == f"issued token {rows['ci']['id']} for ci, scope audit, until {rows['ci']['expires']}, groups build,web, modules example.org/*,corp.example"
    assert texts[2] == f"issued token {told['id']} for alice, scope read, until {told['expires']}, groups of the directory, every module"
    assert len(texts) == 5 and not any(text.strip()[13:] in row for row in texts)       # admin's, two issued, two revoked


@pytest.mark.parametrize("running", [False, True], ids=["alone", "by the daemon"])
@pytest.mark.parametrize("options, says", [
    (("--user", ""), "user"), (("--user", "a\nb"), "user"), (("--user", "a", "--scope", "root"), "read, audit or admin"), (("--user", "a", "--days", "91"), "90"),
    (("--user", "a", "--groups", "x,,y"), "--groups"), (("--user", "a", "--modules", "[x"), "[x"), (("--user", "a", "--modules", "a.example/..."), "leave out /..."), (("--user", "u" * 300), "256"),
    (("--user", "a", "--scope", "admin" * 20), "read, audit or admin"), (("--user", "a", "--modules", b"example.org/\xff"), "--modules: a text in UTF-8"),
    (("--user", "a", "--groups", b"\xff"), "--groups: a text in UTF-8"),
])
def test_tokens_refused(gate, running, options, says):
    if running:
        gate.start()
    done = refused(gate.attempt("token", "issue", *options), 2, says)
    assert done.stdout == ""
    assert len(json.loads(gate.command("token", "list", "--json"))) == 1


def test_token_where_the_data_cannot_be_had(gate, tmp_path):
    (tmp_path / "file").write_text("")
    gate.configure({"data": str(tmp_path / "file" / "data")})
    refused(gate.attempt("token", "list"), 3, "Not a directory")


def test_reload(gate):
    refused(gate.attempt("reload"), 3, "no daemon runs on")
    gate.start()
    assert re.fullmatch(r"reloaded: policy .*policy.yaml, 1 rule\n", gate.command("reload"))
    gate.policy("rules: []\n")
    assert json.loads(gate.command("reload", "--json"))["reloaded"].endswith(", 0 rules")
    gate.policy("rules: [")
    refused(gate.attempt("reload"), 1, "the old policy stays in force", "policy.yaml:")


def test_reload_of_what_cannot_stand(gate, tmp_path):
    """The command reads the configuration before it can ask the daemon: the answer is the same no."""
    gate.start()
    gate.configure({"auth.jwt": [{"issuer": "https://login.corp.example", "audiences": ["modgate"], "algorithms": ["ES256"],
                                  "jwks_file": str(tmp_path / "gone.jwks")}]})
    refused(gate.attempt("reload"), 1, "stays in force", "gone.jwks")
    refused(gate.attempt("reload", "-c", str(tmp_path / "none.yaml")), 3, "none.yaml")


# --- policy ----------------------------------------------------------------------------------------------------------------------------

RULES = {"private": ["corp.example"], "rules": [
    {"name": "team", "modules": ["corp.example/pay"], "groups": ["payments"], "verdict": "allow"},
    {"name": "old", "modules": ["example.org/lib"], "versions": "<1.2.0", "verdict": "deny", "reason": "use 1.2.0"},
    {"name": "public", "private": False, "methods": ["ldap", "token"], "verdict": "allow"}]}
EXPLAINED = [
    ("allowed", ("--user", "alice", "--groups", "web,payments", "example.org/lib@v1.2.0"), 0, "public"),
    ("denied by version", ("--user", "alice", "example.org/lib@v1.1.0"), 1, "old"),
    ("depends on the version", ("--user", "alice", "example.org/lib"), 0, "public"),
    ("nobody", ("--user", "nobody", "corp.example/pay@v1.0.0"), 1, ""),
    ("anonymous", ("--user", "", "--method", "anonymous", "example.org/lib@v1.2.0"), 1, ""),
    ("anonymous without saying so twice", ("--method", "anonymous", "example.org/lib@v1.2.0"), 1, ""),
]


@pytest.mark.parametrize("args, code, rule", [row[1:] for row in EXPLAINED], ids=[row[0] for row in EXPLAINED])
def test_policy_explain(gate, args, code, rule):
    gate.policy(RULES)
    gate.configure({"auth.anonymous": True})
    text = gate.attempt("policy", "explain", *args)
    told = gate.attempt("policy", "explain", "--json", *args)
    assert (text.returncode, told.returncode) == (code, code) and text.stderr == told.stderr == ""
    answer = json.loads(told.stdout)["answers"]["zip"]
    assert answer["verdict"] == ("deny" if code else "allow") and answer["rule"] == rule
    assert "sha256:" in text.stdout and ("deny" if code else "allow") in text.stdout


@pytest.mark.parametrize("who", [("--user", "a", "--method", "ldap"), ("--user", "a", "--method", "jwt"), ("--method", "anonymous")], ids=lambda who: who[-1])
def test_policy_explain_knows_who_is_let_in(gate, who):
    """The gateway answers such a caller 401 before any rule, so a rule that would allow it allows nothing."""
    gate.policy("rules: [{ name: all, verdict: allow }]\n")
    done = gate.attempt("policy", "explain", *who, "example.org/lib@v1.2.0")
    assert done.returncode == 1 and "deny: nobody is let in by this method: 401 before any rule\n" in done.stdout
    assert json.loads(gate.attempt("policy", "explain", "--json", *who, "example.org/lib@v1.2.0").stdout)["answers"]["zip"]["why"] == "shut_out"
    gate.start()
    assert gate.request("/example.org/lib/@v/v1.2.0.info").status == 401
    said = gate.command("policy", "explain", "--user", "a", "example.org/lib@v1.2.0")
    assert ", method token\n" in said and "allow by rule all" in said


def test_policy_explain_knows_mapped_prefixes(gate, git_repo):
    repo = git_repo("one")
    repo.commit({"go.mod": "module git.example/one\n"}, tags=["v1.0.0"])
    gate.configure({"repositories": [{"prefix": "git.example/one", "repository": repo.directory}]})
    done = gate.attempt("policy", "explain", "--user", "alice", "git.example/one@v1.0.0")
    assert done.returncode == 1 and "private: yes" in done.stdout


@pytest.mark.parametrize("args, says", [
    (("--user", "a", "Not A Path"), "Not A Path"), (("--user", "a", "--method", "magic", "example.org/m"), "ldap, jwt, token or anonymous"), (("example.org/m",), "--user U is needed"),
    (("--user", "a", "--method", "anonymous", "example.org/m"), "exclude each other"), (("--user", "a", "--groups", ",", "example.org/m"), "--groups"),
])
def test_policy_explain_refuses(gate, args, says):
    refused(gate.attempt("policy", "explain", *args), 2, says)


def test_policy_test(gate):
    gate.policy(RULES)
    good = "{ user: alice, method: ldap, module: example.org/lib, version: v1.2.0, want: allow, rule: public }"
    bad = "{ user: bob, module: corp.example/pay, version: v1.0.0, want: allow }"
    cases = gate.path("cases.yaml")
    with open(cases, "w", encoding="utf-8") as file:
        file.write(f"cases:\n  - {good}\n")
    assert gate.command("policy", "test", cases) == "1 passed, 0 failed\n"
    with open(cases, "a", encoding="utf-8") as file:
        file.write(f"  - {bad}\n")
    done = gate.attempt("policy", "test", cases)
    assert done.returncode == 1 and f"{cases}:3: " in done.stdout and done.stdout.endswith("1 passed, 1 failed\n")
    told = json.loads(gate.attempt("policy", "test", "--json", cases).stdout)
    assert (told["passed"], told["failed"]) == (1, 1) and told["failures"][0]["place"] == f"{cases}:3"
    with open(cases, "a", encoding="utf-8") as file:
        file.write("  - { user: bob }\n")
    assert refused(gate.attempt("policy", "test", cases), 2, "cases.yaml:4").stdout == ""
    refused(gate.attempt("policy", "test", gate.path("none.yaml")), 3, "none.yaml")
