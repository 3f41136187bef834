"""Two bare repositories for the benchmark, written by `git fast-import` from a seed: one of many files, one of many tags and commits."""
import io
import os
import random
import subprocess

HOST = "git.example.org/bench"
FILES, COMMITS, TAGS = 1700, 20000, 3000
RELEASES = 8                # tags of the one with many files: a cold zip each
BRANCH_EVERY, BRANCH_COMMITS = 50, 3        # of the other: so often a side branch of so many commits is merged
PACKAGES = 120
START_S = 1577836800        # 2020-01-01
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
SYNTAX = ("\tif {0}.{1}({2}) {{\n\t\t{3}++\n\t}}\n", "func ({0} *{1}) {2}({3} int) {{\n", "\t{0}, {1} := {2}[{3}]\n", "// {0} {1} the {2} of {3}.\n",
          "\treturn {0}({1}.{2}, {3})\n", "}}\n\n", "\tfor {0} := {1}.{2} {{\n", "\t\t{{in: \"{0}-{1}\", {2}: {3}}},\n")


def git(directory, *args, input=None):
    done = subprocess.run(["git", *args], cwd=directory, env=ENVIRONMENT, input=input, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(args)} in {directory}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode().strip()


class Importer:
    """What fast-import reads."""

    def __init__(self):
        self.stream = io.BytesIO()
        self.marks = 0

    def data(self, content):
        self.stream.write(b"data %d\n%s\n" % (len(content), content))

    def commit(self, branch, files, parents=()):
        """Some files more or changed; the commit's mark. Commits are a minute apart."""
        self.marks += 1
        self.stream.write(b"commit refs/heads/%s\nmark :%d\ncommitter C <c@example.org> %d +0000\n" %
                          (branch.encode(), self.marks, START_S + 60 * self.marks))
        self.data(b"change %d of %s\n" % (self.marks, branch.encode()))
        for word, parent in zip((b"from", b"merge"), parents):
            self.stream.write(b"%s :%d\n" % (word, parent))
        for path, content in files.items():
            self.stream.write(b"M 100644 inline %s\n" % path.encode())
            self.data(content)
        return self.marks

    def tag(self, name, mark, annotated=False):
        if not annotated:
            self.stream.write(b"reset refs/tags/%s\nfrom :%d\n\n" % (name.encode(), mark))
            return
        self.stream.write(b"tag %s\nfrom :%d\ntagger T <t@example.org> %d +0000\n" % (name.encode(), mark, START_S + 60 * mark))
        self.data(b"%s\n" % name.encode())

    def write(self, directory):
        """The repository, packed as git's own housekeeping leaves it."""
        os.makedirs(directory)
        git(directory, "init", "-q", "--bare", "--object-format=sha1", "-b", "main")
        git(directory, "fast-import", "--quiet", input=self.stream.getvalue())
        git(directory, "gc", "--quiet")


# --- many files ------------------------------------------------------------------------------------------------------------------


def vocabulary(rng):
    parts = [rng.choice("bcdfghklmnprstvw") + rng.choice("aeiou") for _ in range(200)]
    words = ["".join(rng.choices(parts, k=rng.randrange(1, 5))).title() for _ in range(2500)]
    return words + [word.lower() for word in words]


def source(rng, words, size):
    """Lines of a few words that this file has for its own: about as compressible as Go."""
    own = rng.choices(words, k=12 + size // 400)
    picks = iter(rng.choices(own, weights=[1 / rank for rank in range(1, len(own) + 1)], k=4 * (size // 30)))
    lines = [syntax.format(*four) for syntax, four in zip(rng.choices(SYNTAX, k=size // 30), zip(picks, picks, picks, picks))]
    return "".join(lines).encode()[:size]


def many_files(directory):
    """The module at its root, in RELEASES versions v1.0.N that differ in a file."""
    rng = random.Random(1700)
    words = vocabulary(rng)
    files = {"go.mod": f"module {HOST}/files.git\n\ngo 1.19\n".encode(), "LICENSE": source(rng, words, 11000),
             ".gitattributes": b"*.bat text eol=crlf\n*.png binary\nzz_generated_*.go linguist-generated=true\n"}
    kinds = ("{0}.go",) * 10 + ("{0}_test.go",) * 5 + ("testdata/{0}.json", "testdata/{0}.txt", "{0}.md", "zz_generated_{0}.go", "{0}.png", "{0}.bat")
    while len(files) < FILES:
        name = f"pkg{rng.randrange(PACKAGES)}/" + rng.choice(kinds).format(f"file{len(files)}")
        size = min(int(rng.lognormvariate(8.9, 1.1)), 1 << 20)
        files[name] = rng.randbytes(size) if name.endswith(".png") else source(rng, words, size)
    importer = Importer()
    mark = importer.commit("main", files)
    for number in range(RELEASES):
        mark = importer.commit("main", {"version.go": b"package files\n\nconst Release = %d\n" % number}, (mark,))
        importer.tag(f"v1.0.{number}", mark)
    importer.write(directory)
    return sum(map(len, files.values()))


# --- many commits ----------------------------------------------------------------------------------------------------------------


def many_commits(directory):
    """A mostly straight history. Every COMMITS/TAGS-th commit has a version, v1.0.0 on; every tenth of these tags is annotated."""
    importer = Importer()
    tip = importer.commit("main", {"go.mod": f"module {HOST}/commits.git\n\ngo 1.19\n".encode(), "code.go": b"package commits\n"})
    tags = 0
    while importer.marks < COMMITS:
        parents = (tip,)
        if importer.marks % BRANCH_EVERY == 0:
            side = tip
            for _ in range(BRANCH_COMMITS):
                side = importer.commit("side", {f"side{importer.marks % 40}.go": b"package commits\n\n// %d\n" % importer.marks}, (side,))
            parents = (tip, side)
        tip = importer.commit("main", {f"code{importer.marks % 40}.go": b"package commits\n\nconst N = %d\n" % importer.marks}, parents)
        while tags < TAGS and tags * COMMITS < importer.marks * TAGS:
            importer.tag(f"v1.{tags // 50}.{tags % 50}", tip, tags % 10 == 0)
            tags += 1
    importer.write(directory)
