#!/usr/bin/env python3
"""A git host over ssh for the tests of vcs: ROOT holds bare repositories, STATE its keys and faults (see doubles/gitssh.py).

Prints `URL` when it answers, ends when standard input does. A third argument, old, keeps newer versions of git's protocol out.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from doubles.gitssh import GitSsh  # noqa: E402


def main():
    server = GitSsh(*sys.argv[1:3], protocol=sys.argv[3:] != ["old"]).start()
    os.write(1, f"{server.url}\n".encode())   # whole: it is read once, and the pipe closed
    sys.stdin.read()
    server.stop()


main()
