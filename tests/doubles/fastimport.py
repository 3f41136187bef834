"""Bare repositories written by `git fast-import`: files of any size, any number and any name, without a work tree that had to hold them."""
import base64
import hashlib
import os
import random
import subprocess

COMMITTER = b"Builder <builder@example.org> 1709283600 +0000"
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
FILE, LINK = b"100644", b"120000"
PIECE = 1 << 20


def noise(size, seed=0):
    """Bytes that no compression makes smaller, the same for the same seed."""
    return random.Random(seed).randbytes(size)


class Zeros(int):
    """The content of a file of so many bytes."""

    def pieces(self):
        zeros = bytes(PIECE)
        for start in range(0, self, PIECE):
            yield zeros[:self - start]


class FastImport:
    """While the block runs, commits go into the repository; when it ends, they are in one pack, compressed at that level."""

    def __init__(self, directory, level=0):
        self.directory, self.level = str(directory), level
        self.sums = {}      # of the files of each tag: {tag: {path: sha256}}
        self.blobs = {}     # content that a later file has as well: {size of Zeros: (mark, sha256)}

    def __enter__(self):
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.directory], env=ENVIRONMENT, check=True)
        options = [word for name in (f"core.compression={self.level}", "fastimport.unpackLimit=1") for word in ("-c", name)]
        self.process = subprocess.Popen(["git", *options, "fast-import", "--quiet", "--depth=0"], cwd=self.directory, env=ENVIRONMENT, stdin=subprocess.PIPE)
        return self

    def commit(self, tag, files, links=None):
        """A commit of these files alone ({path: bytes, Zeros, or what makes bytes when called}; a path may be bytes) and symlinks ({path: target}), and its tag."""
        write = self.process.stdin.write
        for size in {content for content in files.values() if isinstance(content, Zeros)} - self.blobs.keys():
            mark = b":%d" % (len(self.blobs) + 1)
            write(b"blob\nmark %s\n" % mark)
            self.blobs[size] = mark, self._data(size, size.pieces())
        write(b"commit refs/heads/main\ncommitter %s\ndata 0\ndeleteall\n" % COMMITTER)
        self.sums[tag] = {path: self._file(path, content) for path, content in files.items()}
        for path, target in (links or {}).items():
            write(b"M %s inline %s\n" % (LINK, quoted(path)))
            self._data(len(target), (target.encode(),))
        write(b"\nreset refs/tags/%s\nfrom refs/heads/main\n\n" % tag.encode())

    def _file(self, path, content):
        if isinstance(content, Zeros):
            mark, digest = self.blobs[content]
            self.process.stdin.write(b"M %s %s %s\n" % (FILE, mark, quoted(path)))
            return digest
        content = content() if callable(content) else content
        self.process.stdin.write(b"M %s inline %s\n" % (FILE, quoted(path)))
        return self._data(len(content), (content,))

    def _data(self, size, parts):
        digest = hashlib.sha256()
        self.process.stdin.write(b"data %d\n" % size)
        for part in parts:
            self.process.stdin.write(part)
            digest.update(part)
        self.process.stdin.write(b"\n")
        return digest.hexdigest()

    def __exit__(self, *_):
        self.process.stdin.close()
        if self.process.wait():
            raise RuntimeError(f"git fast-import into {self.directory}: exit {self.process.returncode}")

    def git(self, *args):
        return self.feed(None, *args)

    def feed(self, text, *args):
        """What git says when it is given that."""
        return subprocess.run(["git", *args], cwd=self.directory, env=ENVIRONMENT, check=True, capture_output=True, text=True, input=text).stdout.strip()

    def h1(self, module, tag):
        """The module's h1 at that tag, when each file belongs to it; reckoned here."""
        lines = sorted((f"{module}@{tag}/{path}".encode(), digest) for path, digest in self.sums[tag].items())
        summary = b"".join(b"%s  %s\n" % (digest.encode(), name) for name, digest in lines)
        return "h1:" + base64.b64encode(hashlib.sha256(summary).digest()).decode()


def quoted(path):
    """As fast-import takes any bytes."""
    raw = path if isinstance(path, bytes) else path.encode()
    return b'"' + b"".join(b"\\%03o" % byte if byte < 32 or byte > 126 or byte in b'"\\' else b"%c" % byte for byte in raw) + b'"'
