"""Signed identity tokens: good ones through the real go command, and every kind of bad one."""
import base64
import json
import os
import time

import pytest

from company import API, GREETING, Company
from doubles.idp import Key, assemble, b64, hs256, unsigned
from gateway import basic

INFO = f"/{GREETING}/@v/v1.0.0.info"
PRIVATE = f"/{API}/@v/v1.1.0.info"


@pytest.fixture(scope="module")
def company(shared):
    return Company(shared)


@pytest.fixture(scope="module")
def idp(shared):
    return shared.idp()


def issuer(idp, **changes):
    return {"issuer": idp.issuer, "audiences": [idp.audience], "algorithms": ["ES256", "RS256"], "jwks_file": idp.jwks, "user_claim": "sub",
            "groups_claim": "groups", "leeway_s": 30, **changes}


@pytest.fixture(scope="module")
def gate(company, idp):
    return company.gateway(settings={"auth.jwt": [issuer(idp, required_claims=[{"claim": "repository", "matches": "corp/*"}])]})


@pytest.fixture
def rows(gate, addresses):
    """Each test comes from an address of its own, since refusals are counted by it."""
    gate.source = next(addresses)
    begin = gate.audit_size()
    return lambda: gate.rows(begin)


def good(idp, key=None, header=None, **changes):
    """A token that is accepted, but for the changes; a change to None takes a field or claim away."""
    key = key or idp.ec
    fields = {"alg": key.algorithm, "typ": "JWT", "kid": key.kid, **(header or {})}
    claims = {**idp.claims("ci-job", ["payments"], repository="corp/api"), **changes}
    return assemble(*({name: value for name, value in part.items() if value is not None} for part in (fields, claims)), key.sign)


def test_good_tokens(gate, idp, rows):
    for key in (idp.ec, idp.rsa):
        token = good(idp, key)
        assert gate.request(PRIVATE, token=token).status == 200
        assert gate.request(PRIVATE, user=("whoever", token)).status == 200
    assert {(row["user"], row["method"], tuple(row["groups"])) for row in rows()} == {("ci-job", "jwt", ("payments",))}


