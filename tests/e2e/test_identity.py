"""Who asks: tokens, a directory, signed identity tokens, nobody; what is refused, and what is remembered of it."""
import sqlite3
import time

import pytest

from company import API, GREETING, Company
from doubles.ldap import ODD, SERVICE_PASSWORD, Slapd, password
from gateway import basic

INFO = f"/{GREETING}/@v/v1.0.0.info"
PRIVATE = f"/{API}/@v/v1.1.0.info"


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def slapd(shared):
    return shared.ldap()


@pytest.fixture(scope="module")
def gate(company, slapd, shared):
    return company.gateway(settings=lambda gate: {"auth.ldap": slapd.settings(shared.ca.pem, gate.secret("ldap", SERVICE_PASSWORD)),
                                                  "auth.roles": {"audit": ["compliance"], "admin": ["platform"]}})


@pytest.fixture
def rows(gate, addresses):
    """Each test comes from an address of its own, since refusals are counted by it."""
    gate.source = next(addresses)
    begin = gate.audit_size()
    return lambda: gate.rows(begin)


# --- tokens ------------------------------------------------------------------------------------------------------------------------------


def test_token_as_bearer_and_as_password(gate, rows):
    token = gate.token("carol", ["payments"])
    for headers in ({"Authorization": f"Bearer {token}"}, {"Authorization": f"bearer {token}"}, {"Authorization": basic("anything", token)},
                    {"Authorization": basic("", token)}):
        assert gate.request(PRIVATE, headers=headers).status == 200
    told = {(row["user"], row["method"], tuple(row["groups"]), row["credential"]) for row in rows()}
    assert told == {("carol", "token", ("payments",), token.split("_")[1])}


def spoilt(token):
    """The same token with another secret: one letter of it changed."""
    return token[:20] + ("A" if token[20] != "A" else "B") + token[21:]


def test_wrong_tokens(gate, rows):
    good = gate.token("carol", ["payments"])
    wrong = ["mg_", "mg_x", "mg_x_y", good[:-1], good + "x", spoilt(good), good.upper(), good.replace("mg_", "mg-"), "mg_" + "a" * 60, "x" * 5000,
             "not a token"]
    given = [f"Bearer {text}" for text in wrong] + [basic("carol", text) for text in wrong[:5]]
    given += ["Bearer", "Bearer ", "Basic", "Basic !!!", "Digest x", good, ""]
    for header in given:
        answer = gate.request(PRIVATE, headers={"Authorization": header})
        assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic "), header
    told = rows()
    assert [(row["kind"], row["verdict"], row["status"]) for row in told] == [("auth", "deny", 401)] * len(given)
    assert all(row["reason"] and "user" not in row and "module" in row for row in told)


def test_revoked_token(gate, rows):
    token = gate.token("carol", ["payments"])
    number = token.split("_")[1]
    assert gate.request(PRIVATE, token=token).status == 200
    gate.command("token", "revoke", number)
    assert gate.request(PRIVATE, token=token).status == 401
    assert [(row["status"], row["credential"]) for row in rows()] == [(200, number), (401, number)]
    assert rows()[1]["reason"] == "revoked"
    assert gate.attempt("token", "revoke", "nosuchid00").returncode == 1


def test_revoke_twice(gate):
    begin = gate.audit_size()
    token = gate.token("carol", ["payments"])
    gate.command("token", "revoke", token)
    again = gate.attempt("token", "revoke", token)
    assert again.returncode == 1 and f"the token {token.split('_')[1]} was revoked already, at " in again.stderr
    assert [row["text"].split()[0] for row in gate.rows(begin, kinds=("token",))] == ["issued", "revoked"]


def test_expired_token(stage):
    """Issued for a day, and the day is over: the token's row says so."""
    gate = stage.gateway()
    token = gate.token("carol", days=1)
    assert gate.request(INFO, token=token).status == 200
    gate.stop()
    with sqlite3.connect(gate.path("data", "modgate.db")) as db:
        assert db.execute("UPDATE auth_tokens SET expires_s = ? WHERE user = 'carol'", (int(time.time()) - 1,)).rowcount == 1
    gate.start()
    assert gate.request(INFO, token=token).status == 401
    assert gate.audit_export()[-1]["reason"] == "expired"


LIMITS = [("--days", "0"), ("--days", "-1"), ("--days", "91"), ("--days", "x"), ("--user", ""), ("--groups", "a,,b"), ("--scope", "root")]


@pytest.mark.parametrize("option, value", LIMITS)
def test_tokens_that_are_not_issued(gate, option, value):
    options = {"--user": "carol", option: value}
    done = gate.attempt("token", "issue", *[word for pair in options.items() for word in pair])
    assert done.returncode == 2 and done.stdout == "" and done.stderr


