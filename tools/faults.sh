#!/usr/bin/env bash
# Findings on runs with planted faults and on good ones: the tables of docs/findings.md, on standard output.
# tools/faults.sh                  about a minute on two cores
# FAULTS_SHOW=1 tools/faults.sh    also what is missed and false among the runs that thresholds were chosen on
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --release --locked -p longspan-run --test it -- --nocapture verdicts::silence
