"""modgate itself under test: a directory made by `modgate init`, the daemon, and what a caller does with it."""
import base64
import collections
import http.client
import json
import os
import re
import shlex
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

import yamledit

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
BINARY = os.path.join(BUILD, "modgate")
WRAP = shlex.split(os.environ.get("WRAP", ""))      # valgrind and the like, before the daemon
SLOW = bool(WRAP) or BUILD.endswith(("asan", "tsan"))
PATIENCE_S = 60 if SLOW else 20
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: |ERROR SUMMARY: [1-9]")
HOME = tempfile.TemporaryDirectory(prefix="modgate-home-", ignore_cleanup_errors=True)      # for this run: modgate may ask the go command, which writes there
PASSED_ON = ("PATH", "LC_ALL", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")

Answer = collections.namedtuple("Answer", "status headers body")


def environment(**more):
    """Nothing of this machine's proxies, certificates or go settings."""
    return {**{name: os.environ[name] for name in PASSED_ON if name in os.environ}, "HOME": HOME.name, **more}


class Gateway:
    def __init__(self, directory, upstream, *init_options):
        """Runs `modgate init`; start() runs the daemon."""
        self.directory = str(directory)
        self.config = os.path.join(self.directory, "modgate.yaml")
        self.ca = os.path.join(self.directory, "ca.pem")
        self.stderr_path = self.directory + ".stderr"
        self.address_file = self.directory + ".address"
        self.env = {}       # more of the daemon's environment
        self.source = None  # the address that requests come from, 127.x.y.z; None: the usual one
        self.process = None
        self.url = None
        if not os.path.exists(BINARY):
            raise RuntimeError(f"{BINARY} is missing: run make")
        self.command("init", self.directory, "--upstream", upstream, *init_options)
        self.configure({"listen.address": "127.0.0.1:0"})

    # --- configuration --------------------------------------------------------------------------------------------------------

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def configure(self, settings):
        """Settings are {"auth.anonymous": True, "repositories": [...]}."""
        self._rewrite("modgate.yaml", lambda text: yamledit.edit(text, settings))

    def policy(self, policy):
        """The whole policy.yaml, as text or as an object."""
        self._rewrite("policy.yaml", lambda _: policy if isinstance(policy, str) else yamledit.flow(policy) + "\n")

    def _rewrite(self, name, change):
        with open(self.path(name), encoding="utf-8") as file:
            text = change(file.read())
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def secret(self, name, text):
        """A file under keys/ that only its owner reads; its path as modgate.yaml takes it."""
        with open(os.open(self.path("keys", name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        return f"keys/{name}"

    # --- life -----------------------------------------------------------------------------------------------------------------

    def start(self, ready=True):
        """Run the daemon until it has written its address; with `ready`, until /readyz says so as well."""
        if os.path.exists(self.address_file):
            os.unlink(self.address_file)
        with open(self.stderr_path, "a", encoding="utf-8") as stderr:
            self.process = subprocess.Popen([*WRAP, BINARY, "serve", "-c", self.config, "--address-file", self.address_file],
                                            stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env=environment(**self.env),
                                            process_group=0)      # a Ctrl-C is for the test, which then ends it
        self.wait(lambda: os.path.exists(self.address_file), "wrote no address file")
        with open(self.address_file, encoding="utf-8") as file:
            self.url = file.read().strip()
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port
        if ready:
            self.wait(lambda: self.request("/readyz").status == 200, "did not get ready")
        return self

    def wait(self, true, otherwise, seconds=PATIENCE_S):
        """Wait until true(), while the daemon lives."""
        deadline = time.monotonic() + seconds
        while not true():
            if self.process.poll() is not None:
                raise RuntimeError(f"modgate ended with {self.process.returncode}:\n{self.stderr()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"modgate {otherwise} within {seconds} s:\n{self.stderr()}")
            time.sleep(0.02)

    def stderr(self):
        if not os.path.exists(self.stderr_path):
            return ""
        with open(self.stderr_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """SIGTERM: it must end by itself, with 0, and no sanitizer may have complained. Stopping a stopped one is fine."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.terminate()
        try:
            code = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"modgate did not end within {PATIENCE_S} s of SIGTERM:\n{self.stderr()}") from None
        if code != 0 or SANITIZER.search(self.stderr()):
            raise RuntimeError(f"modgate ended with {code}:\n{self.stderr()}")

    def restart(self):
        self.stop()
        return self.start()

    def kill9(self):
        """As a power cut does it to one process."""
        process, self.process = self.process, None
        process.kill()
        process.wait()

    def memory_kib(self):
        """{name: KiB}: VmRSS now, RssAnon and RssFile of it, VmHWM the most since forget_peak()."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as file:
            fields = [line.split() for line in file]
        return {words[0].rstrip(":"): int(words[1]) for words in fields if words[0].startswith(("Vm", "Rss"))}

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    # --- commands -------------------------------------------------------------------------------------------------------------

    def attempt(self, *args, input=None):
        """Run `modgate ARGS` on this directory; the finished process."""
        return subprocess.run([BINARY, *args], capture_output=True, text=True, input=input, timeout=PATIENCE_S * 3,
                              env=environment(MODGATE_CONFIG=self.config))

    def command(self, *args, input=None):
        """Run `modgate ARGS`, which must succeed; its output."""
        done = self.attempt(*args, input=input)
        if done.returncode:
            raise RuntimeError(f"modgate {' '.join(args)}: exit {done.returncode}\n{done.stderr}{done.stdout}")
        return done.stdout

    def token(self, user, groups=(), scope=None, days=None, modules=()):
        options = ["--user", user]
        options += ["--groups", ",".join(groups)] if groups else []
        options += ["--scope", scope] if scope else []
        options += ["--days", str(days)] if days else []
        options += ["--modules", ",".join(modules)] if modules else []
        return self.command("token", "issue", *options).strip()

    def admin_token(self):
        with open(self.path("admin.token"), encoding="utf-8") as file:
            return file.read().strip()

    def audit_export(self, *filters):
        """The audit trail as a list of objects."""
        return [json.loads(line) for line in self.command("audit", "export", "--format", "jsonl", *filters).splitlines()]

    def audit_lines(self, *filters):
        """The same as the exact bytes of each line."""
        return self.command("audit", "export", "--format", "jsonl", *filters).encode().splitlines()

    def audit_size(self):
        """How many rows there are, once all that was told so far is written. Refusals are written after their reply."""
        self.wait(lambda: self.metrics()['modgate_queue_depth{queue="audit"}'] == 0, "does not write its record")
        return int(self.metrics()["modgate_audit_rows_total"])

    def rows(self, begin=0, kinds=("access", "auth")):
        """The rows of those kinds from the sequence `begin` on, once all is written."""
        self.audit_size()
        return [row for row in self.audit_export()[begin:] if row["kind"] in kinds]

    # --- requests -------------------------------------------------------------------------------------------------------------

    def tls(self):
        return ssl.create_default_context(cafile=self.ca)

    def connection(self, timeout=30):
        """A keep-alive connection for several requests."""
        source = (self.source, 0) if self.source else None
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls(), source_address=source)

    def request(self, path, method="GET", headers=None, token=None, user=None, connection=None, body=None, timeout=30):
        """One request, with a bearer token or a user=(name, password) if given; an Answer. Follows nothing, raises for nothing."""
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if user is not None:
            headers["Authorization"] = basic(*user)
        own = connection or self.connection(timeout)
        try:
            own.request(method, path, body=body, headers=headers)
            answer = own.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            if own is not connection:
                own.close()

    def keep_asking(self, path, token, served):
        """Ask until the daemon is gone; the number of every request that got a 200 goes into `served`."""
        try:
            while True:
                answer = self.request(path, token=token)
                if answer.status == 200:
                    served.append(answer.headers["X-Request-Id"])
        except (OSError, http.client.HTTPException):
            return

    def plain_socket(self, timeout=10):
        """A connection before its TLS handshake."""
        return socket.create_connection((self.host, self.port), timeout)

    def raw_socket(self, timeout=10):
        """A TLS connection without any HTTP, for requests that no library would send."""
        return self.tls().wrap_socket(self.plain_socket(timeout), server_hostname=self.host)

    def raw(self, data, timeout=10):
        """Send these bytes; (all that came back, true if the server closed the connection before the timeout)."""
        received = bytearray()
        with self.raw_socket(timeout) as connection:
            connection.sendall(data)
            try:
                while block := connection.recv(65536):
                    received += block
            except TimeoutError:
                return bytes(received), False
            except OSError:
                return bytes(received), True
        return bytes(received), True

    def metrics(self):
        """{name{labels}: value} of /metrics."""
        rows = [line.rsplit(" ", 1) for line in self.request("/metrics").body.decode().splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in rows}


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
