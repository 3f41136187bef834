#!/usr/bin/python3
"""modgate measured against nginx that serves the same bytes, in the same run and on the same core; then private modules as private.py
says, and the memory that building the largest takes, as memory.py says. Prints three tables; some six minutes.

    tests/bench/bench.py [--quick] [--keep] [--only public|private|memory]    BUILD names the build directory; --keep leaves BUILD/bench for a look

Each server has one core to itself while it is measured, and wrk the other one. Runs alternate, modgate then nginx, and the ratios are
of such pairs: median (least-greatest). CPU is the server's, user and system, until it rests again: modgate's index thread included. A pair
whose wrk used more than 90 % of its core says nothing about the server's speed and is void.
modgate does all it does for a developer: https, a token, policy, a durable audit row before the first byte. nginx, told by nginx.conf,
reads static files. A mark that is missed is told and is no error; a refused answer, a broken connection, a missing row or a trail that
does not verify is: exit status 1.
"""
import argparse
import collections
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[1:1] = [TESTS, os.path.join(TESTS, "e2e")]
os.environ.setdefault("BUILD", os.path.join(os.path.dirname(TESTS), "build"))

import load
import memory
import private
from gateway import BINARY, BUILD
from hanging import COLD, HangingFetches
from processes import durable_write_ms, rss_kib
from servers import Modgate, NginxProcess, cipher, module_path

LOAD_SHARE_MAX = 0.9
FOREIGN_SHARE_MAX = 0.1
IDLE_MIB_MAX = 25
BUSY_MIB_MAX = 80
P99_FACTOR_MAX = 2.0

Row = collections.namedtuple("Row", "title path connections mark logging seconds", defaults=(False, 1))
Plan = collections.namedtuple("Plan", "pairs seconds")
Pair = collections.namedtuple("Pair", "modgate nginx")

INFO, MOD = module_path("one", "info"), module_path("one", "mod")
ROWS = [
    Row(".info, 1 connection", INFO, 1, 0.4),
    Row(".info, 10 connections", INFO, 10, 0.4),
    Row(".info, 50 connections", INFO, 50, 0.4),
    Row(".mod, 1 connection", MOD, 1, 0.4),
    Row(".mod, 10 connections", MOD, 10, 0.4),
    Row(".mod, 50 connections", MOD, 50, 0.4),
    Row("1 MiB zip, 50 connections", module_path("one", "zip"), 50, 0.85),
    Row("8 MiB zip, 50 connections", module_path("eight", "zip"), 50, None, seconds=3),
    Row(".info, 50, nginx logs", INFO, 50, None, logging=True),
]
EIGHT = ROWS[7]
HANG_ROW = ROWS[1]


# --- measuring -------------------------------------------------------------------------------------------------------------------


