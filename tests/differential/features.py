"""What a generated repository may hold. Each feature changes the work tree or the references and commits what it needs."""
from repository import LINK, PROGRAM, SUBMODULE

MIXED = b"one\ntwo\r\nthree\rfour\n"
LINES = b"one\ntwo\n"
ODD_NAMES = ("a b.txt", "-dash", "+plus@at", "~tilde~1", "tilde~1.txt", "(round) [square] {curly}", "comma,semi=equal", "#hash%25", "!bang", "caret^",
             "dollar$", "under_", ".hidden", ".dir/.x", "\u00e9t\u00e9.txt", "\u65e5\u672c\u8a9e/\u540d.go", "\u0437\u043c\u0435\u044f", "\u01c5titlecase",
             "\u00aaordinal", "\U00010400deseret", "e&e", "testdata/@x/y", "con\u00e9", "UPPER/Lower.Txt", "deep/er/and/deep/er/still/file.txt", "a..b")
REFUSED_NAMES = (b"aux.txt", b"a/NUL", b"com1", b"colon:here", b"back\\slash", b"star*", b"what?", b"quo'te", b'dou"ble', b"less<more>", b"pipe|",
                 b"tick`", b"trailing.", b"a/...", b"e\xcc\x81.txt", b"\xf0\x9f\x98\x80.txt", b"\xff\xfe", b"digit\xd9\xa3", b"tab\there", b"new\nline",
                 b"semi;colon", b"control\x01", b"lpt9.c", b"vendor/x\xff/y", b"\xe2\x82\xac", b"soft\xc2\xad", b"nul.", b"GO.MOD", b"Go.mod")
COLLISIONS = (("Read.me", "read.ME"), ("dir/x", "Dir/y"), ("stra\u00dfe", "STRA\u1e9eE"), ("k.txt", "\u212a.txt"), ("s", "\u017f"), ("file", "File/inside"),
              ("sigma\u03c3", "sigma\u03c2"), ("\u01c4", "\u01c6"), ("I", "\u0131"), ("license", "LICENSE"), ("a/b/C/d", "a/B/c/e"), ("\u0390", "\u1fd3"))


def gomod(path, go="1.20", more=""):
    return f"module {path}\n\ngo {go}\n{more}"


def touch(repo):
    """Some change, so that each commit differs."""
    repo.write("code.go", f"package code\n\nconst Step = {len(repo.commits)}\n")


def step(repo, odds=0.5):
    """A commit, perhaps with a tag."""
    touch(repo)
    commit = repo.commit()
    if repo.rng.random() < odds:
        repo.release()
    return commit


def and_back(repo, change):
    """A tagged version with that change; the one after is without it, most of the time."""
    before = dict(repo.tree)
    change()
    step(repo, 1)
    if repo.rng.random() < 0.8:
        repo.tree = before


# --- references ----------------------------------------------------------------------------------------------------------------------


def annotated_tags(repo):
    step(repo, 0)
    repo.release(message="it is done\n")


def branches(repo):
    base = repo.branch
    for name in repo.rng.sample(("dev", "topic", "wip-2", "release/1.x", "1.x", "a&b=c"), 2):
        repo.checkout(name)
        step(repo, 0)
        repo.checkout(base)
    if repo.rng.random() < 0.5:
        step(repo, 0.5)


def merges(repo):
    base = repo.branch
    repo.checkout(f"merge-{len(repo.commits)}")
    side = step(repo, 0.7)
    repo.checkout(base)
    step(repo, 0.7)
    touch(repo)
    repo.commit(merge=side)


def unreachable_tags(repo):
    """On no branch; what is newer there is no base for the branch."""
    before = dict(repo.tree)
    touch(repo)
    commit = repo.commit(ref=f"refs/tags/aside-{len(repo.commits)}")
    repo.release(commit=commit)
    repo.tree = before


def two_tags_on_one_commit(repo):
    step(repo, 0)
    repo.release()
    repo.release(suffix=repo.rng.choice(("", "-rc.1", "-0.x")))
    if repo.rng.random() < 0.5:
        repo.tag("nightly")


def prereleases(repo):
    for suffix in repo.rng.sample(("-rc.1", "-alpha", "-alpha.beta", "-0.3.7", "--x", "-beta.11", "-pre.0"), 3):
        step(repo, 0)
        repo.release(suffix=suffix)


def pseudo_bases(repo):
    """Commits after a release, after a prerelease, and with a higher tag on a side branch."""
    step(repo, 1)
    step(repo, 0)
    repo.release(suffix=repo.rng.choice(("", "-rc.2", "-beta")))
    step(repo, 0)
    step(repo, 0)


