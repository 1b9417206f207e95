#!/bin/sh
# Makes the environment that `make demo` and `make test` need: compiler, Python headers, a virtual environment with the
# pinned packages of requirements-dev.txt. Installs system packages only when they are missing and only as root.
# Instant when nothing is left to do. VENV names the environment (default .venv).
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
pins=requirements-dev.txt
stamp=$venv/.cuirax-requirements

if [ -f "$stamp" ] && cmp -s "$pins" "$stamp" && [ -x "$venv/bin/python" ]; then
  exit 0
fi

python=${BASE_PYTHON:-python3}
[ -x "$venv/bin/python" ] && python=$venv/bin/python

say() { echo "venv: $*" >&2; }
has_compiler() { command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1; }
has_headers() {
  "$python" -c 'import os, sysconfig, sys
sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' 2>/dev/null
}
has_ensurepip() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
has_libc() { printf '#include <stdio.h>\n' | ${CC:-cc} -E - >/dev/null 2>&1; }

missing=
command -v "$python" >/dev/null 2>&1 || missing="$missing python3"
has_compiler || missing="$missing gcc"
has_libc || missing="$missing libc6-dev"
has_headers || missing="$missing python3-dev"
has_ensurepip || missing="$missing python3-venv"
if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    say "please install:$missing"
    exit 1
  fi
  say "installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "Python 3.11 or newer is needed; $python is older (BASE_PYTHON=… names another)"
  exit 1
}
if [ ! -x "$venv/bin/python" ]; then
  say "creating $venv"
  "$python" -m venv "$venv"
fi
say "installing the packages of $pins"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$pins"
cp "$pins" "$stamp"
