"""Private modules: what modgate builds from a repository of many files and one of many commits, beside git and the go command in the same run.

Measured for modgate is one https request on an open connection, until the last byte, with all that it does for a developer: token, policy,
audit row, pin, stored file. Cold is the first question to a daemon that has just started, with nothing stored; the repository's files
are in the page cache. Nobody is pinned to a core: git archive uses one, modgate and the go command what they like. git archive writes
the zip to a file; the go command starts with an empty module cache and finds the same repository by `insteadOf`.
A missed mark is told and is no error; an answer that is not the go command's is: exit status 1.
"""
import base64
import collections
import hashlib
import io
import itertools
import os
import re
import statistics
import subprocess
import time
import zipfile

import histories
from doubles import certs
from doubles.githttp import GitHttp
from gateway import Gateway
from golang import Workspace, find_go_commands
from histories import HOST

FILES, COMMITS = f"{HOST}/files.git", f"{HOST}/commits.git"
REMOTE = "remote.example.org/bench"
POLICY = {"private": [HOST, REMOTE], "rules": [{"name": "all", "modules": [HOST, REMOTE], "verdict": "allow"}]}
NOBODY = "https://127.0.0.1:9"      # no public module is asked for
DEEP = (1, 19900)                   # commits that have no tag; the first has so few ancestors, the other so many

Plan = collections.namedtuple("Plan", "repetitions direct_repetitions")
FULL, QUICK = Plan(5, 3), Plan(2, 1)


def timed(call, *args):
    """(milliseconds, what it gave)."""
    start = time.perf_counter()
    given = call(*args)
    return (time.perf_counter() - start) * 1000, given


def expect(what, found, wanted):
    if found != wanted:
        raise RuntimeError(f"{what}: modgate says {found}, the go command {wanted}")


