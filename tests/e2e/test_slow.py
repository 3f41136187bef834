"""Slow clients: a head has its time, from the first moment of the connection, however it drips in; an answer takes what it takes."""
import select
import ssl
import time

import pytest

from company import COLOUR, GREETING

HEAD_TIMEOUT_S = 10
TOO_LONG_S = HEAD_TIMEOUT_S + 4
INFO = f"/{GREETING}/@v/v1.0.0.info"


class Dripping:
    """A plain socket to the gateway that sends one byte of `data` at a time, once it has said `first`."""

    def __init__(self, connection, data, first=b""):
        self.connection, self.data = connection, iter(data)
        connection.sendall(first)
        connection.settimeout(5)

    def drip(self):
        """False once the other side has hung up."""
        byte = next(self.data, None)
        try:
            if byte is not None:
                self.connection.sendall(bytes([byte]))
            return not readable(self.connection) or self.connection.recv(4096) != b""
        except OSError:
            return False


def readable(connection):
    return bool(getattr(connection, "pending", lambda: 0)() or select.select([connection], [], [], 0)[0])


def client_hello(gate):
    """The first bytes of a TLS connection."""
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        gate.tls().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=gate.host).do_handshake()
    return outgoing.read()


def test_a_head_has_its_time(gateway):
    gate = gateway()
    token = gate.token("alice")
    head = f"GET {INFO} HTTP/1.1\r\nHost: x\r\nX-Long: ".encode() + b"x" * 1000
    begin = time.monotonic()
    held = {
        "silence": Dripping(gate.plain_socket(), b""),
        "handshake": Dripping(gate.plain_socket(), client_hello(gate)[:100]),
        "silence after the handshake": Dripping(gate.raw_socket(), b""),
        "request line": Dripping(gate.raw_socket(), head),
        "headers": Dripping(gate.raw_socket(), b"x" * 1000, first=head),
    }
    ended = {}
    while len(ended) < len(held) and time.monotonic() < begin + TOO_LONG_S:
        ended.update({name: time.monotonic() - begin for name, one in held.items() if name not in ended and not one.drip()})
        time.sleep(0.3)
    assert ended.keys() == held.keys()
    assert min(ended.values()) >= HEAD_TIMEOUT_S - 1
    assert gate.request(INFO, token=token).status == 200 and "no whole request head in time" in gate.stderr()


def test_an_answer_and_a_kept_connection_have_more(gateway, upstream):
    gate = gateway()
    token = gate.token("alice")
    kept, waiting = gate.connection(), gate.raw_socket()
    assert gate.request(INFO, token=token, connection=kept).status == 200
    upstream.faults.set("upstream", "hang")
    waiting.sendall(f"GET /{COLOUR}/@v/list HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    time.sleep(TOO_LONG_S)
    assert not readable(waiting)
    assert gate.request(INFO, token=token, connection=kept).status == 200
    waiting.close()
    kept.close()
