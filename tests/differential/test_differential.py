"""Random repositories, asked through modgate and by the go command in direct mode: both must say the same.

The environment says how many: DIFFERENTIAL_N of them (40) from DIFFERENTIAL_SEED (1) on. A repository depends on its seed alone.
"""
import collections
import concurrent.futures
import os
import shutil
import threading

import pytest

import known
import sides
from gateway import BUILD
from generate import FEATURES, generate, questions
from repository import HOST

N = int(os.environ.get("DIFFERENTIAL_N") or 40)
SEED = int(os.environ.get("DIFFERENTIAL_SEED") or 1)
SEEDS = range(SEED, SEED + N)
WORKERS = 2
HELD_MIN = 3            # repositories that must hold each feature
HELD_FROM = 40          # where there are so many
POLICY = {"private": [HOST], "nosumdb": [HOST], "rules": [{"name": "all", "modules": [HOST], "verdict": "allow"}]}
KEPT = os.path.join(BUILD, "tests", "differential", str(os.getpid()))      # other runs may be under way


class Comparison:
    """Of all repositories, by WORKERS threads; of(seed) waits for one."""

    def __init__(self, stage, go):
        os.makedirs(KEPT)
        self.stage = stage
        self.go = go
        self.gate = stage.gateway({"repositories": [{"prefix": HOST, "repository": KEPT + "/{1}"}]}, POLICY)
        self.token = self.gate.token("alice")
        self.held = collections.Counter()
        self.explained = collections.Counter()
        self.questions = 0
        self._lock = threading.Lock()
        self._pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
        self._found = {seed: self._pool.submit(self._compare, seed) for seed in SEEDS}

    def of(self, seed):
        return self._found[seed].result()

    def end(self):
        self._pool.shutdown(cancel_futures=True)
        if not os.listdir(KEPT):
            os.rmdir(KEPT)

    def _compare(self, seed):
        """What differs without a reason, as lines. A repository of which nothing does is removed."""
        repo = generate(KEPT, seed)
        asked = questions(repo)
        with self._lock:        # the stage numbers its workspaces
            direct = sides.direct(self.stage.workspace(self.go, "direct", GOSUMDB="off", GOVCS="*:all", GOPRIVATE="git.example.org"), KEPT)
            through = self.gate.go(self.go, self.token, GONOSUMDB="git.example.org")
        differences = list(self._differences(repo, sides.ask(direct, asked, repo.paths), sides.ask(through, asked, repo.paths)))
        for workspace in (direct, through):
            shutil.rmtree(workspace.directory, ignore_errors=True)   # go may write its own counts there a little later
        if not differences:
            shutil.rmtree(repo.directory)
        with self._lock:
            self.held.update(repo.held)
            self.questions += len(asked) + len(repo.paths)
        return differences

    def _differences(self, repo, direct, through):
        for question in direct:
            one, other = direct[question], through[question]
            for field in differing(one, other):
                why = known.explain(repo, question, field, one, other)
                with self._lock:
                    self.explained[why] += 1
                if why is None:
                    yield f"{'@'.join(question)}: {field}: direct {told(one, field)}; modgate {told(other, field)}"


def differing(one, other):
    """Where one failed and the other did not, nothing else is worth a line."""
    fields = [name for name in {**one, **other} if name != "Error" and one.get(name) != other.get(name)]
    return ["Failed"] if "Failed" in fields else fields


def told(answer, field):
    return f"{answer.get(field)} {' '.join(answer['Error'].split())[-300:]}".rstrip()


@pytest.fixture(scope="module")
def comparison(differential_stage, newest_go):
    one = Comparison(differential_stage, newest_go)
    yield one
    one.end()


@pytest.mark.parametrize("seed", SEEDS)
def test_modgate_says_what_direct_mode_says(comparison, seed):
    differences = comparison.of(seed)
    assert not differences, f"seed {seed}, kept as {KEPT}/r{seed}.git:\n" + "\n".join(differences)


def test_every_feature_was_there(comparison, capsys):
    for seed in SEEDS:
        comparison.of(seed)
    with capsys.disabled():
        print(f"\n{N} repositories, {comparison.questions} questions; how many repositories held")
        for feature in FEATURES:
            print(f"  {comparison.held[feature.__name__]:4} {feature.__name__}")
        for name, reason, _ in known.KNOWN:
            print(f"  {comparison.explained[name]:4} differences allowed: {name}: {reason}")
    scarce = [feature.__name__ for feature in FEATURES if comparison.held[feature.__name__] < HELD_MIN]
    assert N < HELD_FROM or not scarce
