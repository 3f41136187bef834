"""An HTTP server for test doubles: it writes down every connection and every byte that reaches it, and misbehaves when told to.

STATE/requests.log has one JSON object a line, in order:
  {"event": "connect", "connection": 1, "peer": …}           before a byte is read, TLS handshake included
  {"event": "tls", "connection": 1, "sni": …}                after the handshake; "tls_failed" with the error if it did not succeed
  {"event": "request", "connection": 1, "method": …, "path": raw, "headers": [names], "head": every byte of it as latin-1, "bytes": n}
  {"event": "answer", "connection": 1, "path": raw, "status": n, "bytes": n}
  {"event": "close", "connection": 1, "bytes": all that was read, "unread": what came and was no request}

Actions of a fault rule (see faults.py; the file `paths` has lines `PATTERN ACTION` over the decoded path):
  NNN            answer with that status            hang          never answer
  reset          close with a TCP reset             redirect:URL  302 to that address
  body:TEXT      200 with that text instead         slow[:N]      the body at N bytes a second (default 20) as long as the fault lasts
  truncate[:N]   announce the whole body, send half of it, or N bytes        stall:N       send N bytes of it, then no more, and keep the connection
  swap:OLD=NEW   the body with these bytes instead of those, which are as many
The fault `connections` (reset or hang) acts before the TLS handshake.
"""
import http.client
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

from doubles.faults import Faults

HANDSHAKE_TIMEOUT_S = 10
SLOW_BYTES_PER_S = 20


class Tee:
    """Reads from a file and remembers what came out."""

    def __init__(self, file):
        self.file = file
        self.total = 0
        self.pending = bytearray()

    def keep(self, data):
        self.total += len(data)
        self.pending += data
        return data

    def readline(self, *args):
        return self.keep(self.file.readline(*args))

    def read(self, *args):
        return self.keep(self.file.read(*args))

    def take(self):
        taken = bytes(self.pending)
        self.pending.clear()
        return taken

    def close(self):
        self.file.close()

    @property
    def closed(self):
        return self.file.closed


class RecordingHandler(http.server.BaseHTTPRequestHandler):
    """Subclasses define answer(), which calls reply() once."""

    protocol_version = "HTTP/1.1"
    server_version = "double"
    sys_version = ""
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.rfile = Tee(self.rfile)
        self.connection_id = self.server.connection_ids[self.request]
        self.action = None

    def finish(self):
        self.server.log("close", connection=self.connection_id, bytes=self.rfile.total, unread=self.rfile.take().decode("latin-1"))
        super().finish()

    def parse_request(self):
        good = super().parse_request()
        head = self.rfile.take()
        self.server.log("request", connection=self.connection_id, method=self.command, path=getattr(self, "path", ""),
                        headers=list(self.headers.keys()) if good else [], head=head.decode("latin-1"), bytes=len(head))
        return good

    def do_GET(self):
        raw = self.path.split("?", 1)[0]
        self.decoded = urllib.parse.unquote(raw, errors="surrogateescape")
        self.action = self.fault()
        if not self.apply(self.action):
            self.answer()

    do_HEAD = do_GET
    do_POST = do_GET

    def log_message(self, *_):
        """The log file has it already."""

    def fault(self):
        """The action for this request, or None. Subclasses add faults of their own."""
        return self.server.faults.action("paths", self.decoded)

    def answer(self):
        raise NotImplementedError

    def apply(self, action):
        """Carry out an action that needs no answer of ours; false if the request is to be answered."""
        name, _, argument = (action or "").partition(":")
        if name == "hang":
            self.hang()
        elif name == "reset":
            self.reset()
        elif name == "redirect":
            self.reply(302, b"", headers={"Location": argument})
        elif name == "body":
            self.reply(200, argument.encode())
        elif name.isdigit():
            self.reply(int(name), f"{http.client.responses.get(int(name), 'no')}\n".encode())
        else:
            return False
        return True

    def hang(self):
        """Keep the connection and say nothing until the client gives up or the server stops."""
        self.close_connection = True
        self.connection.settimeout(0.1)
        while not self.server.stopping.is_set():
            try:
                if not self.rfile.keep(self.connection.recv(4096)):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def reset(self):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def reply(self, status, body=b"", content_type="text/plain; charset=utf-8", headers=None):
        """Answer, in the way that the fault asks for if it is one about bodies."""
        self.server.log("answer", connection=self.connection_id, path=self.path, status=status, bytes=len(body))
        try:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.send_body(body)
        except OSError:
            self.close_connection = True

    def send_body(self, body):
        name, _, argument = (self.action or "").partition(":")
        if name == "slow":
            rate = int(argument or SLOW_BYTES_PER_S)
            for at in range(len(body)):
                if self.fault() is None:
                    self.wfile.write(body[at:])
                    return
                self.wfile.write(body[at:at + 1])
                if self.server.stopping.wait(1 / rate):
                    return
        elif name == "truncate":
            sent = int(argument) if argument else len(body) // 2
            self.wfile.write(body[:sent])
            self.close_connection = sent < len(body)
        elif name == "swap":
            old, _, new = argument.encode().partition(b"=")
            assert len(old) == len(new)
            self.wfile.write(body.replace(old, new))
        elif name == "stall":
            self.wfile.write(body[:int(argument)])
            if len(body) > int(argument):
                self.hang()
        else:
            self.wfile.write(body)


class RecordingServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    handler = RecordingHandler

    def __init__(self, state, tls=None, port=0, host="127.0.0.1"):
        """tls is (certificate file, key file) or None for plain http."""
        os.makedirs(state, exist_ok=True)
        self.state = state
        self.faults = Faults(os.path.join(state, "faults"))
        self.log_path = os.path.join(state, "requests.log")
        self.stopping = threading.Event()
        self.connection_ids = {}
        self._connections = 0
        self._lock = threading.Lock()
        self._log_file = open(self.log_path, "a", encoding="utf-8")
        self._tls = None
        if tls:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(*tls)
            self._tls.sni_callback = lambda sock, name, _: setattr(sock, "asked_name", name)
        super().__init__((host, port), self.handler)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{host}:{self.server_port}"

    # --- life -------------------------------------------------------------------------------------------------------------

    def start(self):
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        """Nobody is listened to any more, on connections that are open neither. A stopped one may be stopped again."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in list(self.connection_ids):
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)    # not TLS's own, which its thread may be using
            except OSError:
                pass
        self._log_file.close()

    def server_close(self):
        """Close the listening socket; threads of hanging requests end by themselves, being daemons."""
        self.socket.close()

    # --- what came in ------------------------------------------------------------------------------------------------------

    def log(self, event, **fields):
        line = json.dumps({"event": event, "time": round(time.time(), 6), **fields})
        with self._lock:
            if not self._log_file.closed:
                self._log_file.write(line + "\n")
                self._log_file.flush()

    def events(self, event=None, since=0):
        """The log's objects from the line `since` on, of one event or all."""
        with open(self.log_path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file.readlines()[since:]]
        return [row for row in rows if event is None or row["event"] == event]

    def mark(self):
        """A place in the log, for `since`."""
        return len(self.events())

    def paths(self, since=0):
        return [row["path"] for row in self.events("request", since)]

    def everything(self, since=0):
        """All that reached this server as one text, for tests that look for a name in it."""
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in self.events(since=since))

    # --- connections -------------------------------------------------------------------------------------------------------

    def process_request(self, request, client_address):
        with self._lock:
            self._connections += 1
            number = self._connections
        self.log("connect", connection=number, peer=f"{client_address[0]}:{client_address[1]}")
        self.connection_ids[request] = number
        super().process_request(request, client_address)

    def finish_request(self, request, client_address):
        number = self.connection_ids.pop(request)
        action = self.faults.get("connections")
        if action == "reset":
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.close()
            return
        if action == "hang":
            self.stopping.wait()
            return
        secured = self._secure(request, number) if self._tls else request
        if secured:
            self.connection_ids[secured] = number
            try:
                self.handler(secured, client_address, self)
            finally:
                self.connection_ids.pop(secured, None)
                self._hang_up(secured)

    def _secure(self, request, number):
        request.settimeout(HANDSHAKE_TIMEOUT_S)
        try:
            secured = self._tls.wrap_socket(request, server_side=True)
        except (OSError, ValueError) as error:
            self.log("tls_failed", connection=number, error=str(error))
            return None
        secured.settimeout(None)
        self.log("tls", connection=number, sni=getattr(secured, "asked_name", None))
        return secured

    @staticmethod
    def _hang_up(connection):
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()

    def handle_error(self, request, client_address):
        """A client that goes away is an everyday matter here; anything else is a fault of the double and must be seen."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, ssl.SSLError)):
            super().handle_error(request, client_address)
