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
  say "making .venv with $("$python" --version) (some seconds)"
  "$python" -m venv --clear .venv
fi

# Turns what pip says into one short line for each package that comes, with its size: on a terminal
# nothing is silent for longer than its largest package takes.
packages() {
  local line file version
  while IFS= read -r line; do
    case $line in
      *.metadata*) ;;
      *"Using cached "* | *Downloading\ *)
        file=${line##*cached }
        file=${file##*Downloading }
        file=${file##*/}
        version=${file#*-}
        echo "  ${file%%-*} ${version%%-*} (${line##*(}"
        ;;
      "Installing collected packages"*)
        echo "  putting $(($(tr -cd , <<<"$line" | wc -c) + 1)) packages in place"
        ;;
    esac
  done
}

say "installing postguard$extras into .venv (a minute or two${extras:+; torch is large})"
quietly=-qq
[ ! -t 1 ] || quietly=
# shellcheck disable=SC2086 # nothing at all where pip is to talk
PYTHONUNBUFFERED=1 .venv/bin/python -m pip install $quietly --disable-pip-version-check \
  --no-compile --progress-bar off --constraint constraints.txt --editable ".$extras" | packages
# pip would compile on one core, and all: here every core does, and leaves out a third that is hardly
# ever imported. A file that is for another Python is no fault of ours.
say "compiling it, so that every start is quick (half a minute)"
.venv/bin/python -m compileall -qq -j 0 -x '/(tests?|transformers/models)/' .venv/lib || true
touch "$@"
say "set up"
