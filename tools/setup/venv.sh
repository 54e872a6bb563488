#!/usr/bin/env bash
# Sets up .venv with postguard and these extras: `venv.sh 'EXTRA,…' STAMP…`.
# make runs it when pyproject.toml or constraints.txt is newer than the stamps.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=system.sh
source tools/setup/system.sh
extras=${1:+[$1]}
shift

tell() { say "missing: $2 (sudo apt install $1, or: make system-deps)"; }
each_missing tell

# A virtual environment whose Python was removed or upgraded away cannot be mended.
if ! .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
  python=$(python_with_venv) || exit 1
  say "making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
fi
say "installing postguard$extras into .venv (a minute or two${extras:+; torch is large})"
.venv/bin/python -m pip install -qq --disable-pip-version-check \
  --constraint constraints.txt --editable ".$extras"
touch "$@"
say "set up"
