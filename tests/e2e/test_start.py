"""What a process inherits from whoever starts it: closed descriptors, ignored signals."""
import os
import signal
import subprocess
import time

from gateway import BINARY


def starved():
    """Between fork and exec: as some supervisors leave their children."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for number in range(3):
        os.close(number)


def test_standard_descriptors_and_child_signal(tmp_path):
    subprocess.run([BINARY, "init", tmp_path / "g", "--upstream", "https://127.0.0.1:9"], check=True, capture_output=True)
    text = (tmp_path / "g/modgate.yaml").read_text()
    (tmp_path / "g/modgate.yaml").write_text(text.replace("127.0.0.1:8443", "127.0.0.1:0"))
    process = subprocess.Popen([BINARY, "serve", "-c", tmp_path / "g/modgate.yaml", "--address-file", tmp_path / "address"], preexec_fn=starved)
    try:
        end = time.monotonic() + 20
        while not (tmp_path / "address").exists() and time.monotonic() < end:
            time.sleep(0.02)
        for number in range(3):
            assert os.readlink(f"/proc/{process.pid}/fd/{number}") == "/dev/null"
        status = open(f"/proc/{process.pid}/status", encoding="ascii").read()
        ignored = int(status.split("SigIgn:")[1].split()[0], 16)
        assert not ignored & 1 << (signal.SIGCHLD - 1)
    finally:
        process.terminate()
        assert process.wait(20) == 0
