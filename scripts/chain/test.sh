#!/bin/sh
# The contracts' share of `make test`: Brownie's units, matrix and machine; forge's fuzz and invariants.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
forge=$(scripts/dev/native.sh forge)
mkdir -p build/home
HOME="$root/build/home" "$forge" test
# An interrupted Brownie exits 0, so the result is judged by its own words.
log=$(mktemp "$root/build/brownie-test.XXXXXX")
trap 'rm -f "$log"' EXIT
scripts/chain/brownie.sh test tests/contracts/unit tests/contracts/stateful -q 2>&1 | tee "$log"
grep -Eq '^[0-9]+ passed' "$log" && ! grep -Eq '[0-9]+ (failed|error)' "$log"
