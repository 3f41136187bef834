"""A real slapd on loopback with a few people and groups, over ldap:// (StartTLS on offer) and ldaps://.

It lets anybody bind with an empty password and counts as success what is no proof of anything (RFC 4513, 5.1.2), as careless
directories do, so that a client which sends empty passwords lets everybody in.
"""
import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import time

SUFFIX = "dc=corp,dc=example"
PEOPLE = f"ou=people,{SUFFIX}"
GROUPS = f"ou=groups,{SUFFIX}"
SERVICE_DN = f"cn=modgate,{SUFFIX}"
SERVICE_PASSWORD = "service-password"
START_TIMEOUT_S = 10

# Names that mean something in filters, in DNs or in neither. Everybody's password is password(user).
ODD = ("o(dd)", "sta*r", "back\\slash", "com,ma", "pl+us#", "zo\u00eb", "\u540d\u524d")
USERS = ("alice", "bob", "mallory", *ODD)
MEMBERS = {"payments": ("alice", *ODD), "platform": ("bob",), "compliance": ("bob",)}
TWIN = "twin"           # two entries have this uid

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {directory}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSVerifyClient never
allow bind_anon_cred bind_anon_dn
loglevel stats
database mdb
maxsize 16777216
dbnosync
suffix "{suffix}"
rootdn "cn=admin,{suffix}"
directory {directory}/db
index uid,member eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{service}" read by users none by * none
"""


def password(user):
    return f"{user}-password"


def dn_escape(value):
    """RFC 4514, for one attribute value."""
    text = re.sub(r'([\\,+"<>;=#])', r"\\\1", value)
    return re.sub(r"^ | $", r"\\ ", text)


def user_dn(user):
    return f"uid={dn_escape(user)},{PEOPLE}"


def entry(dn, **attributes):
    """One LDIF record; every value in base64, so that none needs care."""
    lines = [f"dn:: {base64.b64encode(dn.encode()).decode()}"]
    for name, values in attributes.items():
        for value in [values] if isinstance(values, str) else values:
            lines.append(f"{name}:: {base64.b64encode(value.encode()).decode()}")
    return "\n".join(lines) + "\n\n"


def person(dn, user):
    return entry(dn, objectClass="inetOrgPerson", uid=user, cn=user, sn=user, userPassword=password(user))


def directory_ldif(extra=""):
    contractors = f"ou=contractors,{PEOPLE}"
    text = entry(SUFFIX, objectClass=("dcObject", "organization"), dc="corp", o="corp")
    text += entry(PEOPLE, objectClass="organizationalUnit", ou="people")
    text += entry(contractors, objectClass="organizationalUnit", ou="contractors")
    text += entry(GROUPS, objectClass="organizationalUnit", ou="groups")
    text += entry(SERVICE_DN, objectClass=("applicationProcess", "simpleSecurityObject"), cn="modgate", userPassword=SERVICE_PASSWORD)
    text += "".join(person(user_dn(user), user) for user in USERS)
    text += person(user_dn(TWIN), TWIN) + person(f"uid={TWIN},{contractors}", TWIN)
    for group, members in MEMBERS.items():
        text += entry(f"cn={group},{GROUPS}", objectClass="groupOfNames", cn=group, member=[user_dn(user) for user in members])
    return text + extra


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Slapd:
    """extra: more LDIF (entry()) to load."""

    def __init__(self, directory, certificate, key, extra=""):
        self.directory = os.path.abspath(directory)
        self.log_path = os.path.join(self.directory, "slapd.log")
        self.config = os.path.join(self.directory, "slapd.conf")
        self._process = None
        shutil.rmtree(os.path.join(self.directory, "db"), ignore_errors=True)
        os.makedirs(os.path.join(self.directory, "db"))
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(directory=self.directory, certificate=certificate, key=key, suffix=SUFFIX, service=SERVICE_DN))
        subprocess.run(["/usr/sbin/slapadd", "-q", "-f", self.config], input=directory_ldif(extra).encode(), check=True, capture_output=True)
        self._take_ports()

    def _take_ports(self):
        self.port, self.tls_port = free_port(), free_port()
        self.uri = f"ldap://127.0.0.1:{self.port}"
        self.tls_uri = f"ldaps://127.0.0.1:{self.tls_port}"

    # --- life -----------------------------------------------------------------------------------------------------------------

    def start(self):
        """Start on the ports of last time; on the first start others are tried if somebody took them meanwhile."""
        for _ in range(3):
            if self._try_start():
                return self
            self._take_ports()
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            raise RuntimeError(f"slapd did not start:\n{file.read()}")

    def _try_start(self):
        with open(self.log_path, "a", encoding="utf-8") as log:
            command = ["/usr/sbin/slapd", "-f", self.config, "-h", f"{self.uri} {self.tls_uri}", "-d", "stats"]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.tls_port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        self.stop()
        return False

    def stop(self):
        """An outage with refused connections. NULL-safe: a stopped one may be stopped again."""
        if self._process and self._process.poll() is None:
            self.resume()
            self._process.terminate()
            self._process.wait()
        self._process = None

    def pause(self):
        """An outage where connections are accepted (by the kernel) and nobody answers."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    # --- what came in ---------------------------------------------------------------------------------------------------------

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def mark(self):
        return len(self.log())

    def connections(self, since=0):
        return len(re.findall(r" ACCEPT from ", self.log()[since:]))

    def binds(self, since=0):
        """The DNs of every bind that was asked for, as slapd writes them; "" for an anonymous one."""
        return re.findall(r' BIND dn="(.*)" method=128', self.log()[since:])

    def searches(self, since=0):
        """The filters of every search."""
        return re.findall(r' SRCH .* filter="(.*)"', self.log()[since:])

    # --- settings of a client -------------------------------------------------------------------------------------------------

    def settings(self, ca, bind_password_file, start_tls=False, **changes):
        """The value of modgate.yaml's auth.ldap for this directory."""
        return {"uris": [self.uri if start_tls else self.tls_uri], "start_tls": start_tls, "ca": ca, "bind_dn": SERVICE_DN,
                "bind_password_file": bind_password_file, "user_base": PEOPLE, "user_filter": "(uid={user})",
                "group_base": GROUPS, "group_filter": "(member={dn})", "group_attribute": "cn", **changes}
