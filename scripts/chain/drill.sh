#!/bin/sh
# The drill of a leaked minter key on a private chain. Exit status 1 when a bound or a stop does not hold.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
scripts/chain/brownie.sh compile >/dev/null
mkdir -p build/home
HOME="$root/build/home" PYTHONPATH=scripts exec .venv-contracts/bin/python -W ignore -m chain.drill
