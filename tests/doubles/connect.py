"""An https proxy (CONNECT) that takes every name to one address: so a go command reaches the double of a host by the host's real name and port."""
import socket
import socketserver
import threading


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        method, _, rest = self.rfile.readline().decode("latin-1").partition(" ")
        while self.rfile.readline().strip():
            pass
        name = rest.split(" ")[0]
        self.server.names.append(name)
        if method != "CONNECT" or name not in self.server.known:
            self.wfile.write(b"HTTP/1.1 502 no such host\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(self.server.known[name]) as far:
            self.wfile.write(b"HTTP/1.1 200 connected\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(far, self.connection), daemon=True)
            back.start()
            self._pump(self.connection, far)
            back.join()

    @staticmethod
    def _pump(source, target):
        try:
            while block := source.recv(65536):
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


class Connect(socketserver.ThreadingTCPServer):
    """known: {"name:port": (host, port)}. names: all that were asked for, in order."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, known):
        super().__init__(("127.0.0.1", 0), Handler)
        self.known = known
        self.names = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def start(self):
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self.shutdown()
        self._thread.join()
        self.server_close()
