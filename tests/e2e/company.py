"""A small company: private modules of every layout in two places, a public upstream, a policy, and a gateway that knows them all.

    git.corp.example/payments/api        https git host with a password; v1.0.0, v1.1.0, v1.2.0-rc.1, v1.2.0 (retracted by v1.3.0), branch dev
    git.corp.example/payments/api/v2     v2.0.0, same repository, module at the root
    git.corp.example/payments/api/tools/lint     v0.3.0, a directory of it
    git.corp.example/web/Portal          v0.1.0, capitals
    code.corp.example/mono.git           repository on this machine; v1.0.0; no go.mod: odd.git v1.0.0
    code.corp.example/mono.git/v2, …/mono.git/tools/lint

The names of code.corp.example hold `.git`, so that the go command finds them in direct mode as well, given DIRECT settings.
"""
import os

API = "git.corp.example/payments/api"
API2 = f"{API}/v2"
LINT = f"{API}/tools/lint"
PORTAL = "git.corp.example/web/Portal"
MONO = "code.corp.example/mono.git"
ODD = "code.corp.example/odd.git"
PREFIXES = ("git.corp.example", "code.corp.example")
GREETING, COLOUR, PALETTE = "example.org/greeting", "example.org/colour", "example.org/Palette"

READER = ("reader", "reader-password")
POLICY = {
    "private": [*PREFIXES, "*.internal.example"],
    "nosumdb": [*PREFIXES, "*.internal.example"],
    "rules": [
        {"name": "payments", "modules": ["git.corp.example/payments", "code.corp.example"], "groups": ["payments"], "verdict": "allow"},
        {"name": "payments-others", "modules": ["git.corp.example/payments", "code.corp.example"], "verdict": "deny",
         "reason": "only the payments team", "help": "ask #payments for the group"},
        {"name": "web", "modules": ["git.corp.example/web"], "groups": ["web"], "verdict": "allow"},
        {"name": "public", "modules": ["*"], "private": False, "verdict": "allow"},
    ],
}


def rules(*first, last=POLICY["rules"]):
    """The company's policy with these rules before its own."""
    return {**POLICY, "rules": [*first, *last]}


def versioned(repo, path, directory=""):
    """A module with tags of every sort."""
    inside = f"{directory}/" if directory else ""
    module = f"{path}/{directory}" if directory else path
    repo.commit({f"{inside}go.mod": f"module {module}\n\ngo 1.19\n", f"{inside}code.go": "package code\n\nconst Release = 0\n",
                 f"{inside}.gitattributes": "*.txt text eol=crlf\n", f"{inside}notes.txt": "line\nline\n"}, tags=[f"{inside}v0.3.0"])


class Company:
    """Its repositories lie in self.repos by name; self.upstream and self.host are the doubles."""

    def __init__(self, stage, **upstream):
        self.stage = stage
        self.upstream = stage.upstream(**upstream)
        self.host = stage.githttp(users=dict([READER]))
        self.local = str(stage.directory / "local-repositories")
        os.makedirs(self.local)
        self.repos = {name: stage.repo(name.replace("/", "-")) for name in ("payments/api", "web/Portal", "mono", "odd")}
        self._fill_versions(self.repos["payments/api"], API)
        self._fill_versions(self.repos["mono"], MONO)
        self.repos["web/Portal"].module(PORTAL, tags=["v0.1.0"])
        self.repos["odd"].commit({"odd.go": "package odd\n"}, tags=["v1.0.0", "v2.0.0"])
        self.bare = {name: repo.bare(self._bare(name)) for name, repo in self.repos.items()}

    def _bare(self, name):
        return os.path.join(self.host.root if "/" in name else self.local, f"{name}.git")

    @staticmethod
    def _fill_versions(repo, path):
        repo.commit({"go.mod": f"module {path}\n\ngo 1.19\n", "code.go": "package code\n\nconst Release = 1\n", "LICENSE": "all may read this\n"},
                    tags=["v1.0.0"])
        versioned(repo, path, "tools/lint")
        repo.commit({"code.go": "package code\n\nconst Release = 2\n", "deep/deep.go": "package deep\n\nconst Deep = true\n"},
                    tags=["v1.1.0", "v1.2.0-rc.1"])
        repo.commit({"code.go": "package code\n\nconst Release = 3\n"})
        repo.tag("v1.2.0", message="annotated, and a mistake")
        repo.commit({"go.mod": f"module {path}\n\ngo 1.19\n\nretract v1.2.0 // it was a mistake\n"}, tags=["v1.3.0"])
        repo.git("checkout", "-q", "-b", "dev")
        repo.commit({"code.go": "package code\n\nconst Release = 5\n"})
        repo.git("checkout", "-q", "-b", "two", "main")
        repo.commit({"go.mod": f"module {path}/v2\n\ngo 1.19\n", "code.go": "package code\n\nconst Release = 2000\n"}, tags=["v2.0.0"])
        repo.git("checkout", "-q", "main")

    def push(self, name):
        """Bring the server's copy to the state of self.repos[name]."""
        self.repos[name].push(self.bare[name])

    # --- modgate --------------------------------------------------------------------------------------------------------------

    def settings(self, gateway, refresh_s=60, hold_s=20, **changes):
        host = {"prefix": "git.corp.example", "repository": self.host.url + "/{1}/{2}.git", "ca": self.stage.ca.pem, "refresh_s": refresh_s,
                "hold_s": hold_s, "credentials_file": gateway.secret("git", ":".join(READER))}
        local = {"prefix": "code.corp.example", "repository": self.local + "/{1}", "refresh_s": refresh_s}
        return {"repositories": [host, local], **changes}

    def gateway(self, policy=POLICY, settings=None, refresh_s=60, hold_s=20, **options):
        """settings: more dotted keys, or a function that makes them of the gateway."""
        def make(one):
            return self.settings(one, refresh_s, hold_s, **(settings(one) if callable(settings) else settings or {}))
        return self.stage.gateway(make, policy, self.upstream, **options)

    def go(self, gateway, command, token, **env):
        """A workspace as `modgate env` would set it up."""
        return gateway.go(command, token, GONOSUMDB=",".join(PREFIXES), **env)

    def direct(self, command, **env):
        """A workspace that reads code.corp.example without any gateway: git sees the repositories under their public address."""
        go = self.stage.workspace(command, "direct", GOSUMDB="off", GOVCS="*:all", GOPRIVATE="code.corp.example", **env)
        with open(os.path.join(go.home, ".gitconfig"), "w", encoding="utf-8") as file:
            file.write(f'[url "file://{self.local}/"]\n\tinsteadOf = https://code.corp.example/\n[safe]\n\tdirectory = *\n')
        go.env.update(GIT_CONFIG_NOSYSTEM="1", GIT_ALLOW_PROTOCOL="file:https", GOFLAGS="-modcacherw -mod=mod")
        return go
