#!/bin/bash
# Builds the git repositories that expected.tsv was observed on. Usage: build-repos.sh DIR   (git >= 2.29, no network)
# Every commit and tag has a fixed identity and date, so the object ids are always the same.
set -euo pipefail
OUT=$(mkdir -p "$1" && cd "$1" && pwd)
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@x
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME=$OUT/.home; mkdir -p "$HOME"
at()   { export GIT_COMMITTER_DATE="$1" GIT_AUTHOR_DATE="2001-01-01T00:00:00Z"; }
repo() { rm -rf "$OUT/$1"; git init -q -b main --object-format=sha1 "$OUT/$1"; cd "$OUT/$1"; }
add()  { local h; h=$(printf "$2" | git hash-object -w --no-filters --stdin); git update-index --add --cacheinfo "${3:-100644},$h,$1"; }
del()  { git update-index --force-remove "$1"; }
ci()   { at "$1"; git commit -q --allow-empty -m "$2"; }
tg()   { local t; for t in "$@"; do git tag "$t"; done; }

# --- attrs: .gitattributes, symlinks, submodule, LICENSE, .hg_archival.txt
repo attrs
add go.mod 'module example.com/attrs\n\ngo 1.20\n'
add .gitattributes '*.bat text eol=crlf\n*.auto text=auto eol=crlf\n*.onlyeol eol=crlf\n*.bin -text eol=crlf\n*.input text=input\n*.crlf crlf\n*.crlfin crlf=input eol=crlf\n*.id ident\n*.lf text eol=lf\n*.cr text\n*.u16 text working-tree-encoding=UTF-16LE-BOM\n*.latin text working-tree-encoding=ISO-8859-1\n*.unset !text eol=crlf\nsubst.txt export-subst\nignored.txt export-ignore\nigndir export-ignore\n*.lfs filter=lfs diff=lfs merge=lfs -text\n'
for e in bat auto onlyeol bin input crlf crlfin lf cr unset; do add "mixed.$e" 'a\nb\r\nc\rd\n'; add "lf.$e" 'a\nb\n'; add "crlf.$e" 'a\r\nb\r\n'; add "zero.$e" 'a\nb\0\n'; done
add a.id '$Id$ $Id: xx$ $Id: xx $Id$ $Idx$ $Id:\n$\n$Id: deadbeef foo $\n$Id: a b $\n'
add a.u16 'h\n'; add a.latin 'h\xc3\xa9\n'; add subst.txt 'v=$Format:%%H$\n'; add ignored.txt 'ig\n'; add igndir/x 'ig\n'
add f.lfs 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'
add nested/.gitattributes '*.bat -text\n'; add nested/x.bat 'a\n'
add d/x.sh 'sub\n' 100755; add d/link 'x.sh' 120000; add dangling 'nowhere' 120000
add COPYING 'THE LICENSE\n'; add LICENSE 'COPYING' 120000
add .hg_archival.txt 'hg\n'; add n/.hg_archival.txt 'hg\n'
add sub/go.mod 'module example.com/attrs/sub\n'; add sub/s.txt 's\n'; add sub/s.bat 'a\n'
add sub2/go.mod 'module example.com/attrs/sub2\n'; add sub2/LICENSE '../COPYING' 120000
git update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,gitlink
ci 2020-01-02T03:04:05+05:30 c1; tg v1.0.0 sub/v1.0.0 sub2/v1.0.0

# --- refs: revision resolution and pseudo-versions
repo refs
ci 2020-01-01T00:00:00Z init
c() { add f "$1\n"; ci "2020-01-01T00:00:0$2Z" "$1"; }
c one 1; tg v0.1.0 v0.1.0+meta v1 v0.2 v1.0.0-RC1
c two 2; TWO=$(git rev-parse HEAD); tg v0.2.0+build1
c three 3; THREE=$(git rev-parse HEAD); git tag -a -m x rel-three; git tag -a -m outer v0.3.0 rel-three 2>/dev/null
c four 4; tg v2.0.0 v2.1.0-pre v3.0.0+incompatible
c five 5; FIVE=$(git rev-parse HEAD); tg v0.0.0-20200101000001-abcdefabcdef "v0.0.0-20200101000005-${FIVE:0:12}"
git branch feature/x; git branch v1.5.0; git branch dup "$TWO"; git tag dup "$THREE"; git branch latest "$TWO"; git branch upgrade "$TWO"
git checkout -q -f --detach "$TWO"; c side 6; tg sidetag
git checkout -q -f --detach "$FIVE"; c pr1 7; git update-ref refs/pull/1/head HEAD
git checkout -q -f main
git tag v0.9.0 'HEAD^{tree}'; git tag v0.9.1 "$(git rev-parse HEAD:f)"

