#!/bin/sh
# The deep runs: fuzz 5,000 a test, invariants 500 x 500, slither through foundry, halmos, mutation.
# All or some: audit.sh forge slither halmos mutation. MUTANTS=60 is the sample; a stopped mutation run goes on.
# Versions of the analysers are pinned; they and what they write stay below build/.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
forge=$(scripts/dev/native.sh forge)
uv="$root/.uv/bin/uv"
export HOME="$root/build/audit-home" UV_CACHE_DIR="${UV_CACHE_DIR:-$root/.cache/uv}" UV_TOOL_DIR="$root/build/uv-tools"
# A folder of its own: slither runs `forge clean`, and `forge lint` leaves half artifacts in the usual one.
export FOUNDRY_OUT=build/forge-audit FOUNDRY_CACHE_PATH=build/forge-audit-cache
export FOUNDRY_PROFILE=deep PATH="$(dirname "$forge"):$PATH"
mkdir -p "$HOME"
parts=${*:-forge slither halmos mutation}
for part in $parts; do
    case "$part" in
        forge) "$forge" test ;;
        slither)
            "$uv" tool run --from slither-analyzer==0.11.5 slither . --config-file tests/contracts/slither.json \
                > build/slither.txt 2>&1 || { cat build/slither.txt; exit 1; }
            # slither exits 0 when it analysed nothing, or could not read a function.
            if grep 'Impossible to generate IR' build/slither.txt; then exit 1; fi
            grep -E 'analyzed \([1-9][0-9]* contracts' build/slither.txt
            ;;
        halmos)
            "$forge" build --ast >/dev/null
            "$uv" tool run --from halmos==0.3.3 halmos --forge-build-out build/forge-audit --match-contract Proofs \
                --solver-timeout-assertion 120000
            ;;
        mutation) PYTHONPATH=scripts .venv-contracts/bin/python -W ignore -m chain.mutate --sample "${MUTANTS:-60}" ;;
        *) echo "unknown part $part" >&2; exit 2 ;;
    esac
done
