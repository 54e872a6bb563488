# What postguard needs of the system, each with the Debian package that brings it and what goes
# without it. Sourced by the other scripts here; it changes nothing by itself.

OLDEST_NODE=20

say() { printf 'postguard: %s\n' "$*"; }

has() { command -v "$1" >/dev/null 2>&1; }

# Prints each Python 3.11 to 3.14 that runs, the user's own choice first. A name on PATH may be a
# shim that starts nothing, so each is asked.
pythons() {
  local name
  for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
      >/dev/null 2>&1; then
      echo "$name"
    fi
  done
}

# Prints the first of them that can make a virtual environment.
python_with_venv() {
  local name
  for name in $(pythons); do
    if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
  return 1
}

venv_package() {
  local name
  name=$(pythons | head -n 1)
  case $name in
    python3.*) echo "$name-venv" ;;
    *) echo "python3-venv" ;;
  esac
}

has_node() {
  has npm && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" \
    -ge "$OLDEST_NODE" ]
}

has_compiler() { has g++ && has make && has python3; }

has_japanese_font() { has fc-match && [ -n "$(fc-list :lang=ja 2>/dev/null | head -n 1)" ]; }

has_browser() { has chromium || has chromium-browser; }

has_readers() { has tesseract && [ -n "$(tesseract --list-langs 2>/dev/null | grep -x jpn)" ]; }

# Calls `$1 'packages' 'what is missing and what goes without it'` for each thing that is missing.
each_missing() {
  python_with_venv >/dev/null ||
    "$1" "python3 $(venv_package)" "Python 3.11 or newer with venv: nothing can be set up"
  has_japanese_font ||
    "$1" "fontconfig fonts-noto-cjk" "a Japanese font: marks in Japanese cannot be drawn"
  has exiftool ||
    "$1" "libimage-exiftool-perl" "exiftool: the tests that read the tags back do not run"
  has_readers ||
    "$1" "tesseract-ocr tesseract-ocr-jpn" "tesseract with Japanese: the tests that read marks do not run"
  has_browser ||
    "$1" "chromium" "chromium: the tests of the dashboard in a browser do not run"
  has_node ||
    "$1" "nodejs npm" "node $OLDEST_NODE or newer with npm: the tests on a real Bluesky server do not run"
  has_compiler ||
    "$1" "g++ make python3" "a C++ compiler: the real Bluesky server of the tests may not install"
}
