"""All that one test, or the tests of one file, start: doubles, gateways, workspaces. Loopback only; everything ends with it."""
import os

from doubles.blackhole import BlackHole
from doubles.githttp import GitHttp
from doubles.gitrepo import GitRepo
from doubles.gitssh import GitSsh
from doubles.idp import Idp
from doubles.ldap import Slapd
from doubles.upstream import MODULES, Upstream
from gateway import BUILD, Gateway
from golang import Workspace


def build_cache(go):
    """Shared between tests and runs, so that the standard library is compiled once."""
    return os.path.join(BUILD, "tests", f"gocache-{go.name}")


class Stage:
    """certificate: (certificate file, key file) of every double."""

    def __init__(self, directory, ca, certificate):
        self.directory = directory
        self.ca = ca
        self.certificate = certificate
        self.gateways = []
        self._started = []
        self._workspaces = 0

    def add(self, thing):
        """Have thing.stop() called at the end; last added, first stopped."""
        self._started.append(thing)
        return thing

    def end(self):
        """Stops everything, even if one of them complains."""
        complaints = []
        while self._started:
            try:
                self._started.pop().stop()
            except Exception as error:
                complaints.append(str(error))
        assert not complaints, "\n".join(complaints)

    # --- what modgate talks to ------------------------------------------------------------------------------------------------

    def upstream(self, state="upstream", modules=MODULES, tls=..., **options):
        """tls: another (certificate, key), or None for http. More options: name, padding."""
        return self.add(Upstream(modules, str(self.directory / state), self.certificate if tls is ... else tls, **options)).start()

    def githttp(self, state="githttp", users=None, tls=...):
        """A git host; its repositories are in STATE/repositories."""
        tls = self.certificate if tls is ... else tls
        return self.add(GitHttp(str(self.directory / state / "repositories"), str(self.directory / state), tls, users)).start()

    def gitssh(self, state="gitssh"):
        """A git host over ssh; its repositories are in STATE/repositories."""
        return self.add(GitSsh(str(self.directory / state / "repositories"), str(self.directory / state))).start()

    def repo(self, name):
        """A new repository with a work tree."""
        return GitRepo(self.directory / "work-trees" / name)

    def ldap(self):
        return self.add(Slapd(str(self.directory / "slapd"), *self.certificate)).start()

    def black_hole(self):
        return self.add(BlackHole()).start()

    def idp(self):
        return Idp(str(self.directory / "idp"))

    # --- the go command and modgate -------------------------------------------------------------------------------------------

    def workspace(self, go, proxy, **options):
        """An empty module to run that go command in; options: ca, user, password, GOSUMDB and other settings of go."""
        self._workspaces += 1
        return Workspace(go, self.directory / f"go-{self._workspaces}", proxy, build_cache=build_cache(go), **options)

    def gateway(self, settings=None, policy=None, upstream=None, init=(), start=True):
        """A gateway before that upstream (another one if None) and its checksum database.

        Settings are dotted keys of modgate.yaml; a function makes them of the gateway, for what needs its directory. A policy is
        text or an object; without one, what init wrote holds. gateway(…).go(command, token) is a workspace behind that gateway.
        """
        upstream = upstream or self.upstream()
        one = Gateway(self.directory / f"gateway-{len(self.gateways)}", upstream.url, *init)
        self.gateways.append(one)
        one.configure({"upstreams": [{"url": upstream.url, "fallback": "not_found", "modules": ["*"], "ca": self.ca.pem}],
                       "sumdb.databases": [{"key": upstream.key}]})
        one.configure(settings(one) if callable(settings) else settings or {})
        if policy is not None:
            one.policy(policy)
        one.go = lambda go, token=None, user="token", **env: self._behind(one, upstream, go, token, user, env)
        return self.add(one).start() if start else self.add(one)

    def _behind(self, gateway, upstream, go, token, user, env):
        """A workspace whose only proxy is the gateway. The password is a token, a JWT or, with `user`, that user's password."""
        options = {"GOSUMDB": upstream.key, **env}
        return self.workspace(go, gateway.url, ca=gateway.ca, user=user if token else None, password=token or "", **options)
