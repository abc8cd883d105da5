#!/bin/sh
# Deploy the contracts to a running node and prove that the chain equals the manifest.
#   deploy.sh --rpc URL --accounts FILE --out FOLDER [--edition-hash 0x…] [--manifest local]
# Exit status 0 only when FOLDER/<chain-id>.json was written by this run after the proof.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
usage() { sed -n '2,4p' "$0" | sed 's/^# *//' >&2; exit 2; }
absolute() { case "$1" in /*) echo "$1" ;; *) echo "$(pwd)/$1" ;; esac; }
rpc= accounts= out= edition= manifest=local
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case "$1" in
        --rpc) rpc=$2 ;;
        --accounts) accounts=$(absolute "$2") ;;
        --out) out=$(absolute "$2") ;;
        --edition-hash) edition=$2 ;;
        --manifest) manifest=$2 ;;
        *) usage ;;
    esac
    shift 2
done
[ -n "$rpc" ] && [ -n "$accounts" ] && [ -n "$out" ] || usage
mkdir -p "$out"
# An interrupted Brownie exits 0, so the result is judged by a file that only a proved deployment leaves.
stamp=$(mktemp "$out/.deploy.XXXXXX")
trap 'rm -f "$stamp"' EXIT
export CALANQUE_RPC_URL="$rpc" CALANQUE_ACCOUNTS="$accounts" CALANQUE_OUT="$out" CALANQUE_STAMP="$stamp"
export CALANQUE_EDITION_HASH="$edition" CALANQUE_MANIFEST="$manifest"
"$root/scripts/chain/brownie.sh" run deploy main --network target
[ "$(cat "$stamp")" = proved ] || { echo "The deployment was not proved." >&2; exit 1; }
