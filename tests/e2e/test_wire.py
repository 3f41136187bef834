"""The HTTP of the gateway, byte by byte: what is refused for its form, what one path means, what a connection does."""
import re
import socket
import ssl
import warnings

import pytest

from company import API, GREETING, POLICY, Company

INFO = f"/{GREETING}/@v/v1.0.0.info"
MOD = f"/{GREETING}/@v/v1.0.0.mod"


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def gate(company):
    return company.gateway(settings={"auth.anonymous": False}, policy=POLICY)


@pytest.fixture(scope="module")
def token(gate):
    return gate.token("alice", ["payments"])


@pytest.fixture
def rows(gate):
    """rows() is what requests have left in the record since the test began."""
    begin = gate.audit_size()
    return lambda: gate.rows(begin)


def heads(answer):
    """The status of every answer in what came back."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


# --- refused, and the connection closed ----------------------------------------------------------------------------------------------

REFUSED = [
    # name, request line, headers ({auth} is put where it says), body
    ("length and chunks", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("two lengths", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Content-Length: 0\r\nContent-Length: 0\r\n", ""),
    ("two different lengths", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Content-Length: 0\r\nContent-Length: 5\r\n", "GET /"),
    ("two hosts", f"GET {INFO} HTTP/1.1", "Host: x\r\nHost: y\r\n{auth}", ""),
    ("two authorizations", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Authorization: Bearer mg_x\r\n", ""),
    ("the same authorization twice", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}{auth}", ""),
    ("body on GET", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Content-Length: 4\r\n", "body"),
    ("chunked body on GET", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n"),
    ("odd transfer encoding", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Transfer-Encoding: identity\r\n", ""),
    ("absolute form", f"GET https://x{INFO} HTTP/1.1", "Host: x\r\n{auth}", ""),
    ("absolute form of another", f"GET http://elsewhere{INFO} HTTP/1.1", "Host: x\r\n{auth}", ""),
    ("NUL in the path", f"GET {INFO}\0 HTTP/1.1", "Host: x\r\n{auth}", ""),
    ("NUL inside the path", f"GET /{GREETING}\0/@v/v1.0.0.info HTTP/1.1", "Host: x\r\n{auth}", ""),
    ("%00 in the path", f"GET {INFO}%00 HTTP/1.1", "Host: x\r\n{auth}", ""),
    ("%2f in the path", f"GET /example.org%2fgreeting/@v/v1.0.0.info HTTP/1.1", "Host: x\r\n{auth}", ""),
    ("%2F in the path", f"GET /{GREETING}%2F@v/v1.0.0.info HTTP/1.1", "Host: x\r\n{auth}", ""),
    ("space before a length's colon", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Content-Length : 44\r\n", ""),
    ("tab before an encoding's colon", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}Transfer-Encoding\t: chunked\r\n", ""),
    ("space before a second host's colon", f"GET {INFO} HTTP/1.1", "Host: x\r\nHost : evil\r\n{auth}", ""),
    ("space before any colon", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}X-User : mallory\r\n", ""),
    ("space before a name", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}X-Odd: a\r\nX-User mallory: x\r\n", ""),
    ("bracket in a name", f"GET {INFO} HTTP/1.1", "Host: x\r\n{auth}X-[User]: mallory\r\n", ""),
    ("no host", f"GET {INFO} HTTP/1.1", "{auth}", ""),
]
SMUGGLED = f"GET {MOD} HTTP/1.1\r\nHost: x\r\n{{auth}}\r\n"


@pytest.mark.parametrize("line, headers, body", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_and_closed(gate, token, rows, line, headers, body):
    """With a second request behind it, which must not be answered."""
    auth = f"Authorization: Bearer {token}\r\n"
    text = f"{line}\r\n{headers}\r\n{body}{SMUGGLED}".replace("{auth}", auth)
    answer, closed = gate.raw(text.encode())
    assert heads(answer) == [400] and closed
    assert rows() == []


def test_the_same_request_in_good_form_is_answered(gate, token, rows):
    answer, closed = gate.raw(f"GET {INFO} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode())
    assert heads(answer) == [200] and closed
    assert [(row["action"], row["status"], row["user"]) for row in rows()] == [("info", 200, "alice")]


# --- what the library smooths over: still one request, one record, the same route and identity --------------------------------------------

AUTH = "Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
SMOOTHED = [
    ("bare LF", "GET {path} HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\nConnection: close\n\n"),
    ("bare LF at a header's end", "GET {path} HTTP/1.1\r\nHost: x\r\nX-Odd: a\n" + AUTH),
    ("folded header", "GET {path} HTTP/1.1\r\nHost: x\r\nX-Odd: a\r\n  Authorization: Bearer mg_other\r\n" + AUTH),
    ("NUL in a value", "GET {path} HTTP/1.1\r\nHost: x\r\nX-Odd: a\0\r\n" + AUTH),
    ("bare CR in a value", "GET {path} HTTP/1.1\r\nHost: x\r\nX-Odd: a\rAuthorization: Bearer mg_other\r\n" + AUTH),
]


@pytest.mark.parametrize("text", [row[1] for row in SMOOTHED], ids=[row[0] for row in SMOOTHED])
def test_smoothed_over_is_one_request(gate, token, rows, text):
    answer, closed = gate.raw(text.format(path=INFO, token=token).encode())
    told = rows()
    assert closed and len(heads(answer)) == 1
    assert heads(answer)[0] in (200, 400)
    wanted = [(GREETING, "v1.0.0", "info", "alice")] if heads(answer)[0] == 200 else []
    assert [(row["module"], row["version"], row["action"], row["user"]) for row in told] == wanted


def test_identity_headers_are_not_believed(gate, rows):
    names = ("X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Forwarded-Groups")
    assert gate.request(INFO, headers=dict.fromkeys(names, "alice")).status == 401
    assert [(row["kind"], row["status"]) for row in rows()] == [("auth", 401)]


# --- one path for one thing -----------------------------------------------------------------------------------------------------------

SAME = [f"/{GREETING}/@v/v1.0.0.info", f"/{GREETING}/%40v/v1.0.0.info", f"/%65xample.org/greeting/@v/v1.0.0.info", f"/{GREETING}/@v/v1%2e0.0.info"]


@pytest.mark.parametrize("path", SAME)
def test_escapes_of_letters_are_undone(gate, token, rows, path):
    assert gate.request(path, token=token).status == 200
    assert [(row["module"], row["version"]) for row in rows()] == [(GREETING, "v1.0.0")]


VARIANTS = [
    "/example.org//greeting/@v/v1.0.0.info", "//example.org/greeting/@v/v1.0.0.info", "/example.org/greeting//@v/v1.0.0.info",
    "/example.org/greeting/@v//v1.0.0.info", "/example.org/./greeting/@v/v1.0.0.info", "/example.org/x/../greeting/@v/v1.0.0.info",
    "/../example.org/greeting/@v/v1.0.0.info", "/example.org/%2e%2e/example.org/greeting/@v/v1.0.0.info",
    "/example.org/greeting/@v/../@v/v1.0.0.info", "/Example.org/greeting/@v/v1.0.0.info", "/example.org/Greeting/@v/v1.0.0.info",
    "/example.org/greetin%2567/@v/v1.0.0.info", "/example.org/greeting/@v/v1.0.0.INFO", "/example.org/greeting/@V/v1.0.0.info",
    "/example.org/greeting/@v/v1.0.0.info/", "/example.org/greeting/@v/v1.0.0.info%3Fx", "/example.org/greeting/@v/v1.0.0.info#x",
    "/example.org/greeting/@v/v1.0.0", "/example.org/greeting/@v/", "/example.org/greeting/@v/.info", "/example.org/greeting/@latest/",
    "/example.org/!greeting/@v/v1.0.0.info", "/example.org/!!greeting/@v/v1.0.0.info", "/example.org/greeting!/@v/v1.0.0.info",
    "/example.org/gr%c3%a9eting/@v/v1.0.0.info", "/example.org/gree%00ting", "/example.org/greeting%20/@v/v1.0.0.info",
    "/example.org/greeting;x/@v/v1.0.0.info", "/example.org/greeting\\/@v/v1.0.0.info", "/example/@v/v1.0.0.info",
    "/example.org/greeting/@v/%zz.info", "/example.org/greeting/@v/v1.0.0.info%", "/example.org/greeting/@v/v1.0.0.info%4",
    "/sumdb/sum.example.org", "/-/api/v1/tokens", "/example.org/greeting/@v/x/v1.0.0.info", "/example.org/greeting/v1/@v/list",
    "/example.org/greeting/v02/@v/list", "/index",
]


@pytest.mark.parametrize("path", VARIANTS)
def test_variants_are_nothing(gate, token, rows, path):
    """404 (400 for what is malformed), and if there is a record at all it does not name another module than was asked for."""
    answer = gate.request(path, token=token)
    assert answer.status == (400 if "%00" in path else 404)
    assert all(row["module"] not in (GREETING, API) for row in rows())


@pytest.mark.parametrize("path", [INFO, "/sumdb/sum.example.org/latest", "/sumdb/sum.example.org/tile/8/0/000", "/livez", "/", f"/{API}"])
@pytest.mark.parametrize("query", ["?", "?x", "?x=1", "?go-get=0", "?/@v/list", "?a=%00"])
def test_nothing_takes_a_query(gate, token, rows, path, query):
    answer = gate.request(path + query, token=token)
    assert answer.status == 404 and b"query string" in answer.body
    assert rows() == []


def test_private_names_have_one_spelling(gate, rows):
    """Whoever may not read a private module does not get round the rule by spelling it otherwise."""
    bob = gate.token("bob")
    for path in (f"/{API}/@v/list", f"/git.corp.example/payment%73/api/@v/list", f"/git.corp.example/payments/%61pi/%40v/list"):
        assert gate.request(path, token=bob).status == 403
    for path in (f"/git.corp.example/Payments/api/@v/list", f"/GIT.corp.example/payments/api/@v/list", f"/git.corp.example//payments/api/@v/list"):
        assert gate.request(path, token=bob).status == 404
    assert {row["module"] for row in rows() if row["status"] == 403} == {API}


# --- methods, connections, health ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods(gate, token, rows, method):
    answer, closed = gate.raw(f"{method} {INFO} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert heads(answer) == [405] and b"\r\nAllow: GET, HEAD\r\n" in answer and closed
    assert rows() == []


def test_head_is_get_without_a_body(gate, token, rows):
    for path in (INFO, MOD, f"/{GREETING}/@v/v1.0.0.zip", f"/{GREETING}/@v/list"):
        get, head = gate.request(path, token=token), gate.request(path, "HEAD", token=token)
        assert head.status == 200 and head.body == b""
        for name in ("Content-Length", "ETag", "Content-Type", "X-Go-Checksum", "Cache-Control"):
            assert head.headers[name] == get.headers[name]
    assert len(rows()) == 8


def test_a_connection_carries_many_requests(gate, token, rows):
    with gate.raw_socket() as connection:
        for path, status in ((INFO, 200), ("/no/such", 404), (f"/{API}/@v/v9.9.9.info", 404), (MOD, 200), ("/", 200)):
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            assert heads(read_answer(connection)) == [status]
    assert [row["status"] for row in rows()] == [200, 404, 200]


def test_pipelined_requests_are_answered_in_order(gate, token, rows):
    one = f"GET {INFO} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nX-Trace-Id: pipeline-one\r\n\r\n"
    two = f"GET {MOD} HTTP/1.1\r\nHost: x\r\nX-Trace-Id: pipeline-two\r\nConnection: close\r\n\r\n"
    answer, closed = gate.raw((one + two).encode())
    assert heads(answer) == [200, 401] and closed
    assert re.findall(rb"X-Request-Id: (\S+)", answer) == [b"pipeline-one", b"pipeline-two"]
    assert [(row["request"], row["status"]) for row in rows()] == [("pipeline-one", 200), ("pipeline-two", 401)]


def read_answer(connection):
    """One answer, by its Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    length = int(re.search(rb"Content-Length: (\d+)", data)[1])
    while len(data) < data.index(b"\r\n\r\n") + 4 + length:
        data += connection.recv(65536)
    return data