def loose_tags(repo):
    """Versions that are no canonical ones, and words."""
    commit = step(repo, 0)
    for name in repo.rng.sample(("v1", "v1.2", "v0", "release-1", "V1.0.0", "v1.0.0.0", "1.4.0", "v1.0.0-01"), 4):
        repo.tag(name)
        repo.asked.append((repo.root, name))
    if repo.rng.random() < 0.6:
        repo.release(suffix="+meta")
        repo.loose.add(commit.mark)
        step(repo, 0)


def version_branches(repo):
    """Branches named like versions, and like tags."""
    base = repo.branch
    repo.checkout("v0.77.0")
    step(repo, 0)
    repo.checkout(base)
    repo.tag("both")
    repo.checkout("both")
    step(repo, 0)
    repo.checkout(base)
    repo.asked += [(repo.root, "v0.77.0"), (repo.root, "both")]


def pull_requests(repo):
    """Commits that only other references hold."""
    before = dict(repo.tree)
    touch(repo)
    commit = repo.commit(ref=f"refs/pull/{len(repo.commits)}/head")
    repo.asked += [(repo.root, lambda one: one.hash(commit)), (repo.root, lambda one: "v0.0.0-" + one.stamp(commit))]
    repo.tree = before


def tags_of_trees(repo):
    tip = repo.tip()
    repo.later("update-ref", "refs/tags/v0.88.0", lambda one: one.git("rev-parse", one.hash(tip) + "^{tree}"))
    repo.later("update-ref", "refs/tags/tree", lambda one: one.git("rev-parse", one.hash(tip) + "^{tree}"))
    repo.asked.append((repo.root, "v0.88.0"))


# --- modules -------------------------------------------------------------------------------------------------------------------------


def nested_modules(repo):
    for name in repo.rng.sample(("sub", "tools/lint", "x-1", "Upper", "v", "sub.d"), 2):
        repo.write(f"{name}/go.mod", gomod(repo.path(name)))
        repo.write(f"{name}/sub.go", "package sub\n")
        repo.write(f"{name}/.gitattributes", "*.txt text eol=crlf\n")
        repo.write(f"{name}/lines.txt", LINES)
        step(repo)
        repo.release(f"{name}/")
        if repo.rng.random() < 0.6:
            step(repo, 0)
            repo.release(f"{name}/", suffix=repo.rng.choice(("", "-rc.1")))


def nested_majors(repo):
    """sub/v2 whose go.mod is in sub, and in sub/v2."""
    inside = repo.rng.random() < 0.5
    path = repo.path("maj", "v2")
    repo.write("maj/go.mod", gomod(repo.path("maj")))
    repo.write("maj/a.go", "package maj\n")
    step(repo)
    repo.release("maj/", 0)
    repo.write("maj/v2/go.mod" if inside else "maj/go.mod", gomod(path))
    repo.write("maj/v2/b.go", "package maj\n")
    step(repo)
    repo.release("maj/", 2)


def major_in_directory(repo):
    major = repo.rng.choice((2, 3))
    repo.write(f"v{major}/go.mod", gomod(repo.path(f"v{major}")))
    repo.write(f"v{major}/v.go", "package v\n")
    repo.write(f"v{major}/lines.bat", LINES)
    step(repo)
    repo.release("", major)
    step(repo, 0)


def major_at_root(repo):
    """On a branch of its own; the root module goes on without."""
    base, major = repo.branch, repo.rng.choice((2, 3, 4))
    repo.checkout(f"major-{major}")
    repo.write("go.mod", gomod(repo.path(f"v{major}")))
    for _ in range(repo.rng.randrange(1, 3)):
        step(repo, 0)
        repo.release("", major)
    step(repo, 0)
    repo.checkout(base)


def incompatible(repo):
    """Major versions without a go.mod."""
    base = repo.branch
    repo.checkout(f"old-{len(repo.commits)}")
    repo.remove("go.mod")
    for major in repo.rng.sample((2, 3, 4), 2):
        step(repo, 0)
        version = repo.release("", major)
        repo.asked.append((repo.root, f"{version}+incompatible"))
    repo.asked.append((repo.root, "v1.0.0+incompatible"))
    step(repo, 0)
    repo.path("v2")
    repo.checkout(base)


def missing_gomod(repo):
    and_back(repo, lambda: repo.remove("go.mod"))


def foreign_gomod(repo):
    """A go.mod that says another path, is spelled another way, or none at all."""
    def change():
        repo.write("go.mod", repo.rng.choice((
            "module example.org/elsewhere\n", f'module "{repo.root}"\n', f"module `{repo.root}` // quoted\n", f"\ufeffmodule {repo.root}\n", "module\n",
            f"// module x\nmodule\t{repo.root}\n", f"module {repo.root}/v2\n", f"module ({repo.root})\n", f"module {repo.root}\n\nrequire x\n", "",
            f"module {repo.root}/v1\n", f"module {repo.root}\ngo 1.20\ngo 1.21\n")))
    and_back(repo, change)