def test_token_is_issued_and_listed_without_its_secret(gate):
    token = gate.token("dora", ["payments"], days=3, modules=["git.corp.example"])
    number = token.split("_")[1]
    listed = gate.command("token", "list")
    assert number in listed and "dora" in listed and token not in listed and token.split("_")[2] not in listed
    told = [row for row in gate.audit_export() if row["kind"] == "token" and number in row["text"]]
    assert len(told) == 1 and token.split("_")[2] not in str(told)


def test_limited_token(gate):
    token = gate.token("carol", ["payments"], modules=["git.corp.example/payments"])
    assert gate.request(PRIVATE, token=token).status == 200
    assert gate.request(INFO, token=token).status == 403


def test_token_of_a_person_takes_the_directory_groups(gate, rows):
    """Without --groups. A person that the directory does not have is nobody."""
    alice, bob, ghost = gate.token("alice"), gate.token("bob"), gate.token("ghost")
    assert [gate.request(PRIVATE, token=token).status for token in (alice, bob, ghost)] == [200, 403, 401]
    told = [(row.get("user"), sorted(row.get("groups", ()))) for row in rows()]
    assert told == [("alice", ["payments"]), ("bob", ["compliance", "platform"]), (None, [])]


# --- refusals in a row ---------------------------------------------------------------------------------------------------------------------


def test_one_wrong_password_of_go_is_one_strike(gate, company, slapd, go_commands, rows):
    """The go command may ask twice; the directory is asked once."""
    mark = slapd.mark()
    go = company.go(gate, go_commands[0], "not-alices-password", user="alice")
    assert "401" in go.refused("list", "-m", f"{GREETING}@v1.0.0")
    assert [dn for dn in slapd.binds(mark) if dn.startswith("uid=alice")] == ["uid=alice,ou=people,dc=corp,dc=example"]
    assert {row["status"] for row in rows()} == {401}


def test_many_refusals_become_one_row(stage):
    gate = stage.gateway()
    begin = len(gate.audit_lines())
    connection = gate.connection()
    for _ in range(75):
        assert gate.request(INFO, token="mg_wrong", connection=connection).status == 401
    connection.close()
    assert gate.metrics()["modgate_refusals_merged_total"] == 45
    gate.stop()
    told = [row for row in gate.audit_export()[begin:] if row["kind"] == "auth"]
    assert len(told) == 31 and [row.get("count") for row in told] == [None] * 30 + [45]
    assert told[30]["address"] == "127.0.0.1" and told[30]["verdict"] == "deny"


# --- directory -----------------------------------------------------------------------------------------------------------------------------


def test_user_and_password(gate, rows):
    assert gate.request(PRIVATE, user=("alice", password("alice"))).status == 200
    assert gate.request(PRIVATE, user=("bob", password("bob"))).status == 403
    assert [(row["user"], row["method"], sorted(row["groups"]), row["status"]) for row in rows()] == [
        ("alice", "ldap", ["payments"], 200), ("bob", "ldap", ["compliance", "platform"], 403)]


@pytest.mark.parametrize("typed", ["MALLORY", "Mallory", "mallory ", " mallory", "mallory\t"])
def test_the_directorys_spelling_is_the_name(gate, rows, typed):
    """The directory ignores case and outer space; the record and the rules see its own spelling, or nobody."""
    status = gate.request(INFO, user=(typed, password("mallory"))).status
    told = rows()
    assert (status, told[0].get("user")) in ((200, "mallory"), (401, None))
    assert status == 200 or typed != "MALLORY"


WRONG = [("alice", "wrong"), ("alice", ""), ("nobody-there", "x"), ("twin", password("twin")), ("*", "x"), ("alice)(uid=*", password("alice")),
         ("", ""), ("uid=alice,ou=people,dc=corp,dc=example", password("alice")), ("alice\0", password("alice")), ("alice", password("alice") + "\0"),
         ("alice", password("alice").upper()), ("x" * 300, "x"), ("alice", "x" * 2000)]


@pytest.mark.parametrize("user, typed", WRONG)
def test_wrong_users_and_passwords(gate, slapd, rows, user, typed):
    mark = slapd.mark()
    assert gate.request(INFO, user=(user, typed)).status in (401, 429)
    assert [(row["kind"], row["verdict"]) for row in rows()] == [("auth", "deny")]
    assert "" not in slapd.binds(mark)
    if typed == "" or "\0" in user + typed:
        assert slapd.connections(mark) == 0 and slapd.binds(mark) == []


