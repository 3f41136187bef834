"""An identity provider's keys and tokens: JWKS files, proper JWTs, and JWTs as wrong as the caller wants."""
import base64
import hashlib
import hmac
import json
import os
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """An EC P-256 (ES256) or RSA 2048 (RS256) key with its id."""

    def __init__(self, algorithm, kid):
        self.algorithm = algorithm
        self.kid = kid
        if algorithm == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "RS256":
            self.private = rsa.generate_private_key(65537, 2048)
        else:
            raise ValueError(algorithm)

    def jwk(self, **changes):
        numbers = self.private.public_key().public_numbers()
        jwk = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "ES256":
            jwk.update(kty="EC", crv="P-256", x=_number(numbers.x, 32), y=_number(numbers.y, 32))
        else:
            jwk.update(kty="RSA", n=_number(numbers.n), e=_number(numbers.e))
        jwk.update(changes)
        return {name: value for name, value in jwk.items() if value is not None}

    def public_pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        if self.algorithm == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.sign_der(data))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def sign_der(self, data):
        """An EC signature in DER, which JOSE does not allow."""
        return self.private.sign(data, ec.ECDSA(hashes.SHA256()))


def assemble(header, payload, sign):
    """A token of any two objects, or of texts that are taken as they are, signed by sign(bytes) -> bytes."""
    parts = [part if isinstance(part, (str, bytes)) else json.dumps(part, separators=(",", ":")) for part in (header, payload)]
    signed = ".".join(b64(part.encode() if isinstance(part, str) else part) for part in parts)
    return f"{signed}.{b64(sign(signed.encode()))}"


def hs256(secret):
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def unsigned(_):
    return b""


class Idp:
    """An issuer with one key of each kind; its key set is in the file `jwks`."""

    def __init__(self, directory, issuer="https://login.example.org", audience="modgate"):
        os.makedirs(directory, exist_ok=True)
        self.issuer = issuer
        self.audience = audience
        self.ec = Key("ES256", "ec-1")
        self.rsa = Key("RS256", "rsa-1")
        self.jwks = os.path.join(directory, "idp.jwks")
        self.publish(self.ec.jwk(), self.rsa.jwk())

    def publish(self, *jwks):
        """Replace the key set, by rename."""
        with open(self.jwks + ".new", "w", encoding="utf-8") as file:
            json.dump({"keys": list(jwks)}, file, indent=1)
        os.replace(self.jwks + ".new", self.jwks)

    def claims(self, user, groups=(), **changes):
        """The claims of a good token; a change to None takes the claim away."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.audience, "sub": user, "groups": list(groups), "iat": now, "nbf": now, "exp": now + 600}
        claims.update(changes)
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, user, groups=(), key=None, header=None, **changes):
        """A signed token. key: another than the EC one; header: fields to add or, as None, to take away; changes: of claims."""
        key = key or self.ec
        fields = {"alg": key.algorithm, "typ": "JWT", "kid": key.kid, **(header or {})}
        fields = {name: value for name, value in fields.items() if value is not None}
        return assemble(fields, self.claims(user, groups, **changes), key.sign)
