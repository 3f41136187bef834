#!/usr/bin/env python3
"""Writes module/unicode_tables.c from the Unicode Character Database.

Usage: conf/unicode-tables.py [DIRECTORY] >module/unicode_tables.c

DIRECTORY holds UnicodeData.txt and CaseFolding.txt of Unicode 15.0.0, the version that the go commands we serve were built with; by
default it is where Debian's package unicode-data puts them. A newer version would accept names that a go command refuses.
"""
import pathlib
import sys

VERSION = "15.0.0"
LINE_MAX = 150


def categories(directory):
    """Yields (rune, general category); the ranges that UnicodeData.txt gives by first and last are spread out."""
    first = None
    for line in (directory / "UnicodeData.txt").read_text("ascii").splitlines():
        code, name, category = line.split(";")[:3]
        rune = int(code, 16)
        if name.endswith(", First>"):
            first = rune
            continue
        for each in range(first if name.endswith(", Last>") else rune, rune + 1):
            yield each, category


def ranges(runes):
    """[(first, last)] of a sorted list of runes."""
    found = []
    for rune in runes:
        if found and found[-1][1] == rune - 1:
            found[-1][1] = rune
        else:
            found.append([rune, rune])
    return found


def folds(directory):
    """{rune: smallest rune that simple folding makes equal to it}, without those that are their own."""
    path = directory / "CaseFolding.txt"
    lines = path.read_text("utf-8").splitlines()
    if lines[0] != f"# CaseFolding-{VERSION}.txt":
        sys.exit(f"{path}: not of Unicode {VERSION}")
    orbits = {}
    for line in lines:
        fields = [field.strip() for field in line.split("#")[0].split(";")]
        if len(fields) < 3 or fields[1] not in "CS":
            continue
        rune, target = int(fields[0], 16), int(fields[2], 16)
        orbits.setdefault(target, {target}).add(rune)
    return {rune: min(orbit) for orbit in orbits.values() for rune in orbit if rune != min(orbit)}


def fold_ranges(smallest):
    """[(first, last, stride, distance down)]: runes of one stride (1 or 2) that lie equally far above their smallest."""
    found = []
    for rune, target in sorted(smallest.items()):
        distance = rune - target
        if found and found[-1][3] == distance:
            first, last, stride, _ = found[-1]
            if rune - last == stride or (first == last and rune - last == 2):
                found[-1] = (first, rune, rune - last, distance)
                continue
        found.append((rune, rune, 1, distance))
    return found


def table(kind, name, rows):
    print(f"const struct {kind} {name}[] = {{")
    line = "\t"
    for row in rows:
        text = "{ " + ", ".join(row) + " }, "
        if len(line) + len(text) + 7 > LINE_MAX:
            print(line.rstrip())
            line = "\t"
        line += text
    print(line.rstrip())
    print("};")
    print(f"const size_t {name}_count = sizeof({name}) / sizeof({name}[0]);")


def main():
    directory = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode")
    smallest = folds(directory)
    listed = list(categories(directory))
    print(f"/* Unicode {VERSION}: letters, printable characters, simple case folding. Do not edit: conf/unicode-tables.py writes this file. */")
    print('#include "module/unicode.h"\n')
    print("/* clang-format off */")
    for name, groups in (("unicode_letters", "L"), ("unicode_printable", "LMNPS")):
        table("unicode_range", name, ((f"{a:#x}", f"{b:#x}") for a, b in ranges([rune for rune, category in listed if category[0] in groups])))
        print()
    table("unicode_fold_range", "unicode_folds", ((f"{a:#x}", f"{b:#x}", str(s), str(d)) for a, b, s, d in fold_ranges(smallest)))


if __name__ == "__main__":
    main()
