"""A TCP listener that accepts and never says a word; it counts who came and keeps what they sent."""
import selectors
import socket
import threading


class BlackHole:
    def __init__(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self.received = bytearray()
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def start(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    return
                self._listen() if key.fileobj is self.listener else self._read(key.fileobj)

    def _listen(self):
        connection, _ = self.listener.accept()
        self.connections += 1
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection):
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        self.received += data
        if not data:
            self._selector.unregister(connection)
            connection.close()

    def stop(self):
        self._wake.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        self._wake.close()
