#!/bin/sh
# Run Brownie with everything it writes kept below build/.
# Brownie writes to $HOME whatever it is told, attaches to whatever answers on port 8545 (and rewinds it), and looks
# for the word "anvil" on PATH: so it gets a home, a free port and the native anvil of its own.
# CALANQUE_RPC_URL adds a network "target" for a node that runs already: brownie.sh run … --network target.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
python="$root/.venv-contracts/bin/python"
[ -x "$python" ] || { echo "Brownie is not installed: run 'make setup'." >&2; exit 1; }
case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-amd64 ;;
    Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
    Darwin-arm64) platform=darwin-arm64 ;;
    Darwin-x86_64) platform=darwin-amd64 ;;
    *) echo "No native anvil for $(uname -sm)." >&2; exit 1 ;;
esac
anvil="$root/node_modules/@foundry-rs/anvil-$platform/bin"
[ -x "$anvil/anvil" ] || { echo "anvil is not installed: run 'make setup'." >&2; exit 1; }

mkdir -p "$root/build"
home=$(mktemp -d "$root/build/brownie-home.XXXXXX")
trap 'rm -rf "$home"' EXIT
child=
# Brownie handles a signal only once it has started; the group gets it then.
trap '[ -z "$child" ] || kill -TERM "$child" 2>/dev/null; wait 2>/dev/null || true; exit 130' INT TERM
mkdir -p "$home/.brownie"
# Records of a chain that is gone break the next one.
# Only what is inside: two runs at once must not take the folder from each other.
mkdir -p "$root/build/deployments"
find "$root/build/deployments" -mindepth 1 -type f -delete 2>/dev/null || true
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > "$home/.brownie/network-config.yaml" <<YAML
live:
  - name: Calanque
    networks:
      - name: target
        id: target
        chainid: ${CALANQUE_CHAIN_ID:-31337}
        host: ${CALANQUE_RPC_URL:-http://127.0.0.1:1}
development:
  - name: Anvil
    id: development
    cmd: anvil
    host: http://127.0.0.1
    timeout: 120
    cmd_settings:
      port: $port
      hardfork: osaka
      gas_limit: 60000000
      accounts: 20
YAML
export HOME="$home" SOLCX_BINARY_PATH="$root/scripts/dev/solc" PATH="$anvil:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$root/scripts"
"$root/.venv-contracts/bin/brownie" "$@" &
child=$!
wait "$child"
