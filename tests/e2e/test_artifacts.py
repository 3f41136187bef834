"""What is served, and how: tags, ranges, caches, types, outcomes; versions that a rule hides."""
import hashlib
import json
import os
import random
import shutil
import socket
import struct
import time

import pytest

from company import API, COLOUR, GREETING, Company, rules
from doubles import gomodule

ZIP = f"/{API}/@v/v1.1.0.zip"
PUBLIC_ZIP = f"/{GREETING}/@v/v1.1.0.zip"
BIG = "code.corp.example/big.git"
BIG_BYTES = 24 << 20


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def big(company):
    """A module whose zip is far larger than any socket's buffer."""
    repo = company.stage.repo("big")
    repo.commit({"go.mod": f"module {BIG}\n", "big.bin": random.Random(1).randbytes(BIG_BYTES)}, tags=["v1.0.0"])
    repo.bare(f"{company.local}/big.git")
    return f"/{BIG}/@v/v1.0.0.zip"


HIDDEN = [
    {"name": "bad", "modules": [API, COLOUR], "versions": [">=1.2.0-rc.1", "=0.4.0"], "groups": ["careful"], "verdict": "deny",
     "reason": "use an older one"},
    {"name": "only", "modules": [GREETING], "versions": "<1.1.0", "groups": ["conservative"], "verdict": "allow"},
    {"name": "not-else", "modules": [GREETING], "groups": ["conservative"], "verdict": "deny"},
]


@pytest.fixture(scope="module")
def gate(company):
    return company.gateway(rules(*HIDDEN), {"cache.list_ttl_s": 1})


@pytest.fixture(scope="module")
def token(gate):
    return gate.token("alice", ["payments"])


@pytest.fixture
def get(gate, token):
    """get(path, If_None_Match="…") asks as alice."""
    def ask(path, token=token, method="GET", **headers):
        return gate.request(path, method, {name.replace("_", "-"): text for name, text in headers.items()}, token)
    return ask


@pytest.fixture
def rows(gate):
    begin = gate.audit_size()

    def told(kind=None, at_least=0):
        """The rows since the test began; outcomes come after the reply, so a test may have to wait for them."""
        kinds = (kind,) if kind else ("access", "auth", "outcome")
        gate.wait(lambda: len(gate.rows(begin, kinds)) >= at_least, f"wrote fewer than {at_least} rows")
        return gate.rows(begin, kinds)
    return told


# --- tags --------------------------------------------------------------------------------------------------------------------------------

EVERYTHING = [f"/{module}/@v/{file}" for module, version in ((API, "v1.1.0"), (GREETING, "v1.1.0")) for file in
              ("list", f"{version}.info", f"{version}.mod", f"{version}.zip")] + [f"/{API}/@latest", f"/{GREETING}/@latest", f"/{API}/@v/dev.info"]


@pytest.mark.parametrize("path", EVERYTHING)
def test_tag_is_the_hash_of_the_bytes(get, rows, path):
    answer = get(path)
    tag = f'"{hashlib.sha256(answer.body).hexdigest()}"'
    assert answer.status == 200 and answer.headers["ETag"] == tag
    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = get(path, If_None_Match=given)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert get(path, If_None_Match='"other"').status == 200
    assert [row["status"] for row in rows("access")] == [200, 304, 304, 304, 304, 200]


TYPES = [("list", "text/plain; charset=utf-8"), ("v1.1.0.info", "application/json"), ("v1.1.0.mod", "text/plain; charset=utf-8"),
         ("v1.1.0.zip", "application/zip"), ("../@latest", "application/json")]


@pytest.mark.parametrize("module", [API, GREETING])
@pytest.mark.parametrize("file, content_type", TYPES)
def test_content_type(get, module, file, content_type):
    path = f"/{module}/@v/{file}".replace("@v/../", "")
    assert get(path).headers["Content-Type"] == content_type


def test_checksum_header(company, get):
    """On .zip and .mod: the sum that the go command writes into go.sum."""
    for module, version in ((GREETING, "v1.1.0"), (COLOUR, "v0.3.0")):
        zip_sum, mod_sum = company.upstream.modules.sums(module, version)
        assert get(f"/{module}/@v/{version}.zip").headers["X-Go-Checksum"] == zip_sum
        assert get(f"/{module}/@v/{version}.mod").headers["X-Go-Checksum"] == mod_sum
    mod = get(f"/{API}/@v/v1.1.0.mod")
    assert mod.headers["X-Go-Checksum"] == gomodule.hash1({"go.mod": mod.body})
    assert "X-Go-Checksum" not in get(f"/{API}/@v/v1.1.0.info").headers


# --- parts -------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def whole(get):
    return get(ZIP)


