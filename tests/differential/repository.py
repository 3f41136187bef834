"""A bare git repository written by one `git fast-import`: any tree, any date, any reference, nothing of this machine's configuration."""
import collections
import datetime
import io
import os
import subprocess

START_S = 1577836800        # 2020-01-01
HOST = "git.example.org/team"
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"

Commit = collections.namedtuple("Commit", "mark time_s tree")


def as_bytes(text):
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def quoted(path):
    return b'"' + b"".join(b"\\%03o" % byte for byte in as_bytes(path)) + b'"'


class Repository:
    """The features and the questions of a generated repository are kept with it: held, paths and asked."""

    def __init__(self, directory, seed, rng, branch):
        self.directory = os.path.join(str(directory), f"r{seed}.git")
        self.root = f"{HOST}/r{seed}.git"
        self.seed = seed
        self.rng = rng
        self.tree = {}              # path: (mode, content)
        self.head = branch
        self.branch = branch
        self.tips = {}              # branch: Commit
        self.commits = []
        self.tags = {}              # name: Commit
        self.held = set()           # names of features
        self.paths = [self.root]    # modules to ask for
        self.asked = []             # further (path, query)
        self.loose = set()          # commits that carry tags which are versions, but not canonical ones
        self._numbers = {}
        self._after = []
        self._time_s = START_S + rng.randrange(10**6)
        self._stream = io.BytesIO()

    # --- the work tree --------------------------------------------------------------------------------------------------------

    def write(self, path, content="", mode=FILE):
        self.tree[path] = (mode, as_bytes(content))

    def remove(self, path):
        """A file, or all of a directory."""
        for name in [name for name in self.tree if name == path or name.startswith(f"{path}/")]:
            del self.tree[name]

    def path(self, *parts):
        """A module of this repository, which will be asked for."""
        path = "/".join((self.root, *parts))
        if path not in self.paths:
            self.paths.append(path)
        return path

    # --- history --------------------------------------------------------------------------------------------------------------

    def tip(self):
        return self.tips[self.branch]

    def checkout(self, branch, commit=None):
        """A branch of this name there, or the one there is."""
        if commit or branch not in self.tips:
            self.tips[branch] = commit or self.tip()
            self._put(f"reset refs/heads/{branch}\nfrom :{self.tips[branch].mark}\n\n")
        self.branch = branch
        self.tree = dict(self.tips[branch].tree)

    def commit(self, ref=None, merge=None):
        """The work tree, on the branch; with ref, on that reference alone."""
        self._time_s += self.rng.randrange(1, 10**6)
        commit = Commit(len(self.commits) + 1, self._time_s, dict(self.tree))
        zone = self.rng.choice(("+0000", "+0530", "-0800"))
        self._put(f"commit {ref or 'refs/heads/' + self.branch}\nmark :{commit.mark}\nauthor A <a@example.org> {START_S - 86400} +0000\n"
                  f"committer C <c@example.org> {commit.time_s} {zone}\n")
        self._data(f"commit {commit.mark}\n")
        if self.branch in self.tips:
            self._put(f"from :{self.tip().mark}\n")
        if merge:
            self._put(f"merge :{merge.mark}\n")
        self._put("deleteall\n")
        for path, (mode, content) in self.tree.items():
            self._entry(path, mode, content)
        self._put("\n")
        self.commits.append(commit)
        if ref is None:
            self.tips[self.branch] = commit
        return commit

    def _entry(self, path, mode, content):
        if mode == SUBMODULE:
            self._stream.write(b"M %s %s %s\n" % (mode.encode(), content, quoted(path)))
            return
        self._stream.write(b"M %s inline %s\n" % (mode.encode(), quoted(path)))
        self._data(content)

    def tag(self, name, commit=None, message=None):
        """A light tag, or with a message an annotated one. A tag there is stays."""
        if name in self.tags:
            return
        commit = self.tags[name] = commit or self.tip()
        if message is None:
            self._put(f"reset refs/tags/{name}\nfrom :{commit.mark}\n\n")
            return
        self._put(f"tag {name}\nfrom :{commit.mark}\ntagger T <t@example.org> {self._time_s + 60} +0000\n")
        self._data(message)

    def release(self, prefix="", major=None, suffix="", message=None, commit=None):
        """The next version of the modules of that tag prefix, as a tag; the version."""
        major = major if major is not None else self._numbers.setdefault((prefix, "major"), self.rng.choice((0, 0, 1)))
        minor, patch = self._numbers.get((prefix, major), (self.rng.randrange(3), -1))
        minor, patch = (minor, patch + 1) if self.rng.random() < 0.6 else (minor + 1, 0)
        self._numbers[prefix, major] = minor, patch
        version = f"v{major}.{minor}.{patch}{suffix}"
        self.tag(prefix + version, commit, message)
        return version

    def later(self, *args):
        """git ARGS once all is written; ARGS may be functions of the repository."""
        self._after.append(args)

    # --- git ------------------------------------------------------------------------------------------------------------------

    def _put(self, text):
        self._stream.write(text.encode())

    def _data(self, content):
        content = as_bytes(content)
        self._stream.write(b"data %d\n" % len(content) + content + b"\n")

    def git(self, *args, input=None):
        done = subprocess.run(["git", *args], cwd=self.directory, env=ENVIRONMENT, input=input, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(args)} in {self.directory}: {done.stderr.decode('utf-8', 'replace')}")
        return done.stdout.decode("utf-8", "replace").strip()

    def make(self):
        """Write it to disk; from now on hash() answers."""
        os.makedirs(self.directory)
        self.git("init", "-q", "--bare", "--object-format=sha1", "-b", self.head)
        self.git("fast-import", "--quiet", "--export-marks=marks", input=self._stream.getvalue())
        with open(os.path.join(self.directory, "marks"), encoding="ascii") as file:
            self._hashes = {int(mark[1:]): name for mark, name in map(str.split, file)}
        for args in self._after:
            self.git(*[arg(self) if callable(arg) else arg for arg in args])

    def hash(self, commit):
        return self._hashes[commit.mark]

    def stamp(self, commit):
        """Its time and hash as pseudo-versions have them."""
        time = datetime.datetime.fromtimestamp(commit.time_s, datetime.timezone.utc)
        return f"{time:%Y%m%d%H%M%S}-{self.hash(commit)[:12]}"