def test_go_takes_it_from_goauth(company, gate, idp, new_go, rows):
    """An ES256 token from a command, as Bearer."""
    go = company.go(gate, new_go, None)
    helper = os.path.join(go.home, "helper")
    with open(helper, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\nprintf '%s\\n\\nAuthorization: Bearer %s\\n\\n' '{gate.url}' '{good(idp)}'\n")
    os.chmod(helper, 0o755)
    go.env["GOAUTH"] = helper
    go.run("get", f"{API}@v1.1.0")
    assert {row["method"] for row in rows() if row["kind"] == "access"} == {"jwt"}


def test_go_takes_it_from_netrc(company, gate, idp, go_command, rows):
    """As the password; what older go commands can do."""
    company.go(gate, go_command, good(idp, idp.rsa)).run("get", f"{API}@v1.1.0")
    assert {row["method"] for row in rows() if row["kind"] == "access"} == {"jwt"}


def signed_as(idp, algorithm, secret):
    return assemble({"alg": algorithm, "typ": "JWT", "kid": idp.rsa.kid}, idp.claims("ci-job", ["payments"], repository="corp/api"), hs256(secret))


def twice(idp, name, first, second):
    """Claims that name one thing twice."""
    text = json.dumps(idp.claims("ci-job", ["payments"], repository="corp/api"))[:-1]
    text = text.replace(f'"{name}": ', f'"{name}": {json.dumps(first)}, "{name}": ', 1) if f'"{name}"' in text else text
    return assemble({"alg": "ES256", "typ": "JWT", "kid": idp.ec.kid}, text + "}", idp.ec.sign)


HOSTILE = {
    "none": lambda i: assemble({"alg": "none", "kid": i.ec.kid}, i.claims("ci-job", ["payments"], repository="corp/api"), unsigned),
    "None": lambda i: assemble({"alg": "None", "kid": i.ec.kid}, i.claims("ci-job", ["payments"], repository="corp/api"), unsigned),
    "HS256 with the RSA key's text": lambda i: signed_as(i, "HS256", i.rsa.public_pem()),
    "hs256 in small letters": lambda i: signed_as(i, "hs256", i.rsa.public_pem()),
    "HS256 with the EC key's text": lambda i: signed_as(i, "HS256", i.ec.public_pem()),
    "RS256 named, HMAC made": lambda i: signed_as(i, "RS256", i.rsa.public_pem()),
    "EC key under RS256": lambda i: good(i, header={"alg": "RS256"}),
    "RSA key under ES256": lambda i: good(i, i.rsa, {"alg": "ES256"}),
    "signature in DER": lambda i: assemble({"alg": "ES256", "kid": i.ec.kid}, i.claims("ci-job", ["payments"], repository="corp/api"), i.ec.sign_der),
    "signed by a stranger under our kid": lambda i: good(i, Key("ES256", i.ec.kid)),
    "signed by a stranger": lambda i: good(i, Key("ES256", "stranger")),
    "its own key in the header": lambda i: own_key(i),
    "a place to fetch the key from": lambda i: good(i, header={"jku": "https://127.0.0.1:9/jwks"}),
    "x5u": lambda i: good(i, header={"x5u": "https://127.0.0.1:9/cert"}),
    "critical extension": lambda i: good(i, header={"crit": ["exp"]}),
    "alg twice": lambda i: assemble('{"alg":"none","alg":"ES256","kid":"%s"}' % i.ec.kid, i.claims("ci-job", repository="corp/api"), i.ec.sign),
    "sub twice": lambda i: twice(i, "sub", "admin", "ci-job"),
    "wrong issuer": lambda i: good(i, iss="https://login.example.net"),
    "issuer with a slash more": lambda i: good(i, iss=i.issuer + "/"),
    "no issuer": lambda i: good(i, iss=None),
    "wrong audience": lambda i: good(i, aud="another"),
    "no audience": lambda i: good(i, aud=None),
    "empty audiences": lambda i: good(i, aud=[]),
    "audience in an object": lambda i: good(i, aud={"modgate": True}),
    "expired": lambda i: good(i, exp=int(time.time()) - 31),
    "no end": lambda i: good(i, exp=None),
    "end is a text": lambda i: good(i, exp="9999999999"),
    "not yet": lambda i: good(i, nbf=int(time.time()) + 600),
    "sub is a number": lambda i: good(i, sub=7),
    "no sub": lambda i: good(i, sub=None),
    "empty sub": lambda i: good(i, sub=""),
    "sub with a line break": lambda i: good(i, sub="ci\njob"),
    "groups are an object": lambda i: good(i, groups={"payments": True}),
    "groups hold a number": lambda i: good(i, groups=["payments", 7]),
    "required claim missing": lambda i: good(i, repository=None),
    "required claim of another": lambda i: good(i, repository="elsewhere/api"),
    "required claim one deeper": lambda i: good(i, repository="corp/api/x"),
    "padded": lambda i: ".".join(part + "=" * (-len(part) % 4) for part in good(i).split(".")),
    "bit flipped in the claims": lambda i: flipped(good(i)),
    "four parts": lambda i: good(i) + ".x",
    "two parts": lambda i: good(i).rsplit(".", 1)[0],
    "no signature": lambda i: good(i).rsplit(".", 1)[0] + ".",
    "plus and slash": lambda i: good(i).replace("-", "+").replace("_", "/") + "+",
}


def own_key(idp):
    stranger = Key("ES256", "stranger")
    return good(idp, stranger, {"jwk": stranger.jwk()})


def flipped(token):
    head, claims, signature = token.split(".")
    text = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).replace(b"ci-job", b"ci-jox")
    return ".".join((head, b64(text), signature))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_token(gate, idp, rows, name):
    token = HOSTILE[name](idp)
    answer = gate.request(INFO, token=token)
    assert answer.status == 401 and "WWW-Authenticate" in answer.headers
    assert gate.request(INFO, headers={"Authorization": basic("ci-job", token)}).status == 401
    told = rows()
    assert [(row["kind"], row["verdict"], row["status"]) for row in told] == [("auth", "deny", 401)] * 2 and told[0]["reason"]


def test_hostile_claims_alone_are_what_is_wrong(gate, idp):
    """The test's own eyes: each table row differs from this good one in one thing."""
    for token in (good(idp), good(idp, aud=["another", "modgate"]), good(idp, exp=int(time.time()) - 20), good(idp, nbf=None), good(idp, groups=None),
                  good(idp, repository="corp/x"), good(idp, header={"typ": None})):
        assert gate.request(INFO, token=token).status == 200


def test_algorithm_that_is_not_configured(stage, idp):
    gate = stage.gateway({"auth.jwt": [issuer(idp, algorithms=["RS256"])]})
    assert gate.request(INFO, token=good(idp, idp.rsa)).status == 200
    assert gate.request(INFO, token=good(idp, idp.ec)).status == 401


def test_keys_change_while_it_runs(stage):
    idp = stage.idp()
    gate = stage.gateway({"auth.jwt": [issuer(idp)]})
    old, new = idp.ec, Key("ES256", "ec-2")
    assert [gate.request(INFO, token=good(idp, key)).status for key in (old, new)] == [200, 401]
    idp.publish(new.jwk())
    gate.command("reload")
    assert [gate.request(INFO, token=good(idp, key)).status for key in (old, new)] == [401, 200]


def test_groups_from_inside_an_object(stage, idp):
    company = Company(stage)
    gate = company.gateway(settings={"auth.jwt": [issuer(idp, groups_claim="realm.access.groups", user_claim="email")]})
    token = good(idp, sub="7", groups=None, email="ci@corp.example", realm={"access": {"groups": ["payments"]}})
    assert gate.request(PRIVATE, token=token).status == 200
    row = gate.rows()[-1]
    assert (row["user"], row["groups"]) == ("ci@corp.example", ["payments"])
