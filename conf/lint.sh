#!/bin/sh
# Usage: lint.sh BUILD   Layout, static analysis, and the rules of the house that a compiler does not know. Prints what is wrong; exit 1 then.
set -u
build=$1
cd "$(dirname "$0")/.." || exit 3
rooms="base module tlog store vcs sumdb auth policy audit upstream supply settings gateway cmd"
failed=0
fail() {
	echo "lint: $1" >&2
	failed=1
}

# One layout.
# shellcheck disable=SC2046
clang-format --dry-run -Werror $(git ls-files '*.c' '*.h' | grep -v 'module/unicode_tables.c') || fail "clang-format would change these: make format"

# A room includes others by "room/name.h", so that the Makefile's folders decide; never around them.
if git grep -nE '#include "(\.\.|/)' -- '*.c' '*.h'; then
	fail "includes go by room/name.h"
fi

# Foreign types stay home.
while read -r header home; do
	for room in $rooms; do
		case " $home " in *" $room "*) continue ;; esac
		if git grep -nF "#include <$header" -- "$room"; then
			fail "<$header> belongs to $home"
		fi
	done
done <<'END'
microhttpd.h gateway
git2.h vcs
ldap.h auth
jwt.h none
sqlite3.h base
curl/ base
yaml.h base
jansson.h base
zip.h module
libdeflate.h module vcs
systemd/ gateway
END

# switch over an enum names every value: a new one must not slip by. Tests are no room.
if git grep -nE '(\.\./shared|TODO|FIXME|\bXXX\b)' -- $rooms tests conf docs README.md CONTRIBUTING.md Makefile ':!conf/lint.sh'; then
	fail "unfinished, or a reference outside the project"
fi

# Static analysis, with the flags each room is compiled with.
for room in $rooms; do
	flags="-std=c11 -D_GNU_SOURCE '-DMODGATE_VERSION=\"lint\"' -I$build/see/$room"
	# shellcheck disable=SC2086
	git ls-files "$room/*.c" | grep -v unicode_tables | xargs -r -P 2 -n 8 sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$@" -- '"$flags"' 2>/dev/null' lint || fail "clang-tidy in $room"
done
exit $failed