HEALTH = ("/livez", "/readyz", "/version", "/metrics")


@pytest.mark.parametrize("path", HEALTH)
def test_health_needs_no_credential_on_its_exact_path(gate, rows, path):
    assert gate.request(path).status == 200
    for other in (path + "/", path.upper(), f"/{path}", path + "?", path + "/x", path + "%20", f"/.{path}", f"/x/..{path}"):
        assert gate.request(other).status == 404
    for headers in ({"X-Original-URL": path}, {"X-Rewrite-URL": path}, {"X-Forwarded-Path": path}, {"Referer": path}):
        assert gate.request(INFO, headers=headers).status == 401
    assert [row["status"] for row in rows()] == [401] * 4


def test_root_tells_who_is_signed_in(gate, token, rows):
    assert gate.request("/", "HEAD").status == 401 and "WWW-Authenticate" in gate.request("/").headers
    assert gate.request("/", "HEAD", token=token).status == 200
    assert gate.request("/", token="mg_wrong").status == 401


# --- TLS and identifiers ---------------------------------------------------------------------------------------------------------------


def client_of(ca, version):
    """A client of exactly that version of TLS, however old."""
    context = ssl.create_default_context(cafile=ca)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


VERSIONS = [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)]


@pytest.mark.parametrize("name, spoken", VERSIONS)
def test_versions_of_tls(gate, name, spoken):
    context = client_of(gate.ca, getattr(ssl.TLSVersion, name))
    with socket.create_connection((gate.host, gate.port), 10) as plain:
        if spoken:
            assert context.wrap_socket(plain, server_hostname=gate.host).version() == name.replace("_", ".")
        else:
            # Hung up on; it is no version that the client itself cannot speak.
            with pytest.raises((ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)):
                context.wrap_socket(plain, server_hostname=gate.host)