# --- dirs: subdirectory modules, major versions, go.mod location rules
repo dirs
add go.mod 'module example.com/dirs\n'; add sub/go.mod 'module example.com/dirs/sub\n'; add LICENSE 'L\n'; ci 2020-01-01T00:00:01Z c1; tg v1.0.0 sub/v1.0.0
add x 1; ci 2020-01-01T00:00:02Z c2; tg sub/v0.0.0-20200101000002-aaaaaaaaaaaa
git checkout -qf -b v2b; add go.mod 'module example.com/dirs/v2\n'; ci 2020-01-01T00:00:03Z v2; tg v2.0.0; add x 2; ci 2020-01-01T00:00:04Z v2b; git checkout -qf main
add v3/go.mod 'module example.com/dirs/v3\n'; add v3/a.go 'package a\n'; ci 2020-01-01T00:00:05Z v3; tg v3.0.0
add sub/v2/go.mod 'module example.com/dirs/sub/v2\n'; add sub/v2/LICENSE 'subL\n'; ci 2020-01-01T00:00:06Z sv2; tg sub/v2.0.0 v1.1.0
add other/go.mod 'module example.com/elsewhere\n'; add bad/go.mod '// nothing\n'; add badv/go.mod 'module example.com/dirs/badv/v1\n'; add quoted/go.mod 'module "example.com/dirs/quoted"\n'
add sym/go.mod '../go.mod' 120000; add cap/GO.MOD 'module example.com/dirs/cap\n'; add cap/x.go 'x\n'; ci 2020-01-01T00:00:07Z more
tg other/v1.0.0 bad/v1.0.0 badv/v1.0.0 quoted/v1.0.0 sym/v1.0.0 cap/v1.0.0 v1.2.0

# --- retract: effect of retractions on tag/base choice
repo retract
add go.mod 'module example.com/retract\n'; ci 2020-01-01T00:00:01Z c1; tg v1.0.0
add x 1; ci 2020-01-01T00:00:02Z c2; tg v1.1.0 v1.1.1
add x 2; ci 2020-01-01T00:00:03Z c3; git branch c3
add go.mod 'module example.com/retract\n\nretract (\n\tv1.1.1 // bad\n\t[v1.2.0, v1.3.0]\n)\n'; ci 2020-01-01T00:00:04Z c4; tg v1.3.0; git branch c4
add x 3; ci 2020-01-01T00:00:05Z c5; tg v1.4.0-beta

# --- names: file name validity, vendor, collisions, go version
repo names
add go.mod 'module example.com/names\n\ngo 1.23\n'; add vendor/modules.txt m; add vendor/foo/foo.go 'package foo'; add vendor/top.go t; add p/vendor/v.go v; add p/vendor/q/q.go q; add 'vendor/x/a:b' bad; add p/vendor/modules.txt m; add pvendor/x.go x; add $'\xc3\xa9.txt' e; add 'sp ace.txt' s; ci 2020-01-01T00:00:01Z c; tg v1.0.0
add go.mod 'module example.com/names\n\ngo 1.24\n'; ci 2020-01-01T00:00:02Z c; tg v1.0.1
add "a'b" q; ci 2020-01-01T00:00:03Z c; tg v1.0.2; del "a'b"
add 'l:nk' go.mod 120000; ci 2020-01-01T00:00:04Z c; tg v1.0.3; del 'l:nk'
add README.md r; add readme.MD go.mod 120000; ci 2020-01-01T00:00:05Z c; tg v1.0.4; del readme.MD
add $'e\xcc\x81.txt' nfd; ci 2020-01-01T00:00:06Z c; tg v1.0.5; del $'e\xcc\x81.txt'
add Sub/go.mod 'module x\n'; add sub/a 1; ci 2020-01-01T00:00:07Z c; tg v1.0.6; del Sub/go.mod
add sub/go.mod ../go.mod 120000; add sub2/Go.Mod 'x'; add sub2/z z; add 'sub2/b:ad' z; ci 2020-01-01T00:00:08Z c; tg v1.0.7
add go.mod 'module example.com/names\n\ngo 1.24\nfoo bar (\n'; ci 2020-01-01T00:00:09Z c; tg v1.0.8
add go.mod 'module example.com/names\n\ngo 1.24\nrequire foo master\n'; ci 2020-01-01T00:00:10Z c; tg v1.0.9
add go.mod 'module example.com/names\n\ngo 1.24rc1\n'; ci 2020-01-01T00:00:11Z c; tg v1.0.10
add go.mod 'module example.com/names\n\ngo v1.24.x\n'; ci 2020-01-01T00:00:12Z c; tg v1.0.11
add go.mod 'module example.com/names\n\ngo 1.24\ngo 1.25\n'; ci 2020-01-01T00:00:13Z c; tg v1.0.12
add go.mod 'module example.com/names\r\n\r\ngo 1.24\r\n'; ci 2020-01-01T00:00:14Z c; tg v1.0.13
add go.mod '\xef\xbb\xbfmodule example.com/names\n\ngo 1.24\n'; ci 2020-01-01T00:00:15Z c; tg v1.0.14
del go.mod; add GO.MOD 'module x\n'; ci 2020-01-01T00:00:16Z c; tg v1.0.15; del GO.MOD
add $'bad\xff.txt' x; ci 2020-01-01T00:00:17Z c; tg v1.0.16; del $'bad\xff.txt'
add 'trail.' x; ci 2020-01-01T00:00:18Z c; tg v1.0.17; del 'trail.'
add '...' x; ci 2020-01-01T00:00:19Z c; tg v1.0.18; del '...'
add aux.txt x; ci 2020-01-01T00:00:20Z c; tg v1.0.19; del aux.txt
add 'x~1.txt' x; add '-dash' d; add '.hidden/.x' h; ci 2020-01-01T00:00:21Z c; tg v1.0.20
add sub/k.txt 1; add $'sub/\xe2\x84\xaa.txt' 2; ci 2020-01-01T00:00:22Z c; tg v1.0.21; del $'sub/\xe2\x84\xaa.txt'
add $'\xf0\x9f\x98\x80.txt' e; ci 2020-01-01T00:00:23Z c; tg v1.0.22; del $'\xf0\x9f\x98\x80.txt'

