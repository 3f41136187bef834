"""The real go command, several versions of it, run so that nothing of this machine's settings reaches it."""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse

GOAUTH_SINCE = (1, 24)      # from this version on a netrc line names host and port, and GOAUTH exists
RUN_TIMEOUT_S = 240


class GoCommand:
    def __init__(self, binary):
        self.binary = binary
        with tempfile.TemporaryDirectory(prefix="modgate-home-", ignore_cleanup_errors=True) as home:      # it writes there, asked or not
            env = {"PATH": os.environ["PATH"], "HOME": home, "GOCACHE": "off", "GOENV": "off", "GOTOOLCHAIN": "local"}
            text = subprocess.run([binary, "env", "GOVERSION"], capture_output=True, text=True, check=True, env=env).stdout
        self.name = re.search(r"go(\d+\.\d+(\.\d+)?)", text).group(1)
        self.version = tuple(int(part) for part in self.name.split("."))

    @property
    def knows_goauth(self):
        return self.version >= GOAUTH_SINCE


def find_go_commands():
    """Newest first: the one on PATH, the one of the usual tarball, Debian's. One of each version."""
    places = [shutil.which("go"), "/usr/local/go/bin/go", *glob.glob("/usr/lib/go-*/bin/go")]
    found = {}
    for place in places:
        if place and os.path.exists(place):
            command = GoCommand(os.path.realpath(place))
            found.setdefault(command.name, command)
    return sorted(found.values(), key=lambda command: command.version, reverse=True)


class Failed(Exception):
    """The go command said no; its words are the message."""


class Workspace:
    """A module of ours to run a go command in, with caches of its own (the build cache is shared, being keyed by content).

    `env` may be changed between runs. A user and password become netrc lines for the host of the first proxy.
    """

    def __init__(self, go, directory, proxy, ca=None, user=None, password="", build_cache=None, **env):
        self.go = go
        self.directory = os.path.abspath(directory)
        self.home = os.path.join(self.directory, "home")
        self.module = os.path.join(self.directory, "module")
        self.modcache = os.path.join(self.directory, "gopath", "pkg", "mod")
        for folder in (self.home, self.module, os.path.join(self.directory, "no-certificates")):
            os.makedirs(folder, exist_ok=True)
        self.env = {"PATH": f"{os.path.dirname(go.binary)}:{os.environ['PATH']}", "HOME": self.home, "LC_ALL": "C", "GOENV": "off", "GOTOOLCHAIN": "local",
                    "GOTELEMETRY": "off", "GOFLAGS": "-modcacherw", "GOPATH": os.path.join(self.directory, "gopath"), "CGO_ENABLED": "0",
                    "GOCACHE": build_cache or os.path.join(self.directory, "gocache"), "GOPROXY": proxy, "GONOPROXY": "none", "GONOSUMDB": "none",
                    "GOVCS": "*:off", "NETRC": os.path.join(self.home, ".netrc"), "SSL_CERT_DIR": os.path.join(self.directory, "no-certificates")}
        if ca:
            self.env["SSL_CERT_FILE"] = ca
        self.env.update(env)
        if user is not None:
            self.sign_in(user, password)
        self.write("go.mod", f"module work.example/module\n\ngo {'.'.join(map(str, min(go.version[:2], (1, 19))))}\n")

    def sign_in(self, user, password):
        """Older go commands look for the host alone, newer ones for host and port."""
        host = urllib.parse.urlsplit(re.split(r"[,|]", self.env["GOPROXY"])[0])
        with open(os.open(self.env["NETRC"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            for machine in (host.netloc, host.hostname):
                file.write(f"machine {machine} login {user} password {password}\n")

    def sign_out(self):
        if os.path.exists(self.env["NETRC"]):
            os.unlink(self.env["NETRC"])

    def write(self, name, text):
        with open(os.path.join(self.module, name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(os.path.join(self.module, name), encoding="utf-8") as file:
            return file.read()

    def program(self, *imports):
        """Write a main.go that needs these packages."""
        lines = "".join(f'\t_ "{path}"\n' for path in imports)
        self.write("main.go", f'package main\n\nimport (\n{lines})\n\nfunc main() {{\n\tprintln("built")\n}}\n')

    def forget(self):
        """Start over: no module cache, no go.sum, no requirement, no memory of a checksum database."""
        shutil.rmtree(os.path.join(self.directory, "gopath"), ignore_errors=True)
        self.write("go.sum", "")
        self.write("go.mod", "\n".join(self.read("go.mod").split("\n")[:3]) + "\n")

    def attempt(self, *args, timeout=RUN_TIMEOUT_S):
        """Run `go ARGS`; the finished process, whatever it said."""
        return subprocess.run([self.go.binary, *args], cwd=self.module, env=self.env, capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)

    def run(self, *args, timeout=RUN_TIMEOUT_S):
        """Run `go ARGS`, which must succeed; its output."""
        done = self.attempt(*args, timeout=timeout)
        if done.returncode:
            raise Failed(f"go {' '.join(args)}: exit {done.returncode}\n{done.stderr}{done.stdout}")
        return done.stdout

    def refused(self, *args, timeout=RUN_TIMEOUT_S):
        """Run `go ARGS`, which must fail; what it said."""
        done = self.attempt(*args, timeout=timeout)
        if done.returncode == 0:
            raise Failed(f"go {' '.join(args)}: succeeded, and should not have\n{done.stderr}{done.stdout}")
        return done.stderr
