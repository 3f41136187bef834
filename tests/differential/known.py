"""The places where direct mode is inconsistent or where modgate answers otherwise on purpose: the one list of allowed differences."""
import re

HASH = re.compile(r"[0-9a-f]{7,40}")
RANGE = re.compile(r"latest|v\d+(\.\d+)?")
PSEUDO = re.compile(r"v.*[-.]\d{14}-[0-9a-f]{12}(\+incompatible)?")
ORIGIN = ("Hash", "Subdir", "Ref", "TagPrefix", "TagSum")

# Each row: its name, the reason, and when it holds: of the repository, the question (path, query), and what either side said of one field.
KNOWN = []


def known(reason):
    def add(holds):
        KNOWN.append((holds.__name__, reason, holds))
        return holds
    return add


@known("the list of a proxy has no origin, so the go command prints none for what it chose from a list")
def range_query(repo, question, field, direct, modgate):
    return RANGE.fullmatch(question[1]) and field in ORIGIN and field not in modgate


@known("a canonical pseudo-version carries the origin that the go command itself keeps on disk below that name, which is the smaller one")
def kept_origin(repo, question, field, direct, modgate):
    return PSEUDO.fullmatch(question[1]) and field in ("Ref", "TagPrefix", "TagSum") and field not in modgate


@known("for a hash direct mode names the smallest reference that matches in a cold cache, and none in a warm one")
def hash_reference(repo, question, field, direct, modgate):
    return HASH.fullmatch(question[1]) and field == "Ref" and (field not in modgate or field not in direct)


@known("on a commit whose own tag is no canonical version direct mode stops at that tag in a cold cache, and looks for a higher one in a warm one")
def base_of_loose_tag(repo, question, field, direct, modgate):
    both = [side.get("Version", "") for side in (direct, modgate)]
    loose = {repo.hash(commit) for commit in repo.commits if commit.mark in repo.loose}
    return field in ("Version", "Sum") and both[0] != both[1] and all(map(PSEUDO.fullmatch, both)) and direct.get("Hash") == modgate.get("Hash") in loose


@known("direct mode does not zip a module that wants a newer go command than itself; modgate zips it and leaves that to the client")
def newer_go(repo, question, field, direct, modgate):
    return field == "Sum" and "Sum" not in direct and "requires go >= " in direct["Error"]


@known("a tag of a tree is a version that is not there, where direct mode fails altogether if it is the highest: git log prints nothing")
def tag_of_tree(repo, question, field, direct, modgate):
    return question[1] == "list" and "tags_of_trees" in repo.held and "unexpected response from git log" in direct["Error"]


@known("below the root direct mode refuses the pseudo-version that it made itself, if the root's tag of the base's number is on the commit")
def tag_of_another_module(repo, question, field, direct, modgate):
    tag = re.search(r"tag \((v[^)/]*)\) found on revision \w+ is already canonical", direct.get("Error", ""))
    return tag and field == "Failed" and question[0].startswith(f"{repo.root}/") and not re.fullmatch(r"/v\d+", question[0].removeprefix(repo.root))


def explain(repo, question, field, direct, modgate):
    """The name of the row that allows the difference, or None."""
    for name, _, holds in KNOWN:
        if holds(repo, question, field, direct, modgate):
            return name
    return None
