#!/bin/sh
# Settle many shops while SIGKILL ends the run and its workers every few seconds, until a run ends
# by itself and has verified that nothing was paid twice.
# usage: settle_with_kills.sh FOLDER [SHORTEST_S [LONGEST_S [MERCHANTS [PAYMENTS]]]]
set -eu
folder=$1 shortest=${2:-15} longest=${3:-45} merchants=${4:-5000} payments=${5:-200000}
cd "$(dirname "$0")/../.."
settle() {
    timeout -s KILL "$1" .venv/bin/python -m scripts.bench.settlement --folder "$folder" \
        --merchants "$merchants" --payments "$payments" ${2:-}
}
settle 600 --build-only
kills=0
while :; do
    after=$(awk -v low="$shortest" -v high="$longest" -v n="$kills" \
        'BEGIN { srand(2026 + n); print low + rand() * (high - low) }')
    status=0
    settle "$after" || status=$?
    if [ "$status" != 137 ]; then
        echo "killed $kills times before this run, which ended with $status"
        exit "$status"
    fi
    kills=$((kills + 1))
done