class Bench:
    def __init__(self, state, plan, cores):
        self.state, self.plan = state, plan
        self.server_core, self.load_core = cores
        self.modgate = self.nginx = None
        self.bytes = {}
        self.runs = collections.Counter()       # answers of modgate by kind of file, as wrk counted them
        self.slack = collections.Counter()      # requests that wrk may have given up at the end of a run

    def open(self):
        os.sched_setaffinity(0, {self.load_core})
        self.modgate = Modgate(self.state, self.server_core)
        self.modgate.start()
        nginx_state = os.path.join(self.state, "nginx")
        os.makedirs(nginx_state)
        self.nginx = NginxProcess(nginx_state, self.modgate.gateway.directory, self.server_core)
        for path in sorted({row.path for row in ROWS}):
            body = self.fetch(path)
            self.bytes[path] = len(body)
            self.nginx.keep(path, body)
        self.nginx.start()

    def close(self):
        for one in (self.modgate, self.nginx):
            if one is not None:
                one.stop()

    def fetch(self, path):
        self.runs[kind(path)] += 1
        return self.modgate.fetch(path)

    def idle_kib(self):
        """Of a daemon that has just started and answered each of the questions once."""
        self.modgate.gateway.restart()
        self.modgate.pin()
        for path in sorted({row.path for row in ROWS}):
            self.fetch(path)
        load.settled_cpu(self.modgate)
        return rss_kib(self.modgate.pid)

    def run(self, server, row):
        one = load.run(server, row.path, self.bytes[row.path], row.connections, self.plan.seconds * row.seconds, self.load_core)
        if server is self.modgate:
            self.runs[kind(row.path)] += one.requests
            self.slack[kind(row.path)] += row.connections
        return one

    def pairs(self, row):
        other = self.nginx.server(self.modgate.headers, row.logging)
        return [Pair(self.run(self.modgate, row), self.run(other, row)) for _ in range(self.plan.pairs)]

    def hanging(self):
        """The runs of modgate alone, at rest and while cold fetches hang."""
        quiet = [self.run(self.modgate, HANG_ROW) for _ in range(self.plan.pairs)]
        with HangingFetches(self.modgate) as cold:
            beside = [self.run(self.modgate, HANG_ROW) for _ in range(self.plan.pairs)]
            if cold.pending() < COLD:
                raise RuntimeError(f"only {cold.pending()} of {COLD} cold fetches were still waiting at the end")
        return quiet, beside

    def audit(self):
        """Every answer has its row, kept through a kill, and the trail verifies; a sentence of what was found."""
        self.modgate.kill()
        rows = self.modgate.access_rows()
        for name, answered in self.runs.items():
            if not answered <= rows[name] <= answered + self.slack[name]:
                raise RuntimeError(f"wrk had {answered} answers of .{name} files, the audit trail has {rows[name]} rows of them")
        verified = self.modgate.gateway.command("audit", "verify").strip().splitlines()
        return f"{sum(rows.values())} rows for {sum(self.runs.values())} answers after kill -9; audit verify: {verified[0]}"


def kind(path):
    return path.rpartition(".")[2]


# --- the table -------------------------------------------------------------------------------------------------------------------


def spread(values, form):
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def middle(runs, field):
    return statistics.median(getattr(run, field) for run in runs)


def judged(met):
    return "met" if met else "MISSED"


def short(ms):
    return f"{ms:.2f}" if ms < 10 else f"{ms:.1f}" if ms < 100 else f"{ms:.0f}"


HEAD = (f"{'':27}{'requests/s':^18} {'CPU s per 1,000':^18} {'p50/p99 ms':^24}{'wrk %':^10} {'requests/s':<18}{'CPU':<18}\n"
        f"{'cached, https':27}{'modgate':>8}{'nginx':>10} {'modgate':>8}{'nginx':>10} {'modgate':>11}{'nginx':>13}{'m':>6}{'n':>4} "
        f"{'modgate/nginx':<18}{'modgate/nginx':<18}mark of requests/s")


def table_row(row, pairs):
    ours, theirs = [pair.modgate for pair in pairs], [pair.nginx for pair in pairs]
    good = [pair for pair in pairs if max(run.load_share for run in pair) <= LOAD_SHARE_MAX]
    speed = [pair.modgate.per_second / pair.nginx.per_second for pair in good]
    cost = [pair.modgate.cpu_per_1000 / pair.nginx.cpu_per_1000 for pair in pairs]
    mark = "" if row.mark is None else f"{row.mark} " + (judged(statistics.median(speed) >= row.mark) if speed else "void")
    times = [f"{short(middle(runs, 'p50_ms'))}/{short(middle(runs, 'p99_ms'))}" for runs in (ours, theirs)]
    return (f"{row.title:27}{middle(ours, 'per_second'):8,.0f}{middle(theirs, 'per_second'):10,.0f} "
            f"{middle(ours, 'cpu_per_1000'):8.3f}{middle(theirs, 'cpu_per_1000'):10.3f} {times[0]:>11}{times[1]:>13}"
            f"{middle(ours, 'load_share') * 100:6.0f}{middle(theirs, 'load_share') * 100:4.0f} "
            f"{spread(speed, '.2f') if speed else 'void':<18}{spread(cost, '.2f'):<18}{mark}")


