"""Modules at the limits of what may be built, and beyond: memory, sizes, names, numbers. What cannot be zipped is told by its file's name."""
import pytest

from doubles.fastimport import FastImport, Zeros, noise
from gateway import SLOW

HOST = "code.corp.example"
POLICY = {"private": [HOST], "rules": [{"name": "all", "modules": [HOST], "verdict": "allow"}]}
MIB = 1 << 20
LARGE = 32 * MIB            # larger files go another way
BUILD_MIB_MAX = 96          # beside twice the largest file
ZIP_MAX = 500 * MIB
SPECIAL_MAX = 16 * MIB


class Place:
    """A gateway before repositories that a test makes."""

    def __init__(self, stage):
        self.root = stage.directory / "repositories"
        self.root.mkdir()
        self.gate = stage.gateway({"repositories": [{"prefix": HOST, "repository": f"{self.root}/{{1}}"}]}, POLICY)
        self.token = self.gate.token("alice")

    def repository(self, name, **options):
        return FastImport(self.root / name, **options)

    def get(self, name, question):
        return self.gate.request(f"/{HOST}/{name}/@v/{question}", token=self.token, timeout=120)


@pytest.fixture(scope="module")
def place(shared):
    return Place(shared)


# --- memory ------------------------------------------------------------------------------------------------------------------------


def peak_kib(place, name, version):
    """How much more than at rest the daemon took while it built that; and the zip's h1."""
    idle = place.gate.memory_kib()["VmRSS"]
    place.gate.forget_peak()
    answer = place.get(name, f"{version}.zip")
    assert answer.status == 200, answer.body
    return place.gate.memory_kib()["VmHWM"] - idle, answer.headers["X-Go-Checksum"]


def assert_below_in_ordinary_builds(took, kib_max):
    """Sanitizers keep shadows of all memory, and what was freed, so there is nothing to be learnt from a build with one."""
    if not SLOW:
        assert took < kib_max


def test_memory_does_not_grow_with_the_module(place):
    """As much noise in a pack as would be told from a file's own; the largest allowed module is in `make bench`."""
    with place.repository("noise") as repo:
        repo.commit("v1.0.0", {"go.mod": b"module " + HOST.encode() + b"/noise\n", **{f"{i}": noise(LARGE, i) for i in range(3)}})
    took, h1 = peak_kib(place, "noise", "v1.0.0")
    assert h1 == repo.h1(f"{HOST}/noise", "v1.0.0")
    assert_below_in_ordinary_builds(took, (BUILD_MIB_MAX << 10) + 2 * LARGE / 1024)


LARGE_SIZES = {"v1.0.0": LARGE, "v1.0.1": LARGE + 1}


@pytest.fixture(scope="module", params=("whole", "as deltas"))
def large(request, place):
    """Versions of one file that differ by a byte, at the limit and above."""
    name = request.param.replace(" ", "-")
    content = noise(LARGE - 1)
    with place.repository(name) as repo:
        repo.commit("v0.0.1", {"large": content + b"12"})
        for version, size in LARGE_SIZES.items():
            repo.commit(version, {"large": content + b"x" * (size - len(content))})
    if request.param == "as deltas":
        repo.git("-c", "pack.compression=0", "repack", "-adfq", "--window=3")
        kinds = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(deltabase)").splitlines()
        assert sum(line.startswith("blob") and line.split()[1] != "0" * 40 for line in kinds) == 2
    return name, repo


@pytest.mark.parametrize("version", LARGE_SIZES)
def test_a_large_file(place, large, version):
    name, repo = large
    took, h1 = peak_kib(place, name, version)
    assert h1 == repo.h1(f"{HOST}/{name}", version)
    assert_below_in_ordinary_builds(took, (BUILD_MIB_MAX << 10) + 2 * LARGE_SIZES[version] / 1024)


# --- what cannot be zipped ---------------------------------------------------------------------------------------------------------

# Of the zeros git keeps one file.
GO_MOD = {"go.mod": f"module {HOST}/refused\n".encode()}
FULL = {f"part-{number}": Zeros(20 * MIB) for number in range(24)} | {"all-else": Zeros(20 * MIB - len(GO_MOD["go.mod"]))}
X = b"x\n"
HALF = b"module code.corp.example/refused\n//"

REFUSED = [
    ("a colon", {"odd:name.go": X}, "odd:name.go"),
    ("a quote", {"it's.go": X}, "it's.go"),
    ("no letter", {"\U0001f600.go": X}, "\U0001f600.go"),
    ("a decomposed accent", {"e\u0301.go": X}, "e\u0301.go"),
    ("no UTF-8", {b"in\xff.go": X}, "in?.go"),
    ("a final dot", {"dot./a.go": X}, "dot./a.go"),
    ("a device", {"deep/aux.txt": X}, "deep/aux.txt"),
    ("a backslash", {"back\\slash": X}, "back\\slash"),
    ("a control character", {"bell\a.go": X}, "bell?.go"),
    ("another case of go.mod", {"GO.MOD": X}, "GO.MOD"),
    ("two cases", {"Read.me": X, "read.me": X}, "read.me"),
    ("two cases of a directory", {"Sub/a": X, "sub/b": X}, "ub/"),
    ("the Kelvin sign", {"k.go": X, "\u212a.go": X}, "k.go"),
    ("a link of a bad name", ({}, {"li:nk": "a"}), "li:nk"),
    ("go.mod over its limit", {"go.mod": HALF.ljust(SPECIAL_MAX + 1, b"/")}, "go.mod"),
    ("LICENSE over its limit", {"LICENSE": Zeros(SPECIAL_MAX + 1)}, "LICENSE"),
    ("all over the limit", {**FULL, "too-much": X[:1]}, '"too-much" of 1 bytes'),
]
ALLOWED = [
    ("all at the limit", FULL),
    ("a bad name in vendor", {"vendor/x/a:b": X}),
    ("a bad name in another module", {"sub/go.mod": X, "sub/a:b": X}),
    ("LICENSE at its limit", {"LICENSE": Zeros(SPECIAL_MAX)}),
    ("go.mod at its limit", {"go.mod": HALF.ljust(SPECIAL_MAX, b"/")}),
]