def retractions(repo):
    first, second = repo.release(), repo.release()
    interval = f"[{first}, {second}]" if repo.rng.random() < 0.5 else second
    repo.write("go.mod", gomod(repo.root, more=f"\nretract {interval} // a mistake\n"))
    step(repo, 0)
    repo.release()
    step(repo, 0)


def deprecated(repo):
    repo.write("go.mod", "// Deprecated: use another.\n" + gomod(repo.root))
    step(repo, 1)


def too_new(repo):
    and_back(repo, lambda: repo.write("go.mod", gomod(repo.root, "1.999")))


# --- files ---------------------------------------------------------------------------------------------------------------------------


def license_in_root_only(repo):
    """The module below gets it, whatever it is."""
    repo.write("LICENSE", *repo.rng.choice(((b"all may read this\r\n",), ("COPYING", LINK), (b"$Id$\n",))))
    repo.write(".gitattributes", "LICENSE text eol=crlf ident\n")
    repo.write("lic/go.mod", gomod(repo.path("lic")))
    kind = repo.rng.randrange(5)
    if kind == 3:
        repo.write("lic/license", "small\n")
    if kind == 4:
        repo.write("lic/LICENSE", "../LICENSE", LINK)
    step(repo)
    repo.release("lic/")
    repo.remove("LICENSE")


def attributes_eol(repo):
    """Line endings by text, eol and crlf."""
    rules = ("text eol=crlf", "text=auto eol=crlf", "eol=crlf", "-text eol=crlf", "text=input", "crlf", "crlf=input eol=crlf", "text eol=lf", "text", "!text eol=crlf",
             "-crlf eol=crlf", "binary eol=crlf", "text=auto", "-text", "eol=lf")
    lines = []
    for number, rule in enumerate(repo.rng.sample(rules, 6)):
        lines.append(f"*.e{number} {rule}\n")
        repo.write(f"mixed.e{number}", MIXED)
        repo.write(f"lines.e{number}", LINES)
        repo.write(f"in/it/crlf.e{number}", LINES.replace(b"\n", b"\r\n"))
        repo.write(f"zero.e{number}", b"a\nb\0\n")
        repo.write(f"odd.e{number}", b"a\n" * 100 + b"\x01" * repo.rng.choice((1, 2)) + b"\x1a")
    repo.write(".gitattributes", "".join(lines))
    step(repo, 1)


def attributes_nested(repo):
    """Files below override, patterns with directories, negations and macros."""
    repo.write(".gitattributes", "[attr]dos text eol=crlf\n*.bat dos\nonly/*.txt dos\n/anchored.txt dos\n**/far.txt dos\n*.txt -text\n\"sp ace.txt\" dos\nd? dos\n[ab].q dos\n")
    repo.write("only/.gitattributes", "*.bat !eol !text\n[attr]mine eol=crlf\n*.mine mine\n")
    for name in ("x.bat", "only/x.bat", "only/x.txt", "only/deeper/x.txt", "anchored.txt", "only/anchored.txt", "a/b/far.txt", "sp ace.txt", "d1", "a.q", "c.q",
                 "only/x.mine", "only/deeper/x.bat"):
        repo.write(name, LINES)
    step(repo, 1)


def attributes_ident(repo):
    repo.write(".gitattributes", "*.id ident\n*.no -ident\n*.both ident text eol=crlf\n")
    for name in ("a.id", "b.no", "c.both", "d/e.id"):
        repo.write(name, repo.rng.choice((b"$Id$\n$Id: old $\n", b"$Id: a b $\n$Id$", b"x$Id:$y$Id:\n$\n$Id$$Id$", b"$Id: unended", b"$Idx$ $id$ $Id : $\n")))
    step(repo, 1)


def attributes_export_ignore(repo):
    repo.write(".gitattributes", "hidden.txt export-ignore\nhidden export-ignore\n")
    repo.write("hidden.txt", "still here\n")
    repo.write("hidden/x", "and here\n")
    step(repo, 1)


def attributes_export_subst(repo):
    repo.write(".gitattributes", "*.subst export-subst\n")
    repo.write("a.subst", "$Format:%H %cI$\n")
    step(repo, 1)


