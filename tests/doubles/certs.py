"""A certificate authority for tests: server and client certificates, good ones and every kind of bad one."""
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("localhost", "127.0.0.1")
DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _write(path, data, mode=0o644):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)


def _write_key(path, key):
    form = serialization.PrivateFormat.PKCS8
    _write(path, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()), 0o600)


class CA:
    """A root of its own; two of them do not trust each other. `pem` is the file to trust."""

    def __init__(self, directory, name="test CA"):
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        self.pem = os.path.join(directory, "ca.pem")
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = _name(name)
        self.certificate = self._root()
        _write(self.pem, self.certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject, public_key, start, end):
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject).public_key(public_key)
                .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False))

    def _root(self):
        now = datetime.datetime.utcnow()
        usage = x509.KeyUsage(key_cert_sign=True, crl_sign=True, digital_signature=True, content_commitment=False, key_encipherment=False,
                              data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False)
        return (self._builder(self.subject, self.key.public_key(), now - DAY, now + 30 * DAY)
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .add_extension(usage, critical=True).sign(self.key, hashes.SHA256()))

    def _issue(self, label, subject, names, purpose, start, end):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(subject), key.public_key(), start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        files = os.path.join(self.directory, f"{label}.pem"), os.path.join(self.directory, f"{label}.key")
        _write(files[0], certificate.public_bytes(serialization.Encoding.PEM))
        _write_key(files[1], key)
        return files

    def server(self, label="server", names=LOOPBACK):
        """(certificate file, key file) of a server that is called by these names."""
        now = datetime.datetime.utcnow()
        return self._issue(label, names[0], names, ExtendedKeyUsageOID.SERVER_AUTH, now - DAY, now + 10 * DAY)

    def wrong_host(self, label="wrong-host"):
        return self.server(label, ("elsewhere.example.org",))

    def expired(self, label="expired", names=LOOPBACK):
        now = datetime.datetime.utcnow()
        return self._issue(label, names[0], names, ExtendedKeyUsageOID.SERVER_AUTH, now - 20 * DAY, now - DAY)

    def client(self, subject, label=None, days=10):
        """(certificate file, key file) of a client; a negative number of days makes it expired."""
        now = datetime.datetime.utcnow()
        start = now + min(days, 0) * DAY - DAY
        return self._issue(label or f"client-{subject}", subject, (), ExtendedKeyUsageOID.CLIENT_AUTH, start, now + days * DAY)