# --- license: root LICENSE import into sub-modules; raw vs converted bytes
repo license
add go.mod 'module example.com/license\n'; add LICENSE 'a\n'; add .gitattributes 'LICENSE text eol=crlf\ngo.mod text eol=crlf\n'
add s1/go.mod 'module example.com/license/s1\n'; add s1/license l
add s2/go.mod 'module example.com/license/s2\n'; add s2/LICENSE/x y
add s3/go.mod 'module example.com/license/s3\n'; add s3/x 1 100755
add s4/go.mod 'module example.com/license/s4\n'; add s4/LICENSE own
add v2/go.mod 'module example.com/license/v2\n'; ci 2020-01-01T00:00:00Z c; tg v1.0.0 s1/v1.0.0 s2/v1.0.0 s3/v1.0.0 s4/v1.0.0 v2.0.0

# --- incompat: +incompatible listing and resolution
repo incompat
add f 1; ci 2020-01-01T00:00:01Z c; tg v1.0.0
add f 2; ci 2020-01-01T00:00:02Z c; tg v2.0.0 v3.0.0-rc.1
add f 3; add go.mod 'module example.com/incompat/v2\n'; ci 2020-01-01T00:00:03Z c; tg v2.1.0; del go.mod
add f 4; ci 2020-01-01T00:00:04Z c; tg v3.0.0
add f 5; add v4/go.mod 'module example.com/incompat/v4\n'; ci 2020-01-01T00:00:05Z c; tg v4.0.0
add f 6; ci 2020-01-01T00:00:06Z c

# --- sort: semver ordering, odd tags
repo sort
add a 'a\n'; ci '@1577836800 +0530' c
tg v1.0.0 v1.0.1-a.b v1.0.1-1 v1.0.1-01 v1.0.1-a.10 v1.0.1-a.9 v10.0.0 v9.0.0 v1.10.0 v1.9.0 V1.0.0 1.0.0 v01.0.0 v1.0.0.0 vv1.0.0 v1.0.0- v99999999999999999999.0.0 v1.0.99999999999999999999 v1.2.0-0.20200101000000-abc v1.2.0-pre.0.20200101000000-abcdefabcdef v1.2.0-20200101000000-abcdefabcdef v1.0.1--x

# --- heads: unborn HEAD, empty repo, detached HEAD
repo unborn; ci 2020-01-01T00:00:00Z c0; tg v1.0.0; git symbolic-ref HEAD refs/heads/nonexist
repo empty
repo detached; add f 1; ci 2020-01-01T00:00:01Z c1; git checkout -qf --detach; add f 2; ci 2020-01-01T00:00:02Z c2; add f 3; ci 2020-01-01T00:00:03Z c3
echo "built in $OUT"
