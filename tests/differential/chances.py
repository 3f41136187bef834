"""What a generated repository may hold where no list of cases is enough: patterns, contents, names and go.mod files made at random."""
from features import LINES, and_back, gomod, step

PIECES = ("*", "**", "?", "a", "b", "ab", "[ab]", "[!a]", "[^b]", "[a-c]", "\\a", "\\*", "/", "/", "/**/", "**/", "/**", "[]a]", "[[:alpha:]]", "[[:upper:][:digit:]]",
          "[a\\]]", "[b-a]", "*.", ".", "[", "A", "\u00e9", "[-a]", "[!-a]", "[a/]", "[[:space:]]", "\\", "c*", "*c")
PARTS = ("a", "b", "ab", "abc", "c", "a.b", ".a", "A", "*", "ba", "caa", "]", "-", "\u00e9", "a b", "1", "[")
RULES = ("text eol=crlf", "-text", "!text !eol", "text=auto eol=crlf", "eol=crlf", "ident", "-ident", "eol=lf", "text", "binary", "-eol", "crlf", "-crlf", "!ident",
         "working-tree-encoding=UTF-16LE", "text  eol=crlf\tident", "unknown=1 eol=crlf", "-unknown eol=crlf", "eol", "eol=CRLF", "text=", "TEXT eol=crlf")
BYTES = (b"a", b"b" * 130, b"\n", b"\n", b"\r\n", b"\r", b"\0", b"\x1a", b"\x7f", b"\x01", b"\b", b"\x1b", b"\t\f", b"\xc3\xa9", b"\xff", b"$Id$", b"$Id: x $", b"$Id", b"$")
GOMOD_LINES = ("go 1.20", "go 1.24", "go 1.24rc1", "go v1.24.x", "go 1.24.", "go 1", "go", "go 1.24 // later", "toolchain go1.25.0", "toolchain none", "toolchain x", "retract v0.1.0",
               "retract [v0.0.0, v0.9.0]", "retract v0", "retract (\n\tv0.1.0 // why\n\t[v0.2.0, v0.2.9]\n)", "require example.org/x v1.0.0", "require example.org/x v1",
               "require (\n\texample.org/x v1.0.0 // indirect\n)", "require example.org/x/v2 v1.0.0", "require example.org/x bad", "exclude example.org/x v1.0.0",
               "replace example.org/x => ../x", "replace x", "godebug default=go1.21", "godebug (\n\tx=y\n)", "tool example.org/x/cmd", "ignore ./node_modules", "ignore", "unknown verb",
               "unknown (\n\tblock\n)", "// comment", "/* block */", "require (", ")", '"quoted"', "`back", "\trequire\texample.org/x\tv1.0.0\t", "module again", "", "go 1.21\r", "go=1",
               "require example.org/x v1.0.0 v2", "retract v0.1.0 v0.2.0", "module example.org/second", "(", "require example.org/x@v1 v1.0.0", "\u00e9 x", "go 1.020", "go 2.0")


def some_path(rng):
    return "/".join(rng.choice(PARTS) for _ in range(rng.choice((1, 1, 2, 3))))


def free(repo, path):
    """No file stands where the path needs a directory, nor the other way round, nor in another case."""
    low = path.lower()
    return not any(f"{low}/".startswith(f"{other.lower()}/") or f"{other.lower()}/".startswith(f"{low}/") for other in repo.tree)


def random_patterns(repo):
    """Which files a pattern means, shown by what becomes of their line ends."""
    for _ in range(2):
        before = dict(repo.tree)
        rng = repo.rng
        for _ in range(14):
            path = some_path(rng)
            if free(repo, path) and "*" not in path:
                repo.write(path, LINES)
        for where in rng.sample(("", "", "a/", "ab/"), 2):
            rules = ["".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 5))) + " text eol=crlf\n" for _ in range(3)]
            if not where or free(repo, where.rstrip("/") + "/.gitattributes"):
                repo.write(f"{where}.gitattributes", "".join(rules))
        step(repo, 1)
        repo.tree = before


def random_contents(repo):
    """What a conversion does to bytes."""
    rng = repo.rng
    rules = []
    for number in range(12):
        repo.write(f"chance/f{number}.x{number}", b"".join(rng.choice(BYTES) for _ in range(rng.randrange(1, 9))))
        rules += [f"*.x{number} {rng.choice(RULES)}\n" for _ in range(rng.choice((1, 1, 2)))]
    repo.write(".gitattributes", "".join(rules))
    step(repo, 1)


def random_gomod(repo):
    """What is understood of a go.mod decides over vendor directories, retractions and bases."""
    repo.write("p/vendor/v.go", "package v\n")
    repo.write("vendor/modules.txt", "# none\n")
    for _ in range(3):
        lines = [f"module {repo.root}", *repo.rng.sample(GOMOD_LINES, repo.rng.randrange(1, 4))]
        if repo.rng.random() < 0.3:
            repo.rng.shuffle(lines)
        repo.write("go.mod", "\n".join(lines) + repo.rng.choice(("\n", "", "\n\n")))
        step(repo, 0.7)
    repo.write("go.mod", gomod(repo.root))


def random_names(repo):
    """Letters from everywhere: which may stand in a name, and which are the same letter in another case."""
    for _ in range(3):
        rng = repo.rng
        letter = chr(rng.choice((rng.randrange(0xa1, 0x250), rng.randrange(0x250, 0x3000), rng.randrange(0x370, 0x590), rng.randrange(0x1e00, 0x2200),
                                 rng.randrange(0xa640, 0xabff), rng.randrange(0x10400, 0x10600), rng.randrange(0x21, 0x7f))))
        variants = sorted({letter, letter.upper(), letter.lower(), letter.title(), letter.casefold()} - {".", "/"})

        def change():
            for variant in variants:
                repo.write(f"letter-{variant}", variant)
        and_back(repo, change)
        repo.tree = {path: entry for path, entry in repo.tree.items() if not path.startswith("letter-")}
        step(repo, 0)
