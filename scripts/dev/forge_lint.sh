#!/bin/sh
# Run forge's linter and fail on any finding. The tool itself ends with 0 whatever it finds, and
# denying warnings would also deny the compiler's warnings about OpenZeppelin's sources.
# Proofs and fuzz tests are left out: their names are what their tools want.
set -eu
mkdir -p build/home
log=build/forge-lint.log
HOME="$PWD/build/home" "$(scripts/dev/native.sh forge)" lint contracts --color never > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
if grep -Eq '^(error|warning|note)\[' "$log"; then
    cat "$log" >&2
    exit 1
fi
