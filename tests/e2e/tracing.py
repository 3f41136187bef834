"""strace beside a test: what a running program asks of the system, and answers put in the system's place."""
import os
import subprocess
import time

import pytest

import skips


class Strace:
    """strace of a running process, all its threads included."""

    def __init__(self, pid, output, *options):
        self.pid = pid
        self.output = str(output)
        command = ["strace", "-f", "-y", "-q", "-p", str(pid), "-o", self.output, *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        deadline = time.monotonic() + 10
        while not self._attached():
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"{skips.NO_KERNEL_FEATURE}: tracing another process is not allowed here")
            time.sleep(0.02)
        return self

    def _attached(self):
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/status", encoding="utf-8") as file:
                if f"TracerPid:\t{self.process.pid}\n" not in file.read():
                    return False
        return True

    def stop(self):
        """The process goes on without it. A stopped one may be stopped again."""
        self.process.terminate()
        self.process.wait()

    def lines(self):
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
