#!/bin/sh
# Measure gas beside the usual tokens and write docs/gas.md. Exit status 1 on a regression.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
scripts/chain/brownie.sh compile >/dev/null
mkdir -p build/home
HOME="$root/build/home" "$(scripts/dev/native.sh forge)" build contracts tests/contracts/forge/baseline \
    --out build/forge-bytecode --cache-path build/forge-bytecode-cache >/dev/null
HOME="$root/build/home" PYTHONPATH=scripts exec .venv-contracts/bin/python -W ignore -m chain.gas
