#!/usr/bin/python3
"""make demo: the main job of modgate on embedded defaults, told step by step. Exit status 0 only if every step did what it says.

    BUILD=DIR [GO=BINARY] demo.py

Everything lies in DIR/demo, listens on loopback ports picked free, and ends with this program; a second run starts anew. On a terminal
the company stays up at the end, for you to try, until Ctrl-C.
"""
import fcntl
import os
import shlex
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "e2e")]

from gateway import BUILD, BINARY
from scene import Scene, choose_go, fresh
from steps import STEPS
from teller import Refused, Teller
from world import DATABASE, LeftOut, MODULE, machine_proxy, prove_public_module


def main():
    teller = Teller()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        os.makedirs(BUILD, exist_ok=True)
        alone = open(os.path.join(BUILD, "demo.lock"), "w", encoding="utf-8")
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return 0 if perform(teller, Scene(fresh(os.path.join(BUILD, "demo")), choose_go(os.environ.get("GO")))) else 1
    except BlockingIOError:
        teller.write("another demo runs in this build directory: end it with Ctrl-C first")
    except Refused as error:
        teller.write(f"make demo: {error}")
    except KeyboardInterrupt:
        teller.write()
    return 1


def perform(teller, scene):
    """True if everything did what it says, the ending too."""
    try:
        done = tell(teller, scene)
        if done and teller.terminal:
            stay(teller, scene)
    finally:
        complaint = scene.close()
        if complaint:
            teller.write(teller.paint("1;31", "The end was not as it should be:"))
            teller.details([complaint], code="31")
    return done and not complaint


def tell(teller, scene):
    """True if everything did what it says."""
    teller.head(f"modgate in a small company, with go{scene.go.name}; everything is in {shown(scene.directory)}")
    opening = (("a company: two private modules in git, a public upstream with a checksum database", lambda: open_world(scene)),
               ("modgate over https, a policy, tokens for alice and bob", lambda: open_modgate(scene)))
    for title, run in opening:
        if not teller.step("", title, run):
            return failed(teller, scene)
    for number, (title, run) in enumerate(STEPS, 1):
        teller.write()
        if not teller.step(number, title, lambda: run(scene)):
            return failed(teller, scene)
    teller.write()
    if not tell_world(teller, scene, len(STEPS) + 1):
        return False
    teller.write()
    teller.write(teller.paint("1;32", "Every step did what it says."))
    return True


def tell_world(teller, scene, number):
    """The machine's own upstream, where it has one."""
    title = f"a real public module, proved against {DATABASE}"
    try:
        machine_proxy(scene.go)
    except LeftOut as why:
        teller.skipped(number, title, f"left out: {why}")
        return True
    return teller.step(number, title, lambda: prove_public_module(scene.go, scene.path("gocache")))


def shown(path):
    """As short as a reader of this directory can use it."""
    return min(path, os.path.relpath(path), key=len)


def open_world(scene):
    scene.make_company()
    scene.open_upstream()


def open_modgate(scene):
    scene.open_gateway()


def failed(teller, scene):
    teller.write()
    teller.write(teller.paint("1;31", "This step did not do what it says. What happened is in:"))
    teller.details([f"{shown(path)}  {what}" for path, what in (
        (scene.path("gateway.stderr"), "what modgate logged"),
        (scene.path("gateway"), "its configuration and data; the audit trail: modgate audit export -c …/modgate.yaml"),
        (scene.path("upstream", "requests.log"), "all that reached the public upstream"),
        (scene.path("people"), "the developers' modules and caches"))], code="0")
    return False


# --- on a terminal -------------------------------------------------------------------------------------------------------------------


def stay(teller, scene):
    """Print what another terminal needs to be alice, and wait."""
    lines = try_lines(scene)
    teller.write()
    teller.write("It stays up. In another terminal be alice (your own go settings are not touched):")
    teller.write()
    for line in lines:
        teller.write("  " + line)
    teller.write()
    teller.write(f"Files: {shown(scene.gateway.directory)}/{{modgate.yaml,policy.yaml}}   End it with Ctrl-C.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        teller.write()


def try_lines(scene):
    """Shell lines: an environment apart, then what `modgate env` says for this gateway, but for its comments."""
    alice = scene.alice
    env = {"GOENV": scene.path("go.env"), "GOPATH": os.path.join(alice.directory, "gopath"), "GOFLAGS": "-modcacherw", "NETRC": alice.env["NETRC"],
           "MODGATE_CONFIG": scene.gateway.config, "PATH": f"{os.path.dirname(BINARY)}:$PATH"}
    return [*(f"export {name}={value if name == 'PATH' else shlex.quote(value)}" for name, value in env.items()),
            *(line for line in scene.gateway.command("env", "-c", scene.gateway.config, scene.gateway.url).splitlines() if not line.startswith("#")),
            f"cd {shlex.quote(alice.module)} && go run ."]


if __name__ == "__main__":
    sys.exit(main())
