"""The stage of the differential test: what tests/e2e starts, made once for all repositories."""
import os
import sys

import pytest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "e2e")]

from doubles import certs
from golang import find_go_commands
from stage import Stage


@pytest.fixture(scope="session")
def differential_stage(tmp_path_factory):
    ca = certs.CA(str(tmp_path_factory.mktemp("ca")))
    one = Stage(tmp_path_factory.mktemp("differential"), ca, ca.server())
    yield one
    one.end()


@pytest.fixture(scope="session")
def newest_go():
    """Its direct mode is the one that modgate agrees with."""
    return find_go_commands()[0]