def memory_lines(idle, pairs):
    busy = max(pair.modgate.rss_kib for pair in pairs) / 1024
    idle = idle / 1024
    return [f"memory, idle: {idle:.1f} MiB; mark {IDLE_MIB_MAX}: {judged(idle < IDLE_MIB_MAX)}",
            f"memory, {EIGHT.title}: {busy:.1f} MiB at most; mark {BUSY_MIB_MAX}: {judged(busy < BUSY_MIB_MAX)}"]


def hanging_line(quiet, beside):
    usual, with_cold = middle(quiet, "p99_ms"), middle(beside, "p99_ms")
    return (f"p99 of {HANG_ROW.title}: {spread([run.p99_ms for run in quiet], '.2f')} ms, and {spread([run.p99_ms for run in beside], '.2f')} ms while "
            f"{COLD} cold fetches hang: {with_cold / usual:.2f} times; mark {P99_FACTOR_MAX}: {judged(with_cold <= usual * P99_FACTOR_MAX)}")


def durable_line(state):
    """Why a mark on one connection may be out of reach: there each answer waits for a durable write of its own."""
    return f"a durable write of 8 KiB takes {durable_write_ms(state):.2f} ms here; on one connection every answer of modgate waits for one"


def foreign_lines(runs):
    foreign = middle(runs, "foreign_share")
    return [] if foreign <= FOREIGN_SHARE_MAX else [f"note: this machine was not quiet, others used {foreign * 100:.0f} % of its cores; ratios are worth little"]


def versions():
    nginx = subprocess.run([shutil.which("nginx") or "/usr/sbin/nginx", "-v"], capture_output=True, text=True).stderr.strip()
    return f"{subprocess.run([BINARY, 'version'], capture_output=True, text=True).stdout.strip()}; {nginx}"


def measure(bench):
    """Runs everything, printing each row when it is there."""
    bench.open()
    print(f"{versions()}; {bench.plan.pairs} pairs of {bench.plan.seconds} s a row, server on core {bench.server_core}, wrk on core {bench.load_core}")
    for server in (bench.modgate, bench.nginx.server({})):
        print(f"{server.name}: {' '.join(cipher(server.url))}")
    idle = bench.idle_kib()
    print(HEAD, flush=True)
    runs = []
    for row in ROWS:
        pairs = bench.pairs(row)
        print(table_row(row, pairs), flush=True)
        runs += [run for pair in pairs for run in pair]
        if row is EIGHT:
            memory = memory_lines(idle, pairs)
    print()
    for line in [*memory, hanging_line(*bench.hanging()), durable_line(bench.state), bench.audit(), *foreign_lines(runs)]:
        print(line, flush=True)


def measure_public(state, quick):
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("this needs two cores: one for the server, one for wrk")
    start = time.monotonic()
    bench = Bench(state, Plan(1, 1) if quick else Plan(3, 2), cores[:2])
    try:
        measure(bench)
    finally:
        bench.close()
        os.sched_setaffinity(0, cores)
    print(f"took {time.monotonic() - start:.0f} s", flush=True)


PARTS = {"public": measure_public, "private": private.measure, "memory": memory.measure}


def main():
    parser = argparse.ArgumentParser(description="modgate measured against nginx, git and the go command")
    parser.add_argument("--quick", action="store_true", help="once, and shortly: whether it works, not how fast it is")
    parser.add_argument("--keep", action="store_true", help="leave BUILD/bench, its logs and audit trails")
    parser.add_argument("--only", choices=PARTS, help="one of the tables")
    args = parser.parse_args()
    state = os.path.join(BUILD, "bench")
    shutil.rmtree(state, ignore_errors=True)
    for name in [args.only] if args.only else PARTS:
        os.makedirs(os.path.join(state, name))
        PARTS[name](os.path.join(state, name), args.quick)
        print()
    if not args.keep:
        shutil.rmtree(state)


if __name__ == "__main__":
    main()
