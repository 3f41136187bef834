"""The two servers: modgate with its double upstream, and nginx with the same bytes under the same names."""
import collections
import getpass
import grp
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import time

import processes
from doubles import certs
from doubles.upstream import Upstream
from gateway import BINARY, Gateway, environment

HERE = os.path.dirname(os.path.abspath(__file__))
MODULE = "bench.example.org/{name}"
VERSION = "v1.0.0"
SIZES = {"one": 1 << 20, "eight": 8 << 20}     # bytes of content that no compression makes smaller
PATIENCE_S = 20
ACTION = re.compile(rb'"action":"(\w+)"')

# Requests go through rules before the one that allows them, as they do in a company.
POLICY = {
    "private": ["git.example.org"],
    "rules": [
        {"name": "payments", "modules": ["git.example.org/payments"], "groups": ["payments"], "verdict": "allow"},
        {"name": "platform", "modules": ["git.example.org/platform", "git.example.org/tools"], "groups": ["platform"], "verdict": "allow"},
        {"name": "bad", "modules": ["evil.example.org/lib"], "versions": ">=1.2.0 <1.2.5", "verdict": "deny", "reason": "use 1.2.5"},
        {"name": "public", "modules": ["*"], "private": False, "verdict": "allow"},
    ],
}


def module_path(name, kind):
    return f"/{MODULE.format(name=name)}/@v/{VERSION}.{kind}"


def write_modules(root):
    """Module trees whose zips have about the sizes above; the same bytes in every run."""
    for name, size in SIZES.items():
        tree = os.path.join(root, f"{MODULE.format(name=name)}@{VERSION}")
        os.makedirs(tree)
        with open(os.path.join(tree, "go.mod"), "w", encoding="utf-8") as file:
            file.write(f"module {MODULE.format(name=name)}\n\ngo 1.19\n")
        with open(os.path.join(tree, "content.bin"), "wb") as file:
            file.write(random.Random(size).randbytes(size))


class Modgate:
    name = "modgate"

    def __init__(self, state, core):
        write_modules(os.path.join(state, "modules"))
        ca = certs.CA(os.path.join(state, "ca"))
        self.core = core
        self.upstream = Upstream(os.path.join(state, "modules"), os.path.join(state, "upstream"), ca.server()).start()
        self.gateway = Gateway(os.path.join(state, "gateway"), self.upstream.url)
        self.gateway.configure({"upstreams": [{"url": self.upstream.url, "fallback": "not_found", "modules": ["*"], "ca": ca.pem}],
                                "sumdb": {"databases": [{"key": self.upstream.key}]}, "log": {"level": "warning"}})
        self.gateway.policy(POLICY)
        self.token = self.gateway.token("bench", groups=["developers", "payments"])
        self.headers = {"Authorization": f"Bearer {self.token}"}

    @property
    def url(self):
        return self.gateway.url

    @property
    def pid(self):
        return self.gateway.process.pid

    def start(self):
        self.gateway.start()
        self.pin()

    def pin(self):
        processes.pin(self.pid, self.core)

    def cpu_s(self):
        return processes.cpu_s(self.pid)

    def fetch(self, path):
        """The bytes of an answer, which must be a 200."""
        answer = self.gateway.request(path, token=self.token)
        if answer.status != 200:
            raise RuntimeError(f"modgate answered {answer.status} to {path}: {answer.body.decode(errors='replace')}")
        return answer.body

    def access_rows(self):
        """How many rows of the audit trail tell of a served .info, .mod and .zip; read from the export as text, which is long."""
        rows = collections.Counter()
        command = [BINARY, "audit", "export", "--format", "jsonl", "-c", self.gateway.config]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as export:
            for line in export.stdout:
                if b'"kind":"access"' in line and b'"status":200' in line:
                    rows[ACTION.search(line)[1].decode()] += 1
        if export.returncode:
            raise RuntimeError(f"audit export ended with {export.returncode}")
        return rows

    def kill(self):
        self.gateway.kill9()

    def stop(self):
        """The upstream goes first: it lets go of what hangs, and the gateway can drain."""
        self.upstream.stop()
        self.gateway.stop()


class Nginx:
    def __init__(self, name, url, pid, headers):
        self.name = name
        self.url = url
        self.pid = pid
        self.headers = headers      # the same request bytes as modgate gets, though it looks at none of them

    def cpu_s(self):
        return processes.cpu_s(self.pid)


def free_ports(count):
    """Ports that nobody listens on now; held together so that they differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class NginxProcess:
    """One master and one worker with two servers: quiet, and one that logs."""

    def __init__(self, state, gateway_directory, core):
        self.state = state
        self.root = os.path.join(state, "root")
        self.port, self.logging_port = free_ports(2)
        self.core = core
        os.makedirs(self.root)
        with open(os.path.join(HERE, "nginx.conf"), encoding="utf-8") as file:
            text = file.read()
        words = {"USER": getpass.getuser(), "GROUP": grp.getgrgid(os.getgid()).gr_name, "STATE": state, "ROOT": self.root,
                 "PORT": str(self.port), "LOGGING_PORT": str(self.logging_port),
                 "CERTIFICATE": os.path.join(gateway_directory, "server.pem"), "KEY": os.path.join(gateway_directory, "keys", "server.key")}
        self.config = os.path.join(state, "nginx.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(re.sub(r"@([A-Z]+(?:_[A-Z]+)*)@", lambda match: words[match.group(1)], text))

    def keep(self, path, body):
        """Serve these bytes under that path."""
        file = self.root + path
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as out:
            out.write(body)

    def start(self):
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        error_log = os.path.join(self.state, "error.log")
        self.process = subprocess.Popen([program, "-p", self.state, "-c", self.config, "-e", error_log], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not (answers(self.port) and answers(self.logging_port) and processes.children(self.process.pid)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nginx did not start; see {error_log}")
            time.sleep(0.02)
        processes.pin(self.process.pid, self.core)

    def server(self, headers, logging=False):
        port = self.logging_port if logging else self.port
        return Nginx("nginx+log" if logging else "nginx", f"https://127.0.0.1:{port}", self.process.pid, headers)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError("nginx did not end when told to") from None


def cipher(url):
    """(protocol, cipher suite) that a server agrees on with a client that takes any."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, port = url.removeprefix("https://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), 10) as plain, context.wrap_socket(plain) as secured:
        return secured.version(), secured.cipher()[0]
