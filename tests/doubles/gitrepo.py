"""Builds git repositories whose commits are the same on every run: fixed author, fixed dates, no configuration of the machine."""
import datetime
import os
import subprocess

START = datetime.datetime(2024, 3, 1, 9, 0, 0, tzinfo=datetime.timezone.utc)


class GitRepo:
    """A repository with a work tree. Each commit is an hour after the one before unless it says otherwise."""

    def __init__(self, directory, branch="main"):
        self.directory = str(directory)
        self._commits = 0
        os.makedirs(self.directory, exist_ok=True)
        self.git("init", "-q", "-b", branch)

    def git(self, *args, date=None, input=None):
        """Run git here; its output without the last newline."""
        stamp = (date or START + datetime.timedelta(hours=self._commits)).strftime("%Y-%m-%dT%H:%M:%SZ")
        env = {"PATH": os.environ["PATH"], "HOME": self.directory, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C",
               "GIT_AUTHOR_NAME": "Builder", "GIT_AUTHOR_EMAIL": "builder@example.org", "GIT_AUTHOR_DATE": stamp,
               "GIT_COMMITTER_NAME": "Builder", "GIT_COMMITTER_EMAIL": "builder@example.org", "GIT_COMMITTER_DATE": stamp}
        done = subprocess.run(["git", *args], cwd=self.directory, env=env, input=input, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def commit(self, files, message="change", date=None, tags=()):
        """Write files ({name: text or bytes; None removes}), commit, tag; the commit's id."""
        for name, content in files.items():
            path = os.path.join(self.directory, name)
            if content is None:
                os.unlink(path)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
        self._commits += 1
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, date=date)
        for tag in tags:
            self.tag(tag)
        return self.head()

    def module(self, path, go="1.19", files=None, requires=None, **commit):
        """Commit a small Go module of that path at the root: go.mod, one package file, and what `files` adds."""
        package = [part for part in path.split("/") if not part.startswith("v") or not part[1:].isdigit()][-1].replace("-", "").lower()
        lines = "".join(f"\nrequire {name} {version}\n" for name, version in (requires or {}).items())
        content = {"go.mod": f"module {path}\n\ngo {go}\n{lines}",
                   f"{package}.go": f"package {package}\n\n// Name is the module's path.\nconst Name = \"{path}\"\n"}
        return self.commit({**content, **(files or {})}, **commit)

    def tag(self, name, target="HEAD", message=None, force=False):
        """A light tag, or with a message an annotated one."""
        options = (["-f"] if force else []) + (["-a", "-m", message] if message else [])
        self.git("tag", *options, name, target)

    def branch(self, name, target="HEAD"):
        self.git("branch", "-f", name, target)

    def head(self, revision="HEAD"):
        return self.git("rev-parse", revision)

    def bare(self, directory):
        """A bare copy with every ref, for a server; its path."""
        directory = str(directory)
        self.git("clone", "-q", "--mirror", ".", directory)
        return directory

    def push(self, bare):
        """Bring a bare copy to the state of this repository, moved and removed refs included."""
        self.git("push", "-q", "--mirror", str(bare))
