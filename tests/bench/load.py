"""One run of wrk against one server, and what it cost both of them."""
import collections
import json
import os
import subprocess
import time

import processes

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "report.lua")
GRACE_S = 30            # beyond a run's length: wrk has then failed
SETTLE_WINDOW_S = 0.4   # a server that used no more than a tick for so long has nothing left to do
SETTLE_MAX_S = 20
LARGE_BYTES = 64 * 1024 # beside this an answer's head is nothing

Run = collections.namedtuple("Run", "requests per_second cpu_per_1000 load_share p50_ms p99_ms foreign_share rss_kib")


def settled_cpu(server):
    """The server's CPU seconds once it rests: what it does after the answers (an index, a log) belongs to them."""
    deadline = time.monotonic() + SETTLE_MAX_S
    before = server.cpu_s()
    while True:
        time.sleep(SETTLE_WINDOW_S)
        now = server.cpu_s()
        if now - before <= processes.TICK_S or time.monotonic() > deadline:
            return now
        before = now


def wrk(url, connections, seconds, core, headers):
    """wrk on that core alone: (its summary, its CPU seconds)."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", SCRIPT]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before = os.times()
    child = subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    processes.pin(child.pid, core)
    try:
        output, _ = child.communicate(timeout=seconds + GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise RuntimeError(f"wrk did not end: {' '.join(command)} {url}") from None
    after = os.times()
    if child.returncode:
        raise RuntimeError(f"wrk ended with {child.returncode}:\n{output}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return json.loads(output.splitlines()[-1]), used


def answers(summary, answer_bytes):
    """How many answers came. Of large ones, those that the end of the run cut count for the part that came."""
    return summary["bytes"] / answer_bytes if answer_bytes > LARGE_BYTES else summary["requests"]


def run(server, path, answer_bytes, connections, seconds, core):
    """Load for so many seconds; a Run. An answer that is no success, or a broken connection, is an error of the whole benchmark."""
    cpu_before, machine_before = server.cpu_s(), processes.machine_busy_s()
    with processes.RssSampler(server.pid) as memory:
        summary, load_s = wrk(server.url + path, connections, seconds, core, server.headers)
    machine_s = processes.machine_busy_s() - machine_before
    own_s = server.cpu_s() - cpu_before
    duration_s = summary["duration_us"] / 1e6
    count = answers(summary, answer_bytes)
    if summary["refused"] or summary["broken"] or not count:
        raise RuntimeError(f"{server.name} {path}: {summary['refused']} answers were refusals, {summary['broken']} connections broke, "
                           f"{count:.0f} answers in all")
    cpu_s = settled_cpu(server) - cpu_before
    return Run(requests=summary["requests"],
               per_second=count / duration_s,
               cpu_per_1000=cpu_s * 1000 / count,
               load_share=load_s / duration_s,
               p50_ms=summary["p50_us"] / 1000, p99_ms=summary["p99_us"] / 1000,
               foreign_share=max(0.0, machine_s - own_s - load_s) / duration_s / os.cpu_count(),
               rss_kib=memory.peak_kib)
