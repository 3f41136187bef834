"""Thirty cold fetches from an upstream that accepts them and never answers."""
import select

COLD = 30
MODULE = "cold-{number}.example.org/never"


class HangingFetches:
    """While the block runs, so many callers wait for modules that nobody has."""

    def __init__(self, modgate):
        self.modgate = modgate
        self.waiting = []

    def __enter__(self):
        faults, gateway = self.modgate.upstream.faults, self.modgate.gateway
        faults.set("paths", f"/{MODULE.format(number='*')}/* hang")
        mark = self.modgate.upstream.mark()
        for number in range(COLD):
            connection = gateway.connection()
            connection.request("GET", f"/{MODULE.format(number=number)}/@v/v1.0.0.info", headers=self.modgate.headers)
            self.waiting.append(connection)
        gateway.wait(lambda: self._asked(mark) >= COLD, f"asked upstream for {self._asked(mark)} of {COLD} cold modules")
        return self

    def _asked(self, mark):
        return len({path for path in self.modgate.upstream.paths(mark) if path.endswith("/never/@v/v1.0.0.info")})

    def pending(self):
        """How many still wait for their answer."""
        sockets = [connection.sock for connection in self.waiting]
        answered, _, _ = select.select(sockets, [], [], 0)
        return len(sockets) - len(answered)

    def __exit__(self, *_):
        for connection in self.waiting:
            connection.close()
