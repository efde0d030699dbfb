#!/usr/bin/env bash
# Prints the path of an nginx to try deploy/nginx.conf with: the one of this
# machine, else Debian's package, unpacked below .tools. It is not installed,
# because the package would start a server on port 80.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v nginx; then
    exit 0
fi
if [ -x /usr/sbin/nginx ]; then
    echo /usr/sbin/nginx
    exit 0
fi
top=$PWD/.tools/nginx
if [ ! -x "$top/usr/sbin/nginx" ]; then
    mkdir -p "$top/package"
    (cd "$top/package" && apt-get download -qq nginx >&2) ||
        { echo "nginx is missing and its package cannot be fetched; run: apt-get update" >&2; exit 1; }
    dpkg -x "$top"/package/nginx_*.deb "$top"
fi
echo "$top/usr/sbin/nginx"
