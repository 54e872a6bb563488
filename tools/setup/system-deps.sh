#!/usr/bin/env bash
# Installs the missing system packages on Debian and Ubuntu; elsewhere it names them.
set -euo pipefail
# shellcheck source=system.sh
source "$(dirname "$0")/system.sh"

packages=()
collect() {
  say "missing: $2"
  # shellcheck disable=SC2206 # one word for each package
  packages+=($1)
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
  say "installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$@"
}

# Debian 12 and Ubuntu 24.04 carry node 18, on which the Bluesky server does not run. NodeSource's
# package brings npm with it and refuses Debian's, so npm is asked for only where it still lacks.
install_node() {
  local offered
  offered=$(apt-cache policy nodejs | sed -En 's/^ *Candidate: ([0-9]+:)?([0-9]+).*/\2/p')
  if [ "${offered:-0}" -lt "$OLDEST_NODE" ]; then
    say "node $OLDEST_NODE is not among this release's packages: get it from https://nodejs.org/"
    return
  fi
  has node || install nodejs
  has npm || install npm
}

each_missing collect
if [ ${#packages[@]} -eq 0 ]; then
  say "every system package is there"
  exit 0
fi
if ! has apt-get; then
  say "this is not Debian or Ubuntu; please install what these packages are called here:"
  printf '  %s\n' "${packages[@]}"
  exit 1
fi

as_root apt-get update -q
others=()
for package in "${packages[@]}"; do
  case $package in
    nodejs | npm) ;;
    *) others+=("$package") ;;
  esac
done
[ ${#others[@]} -eq 0 ] || install "${others[@]}"
has_node || install_node
