"""What the kernel tells of processes: CPU time, memory; on which core they may run; and what a durable write costs on this disk."""
import os
import statistics
import threading
import time

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
SAMPLE_S = 0.05


def threads(pid):
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def children(pid):
    found = []
    for thread in threads(pid):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            found += [int(word) for word in file.read().split()]
    return found


def pin(pid, core):
    """All threads of a process, its children's too, run on that core alone; new ones inherit it."""
    for one in [pid, *children(pid)]:
        for thread in threads(one):
            os.sched_setaffinity(thread, {core})


def cpu_s(pid):
    """CPU seconds, user and system, of a process and its living children."""
    ticks = 0
    for one in [pid, *children(pid)]:
        with open(f"/proc/{one}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK_S


def machine_busy_s():
    """CPU seconds that all cores have spent on anything."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = (int(word) for word in file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) * TICK_S


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


class RssSampler:
    """The greatest resident size of a process while a block runs."""

    def __init__(self, pid):
        self.pid = pid
        self.peak_kib = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self):
        while True:
            self.peak_kib = max(self.peak_kib, rss_kib(self.pid))
            if self._ended.wait(SAMPLE_S):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()


def durable_write_ms(directory, count=200, size=8192):
    """Milliseconds (median) until so many bytes, written over older ones, are on the disk: what a log that no longer grows does."""
    path = os.path.join(directory, "durable")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, bytes(count * size))
        os.fsync(fd)
        times = []
        for number in range(count):
            start = time.perf_counter()
            os.pwrite(fd, b"x" * size, number * size)
            os.fdatasync(fd)
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1000
    finally:
        os.close(fd)
        os.unlink(path)
