"""The stage of the demo, all of it below one directory: a company's git repositories, a public upstream, modgate, three developers."""
import os
import shutil
import subprocess

from doubles import certs
from doubles.gitrepo import GitRepo
from doubles.upstream import MODULES, Upstream
from gateway import Gateway
from golang import GoCommand, Workspace, find_go_commands
from teller import Refused

LEDGER = "git.corp.example/payments/ledger"
RATES = "git.corp.example/payments/rates/v2"
COLOUR, GREETING, PALETTE = "example.org/colour", "example.org/greeting", "example.org/Palette"
PRIVATE_WORDS = ("corp.example", "payments", "ledger", "rates")
HELP = "ask in #payments for the group"
SAYS = "Hello, alice: 119 with 19 % tax"
MARK = ".modgate-demo"      # only a directory that holds this file is removed

POLICY = {
    "private": ["git.corp.example"],
    "nosumdb": ["git.corp.example"],
    "rules": [
        {"name": "payments", "modules": ["git.corp.example/payments"], "groups": ["payments"], "verdict": "allow"},
        {"name": "others", "modules": ["git.corp.example/payments"], "verdict": "deny",
         "reason": "only the payments team may read it", "help": HELP},
        {"name": "public", "modules": ["*"], "private": False, "verdict": "allow"},
    ],
}

LEDGER_GO = f'''// Package ledger adds tax.
package ledger

import "{RATES}"

// Gross is net and its tax.
func Gross(net int) int {{
	return net + net*rates.Percent/100
}}
'''

RATES_GO = '''// Package rates knows the taxes.
package rates

// Percent of value added tax.
const Percent = 19
'''

PROGRAM = f'''package main

import (
	"{COLOUR}"
	"{GREETING}"
	"{LEDGER}"
	"{RATES}"
)

func main() {{
	println(colour.Green(greeting.Hello("alice")+":"), ledger.Gross(100), "with", rates.Percent, "% tax")
}}
'''


def fresh(directory):
    """An empty directory; what an earlier demo left there is removed, anything else is left alone."""
    if os.path.exists(directory):
        if os.path.islink(directory) or not os.path.isfile(os.path.join(directory, MARK)):
            raise Refused(f"{directory} is there and no demo made it: move it away")
        shutil.rmtree(directory)
    os.makedirs(directory)
    with open(os.path.join(directory, MARK), "w", encoding="utf-8"):
        pass
    return directory


def choose_go(binary=None):
    """The newest at hand, or this one."""
    if binary:
        try:
            return GoCommand(binary)
        except (OSError, subprocess.CalledProcessError, AttributeError):
            raise Refused(f"GO={binary} is no go command") from None
    found = find_go_commands()
    if not found:
        raise Refused("there is no go command: make deps")
    return found[0]


class Scene:
    """Opened step by step; close() ends all that was started, in reverse."""

    def __init__(self, directory, go):
        self.directory = directory
        self.go = go
        self.started = []
        self.upstream = self.gateway = self.alice = self.bob = self.nobody = None
        self.tokens = {}

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def start(self, thing):
        self.started.append(thing)
        return thing.start()

    def close(self):
        """What they complained of, or nothing."""
        complaints = []
        while self.started:
            try:
                self.started.pop().stop()
            except RuntimeError as error:
                complaints.append(str(error))
        return "\n".join(complaints)

    # --- opening ------------------------------------------------------------------------------------------------------------------

    def make_company(self):
        """Two private modules: rates in a repository whose master is /v2, ledger, which needs it."""
        rates = GitRepo(self.path("company", "work", "rates"))
        rates.commit({"go.mod": f"module {RATES[:-3]}\n\ngo 1.19\n", "rates.go": RATES_GO.replace("19", "16")}, tags=["v1.0.0"])
        rates.commit({"go.mod": f"module {RATES}\n\ngo 1.19\n", "rates.go": RATES_GO}, tags=["v2.0.0"])
        ledger = GitRepo(self.path("company", "work", "ledger"))
        ledger.commit({"go.mod": f"module {LEDGER}\n\ngo 1.19\n\nrequire {RATES} v2.0.0\n", "ledger.go": LEDGER_GO}, tags=["v1.0.0", "v1.1.0"])
        for name, repo in (("rates", rates), ("ledger", ledger)):
            repo.bare(self.path("company", "git", f"{name}.git"))

    def open_upstream(self):
        authority = certs.CA(self.path("upstream", "ca"))
        self.upstream = self.start(Upstream(MODULES, self.path("upstream"), authority.server()))
        self.upstream_ca = authority.pem

    def open_gateway(self):
        """modgate init, what an operator then writes into the two files, modgate serve."""
        gateway = Gateway(self.path("gateway"), self.upstream.url)
        gateway.configure({
            "upstreams": [{"url": self.upstream.url, "ca": self.upstream_ca}],
            "sumdb.databases": [self.upstream.key],
            "repositories": [{"prefix": "git.corp.example/payments", "repository": self.path("company", "git", "{1}.git")}],
        })
        gateway.policy(POLICY)
        self.gateway = self.start(gateway)
        self.tokens = {"alice": gateway.token("alice", groups=["payments"]), "bob": gateway.token("bob", groups=["web"])}
        self.alice = self.developer("alice")
        self.bob = self.developer("bob")
        self.nobody = self.developer("nobody")

    def developer(self, name):
        """A go command with caches of its own, told what `modgate env` tells. nobody has no token."""
        options = {"user": name, "password": self.tokens[name]} if name in self.tokens else {}
        work = Workspace(self.go, self.path("people", name), self.gateway.url, ca=self.gateway.ca, build_cache=self.path("gocache"),
                         GOSUMDB=self.upstream.key, GONOSUMDB="git.corp.example", **options)
        work.write("main.go", PROGRAM)
        return work

    # --- what the audit trail says --------------------------------------------------------------------------------------------------

    def audit(self):
        return self.gateway.audit_export()

    def copy_of_gateway(self, name):
        """Configuration, keys and audit log in a directory of their own; not the lock and the socket of the one that runs."""
        copy = self.path(name)
        shutil.copytree(self.gateway.directory, copy, ignore=shutil.ignore_patterns("lock", "control.sock", "cache", "git"))
        return copy
