#!/usr/bin/env bash
# Makes sure that the programs which the tests start are here. On Debian, as root, it installs what is missing, and
# starts no service; elsewhere it names what is missing and fails. It is quick and silent when nothing is.
set -eu

# Servers live in sbin on Debian; its own python3, the one with its packages, comes before any other.
PATH=/usr/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Each line: the Debian package, and the command that tells that it (or its like from another system) is here.
wanted() {
	cat <<-'LIST'
		gcc                       command -v gcc || command -v cc
		postgresql                command -v initdb || ls /usr/lib/postgresql/*/bin/initdb
		redis-server              command -v redis-server || command -v valkey-server
		pgbouncer                 command -v pgbouncer
		chromium                  command -v chromium || command -v chromium-browser || command -v google-chrome
		nginx                     command -v nginx
		caddy                     command -v caddy
		python3                   command -v python3
		python3-jwt               python3 -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("jwt"))'
		python3-requests-oauthlib python3 -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("requests_oauthlib"))'
	LIST
}

missing() {
	wanted | while read -r package present; do
		(eval "$present") >/dev/null 2>&1 </dev/null || printf '%s ' "$package"
	done
}

absent=$(missing)
# The tests of limits also run on Valkey, where the system's packages have it.
if ! command -v valkey-server >/dev/null && [ "$(id -u)" = 0 ] && apt-cache show valkey-server >/dev/null 2>&1; then
	absent="${absent}valkey-server "
fi
[ -n "$absent" ] || exit 0

if ! [ -e /etc/debian_version ] || [ "$(id -u)" != 0 ]; then
	echo "make deps: missing: $absent" >&2
	echo "Install them (names of Debian packages: apt-get install $absent) and try again." >&2
	exit 1
fi

# Neither a daemon nor a database cluster of the machine's own is wanted: the tests start throw-away servers.
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/no-main-cluster.conf
ours=$cluster
if ! [ -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	ours="$ours $policy"
fi
trap 'rm -f $ours' EXIT
mkdir -p "${cluster%/*}"
echo 'create_main_cluster = false' >"$cluster"

export DEBIAN_FRONTEND=noninteractive
echo "make deps: installing $absent"
apt-get update -qq
# postgresql-common first: without its createcluster.conf on disk the cluster setting above is not read.
case " $absent" in *" postgresql "*) apt-get install -qq -y --no-install-recommends postgresql-common >/dev/null ;; esac
# shellcheck disable=SC2086 # a list of words
apt-get install -qq -y --no-install-recommends $absent >/dev/null

absent=$(missing)
if [ -n "$absent" ]; then
	echo "make deps: still missing after the installation: $absent" >&2
	exit 1
fi