def test_refused_name_is_recorded(gate, rows):
    """The record says whom a wrong password was for, as the directory spells it; the client cannot tell who exists."""
    users = ["ALICE", "ALICE", "nobody-there", "twin"]
    answers = [gate.request(INFO, user=(user, "a wrong one")) for user in users]
    assert {(answer.status, answer.body, answer.headers.get("WWW-Authenticate")) for answer in answers} == {
        (401, answers[0].body, answers[0].headers["WWW-Authenticate"])}
    assert [(row["verdict"], row.get("user")) for row in rows()] == [("deny", "alice"), ("deny", "alice"), ("deny", None), ("deny", None)]


def test_odd_names_are_only_names(gate, rows):
    for user in ODD:
        assert gate.request(PRIVATE, user=(user, password(user))).status == 200
    assert [row["user"] for row in rows()] == list(ODD)


def ldap_gate(stage, slapd, **changes):
    return stage.gateway(lambda gate: {"auth.ldap": slapd.settings(stage.ca.pem, gate.secret("ldap", SERVICE_PASSWORD), **changes)})


def test_start_tls(stage):
    slapd = stage.ldap()
    gate = ldap_gate(stage, slapd, start_tls=True)
    assert gate.request(INFO, user=("alice", password("alice"))).status == 200
    log = slapd.log()
    assert " STARTTLS" in log and log.index(" STARTTLS") < log.index(" BIND dn=")


@pytest.mark.parametrize("start_tls", [False, True])
def test_directory_whose_certificate_is_not_trusted(stage, rogue_ca, start_tls):
    slapd = stage.ldap()
    gate = stage.gateway(lambda gate: {"auth.ldap": slapd.settings(rogue_ca.pem, gate.secret("ldap", SERVICE_PASSWORD), start_tls=start_tls)})
    assert gate.request(INFO, user=("alice", password("alice"))).status == 503
    assert slapd.binds() == []


def test_directory_of_another_name(stage, ca):
    slapd = stage.add(Slapd(str(stage.directory / "other"), *ca.wrong_host())).start()
    gate = ldap_gate(stage, slapd)
    assert gate.request(INFO, user=("alice", password("alice"))).status == 503
    assert slapd.binds() == []


def test_caches_and_outages(stage):
    """A right password is remembered for its time, a wrong one is not sent twice; an outage is 503 and neither lets anybody in nor out."""
    slapd = stage.ldap()
    gate = ldap_gate(stage, slapd, cache_ttl_s=2, timeout_ms=500)
    alice = ("alice", password("alice"))
    for _ in range(5):
        assert gate.request(INFO, user=alice).status == 200
        assert gate.request(INFO, user=("bob", "wrong")).status == 401
    users = [dn.split(",")[0] for dn in slapd.binds() if dn.startswith("uid=")]
    assert users == ["uid=alice", "uid=bob"]
    token = gate.token("carol", ["payments"])
    slapd.stop()
    assert gate.request(INFO, user=alice).status == 200
    time.sleep(2.1)
    for user in (alice, ("bob", password("bob"))):
        answer = gate.request(INFO, user=user)
        assert answer.status == 503 and answer.headers["Retry-After"]
    assert gate.request(INFO, user=("bob", "wrong")).status == 401
    assert gate.request(INFO, token=token).status == 200
    slapd.start()
    assert gate.request(INFO, user=alice).status == 200
    assert gate.request(INFO, user=("bob", password("bob"))).status == 200


def test_directory_that_does_not_answer(stage):
    slapd = stage.ldap()
    gate = ldap_gate(stage, slapd, timeout_ms=300)
    token = gate.token("carol", ["payments"])
    slapd.pause()
    assert gate.request(INFO, user=("alice", password("alice"))).status == 503
    assert gate.request(INFO, token=token).status == 200
    slapd.resume()
    assert gate.request(INFO, user=("alice", password("alice"))).status == 200


def test_anonymous(stage):
    company = Company(stage)
    gate = company.gateway(settings={"auth.anonymous": True})
    assert [gate.request(path).status for path in (INFO, PRIVATE, "/")] == [200, 403, 401]
    told = [row for row in gate.audit_export() if row["kind"] == "access"]
    assert [(row["user"], row["method"], row["status"]) for row in told] == [("", "anonymous", 200), ("", "anonymous", 403)]
    assert gate.request(INFO, token="mg_wrong").status == 401        # a bad credential is not forgiven
    assert gate.request(INFO, headers={"Authorization": ""}).status == 401


def test_go_signs_in_with_a_directory_password(gate, company, go_command, rows):
    go = company.go(gate, go_command, password("alice"), user="alice")
    go.run("get", f"{API}@v1.1.0")
    assert {(row["user"], row["method"]) for row in rows() if row["kind"] == "access"} == {("alice", "ldap")}
