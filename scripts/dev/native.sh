#!/bin/sh
# Print the path of a native Foundry program: native.sh anvil|cast|forge.
# The npm launchers of the same name exit 0 when the program fails, so nothing here uses them.
set -eu
case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) echo "calanque: $(uname -s) is not supported; use Linux or macOS." >&2; exit 1 ;;
esac
case "$(uname -m)" in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) echo "calanque: the processor $(uname -m) is not supported by Foundry." >&2; exit 1 ;;
esac
path="$PWD/node_modules/@foundry-rs/$1-$os-$arch/bin/$1"
if [ ! -x "$path" ]; then
    echo "calanque: $path is missing although npm ci ended well: the npm registry in use does not serve @foundry-rs/$1-$os-$arch; use one that does and run 'rm -rf node_modules && make setup'." >&2
    exit 1
fi
echo "$path"
