#!/usr/bin/env python3
"""A git host over https for the tests of vcs: ROOT holds bare repositories, STATE gets its certificates, log and faults.

Prints `URL CA` when it answers, ends when standard input does. The only user is robot, the password is the file STATE/password.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from doubles.certs import CA  # noqa: E402
from doubles.githttp import GitHttp  # noqa: E402


def main():
    root, state = sys.argv[1:3]
    with open(os.path.join(state, "password"), encoding="utf-8") as file:
        password = file.read().strip()
    authority = CA(os.path.join(state, "ca"))
    server = GitHttp(root, state, tls=authority.server(), users={"robot": password})
    server.start()
    os.write(1, f"{server.url} {authority.pem}\n".encode())   # whole: it is read once, and the pipe closed
    sys.stdin.read()
    server.stop()


main()