def attributes_encoding(repo):
    repo.write(".gitattributes", "*.u16 text working-tree-encoding=UTF-16LE-BOM\n*.l1 working-tree-encoding=ISO-8859-1\n*.be text eol=crlf working-tree-encoding=UTF-16BE\n"
                                 "*.bad working-tree-encoding=NO-SUCH\n*.u working-tree-encoding=UTF-16\n*.u32 working-tree-encoding=UTF-32\n"
                                 "*.same working-tree-encoding=utf-8\n*.sj working-tree-encoding=SHIFT-JIS\n")
    for name in ("a.u16", "a.l1", "a.be", "a.bad", "a.u", "a.u32", "a.same"):
        repo.write(name, "h\u00e9llo\nw\u00f6rld\n")
    repo.write("a.sj", "\u65e5\u672c\n")
    repo.write("none.u16", b"")
    repo.write("broken.l1", repo.rng.choice((b"\xff\xfe\n", "\u20ac\n".encode())))
    step(repo, 1)


def odd_names(repo):
    for name in repo.rng.sample(ODD_NAMES, 8):
        repo.write(name, name)
    step(repo, 1)


def refused_names(repo):
    def change():
        repo.write(repo.rng.choice(REFUSED_NAMES).decode("utf-8", "surrogateescape"), "no\n")
    repo.rng.random() < 0.5 and step(repo, 1)
    and_back(repo, change)
    before = dict(repo.tree)
    change()
    step(repo, 1)
    repo.tree = before


def colliding_names(repo):
    for pair in repo.rng.sample(COLLISIONS, 2):
        before = dict(repo.tree)
        for name in pair:
            repo.write(name, name)
        step(repo, 1)
        repo.tree = before


def crlf(repo):
    repo.write("crlf.txt", "a\r\nb\r\n")
    repo.write("go.mod", gomod(repo.root, repo.rng.choice(("1.20", "1.24"))).replace("\n", "\r\n"))
    repo.write(".gitattributes", repo.rng.choice(("* text=auto\n", "*.mod eol=crlf\r\n", "* text eol=lf\r\n*.txt eol=crlf\r\n")))
    step(repo, 1)


def symlinks(repo):
    repo.write("link", "code.go", LINK)
    repo.write("dangling", "nowhere", LINK)
    repo.write("loop/loop", "../loop", LINK)
    repo.write("other/go.mod", "../go.mod", LINK)
    repo.write("other/file", "kept\n")
    repo.path("other")
    if repo.rng.random() < 0.3:
        and_back(repo, lambda: repo.write("aux", "code.go", LINK))
    step(repo, 1)
    if repo.rng.random() < 0.4:
        and_back(repo, lambda: repo.write("go.mod", "other/go.mod", LINK))


def submodule_entries(repo):
    repo.write(".gitmodules", '[submodule "third"]\n\tpath = third\n\turl = https://git.example.org/third.git\n')
    repo.write("third", "0123456789abcdef0123456789abcdef01234567", SUBMODULE)
    repo.write("deep/third", "0123456789abcdef0123456789abcdef01234567", SUBMODULE)
    step(repo, 1)


def vendored(repo):
    repo.write("go.mod", gomod(repo.root, repo.rng.choice(("1.20", "1.23.0", "1.24", "1.24rc1", "1.25.1"))))
    for name in ("vendor/top.go", "vendor/modules.txt", "vendor/x/y/z.go", "p/vendor/v.go", "p/vendor/modules.txt", "p/vendor/q/w.go", "vendored/a.go", "p/q/vendor/r/vendor/s.go",
                 "vendor/vendor/x.go", "internal/vendor"):
        repo.write(name, "package vendored\n")
    step(repo, 1)


def modules_inside(repo):
    """Directories that hold a go.mod of any case are none of ours."""
    for name in repo.rng.sample(("in/go.mod", "in/deeper/GO.MOD", "cap/Go.Mod", "testdata/go.mod", "in/er/go.mod/file"), 3):
        repo.write(name, "module example.org/inside\n")
    for name in ("in/x.go", "in/deeper/y.go", "in/deeper/z/w.go", "cap/x.go", "testdata/t.txt"):
        repo.write(name, "package inside\n")
    repo.path("in")
    repo.path("cap")
    step(repo, 1)
    repo.release("in/", 0)


def kinds_of_files(repo):
    repo.write("run.sh", "#!/bin/sh\n", PROGRAM)
    repo.write("empty")
    repo.write("binary", bytes(range(256)) * 40)
    repo.write(".hg_archival.txt", "gone\n")
    repo.write("deep/.hg_archival.txt", "stays\n")
    repo.write("large.bin", repo.rng.randbytes(200000))
    repo.write("pointer.lfs", "version https://git-lfs.github.com/spec/v1\n")
    repo.write(".gitattributes", "*.lfs filter=lfs diff=lfs merge=lfs -text\n")
    step(repo, 1)
