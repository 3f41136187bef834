#!/usr/bin/python3
"""Runs every test there is: the unit programs below BUILD/tests, then the end-to-end tests. The last line is the count.

    tests/check.py [--units-only | --e2e-only] [-k EXPRESSION]      -k chooses end-to-end tests as pytest does, and units by part of their name

The environment variable BUILD names the build directory. Exit status 1 if anything failed, or if nothing ran.
"""
import argparse
import collections
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
UNIT_TIMEOUT_S = 600
TAP = re.compile(r"^(ok|not ok) \d+ (?:- |(# SKIP))", re.MULTILINE)

Count = collections.namedtuple("Count", "passed failed skipped")
NONE = Count(0, 0, 0)


def add(one, two):
    return Count(*(a + b for a, b in zip(one, two)))


# --- units -----------------------------------------------------------------------------------------------------------------------


def how_it_ended(code):
    if code is None:
        return f"did not end within {UNIT_TIMEOUT_S} s"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with {code}"


def run_unit(program):
    """(exit code or None if it took too long, all that it printed)."""
    env = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    child = subprocess.Popen([program], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = child.communicate(timeout=UNIT_TIMEOUT_S)
        code = child.returncode
    except subprocess.TimeoutExpired:
        child.kill()
        output, _ = child.communicate()
        code = None
    return code, output.decode("utf-8", "replace")


def count_unit(code, output):
    """A program that complains although no test of it failed (a crash, a sanitizer, a fixture) is one failure; so is one that ran no test.

    A skipped unit test has failed: the reasons of tests/skips.py are about the world outside.
    """
    rows = TAP.findall(output)
    passed = sum(word == "ok" and not skipped for word, skipped in rows)
    failed = len(rows) - passed
    planned = sum(int(number) for number in re.findall(r"^1\.\.(\d+)$", output, re.MULTILINE))
    if code != 0 and not failed or not rows or planned != len(rows):
        failed += 1
    return Count(passed, failed, 0)


def check_units(choose):
    """Several at once, told in their order: most of them wait more than they work."""
    total = NONE
    directory = os.path.join(BUILD, "tests")
    names = sorted(os.path.relpath(program, directory) for program in glob.glob(os.path.join(directory, "*", "*_test")))
    names = [name for name in names if choose in name]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (code, output) in zip(names, pool.map(run_unit, (os.path.join(directory, name) for name in names))):
            count = count_unit(code, output)
            total = add(total, count)
            print(f"{name}: {count.passed} passed" + (f", {count.failed} FAILED, it {how_it_ended(code)}" if count.failed else ""), flush=True)
            if count.failed:
                print(output)
    return total


# --- end to end ------------------------------------------------------------------------------------------------------------------


def check_e2e(choose):
    report = os.path.join(BUILD, "tests", "e2e.xml")
    os.makedirs(os.path.dirname(report), exist_ok=True)
    if os.path.exists(report):
        os.unlink(report)
    command = ["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", report, "tests/e2e", "tests/differential"]
    command += ["-k", choose] if choose else []
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, "BUILD": BUILD}).returncode
    count = read_report(report) if os.path.exists(report) else NONE
    if code not in (0, 5) and not count.failed:
        print(f"pytest ended with {code}")
        count = count._replace(failed=1)
    return count


def read_report(report):
    """Counts the test cases and prints the skipped ones with their reasons. A test that passes and then fails to end well has failed."""
    cases = {}
    for case in xml.parse(report).getroot().iter("testcase"):
        tags = {child.tag: child for child in case}
        verdict = "failed" if "failure" in tags or "error" in tags else "skipped" if "skipped" in tags else "passed"
        name = case.get("classname"), case.get("name")
        cases[name] = "failed" if cases.get(name) == "failed" else verdict
        if verdict == "skipped":
            print(f"skipped {case.get('name')}: {tags['skipped'].get('message')}")
    verdicts = collections.Counter(cases.values())
    return Count(verdicts["passed"], verdicts["failed"], verdicts["skipped"])


def main():
    parser = argparse.ArgumentParser(description="every test of modgate")
    half = parser.add_mutually_exclusive_group()
    half.add_argument("--units-only", action="store_true")
    half.add_argument("--e2e-only", action="store_true")
    parser.add_argument("-k", default="", metavar="EXPRESSION")
    args = parser.parse_args()
    units = NONE if args.e2e_only else check_units(args.k)
    e2e = NONE if args.units_only else check_e2e(args.k)
    total = add(units, e2e)
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    sys.exit(1 if total.failed or not total.passed else 0)


if __name__ == "__main__":
    main()
