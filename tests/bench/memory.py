"""What building the largest allowed modules takes of the daemon's memory: 500 MiB that no compression makes smaller, in one pack.

Told is the most that was resident since the daemon rested, above what it was then: all of it, and apart what is its own (anonymous) and what
the kernel may take back at any time (file-backed: packs, temporary files), as sampled. A missed mark is told and is no error; a wrong
answer is: exit status 1.
"""
import functools
import os
import shutil
import threading
import time

from doubles.fastimport import FastImport, noise
from gateway import Gateway

HOST = "git.example.org/memory"
POLICY = {"private": [HOST], "rules": [{"name": "all", "modules": [HOST], "verdict": "allow"}]}
NOBODY = "https://127.0.0.1:9"      # no public module is asked for
MIB = 1 << 20
ZIP_MAX = 500 * MIB
ABOVE_MIB_MAX = 96                  # beside twice the largest file
PATIENCE_S = 300
SAMPLE_S = 0.02

# Sizes of files. Names and headers of the zip need some room below its limit, too.
SHAPES = {
    "files of 32 MiB": [32 * MIB] * 15 + [19 * MIB],
    "files of 48 KiB": [48 << 10] * ((ZIP_MAX - 4 * MIB) // (48 << 10)),
    "one of 250 MiB": [250 * MIB],
}


class Sampler:
    """The most of each figure while the block runs."""

    def __init__(self, gateway):
        self.gateway, self.most, self.ended = gateway, {}, threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)

    def sample(self):
        while not self.ended.wait(SAMPLE_S):
            for name, kib in self.gateway.memory_kib().items():
                self.most[name] = max(self.most.get(name, 0), kib)

    def __enter__(self):
        self.gateway.forget_peak()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def build(gateway, token, module, wanted):
    """The figures before and at their most."""
    gateway.restart()
    gateway.request(f"/{module}/@v/v1.0.0.info", token=token)
    before = gateway.memory_kib()
    with Sampler(gateway) as sampler:
        answer = gateway.request(f"/{module}/@v/v1.0.0.zip", token=token, timeout=PATIENCE_S)
    most = {**sampler.most, "VmHWM": gateway.memory_kib()["VmHWM"]}
    if answer.status != 200 or answer.headers["X-Go-Checksum"] != wanted:
        raise RuntimeError(f"modgate answered {answer.status} with {answer.headers['X-Go-Checksum']} for {module}, whose h1 is {wanted}")
    return before, most


def row(title, sizes, before, most):
    above = {name: (most[name] - before[other]) / 1024 for name, other in (("VmHWM", "VmRSS"), ("RssAnon", "RssAnon"), ("RssFile", "RssFile"))}
    mark = ABOVE_MIB_MAX + 2 * max(sizes) / MIB
    return (f"{title:20}{sum(sizes) / MIB:9.0f}{before['VmRSS'] / 1024:8.0f}{above['VmHWM']:9.0f}{above['RssAnon']:11.0f}{above['RssFile']:13.0f}"
            f"   below {mark:.0f}: {'met' if above['VmHWM'] < mark else 'MISSED'}")


def measure(state, quick):
    start = time.monotonic()
    repositories = os.path.join(state, "memory-repositories")
    os.makedirs(repositories)
    gateway = Gateway(os.path.join(state, "memory"), NOBODY)
    gateway.configure({"repositories": [{"prefix": HOST, "repository": repositories + "/{1}"}], "log": {"level": "warning"}})
    gateway.policy(POLICY)
    token = gateway.token("bench")
    print(f"{'building, MiB':20}{'module':>9}{'at rest':>8}{'above':>9}{'anonymous':>11}{'file-backed':>13}   mark of all above")
    gateway.start()
    try:
        for number, (title, sizes) in enumerate(SHAPES.items()):
            sizes = sizes[:max(1, len(sizes) // 5)] if quick else sizes
            module = f"{HOST}/{number}"
            with FastImport(os.path.join(repositories, str(number))) as repo:
                repo.commit("v1.0.0", {str(name): functools.partial(noise, size, name) for name, size in enumerate(sizes)})
            print(row(title, sizes, *build(gateway, token, module, repo.h1(module, "v1.0.0"))), flush=True)
            shutil.rmtree(repo.directory)
    finally:
        gateway.stop()
    print(f"took {time.monotonic() - start:.0f} s", flush=True)
