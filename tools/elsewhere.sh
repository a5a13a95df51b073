#!/usr/bin/env bash
# Tests the library as it is built for other processors than x86-64, where vectors are plain arrays: on a copy of the sources
# in which nothing is for x86-64. It needs no other processor's standard library, and shows nothing of their arithmetic.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$PWD/target}/elsewhere"
copy="$(mktemp -d)"
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
cd "$copy"
grep -rlZ 'target_arch = "x86_64"' crates | xargs -0 sed -i 's/target_arch = "x86_64"/target_arch = "none"/g'
CARGO_TARGET_DIR="$target" RUSTFLAGS="-A unexpected_cfgs" cargo test --release --locked -p longspan-kernel -p longspan -p longspan-data -p longspan-run
