"""What the demo shows. Each step does its work on the scene, checks that it came out as its title says, and returns the lines to print."""
import glob
import os
import re
import shutil
import sqlite3

from doubles.gomodule import escape
from golang import Failed
from scene import COLOUR, GREETING, HELP, LEDGER, PALETTE, PRIVATE_WORDS, RATES, SAYS
from table import audit_table
from teller import Refused

ANSI = re.compile(r"\x1b\[[0-9;]*m")
NEW = f"{PALETTE}@v1.0.0"


def check(true, otherwise):
    if not true:
        raise Refused(otherwise)


def server_words(text, gateway):
    """What modgate said within a message of the go command, without the address that the message repeats."""
    _, found, words = text.partition("server response:")
    check(found, f"the go command was not told why:\n{text}")
    lines = [line.strip() for line in words.replace(gateway.url, "https://modgate").splitlines()]
    return [line for line in lines if line]


def run_program(work):
    """Builds and runs; it must say what it should."""
    done = work.attempt("run", ".")
    said = ANSI.sub("", done.stderr + done.stdout).strip()
    check(done.returncode == 0 and said.endswith(SAYS), f"go run .: exit {done.returncode}, it said:\n{said}")
    return said.splitlines()[-1]


# --- the steps ---------------------------------------------------------------------------------------------------------------------


def alice_builds(scene):
    scene.alice.run("mod", "tidy")
    said = run_program(scene.alice)
    sums = scene.alice.read("go.sum")
    scene.alice.run("mod", "verify")
    private, public = [[f"{module} {version_in(sums, module)}" for module in modules] for modules in ((LEDGER, RATES), (COLOUR, GREETING))]
    return ["$ go mod tidy && go run . && go mod verify", f"{said}", f"private, built from git:     {private[0]}", f"{'':28} {private[1]}",
            f"public, fetched and proved:  {public[0]}", f"{'':28} {public[1]}"]


def version_in(sums, module):
    """The version of a module whose zip go.sum holds."""
    found = re.search(rf"^{re.escape(module)} (v\S+) h1:", sums, re.MULTILINE)
    check(found, f"go.sum has no line of {module}:\n{sums}")
    return found[1]


def database_gone(scene):
    upstream, alice = scene.upstream, scene.alice
    upstream.faults.set("sumdb", "503")
    try:
        said = alice.refused("get", NEW)
        words = server_words(said, scene.gateway)
        check(re.search(r"\b50[234]\b", said) and "checksum database" in said, f"go get {NEW} was refused, but not for its database:\n{said}")
        mark = upstream.mark()
        shutil.rmtree(os.path.join(alice.directory, "gopath"))
        run_program(alice)
        asked = [path for path in upstream.paths(mark) if not path.startswith("/sumdb/")]
        check(not asked, "the build of what is stored asked upstream for " + ", ".join(asked))
    finally:
        upstream.faults.clear("sumdb")
    return [f"$ go get {NEW}", *words, "$ rm -r $GOPATH && go run .", "built again from modgate's store; upstream was not asked for any module"]


def bob_refused(scene):
    try:
        scene.bob.run("mod", "download", f"{GREETING}@v1.1.0")
    except Failed as error:
        raise Refused(f"bob may read public modules, yet {error}") from None
    said = scene.bob.refused("get", LEDGER)
    words = server_words(said, scene.gateway)
    check("403" in said and HELP in said, f"the refusal is no 403 that says whom to ask:\n{said}")
    absent = scene.bob.refused("get", LEDGER.replace("ledger", "nothing"))
    check(server_words(absent.replace("nothing", "ledger"), scene.gateway) == words, f"a module that does not exist is refused otherwise:\n{absent}")
    return [f"$ go get {LEDGER}", *words, "word for word the same for a module that does not exist; public modules he may have"]


def nobody_enters(scene):
    said = scene.nobody.refused("mod", "download", f"{GREETING}@v1.1.0")
    check("401" in said, f"without a token the go command was refused otherwise than with 401:\n{said}")
    forged = scene.tokens["alice"][:-1] + ("0" if scene.tokens["alice"][-1] != "0" else "1")
    asked = 0
    for path in everything_served(scene):
        for token in (None, forged):
            answer = scene.gateway.request(path, token=token)
            check(answer.status == 401, f"GET {path} {'with a forged token' if token else 'without a token'}: {answer.status}")
            asked += 1
    answer = scene.gateway.request(everything_served(scene)[0], token=scene.tokens["alice"])
    check(answer.status == 200, f"with alice's token the same path answers {answer.status}")
    return [f"{asked} requests for private and public modules and the checksum database, half of them with",
            "alice's token and one letter changed: 401 each time"]


