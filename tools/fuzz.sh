#!/usr/bin/env bash
# Fuzzes every reader of foreign bytes (fuzz/readers.rs), each for so many seconds:
#   tools/fuzz.sh                   10 s for each reader
#   tools/fuzz.sh 1800              30 minutes for each reader
#   tools/fuzz.sh 600 text series   10 minutes for each of these
# LONGSPAN_FUZZ_RUNS ends a reader earlier, after so many executions. It needs cargo-fuzz
# (cargo install cargo-fuzz --locked) and works with the stable compiler. New inputs are kept in fuzz/target/corpus, and
# what a reader does not take in fuzz/artifacts; the committed corpus stays as it is.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
# Sanitizers are options of the nightly compiler.
export RUSTC_BOOTSTRAP=1
seconds="${1:-10}"
[ $# -eq 0 ] || shift
mapfile -t readers < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else ls fuzz_targets | sed 's/\.rs$//'; fi)
scratch="$(mktemp -d "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)/longspan-fuzz.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
cargo fuzz build --fuzz-dir .
failed=0
for reader in "${readers[@]}"; do
    found="target/corpus/$reader"
    mkdir -p "$found" "artifacts/$reader"
    # A reader may use 2 GB in all, 512 MB at once, and 20 s.
    if TMPDIR="$scratch" cargo fuzz run --fuzz-dir . "$reader" "$found" "corpus/$reader" -- \
        -max_total_time="$seconds" -runs="${LONGSPAN_FUZZ_RUNS:--1}" -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=20 \
        -max_len=32768 -print_final_stats=1 -verbosity=0 > "$scratch/log" 2>&1; then
        result=clean
    else
        result="FAILED, see fuzz/artifacts/$reader"
        failed=1
        tail -40 "$scratch/log"
    fi
    executions="$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")"
    peak="$(sed -n 's/^stat::peak_rss_mb: *//p' "$scratch/log")"
    echo "$reader: ${executions:-?} executions, ${peak:-?} MB, $result"
done
exit $failed
