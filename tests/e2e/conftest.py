"""Fixtures of the end-to-end tests. Everything they start listens on loopback only, is a child or a thread of the test and ends with it."""
import os
import signal
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import skips
from company import Company
from doubles import certs
from golang import find_go_commands
from stage import Stage
from tracing import Strace

TEST_TIMEOUT_S = 600
GO_COMMANDS = find_go_commands()

# --- the rules of the house ------------------------------------------------------------------------------------------------------


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A skip for a reason that is not in tests/skips.py is a failure; so is an expected failure. A failure shows what modgate said."""
    report = (yield).get_result()
    _refuse_skip(report)
    stages = [item.funcargs[name] for name in ("stage", "shared") if name in getattr(item, "funcargs", {})]
    for one in [one for stage in stages for one in stage.gateways] if report.failed else ():
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


def _stage(directory, ca, certificate):
    stage = Stage(directory, ca, certificate)
    yield stage
    stage.end()


@pytest.fixture
def stage(tmp_path, ca, server_certificate):
    """What this test starts ends with it."""
    yield from _stage(tmp_path, ca, server_certificate)


@pytest.fixture(scope="module")
def shared(tmp_path_factory, ca, server_certificate):
    """What the tests of one file share."""
    yield from _stage(tmp_path_factory.mktemp("shared"), ca, server_certificate)


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
def upstream_factory(stage):
    return stage.upstream


@pytest.fixture
def upstream(stage):
    """Over https, with the modules of tests/doubles/modules."""
    return stage.upstream()


@pytest.fixture
def githttp(stage):
    """Over https, for reader:reader-password."""
    return stage.githttp(users={"reader": "reader-password"})


@pytest.fixture
def git_repo(stage):
    return stage.repo


@pytest.fixture
def ldap(stage):
    return stage.ldap()


@pytest.fixture
def black_hole(stage):
    return stage.black_hole()


@pytest.fixture
def idp(stage):
    return stage.idp()


@pytest.fixture
def workspace(stage):
    return stage.workspace


@pytest.fixture
def gateway(stage, upstream):
    """make(settings={…}, policy=…, upstream=…, init=[…], start=True): see stage.py; before the upstream of this test unless it says otherwise."""
    return lambda settings=None, policy=None, upstream=upstream, **options: stage.gateway(settings, policy, upstream, **options)


@pytest.fixture(scope="session")
def addresses():
    """Loopback addresses, each given once, for callers that the gateway must not take for one."""
    return (f"127.1.{number >> 8}.{number & 255}" for number in range(1, 65536))


# --- a company with its gateway; a file whose tests share one has fixtures of its own for it ---------------------------------------


@pytest.fixture
def company(stage):
    return Company(stage)


@pytest.fixture
def gate(company):
    return company.gateway()


@pytest.fixture
def token(gate):
    return gate.token("alice", ["payments"])


@pytest.fixture
def strace(stage, gate, tmp_path):
    """strace(*options) traces the gateway from now on."""
    return lambda *options: stage.add(Strace(gate.process.pid, tmp_path / "strace", *options).start())


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
