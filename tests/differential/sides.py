"""Both sides of the comparison: the go command that reads the repository itself, and the one that only asks modgate."""
import json
import os
import re

from repository import HOST

OUTAGE = re.compile(r": 5\d\d [A-Z]")      # of modgate, as the go command tells it: never an answer to these questions
ORIGIN = ("Hash", "Subdir", "Ref", "TagPrefix", "TagSum")


def direct(workspace, directory):
    """Let this workspace see the repositories of that directory below their public address."""
    with open(os.path.join(workspace.home, ".gitconfig"), "w", encoding="utf-8") as file:
        file.write(f'[url "file://{directory}/"]\n\tinsteadOf = https://{HOST}/\n[safe]\n\tdirectory = *\n')
    workspace.env.update(GIT_CONFIG_NOSYSTEM="1", GIT_ALLOW_PROTOCOL="file:https", GOFLAGS="-modcacherw -mod=mod")
    return workspace


def objects(text):
    decode, rest = json.JSONDecoder().raw_decode, text.strip()
    while rest:
        row, end = decode(rest)
        yield row
        rest = rest[end:].strip()


def run(workspace, *args):
    """The objects that `go ARGS` printed. It exits with 1 when any of them is an error, which the object says too."""
    done = workspace.attempt(*args)
    rows = list(objects(done.stdout))
    if done.returncode not in (0, 1) or not rows:
        raise RuntimeError(f"go {' '.join(args[:3])} ...: exit {done.returncode}\n{done.stderr}")
    return rows


def ask(workspace, asked, paths):
    """{(path, query): answer} and, as the query "list", the versions of each path."""
    rows = run(workspace, "mod", "download", "-json", *[f"{path}@{query}" for path, query in asked])
    if [row["Path"] for row in rows] != [path for path, _ in asked]:
        raise RuntimeError(f"go mod download answered {len(rows)} of {len(asked)} questions, or in another order")
    answers = {question: answer(row) for question, row in zip(asked, rows)}
    for row in run(workspace, "list", "-m", "-e", "-versions", "-retracted", "-json", *paths):
        answers[row["Path"], "list"] = {"Versions": row.get("Versions", []), "Error": row.get("Error", {}).get("Err", "")}
    return answers


def answer(row):
    """Of what cannot be zipped, what is known of the version; of what cannot be resolved, that alone."""
    said = {"Failed": "Error" in row, "Error": row.get("Error", "")}
    said["Outage"] = bool(OUTAGE.search(said["Error"]))
    if "Info" not in row:
        return said
    with open(row["Info"], encoding="utf-8") as file:
        said["Time"] = json.load(file)["Time"]
    origin = row.get("Origin", {})
    said |= {name: origin[name] for name in ORIGIN if name in origin}
    return said | {name: row[name] for name in ("Version", "Sum", "GoModSum") if name in row}
