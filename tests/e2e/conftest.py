"""Fixtures of the end-to-end tests. Everything they start listens on loopback only, is a child or a thread of the test and ends with it."""
import os
import signal
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import skips
from doubles import certs
from doubles.blackhole import BlackHole
from doubles.githttp import GitHttp
from doubles.gitrepo import GitRepo
from doubles.idp import Idp
from doubles.ldap import Slapd
from doubles.upstream import MODULES, Upstream
from gateway import BUILD, Gateway
from golang import Workspace, find_go_commands

TEST_TIMEOUT_S = 600
GO_COMMANDS = find_go_commands()

# --- the rules of the house ------------------------------------------------------------------------------------------------------


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A skip for a reason that is not in tests/skips.py is a failure; so is an expected failure. A failure shows what modgate said."""
    report = (yield).get_result()
    _refuse_skip(report)
    for one in getattr(item.funcargs.get("gateway"), "made", ()) if report.failed else ():
        report.sections.append((f"modgate of {one.directory}", one.stderr()))


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    """The same for a file that skips itself as a whole."""
    _refuse_skip((yield).get_result())


def _refuse_skip(report):
    expected = report.__dict__.pop("wasxfail", None)
    if report.skipped and (expected is not None or not skips.allowed(report.longrepr[2])):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: skipped for a reason that tests/skips.py does not allow: {expected or report.longrepr}"


@pytest.fixture(autouse=True)
def deadline():
    """A test that hangs fails."""
    def late(*_):
        raise TimeoutError(f"the test took more than {TEST_TIMEOUT_S} s")
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(TEST_TIMEOUT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def ending():
    """ending(x) has x.stop() called after the test, last started first; every one is stopped even if another complains."""
    started = []

    def add(thing):
        started.append(thing)
        return thing
    yield add
    complaints = []
    for thing in reversed(started):
        try:
            thing.stop()
        except Exception as error:
            complaints.append(str(error))
    assert not complaints, "\n".join(complaints)


# --- what modgate talks to ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    """The authority of every double (modgate's own is its directory's ca.pem)."""
    return certs.CA(str(tmp_path_factory.mktemp("ca")))


@pytest.fixture(scope="session")
def rogue_ca(tmp_path_factory):
    return certs.CA(str(tmp_path_factory.mktemp("rogue-ca")), "rogue CA")


@pytest.fixture(scope="session")
def server_certificate(ca):
    return ca.server()


@pytest.fixture
def upstream_factory(tmp_path, server_certificate, ending):
    """make(state="upstream", modules=…, tls=(certificate, key) or None for http, name=…, padding=…)."""
    def make(state="upstream", modules=MODULES, tls=server_certificate, **options):
        return ending(Upstream(modules, str(tmp_path / state), tls, **options)).start()
    return make


@pytest.fixture
def upstream(upstream_factory):
    """Over https, with the modules of tests/doubles/modules."""
    return upstream_factory()


@pytest.fixture
def githttp_factory(tmp_path, server_certificate, ending):
    """make(state="githttp", users=…, tls=…); its repositories are in STATE/repositories."""
    def make(state="githttp", users=None, tls=server_certificate):
        return ending(GitHttp(str(tmp_path / state / "repositories"), str(tmp_path / state), tls, users)).start()
    return make


@pytest.fixture
def githttp(githttp_factory):
    """Over https, for reader:reader-password."""
    return githttp_factory(users={"reader": "reader-password"})


@pytest.fixture
def git_repo(tmp_path):
    """make(name) is a new repository with a work tree."""
    return lambda name: GitRepo(tmp_path / "work-trees" / name)


@pytest.fixture
def ldap(tmp_path, server_certificate, ending):
    return ending(Slapd(str(tmp_path / "slapd"), *server_certificate)).start()


@pytest.fixture
def black_hole(ending):
    return ending(BlackHole()).start()


@pytest.fixture
def idp(tmp_path):
    return Idp(str(tmp_path / "idp"))


# --- the go command ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def go_commands():
    """Newest first, at least one."""
    assert GO_COMMANDS, "there is no go command: make deps"
    return GO_COMMANDS


@pytest.fixture(params=GO_COMMANDS, ids=lambda command: f"go{command.name}")
def go_command(request):
    """Runs the test once with each go command."""
    return request.param


@pytest.fixture
def new_go(go_commands):
    """The newest go command, if it knows GOAUTH."""
    if not go_commands[0].knows_goauth:
        pytest.skip(f"{skips.NO_NEW_GO}: GOAUTH came with 1.24, the newest here is {go_commands[0].name}")
    return go_commands[0]


def build_cache(go):
    """Shared between tests and runs, so that the standard library is compiled once."""
    return os.path.join(BUILD, "tests", f"gocache-{go.name}")


@pytest.fixture
def workspace(tmp_path):
    """make(go, proxy, ca=…, user=…, password=…, GOSUMDB=…) is an empty module to run that go command in."""
    made = []

    def make(go, proxy, **options):
        made.append(None)
        return Workspace(go, tmp_path / f"go-{len(made)}", proxy, build_cache=build_cache(go), **options)
    return make


# --- modgate ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def gateway(tmp_path, ca, upstream, workspace, ending):
    """make(settings={…}, policy=…, upstream=…, init=[…], start=True) is a gateway before that upstream and its checksum database.

    Settings are dotted keys of modgate.yaml; a function makes them of the gateway, for what needs its directory. A policy is text or
    an object; without one, what init wrote holds. make(...).go(command, token) is a workspace behind that gateway.
    """
    made = []

    def make(settings=None, policy=None, upstream=upstream, init=(), start=True):
        one = Gateway(tmp_path / f"gateway-{len(made)}", upstream.url, *init)
        made.append(one)
        one.configure({"upstreams": [{"url": upstream.url, "fallback": "not_found", "modules": ["*"], "ca": ca.pem}],
                       "sumdb.databases": [{"key": upstream.key}]})
        one.configure(settings(one) if callable(settings) else settings or {})
        if policy is not None:
            one.policy(policy)
        one.go = lambda go, token=None, user="token", **env: _go(workspace, one, upstream, go, token, user, env)
        return ending(one).start() if start else ending(one)
    make.made = made
    return make


def _go(workspace, gateway, upstream, go, token, user, env):
    """A workspace whose only proxy is the gateway. The password is a token, a JWT or, with `user`, that user's password."""
    options = {"GOSUMDB": upstream.key, **env}
    return workspace(go, gateway.url, ca=gateway.ca, user=user if token else None, password=token or "", **options)
