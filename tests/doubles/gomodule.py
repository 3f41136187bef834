"""Modules as a proxy serves them, made from plain directories ROOT/<path>@<version>/: lists, .info, .mod and deterministic zips.

A symbolic link ROOT/<path>@<query> to a version's directory makes that query (a branch's name, say) resolve to the version.
"""
import base64
import datetime
import hashlib
import io
import json
import os
import re
import zipfile

SEMVER = re.compile(r"^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(\+incompatible)?$")
PSEUDO = re.compile(r"^v\d+\.(0\.0-|\d+\.\d+-([^+]*\.)?0\.)\d{14}-[0-9A-Za-z]+(\+incompatible)?$")
EPOCH = datetime.datetime(2023, 1, 1, 12, 0, 0)


def unescape(text):
    """Undo the `!x` spelling of capitals; None if the text is no escaped form."""
    if re.search(r"[A-Z]|!(?![a-z])", text):
        return None
    return re.sub(r"!([a-z])", lambda match: match.group(1).upper(), text)


def escape(text):
    return re.sub(r"[A-Z]", lambda match: "!" + match.group(0).lower(), text)


def version_key(version):
    """Orders versions by semantic version precedence."""
    major, minor, patch, prerelease, _ = SEMVER.match(version).groups()
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in (prerelease or "").split(".")]
    return int(major), int(minor), int(patch), prerelease is None, parts


def hash1(files):
    """The h1 sum of {name: bytes}."""
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files, key=str.encode))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def zip_bytes(files):
    """A zip whose bytes depend on nothing but {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files, key=str.encode):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


class ModuleTree:
    """Read afresh at every question, so that a test may add a version while a server runs."""

    def __init__(self, root):
        self.root = os.path.abspath(root)

    def directory(self, path, version):
        return os.path.join(self.root, f"{path}@{version}")

    def all(self):
        """Every (path, version), sorted."""
        found = []
        for folder, names, _ in os.walk(self.root):
            for name in [name for name in names if "@" in name]:
                names.remove(name)
                path, version = os.path.relpath(os.path.join(folder, name), self.root).rsplit("@", 1)
                if SEMVER.match(version):
                    found.append((path, version))
        return sorted(found, key=lambda row: (row[0], version_key(row[1])))

    def versions(self, path):
        """The versions of `path`, lowest first; none if there is no such module."""
        folder = os.path.join(self.root, os.path.dirname(path))
        prefix = os.path.basename(path) + "@"
        names = os.listdir(folder) if os.path.isdir(folder) else []
        found = [name[len(prefix):] for name in names if name.startswith(prefix)]
        return sorted((version for version in found if SEMVER.match(version)), key=version_key)

    def resolve(self, path, query):
        """The version that a query means, or None."""
        directory = self.directory(path, query)
        if not os.path.isdir(directory):
            return None
        version = os.path.basename(os.path.realpath(directory)).rsplit("@", 1)[1]
        return version if SEMVER.match(version) else None

    def listed(self, path):
        return [version for version in self.versions(path) if not PSEUDO.match(version)]

    def latest(self, path):
        """The highest release that is not retracted, else the highest prerelease, else the highest of what there is; or None."""
        versions = self.versions(path)
        retracted = self._retracted(path, versions)
        for good in (lambda v: "-" not in v, lambda v: not PSEUDO.match(v), lambda v: True):
            chosen = [version for version in versions if good(version) and version not in retracted]
            if chosen:
                return chosen[-1]
        return None

    def _retracted(self, path, versions):
        releases = [version for version in versions if "-" not in version] or versions
        text = self.mod(path, releases[-1]).decode() if releases else ""
        return set(re.findall(r"^retract\s+(v\S+)", text, re.MULTILINE))

    def files(self, path, version):
        """{name in the zip: bytes} of a version."""
        top = self.directory(path, version)
        files = {}
        for folder, _, names in os.walk(top):
            for name in names:
                full = os.path.join(folder, name)
                with open(full, "rb") as file:
                    files[f"{path}@{version}/{os.path.relpath(full, top)}"] = file.read()
        return files

    def mod(self, path, version):
        """The go.mod, made up as the go command does it if the directory has none."""
        try:
            with open(os.path.join(self.directory(path, version), "go.mod"), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return f"module {path}\n".encode()

    def zip(self, path, version):
        return zip_bytes(self.files(path, version))

    def info(self, version):
        """The .info; its time is fixed by the version's numbers alone."""
        major, minor, patch = (int(number) for number in SEMVER.match(version).groups()[:3])
        time = EPOCH + datetime.timedelta(days=365 * major + 30 * minor + patch)
        return json.dumps({"Version": version, "Time": time.strftime("%Y-%m-%dT%H:%M:%SZ")}, separators=(",", ":")).encode()

    def sums(self, path, version):
        """(h1 of the zip, h1 of the go.mod)."""
        return hash1(self.files(path, version)), hash1({"go.mod": self.mod(path, version)})