def everything_served(scene):
    paths = [f"/{module}/@v/{file}" for module, version in ((LEDGER, "v1.1.0"), (GREETING, "v1.1.0"))
             for file in ("list", f"{version}.info", f"{version}.mod", f"{version}.zip")]
    return [*paths, f"/{LEDGER}/@latest", f"/sumdb/{scene.upstream.sumdb.name}/latest"]


def no_private_name_left(scene):
    everything = scene.upstream.everything().lower()
    requests = scene.upstream.events("request")
    check(escape(PALETTE).lower() in everything and GREETING in everything, "the upstream's log does not even hold the public names")
    found = [word for word in PRIVATE_WORDS if word in everything]
    check(not found, f"the upstream's log holds {', '.join(found)}: see {scene.upstream.log_path}")
    size = sum(row["bytes"] for row in requests)
    return [f"{len(requests)} requests, {size:,} bytes, every one recorded; none holds " + ", ".join(PRIVATE_WORDS)]


def trail_verified(scene):
    rows = scene.audit()
    seen = {(row.get("user"), row.get("verdict")) for row in rows if row["kind"] == "access"}
    check({("alice", "allow"), ("bob", "deny"), ("bob", "allow")} <= seen, f"the audit trail lacks alice's or bob's rows: {sorted(map(str, seen))}")
    zips = {row["module"] for row in rows if row.get("user") == "alice" and row.get("action") == "zip" and row.get("status") == 200}
    check({LEDGER, RATES, COLOUR, GREETING} <= zips, f"alice has four modules, the trail knows of {', '.join(sorted(zips))}")
    unknown = sum(row.get("count", 1) for row in rows if row.get("status") == 401)
    asked = 2 * len(everything_served(scene))
    check(unknown > asked, f"{asked} requests and a go command were turned away without a name, the trail knows of {unknown}")
    report = scene.gateway.command("audit", "verify")
    return [*audit_table(rows), "", "$ modgate audit verify", *report.splitlines()[:2]]


def byte_changed(scene):
    row = next(row for row in reversed(scene.audit()) if row.get("user") == "bob" and row.get("module") == LEDGER)
    line = next(line for line in reversed(scene.gateway.audit_lines()) if f'"seq":{row["seq"]},'.encode() in line)
    copy = scene.copy_of_gateway("copy")
    change_byte(copy, line, b'"user":"bob"', b'"user":"rob"')
    done = scene.gateway.attempt("audit", "verify", "-c", os.path.join(copy, "modgate.yaml"))
    said = (done.stdout + done.stderr).strip()
    check(done.returncode == 1, f"audit verify of the changed copy ended with {done.returncode}:\n{said}")
    check(re.search(rf"\b{row['seq']}\b", said), f"audit verify does not name row {row['seq']}:\n{said}")
    return [f"in row {row['seq']} of a copy, bob became rob", "$ modgate audit verify -c copy/modgate.yaml",
            *said.replace(copy + os.sep, "").splitlines()]


def change_byte(copy, line, before, after):
    """In the segment's file itself, wherever SQLite put that line."""
    for segment in sorted(glob.glob(os.path.join(copy, "data", "audit", "log-*.db"))):
        with sqlite3.connect(segment) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        with open(segment, "r+b") as file:
            content = file.read()
            at = content.find(line)
            if at >= 0:
                file.seek(at)
                file.write(line.replace(before, after, 1))
                return
    raise Refused("the row is in no segment of the copy")


STEPS = (
    ("alice builds and runs a program of two private and two public modules", alice_builds),
    ("without its checksum database nothing new comes in, what is stored still builds", database_gone),
    ("bob may not read the private modules and is told whom to ask", bob_refused),
    ("nobody gets in without a token", nobody_enters),
    ("no private name reached the public upstream", no_private_name_left),
    ("every access is in the audit trail, and the trail verifies", trail_verified),
    ("one changed byte in a copy of the trail is found", byte_changed),
)
