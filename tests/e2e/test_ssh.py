"""Private modules over ssh, from a real sshd: built and served, and never with another key, to another host, or told to anybody."""
import os
import threading

import pytest

from doubles.gitssh import make_key

API, WEB = "ssh.corp.example/payments/api", "ssh.corp.example/payments/web"
POLICY = {"private": ["ssh.corp.example"], "nosumdb": ["ssh.corp.example"],
          "rules": [{"name": "all", "private": True, "verdict": "allow"}]}
LIST, ZIP = f"/{API}/@v/list", f"/{API}/@v/v1.0.0.zip"
OTHER_LIST = f"/{WEB}/@v/list"      # of a repository that did not fail a moment ago: it is asked for at once


class World:
    """A host with two repositories, and a gateway that reads every list anew, or as often as refresh_s says."""

    def __init__(self, stage, refresh_s=0, hold_s=20):
        self.stage, self.refresh_s, self.hold_s = stage, refresh_s, hold_s
        self.host = stage.gitssh()
        self.repo = stage.repo("api")
        self.repo.module(API, tags=["v1.0.0"], files={"tool/go.mod": f"module {API}/tool\n"})
        self.repo.tag("tool/v0.1.0")
        self.bare = self.repo.bare(os.path.join(self.host.root, "payments", "api.git"))
        web = stage.repo("web")
        web.module(WEB, tags=["v0.1.0"])
        web.bare(os.path.join(self.host.root, "payments", "web.git"))
        self.gate = stage.gateway(self.settings, POLICY)
        self.token = self.gate.token("alice")

    def settings(self, gate):
        return {"cache.list_ttl_s": 0,
                "repositories": [{"prefix": "ssh.corp.example", "repository": f"{self.host.url}/{{1}}/{{2}}.git", "refresh_s": self.refresh_s,
                                  "hold_s": self.hold_s,
                                  "credentials_file": gate.secret("git-ssh", self.host.private_key()),
                                  "known_hosts_file": self.host.path("known_hosts")}]}

    def get(self, path, **options):
        return self.gate.request(path, token=self.token, **options)

    def publish(self, version):
        self.repo.module(API, files={"version.txt": version}, tags=[version])
        self.repo.push(self.bare)

    def until(self, path, status):
        """A failure is told again for some seconds."""
        self.gate.wait(lambda: self.get(path).status == status, f"does not answer {path} with {status}")
        return self.get(path)


def children_of_git(gate):
    """Command lines and environments of whatever works for the mirrors: git, its shell, ssh."""
    found = []
    for process in [name for name in os.listdir("/proc") if name.isdigit()]:
        try:
            if os.readlink(f"/proc/{process}/cwd") != gate.path("data", "git"):
                continue
            for name in ("cmdline", "environ"):
                with open(f"/proc/{process}/{name}", "rb") as file:
                    found.append(file.read())
        except OSError:
            continue
    return found


@pytest.fixture
def world(stage):
    return World(stage)


def test_the_go_command_gets_it(stage, go_command):
    world = World(stage, refresh_s=2)
    go = world.gate.go(go_command, world.token, GONOSUMDB="ssh.corp.example")
    go.program(API)
    go.run("get", f"{API}@latest", f"{API}/tool@v0.1.0")
    go.run("mod", "verify")
    go.run("build", "./...")
    assert go.run("list", "-m", "-versions", API).split() == [API, "v1.0.0"]
    world.publish("v1.1.0")
    world.gate.wait(lambda: b"v1.1.0" in world.get(LIST).body, "does not look at the host again")
    assert go.run("list", "-m", "-versions", API).split() == [API, "v1.0.0", "v1.1.0"]
    assert all(" git-upload-pack '/payments/" in command for command in world.host.commands())


def test_the_sum_is_that_of_direct_mode(world, go_commands):
    """The go command itself, by ssh and git's own means, from the same host."""
    gate, direct = world.gate.go(go_commands[0], world.token, GONOSUMDB="ssh.corp.example"), world.stage.workspace(go_commands[0], "direct")
    ssh = f"ssh -F none -i {world.host.path('client_key')} -o UserKnownHostsFile={world.host.path('known_hosts')} -o StrictHostKeyChecking=yes"
    direct.env.update(GOSUMDB="off", GOPRIVATE="ssh.corp.example", GOVCS="*:all", GIT_SSH_COMMAND=ssh, GIT_CONFIG_NOSYSTEM="1", GONOPROXY="",
                      GIT_ALLOW_PROTOCOL="ssh:https")
    with open(os.path.join(direct.home, ".gitconfig"), "w", encoding="utf-8") as file:
        file.write(f'[url "{world.host.url}/"]\n\tinsteadOf = https://ssh.corp.example/\n')
    # Without a page of meta tags, direct mode needs the ending in the path.
    world.repo.commit({"go.mod": f"module {API}.git\n\ngo 1.19\n", "tool/go.mod": None}, tags=["v1.2.0"])
    world.repo.push(world.bare)
    world.gate.configure({"repositories": [{**world.settings(world.gate)["repositories"][0], "prefix": f"{API}.git",
                                            "repository": f"{world.host.url}/payments/api.git"}]})
    world.gate.restart()
    gate.env["GOPROXY"] = world.gate.url
    gate.sign_in("token", world.token)
    sums = [[line for line in go.run("mod", "download", "-json", f"{API}.git@v1.2.0").splitlines() if "Sum" in line] for go in (gate, direct)]
    assert len(sums[0]) == 2 and sums[0] == sums[1]


