#!/usr/bin/env bash
# Takes Swagger UI from npm as it was published, and keeps the four files that the page needs, compressed the same way
# every time. Nothing of the package is run.
set -eu
cd "$(dirname "$0")"

version=5.35.0
sha512=U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm pack --silent --pack-destination "$work" "swagger-ui-dist@$version" >/dev/null
tarball=$work/swagger-ui-dist-$version.tgz
if [ "$(openssl dgst -sha512 -binary "$tarball" | base64 -w0)" != "$sha512" ]; then
	echo "docs/vendor.sh: swagger-ui-dist@$version is not the package that was reviewed" >&2
	exit 1
fi
tar -xzf "$tarball" -C "$work"
for file in swagger-ui-bundle.js swagger-ui.css; do
	sed '/^\/[/*]# sourceMappingURL=/d' "$work/package/$file" | gzip -n -9 >"$file.gz"
done
cp "$work/package/favicon-32x32.png" favicon.png
{
	printf 'Swagger UI %s (swagger-ui-bundle.js, swagger-ui.css, favicon.png)\n\n' "$version"
	cat "$work/package/NOTICE" "$work/package/LICENSE"
	printf '\nInside swagger-ui-bundle.js:\n\n'
	cat "$work/package/swagger-ui-bundle.js.LICENSE.txt"
} >LICENSE.swagger-ui
