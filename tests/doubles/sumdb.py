"""A checksum database over a directory of modules: one record a version, made at first lookup and kept in STATE; signed by its own key.

Faults (see faults.py), besides those about requests:
  signature  bad: does not verify; other: another key signs under our key's hash; unknown: only a key that nobody knows signs
  fork N     everything is consistent, but record N (not the last one asked for) is another one than before
  rollback N tree heads are of size N
  tile       patterns of tile paths (tile/8/0/*) that are served with one bit flipped
  lookup     lines `PATTERN ACTION` over path@version:
             empty    a 200 without a body
             foreign  the true record of another module
             tail     the true record of another module, and the sums asked for as extra lines of the signed tree head
             altered  the sums of what is served now (see `zip` in upstream.py), under the true number and tree
             forged   the same, with a leaf tile to match and nothing above it
"""
import json
import os
import re
import threading

from doubles.gomodule import SEMVER, escape, unescape
from doubles.notelog import TILE_HEIGHT, TILE_WIDTH, Signer, Tree, leaf_hash, tile_number, tree_text

LOOKUP = re.compile(r"lookup/([^@]+)@([^@/]+)")
TILE = re.compile(r"tile/(\d+)/(\d+|data)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d*))?")
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
NOBODY = "h1:" + "A" * 43 + "="


def record_text(path, version, sums):
    return f"{path} {version} {sums[0]}\n{path} {version}/go.mod {sums[1]}\n"


class SumDB:
    """padding: (before, after): as many records of modules that do not exist surround ours, for complete tiles and several levels."""

    def __init__(self, modules, state, faults, name="sum.example.org", padding=(300, 0)):
        self.modules = modules
        self.faults = faults
        self.name = name
        self.state = state
        self.signer = Signer(name, os.path.join(state, "sumdb.private"))
        with open(os.path.join(state, "sumdb.key"), "w", encoding="utf-8") as file:
            file.write(self.signer.verifier + "\n")
        self._lock = threading.RLock()
        self._records = []
        self._ids = {}
        self.tree = Tree()
        self._restore(*padding)

    # --- the log --------------------------------------------------------------------------------------------------------------

    def _restore(self, before, after):
        """Reads the records of an earlier run, or begins with every module there is, padded on both sides."""
        self._journal = open(os.path.join(self.state, "sumdb.records"), "a+", encoding="utf-8")
        self._journal.seek(0)
        for line in self._journal:
            self._append(*json.loads(line), keep=False)
        if not self._records:
            self._pad(0, before)
            for path, version in self.modules.all():
                self.record(path, version)
            self._pad(before, before + after)

    def _pad(self, first, end):
        for number in range(first, end):
            path = f"filler.example/module{number}"
            self._append(path, "v1.0.0", record_text(path, "v1.0.0", (NOBODY, NOBODY)))

    def _append(self, path, version, text, keep=True):
        if keep:
            self._journal.write(json.dumps([path, version, text]) + "\n")
            self._journal.flush()
        self._ids[path, version] = len(self._records)
        self._records.append(text)
        self.tree.append(leaf_hash(text.encode()))

    def record(self, path, version):
        """The number of the record of a version, made if it is the first question; None if there is no such version."""
        with self._lock:
            if (path, version) not in self._ids:
                if version not in self.modules.versions(path):
                    return None
                self._append(path, version, record_text(path, version, self.modules.sums(path, version)))
            return self._ids[path, version]

    def close(self):
        self._journal.close()

    # --- answers: (status, body, content type) --------------------------------------------------------------------------------

    def answer(self, rest, served_sums):
        """rest is what follows /sumdb/NAME/. served_sums(path, version) tells the sums of what the proxy half serves now."""
        if rest == "supported":
            return 200, b"", TEXT
        if rest == "latest":
            return 200, self._head().encode(), TEXT
        if match := LOOKUP.fullmatch(rest):
            return self._lookup(unescape(match[1]), unescape(match[2]), served_sums)
        if match := TILE.fullmatch(rest):
            return self._tile(rest, match, served_sums)
        return 400, b"bad request\n", TEXT

    def _head(self, extra=""):
        """The signed tree head."""
        with self._lock:
            tree = self._tree()
            size = min(int(self.faults.get("rollback") or tree.size), tree.size)
            text = tree_text(size, tree.root(size)) + extra
        return text + "\n" + self._signature(text)

    def _signature(self, text):
        fault = self.faults.get("signature")
        stranger = os.path.join(self.state, "stranger.private")
        if fault == "unknown":
            return Signer(self.name + ".stranger", stranger).line(text)
        if fault == "other":
            return Signer(self.name, stranger).line(text, hash=self.signer.hash)
        return self.signer.line(text, spoil=fault == "bad")

    def _tree(self):
        """The tree, or its fork while that fault is on."""
        fork = self.faults.get("fork")
        if fork is None:
            return self.tree
        return Tree(leaf_hash(text.encode()) for text in self._forked(int(fork)))

    def _forked(self, number):
        records = list(self._records)
        records[number] = records[number].replace("h1:", "h1:fork", 1)
        return records

    def _lookup(self, path, version, served_sums):
        if not path or not version or not SEMVER.match(version):
            return 400, b"invalid module@version syntax\n", TEXT
        number = self.record(path, version)
        if number is None:
            return 404, f"not found: {path}@{version}: no such version\n".encode(), TEXT
        action = self.faults.action("lookup", f"{path}@{version}")
        if action == "empty":
            return 200, b"", TEXT
        text, extra = self._records[number], ""
        if action in ("foreign", "tail"):
            number = 0 if number else 1
            text = self._records[number]
        if action in ("altered", "forged", "tail"):
            forged = record_text(path, version, served_sums(path, version))
            text, extra = (text, forged) if action == "tail" else (forged, "")
        return 200, f"{number}\n{text}\n{self._head(extra)}".encode(), TEXT

    def _tile(self, rest, match, served_sums):
        height, level, number, width = match[1], match[2], tile_number(match[3]), int(match[4] or TILE_WIDTH)
        if int(height) != TILE_HEIGHT or number is None or width > TILE_WIDTH or match[4] == str(TILE_WIDTH):
            return 400, b"bad tile\n", TEXT
        if level == "data":
            return self._data_tile(number, width)
        with self._lock:
            hashes = self._tree().tile(int(level), number, width)
        if hashes is None:
            return 404, b"no such tile\n", TEXT
        if level == "0":
            hashes = self._forge(hashes, number * TILE_WIDTH, served_sums)
        body = bytearray(b"".join(hashes))
        if self.faults.matches("tile", rest):
            body[0] ^= 1
        return 200, bytes(body), BYTES

    def _data_tile(self, number, width):
        records = self._records[number * TILE_WIDTH:number * TILE_WIDTH + width]
        if len(records) < width:
            return 404, b"no such tile\n", TEXT
        return 200, "".join(text + "\n" for text in records).encode(), TEXT

    def _forge(self, hashes, start, served_sums):
        """Replaces the leaves of records that a `forged` lookup gives out, padding excepted."""
        hashes = list(hashes)
        for path, version in self.modules.all() if self.faults.get("lookup") else ():
            number = self._ids.get((path, version), -1)
            inside = start <= number < start + len(hashes)
            if inside and self.faults.action("lookup", f"{path}@{version}") == "forged":
                forged = record_text(path, version, served_sums(path, version))
                hashes[number - start] = leaf_hash(forged.encode())
        return hashes

    def lookup_path(self, path, version):
        return f"/sumdb/{self.name}/lookup/{escape(path)}@{escape(version)}"
