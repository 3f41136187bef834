#!/usr/bin/python3
"""A public module proxy with a checksum database of its own key, on one loopback port; it records all that reaches it.

    upstream.py --dir MODULES --state DIR --address-file F [--tls-cert FILE --tls-key FILE] [--name NAME] [--padding N] [--padding-after N]

MODULES holds plain trees, MODULES/<path>@<version>/…  (gomodule.py). F receives the address when the server is ready; DIR/sumdb.key
the verifier key. DIR/requests.log is the record (recording.py). Faults are files in DIR/faults (faults.py, recording.py, sumdb.py):
  upstream   an action for every request of the proxy half       sumdb   an action for every request of the database half
  zip        lines path@version, served as a good zip with other content
  mod        lines path@version, whose .mod is served with other content
"""
import argparse
import os
import signal
import sys
import threading

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from doubles.gomodule import ModuleTree, hash1, unescape, zip_bytes
from doubles.recording import RecordingHandler, RecordingServer
from doubles.sumdb import SumDB

MODULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules")


class Handler(RecordingHandler):
    def fault(self):
        faults = self.server.faults
        half = "sumdb" if self.decoded.startswith("/sumdb/") else "upstream"
        return super().fault() or faults.get(half)

    def answer(self):
        status, body, content_type = self.server.answer(self.decoded)
        self.reply(status, body, content_type)


class Upstream(RecordingServer):
    handler = Handler

    def __init__(self, modules, state, tls=None, port=0, name="sum.example.org", padding=(300, 0)):
        super().__init__(state, tls, port)
        self.modules = ModuleTree(modules)
        self.sumdb = SumDB(self.modules, state, self.faults, name, padding)

    @property
    def key(self):
        """The database's verifier key, as GOSUMDB takes it."""
        return self.sumdb.signer.verifier

    @property
    def gosumdb(self):
        """A GOSUMDB that asks this database directly."""
        return f"{self.key} {self.url}/sumdb/{self.sumdb.name}"

    def stop(self):
        super().stop()
        self.sumdb.close()

    def answer(self, path):
        """(status, body, content type) for a decoded path."""
        prefix = f"/sumdb/{self.sumdb.name}/"
        if path.startswith(prefix):
            return self.sumdb.answer(path[len(prefix):], self.served_sums)
        if path.startswith("/sumdb/"):
            return 404, b"not found: no such database\n", "text/plain; charset=utf-8"
        return self._module(path[1:]) or (404, f"not found: {path[1:]}\n".encode(), "text/plain; charset=utf-8")

    def _module(self, path):
        if path.endswith("/@latest"):
            module = unescape(path[:-len("/@latest")])
            version = self.modules.latest(module) if module else None
            return (200, self.modules.info(version), "application/json") if version else None
        module, _, file = path.partition("/@v/")
        module = unescape(module)
        if not module or not self.modules.versions(module):
            return None
        if file == "list":
            return 200, "".join(v + "\n" for v in self.modules.listed(module)).encode(), "text/plain; charset=utf-8"
        return self._file(module, *os.path.splitext(file))

    def _file(self, module, query, kind):
        query = unescape(query)
        version = self.modules.resolve(module, query) if query else None
        if version is None:
            return None
        if kind == ".info":
            return 200, self.modules.info(version), "application/json"
        if version != query:
            return None
        if kind == ".mod":
            return 200, self.served_mod(module, version), "text/plain; charset=utf-8"
        if kind == ".zip":
            return 200, zip_bytes(self.served_files(module, version)), "application/zip"
        return None

    # --- what is served now, faults included -----------------------------------------------------------------------------------

    def served_files(self, module, version):
        files = self.modules.files(module, version)
        if self.faults.matches("zip", f"{module}@{version}"):
            files[f"{module}@{version}/CHANGED"] = b"this file is not in the zip that the checksum database knows\n"
        return files

    def served_mod(self, module, version):
        text = self.modules.mod(module, version)
        if self.faults.matches("mod", f"{module}@{version}"):
            text += b"// changed after the checksum database saw it\n"
        return text

    def served_sums(self, module, version):
        return hash1(self.served_files(module, version)), hash1({"go.mod": self.served_mod(module, version)})


def write_address(file, url):
    """By rename, so that a reader sees the whole address or no file."""
    with open(file + ".new", "w", encoding="utf-8") as out:
        out.write(url + "\n")
    os.replace(file + ".new", file)


def main():
    parser = argparse.ArgumentParser(description="a module proxy and checksum database for tests")
    parser.add_argument("--dir", default=MODULES, help="plain module trees, DIR/<path>@<version>/ (default: those beside this program)")
    parser.add_argument("--state", required=True, help="keys, records, request log and faults")
    parser.add_argument("--address-file", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--name", default="sum.example.org", help="name of the checksum database")
    parser.add_argument("--padding", type=int, default=300, help="records of no module that come before ours")
    parser.add_argument("--padding-after", type=int, default=0, help="and after them")
    args = parser.parse_args()
    if bool(args.tls_cert) != bool(args.tls_key):
        parser.error("--tls-cert and --tls-key belong together")
    tls = (args.tls_cert, args.tls_key) if args.tls_cert else None
    server = Upstream(args.dir, args.state, tls, args.port, args.name, (args.padding, args.padding_after)).start()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    write_address(args.address_file, server.url)
    done.wait()
    server.stop()


if __name__ == "__main__":
    main()