RANGES = [
    # Range, status, what part
    ("bytes=0-99", 206, lambda n: (0, 100)),
    ("bytes=100-", 206, lambda n: (100, n)),
    ("bytes=-100", 206, lambda n: (n - 100, n)),
    ("bytes=0-", 206, lambda n: (0, n)),
    ("bytes=0-999999999", 206, lambda n: (0, n)),
    ("bytes=0-0,5-9", 200, lambda n: (0, n)),
    ("lines=0-9", 200, lambda n: (0, n)),
    ("bytes=9-1", 200, lambda n: (0, n)),
    ("bytes=a-b", 200, lambda n: (0, n)),
    ("bytes=999999999-", 416, None),
    ("bytes=-0", 416, None),
]


@pytest.mark.parametrize("given, status, part", RANGES, ids=[row[0] for row in RANGES])
def test_range(get, rows, whole, given, status, part):
    size = len(whole.body)
    answer = get(ZIP, Range=given)
    assert answer.status == status
    if part is None:
        assert answer.headers["Content-Range"] == f"bytes */{size}"
    else:
        first, end = part(size)
        assert answer.body == whole.body[first:end] and answer.headers["ETag"] == whole.headers["ETag"]
        assert answer.headers["Content-Range"] == (f"bytes {first}-{end - 1}/{size}" if status == 206 else None)
    assert [row["status"] for row in rows("access")][-1] == status


def test_if_range(get, whole):
    assert get(ZIP, Range="bytes=10-", If_Range=whole.headers["ETag"]).status == 206
    for other in ('"other"', f'W/{whole.headers["ETag"]}', "Sat, 01 Jan 2022 00:00:00 GMT"):
        answer = get(ZIP, Range="bytes=10-", If_Range=other)
        assert answer.status == 200 and answer.body == whole.body


def test_resumed_download_is_never_of_two_zips(company, gate, get):
    """The file is lost between the halves and built anew: the same bytes, or the whole again."""
    path = f"/{API}/@v/v1.3.0.zip"
    first = get(path, Range="bytes=0-199")
    tag = first.headers["ETag"]
    stored = gate.path("data", "cache", "download", API, "@v", "v1.3.0.zip")
    gate.stop()
    shutil.move(stored, stored + ".lost")
    gate.start()
    second = get(path, Range="bytes=200-", If_Range=tag)
    whole = get(path)
    assert second.status in (206, 200)
    joined = first.body + second.body if second.status == 206 else second.body
    assert joined == whole.body and hashlib.sha256(whole.body).hexdigest() in whole.headers["ETag"]


# --- caches ------------------------------------------------------------------------------------------------------------------------------


def test_caches_may_keep_only_what_anybody_may_have(stage, shared, company):
    gate = company.gateway(settings={"auth.anonymous": True})
    alice = gate.token("alice", ["payments"])
    for path, kept in ((PUBLIC_ZIP, "public, max-age=604800, immutable"), (f"/{GREETING}/@v/v1.1.0.mod", "public, max-age=604800, immutable"),
                       (f"/{GREETING}/@v/v1.1.0.info", "public, max-age=604800, immutable"), (f"/{GREETING}/@v/list", "public, max-age=60"),
                       (f"/{GREETING}/@latest", "public, max-age=60"), (f"/{GREETING}/@v/main.info", "public, max-age=60"),
                       (ZIP, "private, max-age=604800, immutable"), (f"/{API}/@v/list", "private, max-age=60")):
        assert gate.request(path, token=alice).headers["Cache-Control"] == kept, path
    assert gate.request(PUBLIC_ZIP).status == 200
    assert gate.request(ZIP).headers["Cache-Control"] == "no-store"


def test_without_anonymous_everything_is_private(get):
    for path in (PUBLIC_ZIP, ZIP, f"/{GREETING}/@v/list"):
        assert get(path).headers["Cache-Control"].startswith("private, ")


def test_stale_list_says_so(company, gate, get):
    fresh = get(f"/{GREETING}/@v/list")
    assert "Age" not in fresh.headers and "Cache-Status" not in fresh.headers
    company.upstream.faults.set("upstream", "503")
    try:
        time.sleep(1.1)     # the list's time to live
        stale = get(f"/{GREETING}/@v/list")
    finally:
        company.upstream.faults.clear()
    assert stale.status == 200 and stale.body == fresh.body
    assert stale.headers["Cache-Status"] == "modgate; hit; stale" and int(stale.headers["Age"]) >= 1
    time.sleep(0.1)
    assert "Cache-Status" not in get(f"/{GREETING}/@v/list").headers


# --- files that are gone -------------------------------------------------------------------------------------------------------------------


def cut(path):
    os.truncate(path, os.path.getsize(path) - 1)


def pipe(path):
    """Whoever opens it waits for a writer."""
    os.unlink(path)
    os.mkfifo(path)


def lead_away(path):
    """To the same bytes: it is still no file of the store."""
    shutil.move(path, path + ".elsewhere")
    os.symlink(path + ".elsewhere", path)


