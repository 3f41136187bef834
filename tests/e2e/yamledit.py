"""Sets values in a YAML file that `modgate init` wrote, leaving the rest of it, comments included, as it is."""
import json
import re


def _block(lines, key, indent, start, end):
    """(first, after last) line of a mapping's key at this indent within lines[start:end], or None."""
    for first in range(start, end):
        if re.match(rf" {{{indent}}}{re.escape(key)}\s*:", lines[first]):
            last = first + 1
            while last < end and re.match(rf" {{{indent + 1},}}|\s*$|\s*#| {{{indent}}}- ", lines[last]):
                last += 1
            return first, last
    return None


def flow(value):
    """A value in YAML's flow style, which JSON is."""
    return json.dumps(value, ensure_ascii=False)


def edit(text, changes):
    """Changes is {"listen.address": value}; what is not there is added. Sections on the way must be in block style."""
    lines = text.split("\n")
    for dotted, value in changes.items():
        start, end = 0, len(lines)
        keys = dotted.split(".")
        for depth, key in enumerate(keys):
            found = _block(lines, key, 2 * depth, start, end)
            if not found or depth == len(keys) - 1:
                break
            start, end = found[0] + 1, found[1]
        if not found:
            found = (start, start)
            keys, value = keys[:depth + 1], _nest(keys[depth + 1:], value)
        lines[slice(*found)] = [f"{'  ' * depth}{keys[depth]}: {flow(value)}"]
    return "\n".join(lines)


def _nest(keys, value):
    for key in reversed(keys):
        value = {key: value}
    return value
