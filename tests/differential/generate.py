"""A repository made of a seed: some features in some order, and the questions that both sides are asked about it."""
import random

import chances
import features
from repository import Repository

FEATURES = [
    features.annotated_tags, features.branches, features.merges, features.unreachable_tags, features.two_tags_on_one_commit, features.prereleases,
    features.pseudo_bases, features.loose_tags, features.version_branches, features.pull_requests, features.tags_of_trees, features.nested_modules,
    features.nested_majors, features.major_in_directory, features.major_at_root, features.incompatible, features.missing_gomod, features.foreign_gomod,
    features.retractions, features.deprecated, features.too_new, features.license_in_root_only, features.attributes_eol, features.attributes_nested,
    features.attributes_ident, features.attributes_export_ignore, features.attributes_export_subst, features.attributes_encoding, features.odd_names,
    features.refused_names, features.colliding_names, features.crlf, features.symlinks, features.submodule_entries, features.vendored,
    features.modules_inside, features.kinds_of_files, chances.random_patterns, chances.random_contents, chances.random_gomod, chances.random_names,
]
TURNS = 13      # of so many seeds in a row each feature is in at least one, and by chance in more
CHANCE = 0.12
VERSIONS_A_MODULE = 5
COMMITS_ASKED = 2


def generate(directory, seed):
    """Written to DIRECTORY/rSEED.git; the same for the same seed."""
    rng = random.Random(seed)
    repo = Repository(directory, seed, rng, rng.choice(("main", "master", "trunk")))
    if rng.random() < 0.9:
        repo.write("go.mod", features.gomod(repo.root))
    repo.write("LICENSE", "all may read this\n")
    features.step(repo)
    for feature in chosen(rng, seed):
        feature(repo)
        repo.held.add(feature.__name__)
    features.step(repo, 0.3)
    repo.make()
    return repo


def chosen(rng, seed):
    turn = seed % TURNS
    some = [feature for number, feature in enumerate(FEATURES) if number % TURNS == turn or rng.random() < CHANCE]
    rng.shuffle(some)
    return some


# --- questions -----------------------------------------------------------------------------------------------------------------------


def questions(repo):
    """(path, query) in the order they are asked, each once."""
    rng = random.Random(repo.seed + 1)
    asked = [(path, query(repo) if callable(query) else query) for path, query in repo.asked]
    for path in repo.paths:
        asked += [(path, query) for query in of_module(repo, path, rng)]
    asked += [(repo.root, query) for query in of_history(repo, rng)]
    return list(dict.fromkeys(asked))


def split(repo, path):
    """(tag prefix, major or "")"""
    inside = path.removeprefix(repo.root).strip("/")
    head, _, last = inside.rpartition("/")
    if last[:1] == "v" and last[1:].isdigit():
        return (f"{head}/" if head else ""), last
    return (f"{inside}/" if inside else ""), ""


def of_module(repo, path, rng):
    prefix, major = split(repo, path)
    versions = [tag.removeprefix(prefix) for tag in repo.tags if tag.startswith(prefix + "v") and "/" not in tag.removeprefix(prefix)]
    fitting = [version for version in versions if version.startswith(f"{major}." if major else ("v0.", "v1."))]
    rest = [version for version in versions if version not in fitting]
    asked = rng.sample(fitting, min(len(fitting), VERSIONS_A_MODULE)) + rng.sample(rest, min(len(rest), 1))
    commit = rng.choice(repo.commits)
    return ["latest", *asked, repo.head, f"{major or 'v1'}.99.0", repo.hash(commit), f"{major or 'v0'}.0.0-{repo.stamp(commit)}"]


def of_history(repo, rng):
    """Branches, hashes and pseudo-versions of the module at the root, good ones and bad ones."""
    asked = ["HEAD", *[branch for branch in repo.tips if "/" not in branch], "no-such-branch", "f" * 40, "f" * 12]
    for commit in rng.sample(repo.commits, min(len(repo.commits), COMMITS_ASKED)):
        whole = repo.hash(commit)
        asked += [whole, whole[:12], whole[:7], *pseudo_versions(repo, commit, rng)]
    return asked


def pseudo_versions(repo, commit, rng):
    stamp = repo.stamp(commit)
    time, short = stamp.split("-")
    bases = [base(tag) for tag in repo.tags if tag.startswith(("v0.", "v1.")) and tag.count(".") >= 2 and "+" not in tag]
    asked = [f"{one}.{stamp}" for one in rng.sample(bases, min(len(bases), 2))]
    asked.append(rng.choice((f"v0.55.1-0.{stamp}", f"v1.0.0-{stamp}", f"v0.0.0-{int(time) - 1}-{short}", f"v0.0.0-{stamp[:-1]}", f"v3.0.0-{stamp}",
                             f"v0.0.0-{time}-{repo.hash(commit)[:13]}", f"v0.0.0-{time}-{repo.head}", f"v0.1.0-0.{stamp}", f"v2.0.0-{stamp}+incompatible")))
    return asked


def base(tag):
    """What stands before the time in the pseudo-versions that follow that tag."""
    if "-" in tag:
        return f"{tag}.0"
    minor, _, patch = tag.rpartition(".")
    return f"{minor}.{int(patch) + 1}-0"
