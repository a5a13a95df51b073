#!/usr/bin/env bash
# A character lstm on Tiny Shakespeare, trained by PyTorch and by Longspan from the same weights on the same schedule.
#
#     bench/charlm.sh TEXT [EPOCHS [THREADS]]      needs python3 with torch, numpy and safetensors
#
# Prints the validation losses after each epoch and the seconds of both, one after the other on this machine.
set -euo pipefail
text=$(realpath "$1") epochs=${2:-5} threads=${3:-2}
cd "$(dirname "$0")/.."
cargo build --release --locked --quiet
longspan="${CARGO_TARGET_DIR:-target}/release/longspan"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "pytorch  $("${PYTHON:-python3}" tools/reference_charlm.py "$text" "$work" --epochs "$epochs" --threads "$threads")"
"$longspan" train --text "$text" --from "$work/init.safetensors" --out "$work/run" --level char --valid-fraction 0.1 \
  --cell lstm --layers 1 --hidden 256 --unroll 128 --batch 32 --epochs "$epochs" --threads "$threads" \
  --optimizer adam --lr 2e-3 --clip norm:1 --json 2>/dev/null
grep '"type":"valid"' "$work/run/metrics.jsonl"
