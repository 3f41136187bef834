"""Faults of a test double, switched while it runs by files in a directory: the name is the fault, the content its argument.

A shell says `echo 503 > STATE/faults/sumdb` and `rm STATE/faults/sumdb`; a test says faults.set("sumdb", "503") and faults.clear().
"""
import fnmatch
import os


class Faults:
    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)

    def set(self, name, argument="on"):
        """Switch a fault on. The file appears whole, so that a request sees either all of it or nothing."""
        draft = os.path.join(self.directory, f".{name}")
        with open(draft, "w", encoding="utf-8") as file:
            file.write(argument)
        os.replace(draft, os.path.join(self.directory, name))

    def clear(self, *names):
        """Switch these faults off; without a name, all of them."""
        for name in names or os.listdir(self.directory):
            try:
                os.unlink(os.path.join(self.directory, name))
            except FileNotFoundError:
                pass

    def get(self, name):
        """The argument of a fault, or None while it is off."""
        try:
            with open(os.path.join(self.directory, name), encoding="utf-8") as file:
                return file.read().strip()
        except FileNotFoundError:
            return None

    def lines(self, name):
        return (self.get(name) or "").splitlines()

    def matches(self, name, text):
        """True if a line of the fault is a pattern (* ? [a-z]) that matches the text."""
        return any(fnmatch.fnmatchcase(text, line.strip()) for line in self.lines(name))

    def action(self, name, text):
        """The action of the first line `PATTERN ACTION` whose pattern matches the text, or None."""
        for line in self.lines(name):
            pattern, _, action = line.strip().partition(" ")
            if fnmatch.fnmatchcase(text, pattern):
                return action.strip()
        return None