@pytest.mark.parametrize("harm", [os.unlink, cut, pipe, lead_away])
@pytest.mark.parametrize("path, source", [(ZIP, "built"), (PUBLIC_ZIP, "fetched")])
def test_a_stored_zip_that_is_gone_is_made_again(gate, get, rows, path, source, harm):
    """The gateway remembers the zip; the file went behind its back."""
    whole = get(path)
    file = gate.path("data/cache/download", path[1:])
    harm(file)
    assert get(path, Range="bytes=0-9").body == whole.body[:10]
    harm(file)
    again = get(path)
    assert (again.status, again.headers["X-Go-Checksum"]) == (200, whole.headers["X-Go-Checksum"])
    assert again.headers["ETag"] == f'"{hashlib.sha256(again.body).hexdigest()}"'
    assert get(path).body == again.body
    assert [(row["status"], row["source"]) for row in rows("access")][1:] == [(206, source), (200, source), (200, "cache")]


def test_a_zip_that_cannot_be_made_again_is_refused(company, gate, get, rows):
    assert get(PUBLIC_ZIP).status == 200
    os.unlink(gate.path("data/cache/download", PUBLIC_ZIP[1:]))
    for fault, argument, status in (("upstream", "503", 503), ("zip", f"{GREETING}@v1.1.0", 502)):
        company.upstream.faults.set(fault, argument)
        try:
            assert get(PUBLIC_ZIP).status == status
        finally:
            company.upstream.faults.clear()
    assert get(PUBLIC_ZIP).status == 200
    assert [row["status"] for row in rows("access")] == [200, 503, 502, 200]


# --- outcomes ----------------------------------------------------------------------------------------------------------------------------


def test_a_zip_has_an_outcome(get, rows):
    body = get(ZIP).body
    access, outcome = rows(at_least=2)
    assert (access["kind"], access["bytes"]) == ("access", len(body))
    assert (outcome["kind"], outcome["of"], outcome["bytes"], outcome["complete"]) == ("outcome", access["seq"], len(body), True)
    assert outcome["request"] == access["request"] and outcome["duration_us"] > 0


def test_a_part_of_a_zip_has_an_outcome_of_its_bytes(get, rows):
    get(ZIP, Range="bytes=10-59")
    assert [(row["kind"], row["bytes"]) for row in rows(at_least=2)] == [("access", 50), ("outcome", 50)]


def test_client_that_hangs_up(gate, token, get, rows, big):
    size = len(get(big).body)
    rows(at_least=2)
    with gate.raw_socket() as connection:
        connection.sendall(f"GET {big} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    outcome = rows(at_least=4)[3]
    assert (outcome["kind"], outcome["complete"]) == ("outcome", False) and 0 <= outcome["bytes"] < size
    assert get(ZIP).status == 200


# --- versions that a rule hides ------------------------------------------------------------------------------------------------------------

LISTS = [
    # groups, module, list, latest
    (["payments"], API, "v1.0.0 v1.1.0 v1.2.0-rc.1 v1.2.0 v1.3.0", "v1.3.0"),
    (["payments", "careful"], API, "v1.0.0 v1.1.0", "v1.1.0"),
    (["payments"], COLOUR, "v0.3.0 v0.3.1 v0.4.0", "v0.4.0"),
    (["careful"], COLOUR, "v0.3.0 v0.3.1", "v0.3.1"),
    (["conservative"], GREETING, "v1.0.0", "v1.0.0"),
]


@pytest.mark.parametrize("groups, module, versions, latest", LISTS)
def test_refused_versions_vanish(gate, get, rows, groups, module, versions, latest):
    token = gate.token("carol", groups)
    answer = get(f"/{module}/@v/list", token)
    assert answer.body.decode().split() == versions.split()
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    newest = get(f"/{module}/@latest", token)
    assert json.loads(newest.body)["Version"] == latest
    assert rows("access")[-1]["version"] == latest


FILES = [
    # groups, module, version, status of .info .mod .zip
    (["payments", "careful"], API, "v1.3.0", (403, 200, 403)),
    (["payments", "careful"], API, "v1.1.0", (200, 200, 200)),
    (["careful"], COLOUR, "v0.4.0", (403, 200, 403)),
    (["conservative"], GREETING, "v1.0.0", (200, 200, 200)),
    (["conservative"], GREETING, "v1.1.0", (403, 403, 403)),
    (["conservative"], GREETING, "main", (403, 404, 404)),
    (["careful"], API, "v1.1.0", (403, 403, 403)),
]


@pytest.mark.parametrize("groups, module, version, statuses", FILES)
def test_files_of_refused_versions(gate, get, rows, groups, module, version, statuses):
    token = gate.token("carol", groups)
    assert tuple(get(f"/{module}/@v/{version}.{kind}", token).status for kind in ("info", "mod", "zip")) == statuses
    assert [row["verdict"] for row in rows("access")] == [{200: "allow", 403: "deny", 404: "none"}[status] for status in statuses]


def test_branch_that_is_a_refused_version(gate, get):
    """What a query stands for is decided on, not how it is spelt."""
    careful = gate.token("carol", ["payments", "careful"])
    assert get(f"/{API}/@v/main.info", careful).status == 403
    assert get(f"/{API}/@v/dev.info", careful).status == 403
    assert get(f"/{API}/@v/v1.info", careful).status in (403, 404)