def zip_h1(data):
    """The h1 of a zip's bytes, reckoned here."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        lines = "".join(f"{hashlib.sha256(archive.read(name)).hexdigest()}  {name}\n" for name in sorted(archive.namelist(), key=str.encode))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


# --- who is measured -------------------------------------------------------------------------------------------------------------


class Fresh:
    """While the block runs: a modgate that knows nothing yet, and an open connection to it."""

    numbers = itertools.count()

    def __init__(self, state, repositories, **settings):
        self.gateway = Gateway(os.path.join(state, f"private-{next(self.numbers)}"), NOBODY)
        self.gateway.configure({"repositories": repositories, "log": {"level": "warning"}, **settings})
        self.gateway.policy(POLICY)
        self.token = self.gateway.token("bench")

    def __enter__(self):
        self.gateway.start()
        self.connect()
        return self

    def connect(self):
        self.connection = self.gateway.connection()
        self.gateway.request("/livez", connection=self.connection)

    def restart(self):
        self.connection.close()
        self.gateway.restart()
        self.connect()

    def ask(self, module, question):
        """(milliseconds, the answer), which must be a 200."""
        path = f"/{module}/@v/{question}"
        ms, answer = timed(lambda: self.gateway.request(path, token=self.token, connection=self.connection))
        if answer.status != 200:
            raise RuntimeError(f"modgate answered {answer.status} to {path}: {answer.body.decode(errors='replace')}")
        return ms, answer

    def __exit__(self, *_):
        self.connection.close()
        self.gateway.stop()


class Direct:
    """The go command in direct mode."""

    def __init__(self, state, repositories):
        self.workspace = Workspace(find_go_commands()[0], os.path.join(state, "direct"), "direct", GOSUMDB="off", GOVCS="*:all", GOPRIVATE="git.example.org")
        with open(os.path.join(self.workspace.home, ".gitconfig"), "w", encoding="utf-8") as file:
            file.write(f'[url "file://{repositories}/"]\n\tinsteadOf = https://{HOST}/\n[safe]\n\tdirectory = *\n')
        self.workspace.env.update(GIT_CONFIG_NOSYSTEM="1", GIT_ALLOW_PROTOCOL="file:https", GOFLAGS="-modcacherw -mod=mod")
        self.name = f"go {self.workspace.go.name}"

    def ask(self, *args):
        """(milliseconds, its words) of a go command with empty caches."""
        self.workspace.forget()
        return timed(self.workspace.run, *args)


# --- the table -------------------------------------------------------------------------------------------------------------------

HEAD = f"{'private, https, ms':44}{'modgate':<24}{'beside it':<18}{'':<22}{'ratio':<26}mark"


def spread(values):
    middle = statistics.median(values)
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 3 if middle < 1 else 2
    return f"{middle:.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def judged(met):
    return "met" if met else "MISSED"


def print_times(title, ours, mark_ms=None, tool="", theirs=()):
    """Marked in milliseconds; what stands beside it is for comparison."""
    mark = "" if mark_ms is None else f"below {mark_ms} ms: {judged(statistics.median(ours) < mark_ms)}"
    print(f"{title:44}{spread(ours):<24}{tool:<18}{spread(theirs) if theirs else '':<22}{'':26}{mark}", flush=True)


def print_ratio(title, ours, tool, theirs, mark):
    """Ratios of pairs that ran one after the other."""
    ratios = [one / other for one, other in zip(ours, theirs)]
    print(f"{title:44}{spread(ours):<24}{tool:<18}{spread(theirs):<22}{spread(ratios):<26}at most {mark}: "
          f"{judged(statistics.median(ratios) <= mark)}", flush=True)


# --- what is measured ------------------------------------------------------------------------------------------------------------


class PrivateBench:
    def __init__(self, state, plan):
        self.state, self.plan = state, plan
        self.repositories = os.path.join(state, "repositories")
        self.files, self.commits = (os.path.join(self.repositories, name) for name in ("files.git", "commits.git"))
        self.rules = [{"prefix": HOST, "repository": self.repositories + "/{1}"}]

    def make(self):
        size = histories.many_files(self.files)
        histories.many_commits(self.commits)
        self.direct = Direct(self.state, self.repositories)
        git = subprocess.run(["git", "version"], capture_output=True, text=True).stdout.strip()
        print(f"{git}, {self.direct.name}; {histories.FILES} files of {size / 1048576:.0f} MiB; {histories.COMMITS} commits, {histories.TAGS} tags; "
              f"{self.plan.repetitions} repetitions, {self.plan.direct_repetitions} where the go command is waited for")

    def fresh(self, rules=None, **settings):
        return Fresh(self.state, rules or self.rules, **settings)

    def archive(self, tag):
        out = os.path.join(self.state, "archive.zip")
        histories.git(self.files, "archive", "--format=zip", f"--prefix={FILES}@{tag}/", "-o", out, tag)

    def zips(self):
        ours, archive, direct = [], [], []
        with self.fresh() as fresh:
            for number in range(self.plan.repetitions):
                tag = f"v1.0.{number}"
                fresh.restart()
                ms, answer = fresh.ask(FILES, f"{tag}.zip")
                ours.append(ms)
                archive.append(timed(self.archive, tag)[0])
                if number < self.plan.direct_repetitions:
                    ms, said = self.direct.ask("mod", "download", "-json", f"{FILES}@{tag}")
                    direct.append(ms)
                    wanted = re.search(r'"Sum": "(.*)"', said)[1]
                    expect(f"the h1 of {tag}", answer.headers["X-Go-Checksum"], wanted)
                    expect(f"the zip of {tag}", zip_h1(answer.body), wanted)
        print_ratio("cold .zip, many files", ours, "git archive", archive, 0.6)
        print_ratio("", ours, "go mod download", direct, 0.1)

    def infos(self):
        ours = []
        for number in range(self.plan.repetitions):
            with self.fresh() as fresh:
                ms, answer = fresh.ask(FILES, f"v1.0.{number}.info")
                ours.append(ms)
        print_times("cold .info of a tag, many files", ours, 5)
        ours.clear()
        for number in range(self.plan.repetitions):
            with self.fresh() as fresh:
                ours.append(fresh.ask(COMMITS, f"v1.{number}.0.info")[0])
        print_times("cold .info of a tag, many commits and tags", ours, 5)

    def lists(self):
        cold, warm = [], []
        direct_ms, said = self.direct.ask("list", "-m", "-versions", COMMITS)
        for _ in range(self.plan.repetitions):
            with self.fresh() as fresh:
                ms, answer = fresh.ask(COMMITS, "list")
                cold.append(ms)
                expect("the list of versions", answer.body.decode().split(), said.split()[1:])
                warm.append(statistics.median(fresh.ask(COMMITS, "list")[0] for _ in range(20)))
        expect("the number of versions", answer.body.count(b"\n"), histories.TAGS)
        print_times(f"cold list of {histories.TAGS} versions", cold, 20, "go list -versions", [direct_ms])
        print_times("the same, warm", warm, 1)

    def untagged(self):
        """Commits of the main branch without a tag, oldest first."""
        tagged = set(histories.git(self.commits, "for-each-ref", "--format=%(objectname) %(*objectname)", "refs/tags").split())
        names = histories.git(self.commits, "rev-list", "--first-parent", "--reverse", "main").split()
        return [name for name in names if name not in tagged]

    def wanted(self, commits):
        """The go command's words for the first of these commits: (milliseconds, pseudo-version)."""
        ms, said = self.direct.ask("list", "-m", "-json", f"{COMMITS}@{commits[0]}")
        return ms, re.search(r'"Version": "(.*)"', said)[1]

    def pseudo_versions(self):
        count, names = self.plan.repetitions, self.untagged()
        new, old = names[-count:], names[:count]
        ancestors = histories.git(self.commits, "rev-list", "--count", new[0])
        direct_ms, newest = self.wanted(new)
        _, oldest = self.wanted(old)
        cold = []
        for _ in range(count):
            with self.fresh() as fresh:
                ms, answer = fresh.ask(COMMITS, f"{new[0][:12]}.info")
                cold.append(ms)
                expect("the pseudo-version of a new commit", version_of(answer), newest)
        with self.fresh() as fresh:
            expect("the pseudo-version of an old commit", version_of(fresh.ask(COMMITS, f"{old[0]}.info")[1]), oldest)
            by_hash = [fresh.ask(COMMITS, f"{name[:12]}.info") for name in new]
            versions = [version_of(answer) for _, answer in by_hash]
            by_version = [fresh.ask(COMMITS, f"{version}.info")[0] for version in versions]
            of_old = [fresh.ask(COMMITS, f"{name[:12]}.info")[0] for name in old]
        expect("the pseudo-version of a new commit", versions[0], newest)
        print_times(f".info of a commit with {ancestors} ancestors", [ms for ms, _ in by_hash], 50, "go list -m", [direct_ms])
        print_times("the same by its pseudo-version", by_version, 50)
        print_times(f".info of a commit that {ancestors} descend from", of_old, 50)
        print_times("the first, straight after a start", cold)
        self.remote(new, newest)

    def remote(self, commits, newest):
        """From a mirror that asks its remote each time and finds nothing new."""
        ca = certs.CA(os.path.join(self.state, "ca"))
        host = GitHttp(self.repositories, os.path.join(self.state, "githttp"), ca.server()).start()
        try:
            rule = {"prefix": REMOTE, "repository": host.url + "/{1}", "ca": ca.pem, "refresh_s": 0}
            with self.fresh([rule]) as fresh:
                fresh.ask(f"{REMOTE}/commits.git", "list")
                times = [fresh.ask(f"{REMOTE}/commits.git", f"{name[:12]}.info") for name in commits]
            expect("the pseudo-version from a mirror", version_of(times[0][1]), newest)
        finally:
            host.stop()
        print_times("the first, remote asked, nothing to fetch", [ms for ms, _ in times])

    def run(self):
        self.make()
        print(HEAD, flush=True)
        self.zips()
        self.infos()
        self.lists()
        self.pseudo_versions()


def version_of(answer):
    return re.search(rb'"Version":"(.*?)"', answer.body)[1].decode()


def measure(state, quick):
    start = time.monotonic()
    PrivateBench(state, QUICK if quick else FULL).run()
    print(f"took {time.monotonic() - start:.0f} s", flush=True)
