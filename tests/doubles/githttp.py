"""A git host over http(s): git http-backend for the bare repositories of a directory, open or with users and passwords.

It records every connection and request and takes the fault rules of recording.py (file `paths`: 401, 403, 404, 500, hang, redirect:URL, …).
"""
import base64
import os
import subprocess

from doubles.recording import RecordingHandler, RecordingServer

BACKEND = "/usr/lib/git-core/git-http-backend"


class Handler(RecordingHandler):
    def answer(self):
        user = self._user()
        if user is None:
            self._body()
            self.reply(401, b"sign in first\n", headers={"WWW-Authenticate": 'Basic realm="git"'})
            return
        status, headers, body = self._backend(user, self._body())
        content_type = headers.pop("Content-Type", "text/plain")
        self.reply(status, body, content_type, headers)

    def _user(self):
        """The name of who asks, "" where nobody need sign in, None if the credentials are wrong."""
        users = self.server.users
        if not users:
            return ""
        scheme, _, text = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        user, _, password = base64.b64decode(text).decode("utf-8", "replace").partition(":")
        return user if users.get(user) == password else None

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)

    def _backend(self, user, body):
        """(status, headers, body) of git's own CGI program."""
        _, _, query = self.path.partition("?")
        env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": self.server.root, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": self.decoded,
               "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": user, "REMOTE_ADDR": self.client_address[0],
               "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
               "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_COUNT": "1",
               "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        done = subprocess.run([BACKEND], env=env, input=body, capture_output=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200" if head else "500").split()[0])
        return status, headers, body


class GitHttp(RecordingServer):
    """root: a directory of bare repositories. users: {name: password}; none means that anybody may read."""

    handler = Handler

    def __init__(self, root, state, tls=None, users=None, port=0):
        super().__init__(state, tls, port)
        self.root = os.path.abspath(root)
        self.users = users or {}
        os.makedirs(self.root, exist_ok=True)
