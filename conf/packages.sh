#!/bin/sh
# Usage: packages.sh check|install GROUP...   Names, or installs through apt-get, what conf/packages.txt lists for these groups and the machine lacks.
set -eu
action=$1; shift
list=$(dirname "$0")/packages.txt

missing=
for group in "$@"; do
	for package in $(awk -v group="$group" '!/^#/ && NF { n = split($2, g, ","); for (i = 1; i <= n; i++) if (g[i] == group) print $1 }' "$list"); do
		case " $missing " in *" $package "*) continue ;; esac
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$status" = installed ] || missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0

if [ "$action" = check ]; then
	echo "modgate: missing Debian packages:$missing (install them with: make deps)" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "modgate: missing Debian packages:$missing (install them as root with: make deps)" >&2
	exit 1
fi
echo "installing$missing"
# Servers are for the tests alone: none is started as a service of this machine.
held=
if [ ! -e /usr/sbin/policy-rc.d ]; then
	held=1
	trap '[ -z "$held" ] || rm -f /usr/sbin/policy-rc.d' EXIT INT TERM
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
fi
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "modgate: apt-get could not install:$missing" >&2
	exit 1
fi
rm -f "$log"
