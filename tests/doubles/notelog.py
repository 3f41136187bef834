"""The data half of a checksum database: records, their Merkle tree (RFC 6962, tiles of height 8) and signed notes."""
import base64
import hashlib
import os
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
ED25519 = b"\x01"


def leaf_hash(record):
    return hashlib.sha256(b"\x00" + record).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree of leaf hashes that knows its roots of every size so far."""

    def __init__(self, leaves=()):
        self.levels = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self):
        return len(self.levels[0])

    def append(self, leaf):
        self.levels[0].append(leaf)
        level = 0
        while len(self.levels[level]) % 2 == 0:
            if level + 1 == len(self.levels):
                self.levels.append([])
            self.levels[level + 1].append(node_hash(*self.levels[level][-2:]))
            level += 1

    def root(self, size):
        """The root of the first `size` leaves: complete subtrees, joined from the right."""
        if size == 0:
            return hashlib.sha256(b"").digest()
        joined = None
        start = size
        for level in range(size.bit_length()):
            if size >> level & 1:
                start -= 1 << level
                peak = self.levels[level][start >> level]
                joined = peak if joined is None else node_hash(peak, joined)
        return joined

    def tile(self, level, number, width):
        """The hashes of a tile, or None if the tree does not reach that far."""
        row = level * TILE_HEIGHT
        hashes = self.levels[row][number * TILE_WIDTH:number * TILE_WIDTH + width] if row < len(self.levels) else []
        return hashes if len(hashes) == width else None


class Signer:
    """An Ed25519 key under a name, kept in a file; made if the file does not exist."""

    def __init__(self, name, key_file):
        self.name = name
        self.key = self._load(key_file)
        public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.hash = hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]
        self.verifier = f"{name}+{self.hash.hex()}+{base64.b64encode(ED25519 + public).decode()}"

    @staticmethod
    def _load(key_file):
        if os.path.exists(key_file):
            with open(key_file, "rb") as file:
                return Ed25519PrivateKey.from_private_bytes(file.read())
        key = Ed25519PrivateKey.generate()
        seed = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(seed)
        return key

    def line(self, text, spoil=False, hash=None):
        """The signature line of a note's text. spoil: a signature that does not verify; hash: another key's."""
        signature = self.key.sign(text.encode())
        if spoil:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        return f"\u2014 {self.name} {base64.b64encode((hash or self.hash) + signature).decode()}\n"


def tree_text(size, root):
    return f"go.sum database tree\n{size}\n{base64.b64encode(root).decode()}\n"


def tile_number(text):
    """The number spelt `x001/x234/067`, or None if it is not spelt canonically."""
    if not re.fullmatch(r"(x\d{3}/)*\d{3}", text):
        return None
    number = int(re.sub(r"[x/]", "", text))
    return number if tile_path(number) == text else None


def tile_path(number):
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups)
