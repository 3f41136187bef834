"""How the demo speaks: one line a step with a mark and the time it took, details below it, at most 100 columns, colour on a terminal only."""
import os
import shutil
import sys
import textwrap
import time

WIDTH = 100
INDENT = 5          # of details
TITLE = 82          # columns of a title


class Refused(Exception):
    """A step did not do what it says; the text tells what happened."""


class Teller:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.terminal = out.isatty()
        self.colour = self.terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb"
        unicode = (out.encoding or "").lower().replace("-", "") == "utf8"
        self.good, self.bad, self.left_out = ("✓", "✗", "–") if unicode else ("ok", "no", "-")

    def paint(self, code, text):
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def write(self, text=""):
        self.out.write(text + "\n")
        self.out.flush()

    def head(self, text):
        self.write()
        self.write(self.paint("1", text))
        self.write()

    def step(self, label, title, run):
        """Run one step; its details are what run() returns. False, with all that is known, if it did not do what its title says."""
        self._begin(label, title)
        started = time.monotonic()
        try:
            details = run()
        except Exception as error:
            self._end("1;31", self.bad, label, title, started)
            self.details([f"{'' if isinstance(error, Refused) else type(error).__name__ + ': '}{error}"], code="31")
            return False
        self._end("32", self.good, label, title, started)
        self.details(details or ())
        return True

    def skipped(self, label, title, why):
        self._line("33", self.left_out, label, title, "")
        self.details([why])

    def _begin(self, label, title):
        if self.terminal and len(title) + 8 <= shutil.get_terminal_size().columns:
            self.out.write(f"   {label:1} {title} …")
            self.out.flush()

    def _end(self, code, mark, label, title, started):
        if self.terminal:
            self.out.write("\r\x1b[K")
        self._line(code, mark, label, title, f"{time.monotonic() - started:5.1f} s")

    def _line(self, code, mark, label, title, duration):
        room = " " * (TITLE - len(title))
        self.write(f"{self.paint(code, f'{mark:2}')} {label:1} {self.paint('1', title)}{room} {self.paint('2', duration)}".rstrip())

    def details(self, lines, code="2"):
        """Long lines are wrapped; a tuple is (code, line) in that colour, never wrapped."""
        for line in lines:
            if isinstance(line, tuple):
                self.write(" " * INDENT + self.paint(*line))
                continue
            if not line:
                self.write()
            for row in line.splitlines():
                for part in textwrap.wrap(row, WIDTH - INDENT, subsequent_indent="  ", break_on_hyphens=False):
                    self.write(" " * INDENT + self.paint(code, part))
        self.out.flush()
