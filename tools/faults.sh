#!/usr/bin/env bash
# Prints the tables of docs/findings.md: findings on runs with injected faults and on good runs.
# tools/faults.sh                  about a minute on two cores
# FAULTS_SHOW=1 tools/faults.sh    also the missed faults and false alarms among the runs on which thresholds were chosen
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --release --locked -p longspan-run --test it -- --nocapture verdicts::faults_are_found
