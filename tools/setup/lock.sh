#!/usr/bin/env bash
# Writes constraints.txt: every dependency of every extra, for Python 3.11 and newer.
# torch stays at the release that exists both as a CPU and as a CUDA build.
set -euo pipefail
cd "$(dirname "$0")/../.."
pins=$(mktemp)
trap 'rm -f "$pins" "$pins.new"' EXIT
echo 'torch==2.13.0' >"$pins"
.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras \
  --no-config --default-index https://pypi.org/simple --upgrade \
  --no-header --no-annotate --constraint "$pins" pyproject.toml >"$pins.new"
if grep -nE '://|file:|^-|/' "$pins.new"; then
  echo 'postguard: the lines above name a place, not a release; constraints.txt stays as it was' >&2
  exit 1
fi
cp "$pins.new" constraints.txt
echo "postguard: constraints.txt pins $(grep -c == constraints.txt) packages"
