"""A git host over ssh: OpenSSH's own sshd, one process a connection, for the bare repositories of a directory and whoever runs the tests.

All is read anew for each connection from files of STATE, so that a test changes them while others are served: `host_key`, `authorized_keys`,
and `fault`, one word: banner (says its name, then nothing), stall (the command never answers), missing (as forges say it), close.
`commands` records what was asked for; `client_key` and `known_hosts` are for the other side.
"""
import os
import pwd
import selectors
import socket
import subprocess
import threading

SSHD = "/usr/sbin/sshd"
PRIVILEGES = "/run/sshd"    # where a privileged sshd shuts itself in; the package's service makes it, and no service is started

CONFIG = """\
HostKey {state}/host_key
AuthorizedKeysFile {state}/authorized_keys
ForceCommand {state}/serve
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM {pam}
PidFile none
PrintMotd no
DisableForwarding yes
KexAlgorithms curve25519-sha256
{accept}
"""

SERVE = """\
#!/bin/sh
# All that the host does: git upload-pack of a repository below {root}.
printf '%s %s\\n' "${{GIT_PROTOCOL:-version=0}}" "$SSH_ORIGINAL_COMMAND" >>{state}/commands
case "$(cat {state}/fault 2>/dev/null)" in
stall) exec cat >/dev/null ;;
missing) echo 'ERROR: Repository not found.' >&2; exit 1 ;;
esac
path=${{SSH_ORIGINAL_COMMAND#git-upload-pack \\'}}
[ "$path" != "$SSH_ORIGINAL_COMMAND" ] || exit 1
export HOME={state} GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C
exec git upload-pack "{root}${{path%\\'}}"
"""


def make_key(path, *options):
    """A new key pair, instead of the one that was there; its public half."""
    for old in (path, path + ".pub"):
        if os.path.exists(old):
            os.unlink(old)
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "test", "-t", "ed25519", *options, "-f", path], check=True)
    with open(path + ".pub", encoding="utf-8") as file:
        return file.read()


def locked(user):
    """Has this account a password that opens nothing? Then only PAM lets it in by key."""
    with open("/etc/shadow", encoding="utf-8") as file:
        return any(line.startswith(f"{user}:!") for line in file)


class GitSsh:
    """ssh://USER@127.0.0.1:PORT/name.git is the bare repository root/name.git. protocol: does the host let newer versions of git's through?"""

    def __init__(self, root, state, protocol=True):
        self.root, self.state = os.path.abspath(root), os.path.abspath(state)
        self.user = pwd.getpwuid(os.getuid()).pw_name
        os.makedirs(self.root, exist_ok=True)
        os.makedirs(self.state, exist_ok=True)
        privileged = os.getuid() == 0
        if privileged:
            os.makedirs(PRIVILEGES, mode=0o755, exist_ok=True)
        self._write("config", CONFIG.format(state=self.state, pam="yes" if privileged and locked(self.user) else "no",
                                            accept="AcceptEnv GIT_PROTOCOL" if protocol else ""))
        self._write("serve", SERVE.format(state=self.state, root=self.root), 0o755)
        self._socket = None
        self._running = {}      # connection -> its sshd, or None
        self._lock = threading.Lock()

    def _write(self, name, text, mode=0o600):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)

    def path(self, name):
        return os.path.join(self.state, name)

    def read(self, name):
        if not os.path.exists(self.path(name)):
            return ""
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    # --- life -----------------------------------------------------------------------------------------------------------------

    def start(self, port=0):
        """Makes keys of both sides the first time; a later start, on the same port, keeps them."""
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self.url = f"ssh://{self.user}@127.0.0.1:{self.port}"
        if not os.path.exists(self.path("host_key")):
            self.trust(make_key(self.path("host_key")))
            self.let_in(make_key(self.path("client_key")))
        self._wake, waker = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, args=(waker,))
        self._thread.start()
        return self

    def stop(self):
        if self._socket is None:
            return
        self._wake.close()
        self._thread.join()
        self._socket.close()
        self._socket = None
        with self._lock:
            running = dict(self._running)
        for connection, sshd in running.items():
            connection.close()
            if sshd:
                sshd.terminate()
                sshd.wait()

    def _accept(self, waker):
        with selectors.DefaultSelector() as selector, waker:
            selector.register(waker, selectors.EVENT_READ)
            selector.register(self._socket, selectors.EVENT_READ)
            while all(key.fileobj is not waker for key, _ in selector.select()):
                self._forget_ended()
                self._serve(self._socket.accept()[0])

    def _forget_ended(self):
        for connection in [connection for connection, sshd in self._running.items() if sshd and sshd.poll() is not None]:
            with self._lock:
                del self._running[connection]

    def _serve(self, connection):
        fault = self.read("fault").strip()
        if fault == "close":
            connection.close()
            return
        if fault == "banner":
            connection.sendall(b"SSH-2.0-Slow_1\r\n")
            sshd = None
        else:
            sshd = subprocess.Popen([SSHD, "-i", "-f", self.path("config"), "-E", self.path("log")], stdin=connection, stdout=connection,
                                    stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
        with self._lock:
            self._running[connection] = sshd
        if sshd:
            connection.close()

    # --- what a test changes --------------------------------------------------------------------------------------------------

    def trust(self, public):
        """The other side knows this host by that key."""
        self._write("known_hosts", f"[127.0.0.1]:{self.port} {public}")

    def let_in(self, public):
        """This key and no other opens."""
        self._write("authorized_keys", public)

    def fault(self, word=""):
        self._write("fault", word)

    def commands(self):
        """What was asked for, `VERSION COMMAND` each."""
        return self.read("commands").splitlines()

    def private_key(self):
        return self.read("client_key")