@pytest.fixture(scope="module")
def refused(place):
    """One repository, a tag a row."""
    with place.repository("refused", level=1) as repo:
        for number, (_, files, *_) in enumerate(REFUSED + ALLOWED):
            files, links = files if isinstance(files, tuple) else (files, {})
            repo.commit(f"v1.{number}.0", {**GO_MOD, **files}, links)
    return repo


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[row[0] for row in REFUSED])
def test_what_cannot_be_zipped_is_named(place, refused, number):
    answer = place.get("refused", f"v1.{number}.0.zip")
    said = answer.body.decode()
    assert answer.status == 404 and REFUSED[number][2] in said
    # A go.mod of which no module path can be told makes it no version at all.
    assert place.get("refused", f"v1.{number}.0.info").status == (404 if "go.mod is larger" in said else 200)


@pytest.mark.parametrize("number", range(len(ALLOWED)), ids=[row[0] for row in ALLOWED])
def test_what_can_be_zipped(place, refused, number):
    answer = place.get("refused", f"v1.{len(REFUSED) + number}.0.zip")
    assert answer.status == 200, answer.body


# --- numbers -----------------------------------------------------------------------------------------------------------------------

FILES = 200000


def test_very_many_files(stage):
    """Of each the daemon keeps a path and little else. In a daemon of its own: how much of what others took a heap gave back is chance."""
    place = Place(stage)
    with place.repository("many", level=1) as repo:
        repo.commit("v1.0.0", {f"{number // 500}/{number}.go": b"package p\n" for number in range(FILES)})
    took, h1 = peak_kib(place, "many", "v1.0.0")
    assert h1 == repo.h1(f"{HOST}/many", "v1.0.0")
    assert_below_in_ordinary_builds(took, BUILD_MIB_MAX << 10)


MANY = 300000
TAGS = 6


@pytest.fixture(scope="module")
def bomb(place):
    """Three trees that tell of a file more than may be."""
    with place.repository("bomb", level=1) as repo:
        repo.commit("v0.0.1", GO_MOD)
    blob = repo.git("rev-parse", "v0.0.1:go.mod")

    def tree(mode, kind, name, of, count, more=""):
        return repo.feed(more + "".join(f"{mode} {kind} {of}\t{name}{number:050}\n" for number in range(count)), "mktree")
    leaf = tree("100644", "blob", "f", blob, 100)
    wide = tree("040000", "tree", "d", leaf, 100)
    top = tree("040000", "tree", "e", wide, MANY // 10000, f"100644 blob {blob}\tgo.mod\n")
    for number in range(TAGS):
        repo.git("tag", f"v1.{number}.0", repo.git("-c", "user.name=x", "-c", "user.email=x", "commit-tree", "-m", str(number), top))
    return repo


def test_memory_is_given_back(place, bomb):
    """What was refused after its files were listed leaves nothing behind, whichever worker listed them."""
    assert place.get("bomb", "v0.0.1.info").status == 200
    idle = place.gate.memory_kib()["VmRSS"]
    for number in range(TAGS):
        answer = place.get("bomb", f"v1.{number}.0.zip")
        assert answer.status == 404 and f"more than {MANY} files" in answer.body.decode()
    assert_below_in_ordinary_builds(place.gate.memory_kib()["VmRSS"] - idle, 44 << 10)


def test_a_packed_commit_is_not_unpacked_when_it_is_huge(place):
    with place.repository("huge", level=1) as repo:
        repo.commit("v1.0.0", {"go.mod": f"module {HOST}/huge\n".encode()})
    commit = repo.git("cat-file", "commit", "v1.0.0") + "\n\n" + "x" * (80 * MIB)
    repo.git("tag", "v1.1.0", repo.feed(commit, "hash-object", "-t", "commit", "-w", "--stdin"))
    repo.git("repack", "-adq")
    assert place.get("huge", "v1.0.0.info").status == 200
    idle = place.gate.memory_kib()["VmRSS"]
    place.gate.forget_peak()
    for question in ("v1.1.0.info", "v1.1.0.mod", "v1.1.0.zip"):
        answer = place.get("huge", question)
        assert answer.status == 404 and repo.git("rev-parse", "v1.1.0") in answer.body.decode(), answer.body
    assert_below_in_ordinary_builds(place.gate.memory_kib()["VmHWM"] - idle, 32 << 10)
