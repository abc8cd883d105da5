#!/bin/sh
# Check what a fresh machine must bring; print the Python to use on stdout.
# Each missing thing is one sentence on stderr, all of them before giving up.
set -u
missing=0
probe='import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys.executable)'

say() {
    echo "calanque: $1" >&2
    missing=1
}

# A version manager leaves shims that answer with an error: ask each candidate to run.
# A distribution's own Python comes first, if it can make environments: it is built with
# profile-guided optimisation, and one that was compiled here mostly is not. The tests
# take a quarter longer on such a one.
find_python() {
    "${SYSTEM_PYTHON:-/usr/bin/python3.11}" -c "import ensurepip, venv; $probe" 2>/dev/null && return 0
    for candidate in python3.11 python3.12 python3.13 python3; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        # The program behind a shim, because uv makes an environment anew when its path differs.
        "$candidate" -c "$probe" 2>/dev/null && return 0
    done
    return 1
}

python=$(find_python) ||
    say "Python 3.11 or later is missing: install python3 and python3-venv (Debian, Ubuntu) or 'brew install python@3.13' (macOS)."

if ! command -v node >/dev/null 2>&1; then
    say "Node.js 20 or later is missing: install nodejs and npm (Debian, Ubuntu) or 'brew install node' (macOS)."
elif ! node -e 'process.exit(+(Number(process.versions.node.split(".")[0]) < 20))'; then
    say "Node.js is $(node --version) and must be 20 or later: see https://nodejs.org/en/download."
elif ! command -v npm >/dev/null 2>&1; then
    say "npm is missing: install the package npm (Debian, Ubuntu)."
fi

command -v git >/dev/null 2>&1 ||
    say "git is missing: install the package git (Debian, Ubuntu) or 'xcode-select --install' (macOS)."

[ "$missing" -eq 0 ] || exit 1
echo "$python"