IDS = [
    ({"X-Trace-Id": "build-4711.a_b"}, "build-4711.a_b"),
    ({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "0af7651916cd43dd8448eb211c80319c"),
    ({"X-Trace-Id": "short"}, None),
    ({"X-Trace-Id": "has a space in it"}, None),
    ({"X-Trace-Id": "quote\"and\\slash"}, None),
    ({"X-Trace-Id": "x" * 65}, None),
    ({"traceparent": "00-0af7651916cd43dd-b7ad6b7169203331-01"}, None),
    ({}, None),
]


@pytest.mark.parametrize("headers, kept", IDS)
def test_request_id(gate, token, rows, headers, kept):
    answers = [gate.request(INFO, token=token, headers=headers).headers["X-Request-Id"] for _ in range(2)]
    assert [row["request"] for row in rows()] == answers
    assert answers == [kept] * 2 if kept else answers[0] != answers[1]


def test_errors_are_short_plain_text(gate, token):
    bob = gate.token("bob")
    long = "/".join(["segment" * 5] * 20)
    asked = [(INFO, None), (f"/{API}/@v/list", bob), (f"/git.corp.example/payments/{long}/@v/list", bob), (f"/{API}/@v/v9.9.9.info", token),
             ("/x", token), (f"/{API}/@v/v1.0.0%00.info", token), ("/sumdb/other.example/supported", token),
             (f"/{GREETING}/@v/{'v' * 100}.info", token)]
    for path, credential in asked:
        answer = gate.request(path, token=credential)
        assert answer.status in (400, 401, 403, 404) and answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert len(answer.body) <= 600 and answer.body.endswith(b"\n")
        lines = answer.body.decode()[:-1].split("\n")
        assert len(lines) <= 8 and all(lines)
        assert answer.headers["Cache-Control"] == "no-store"