def test_the_key_is_exchanged_while_it_runs(world):
    assert world.get(LIST).status == 200
    world.host.let_in(make_key(world.host.path("client_key")))
    refused = world.get(LIST)
    assert refused.status == 502 and b"refuses the key" in refused.body
    world.gate.secret("git-ssh", world.host.private_key())
    answer = world.get(OTHER_LIST)
    assert (answer.status, answer.body) == (200, b"v0.1.0\n")


def test_another_host_is_not_believed(world):
    """502 for whatever needs the host, the same bytes for what was served; nothing is learnt from the stranger."""
    served, known = world.get(ZIP), world.host.read("known_hosts")
    public = make_key(world.host.path("host_key"))
    asked = len(world.host.commands())
    for path in (LIST, f"/{API}/@v/v7.0.0.info", f"/{API}/@v/main.info"):
        answer = world.get(path)
        assert answer.status == 502 and b"another host key than known_hosts_file has" in answer.body, path
    assert world.get(ZIP).body == served.body
    assert world.host.read("known_hosts") == known and len(world.host.commands()) == asked
    world.host.trust(public)
    answer = world.get(OTHER_LIST)
    assert (answer.status, answer.body) == (200, b"v0.1.0\n")


def test_an_unknown_host_is_not_spoken_to(world):
    with open(world.host.path("known_hosts"), "w", encoding="utf-8") as file:
        file.write("elsewhere.example " + world.host.read("host_key.pub"))
    answer = world.get(LIST)
    assert answer.status == 502 and b"is not in known_hosts_file" in answer.body
    assert world.host.commands() == [] and "elsewhere" in world.host.read("known_hosts")


@pytest.mark.parametrize("file, what", [("keys/git-ssh", b"the credential"), ("known_hosts", b"known_hosts_file")])
def test_where_a_key_lies_is_for_the_operator(world, file, what):
    path = world.gate.path(file) if file.startswith("keys/") else world.host.path(file)
    if file == "known_hosts":
        os.unlink(path)
    else:
        os.chmod(path, 0o644)
    answer = world.get(LIST)
    assert answer.status == 502 and answer.body.endswith(what + b" of this rule cannot be used; the operator's log says more\n"), answer.body
    assert path.encode() not in answer.body and path in world.gate.stderr()


def test_the_host_goes_and_comes_back(world):
    served = world.get(ZIP)
    port = world.host.port
    world.host.stop()
    answer = world.get(LIST)
    assert (answer.status, answer.body) == (200, b"v1.0.0\n") and "stale" in answer.headers["Cache-Status"]
    assert world.get(ZIP).body == served.body
    assert world.get(f"/{API}/@v/v1.1.0.info").status in (502, 503, 504)
    world.publish("v1.1.0")
    world.host.start(port)
    assert world.until(f"/{API}/@v/v1.1.0.info", 200).status == 200


def test_a_host_that_hangs_after_its_banner(stage):
    """A question is held for a limited time and then told to come again; what is known goes on being served, and a stop does not wait."""
    world = World(stage, hold_s=1)
    served = world.until(ZIP, 200)
    world.host.fault("banner")
    answer = world.get(f"/{API}/@v/v1.1.0.info", timeout=90)
    assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
    assert world.get(ZIP).body == served.body and children_of_git(world.gate)
    world.gate.stop()
    assert not children_of_git(world.gate)


def test_the_key_is_told_nowhere(world):
    """Not in a process, an answer, the log, the record, the settings or a file below data; while ssh runs, and after it was refused."""
    lines = [line for line in world.host.private_key().splitlines() if not line.startswith("-----")]
    world.host.fault("stall")
    told = []
    asking = threading.Thread(target=lambda: told.append(repr(world.get(LIST, timeout=90))))
    asking.start()
    world.gate.wait(lambda: world.host.commands(), "does not ask the host")
    processes = children_of_git(world.gate)
    assert any(b"/usr/bin/ssh" in text for text in processes) and any(b"\0GIT_ALLOW_PROTOCOL=ssh\0" in text for text in processes)
    world.host.stop()
    asking.join()
    make_key(world.host.path("client_key"))
    world.gate.secret("git-ssh", world.host.private_key())
    lines += [line for line in world.host.private_key().splitlines() if not line.startswith("-----") and line not in lines]
    world.host.fault()
    world.host.start(world.host.port)
    assert b"refuses the key" in world.get(OTHER_LIST).body
    places = {"answers": "".join(told), "processes": repr(processes), "log": world.gate.stderr(),
              "settings": world.gate.command("show-config"), "record": repr(world.gate.audit_export()),
              "metrics": world.gate.request("/metrics").body.decode()}
    world.gate.stop()
    for folder, _, names in os.walk(world.gate.path("data")):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                places[name] = file.read().decode("latin-1")
    assert len(lines) > 6
    assert [(place, line) for place, text in places.items() for line in lines if line in text] == []


def test_what_cannot_work_stops_the_start(world):
    """Each with its line; the daemon that runs is not asked."""
    rule = world.settings(world.gate)["repositories"][0]
    for change, want in (({"known_hosts_file": None}, "known_hosts_file is missing"), ({"credentials_file": None}, "credentials_file is missing"),
                         ({"repository": "git@127.0.0.1:x.git"}, "ssh://USER@HOST/PATH"),
                         ({"repository": "ssh://-oProxyCommand=x@h.example/x.git"}, "more than a user")):
        changed = {key: value for key, value in {**rule, **change}.items() if value is not None}
        world.gate.configure({"repositories": [changed]})
        said = world.gate.attempt("check-config").stderr
        assert want in said and "modgate.yaml:" in said, said
