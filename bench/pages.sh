#!/bin/sh
# Sizes and times of the pages: the report of a run of 10,000 steps whose windows have 1000, and the dashboard's list of 50 runs.
#
#     bench/pages.sh [PROGRAM]
#
# Needs node, puppeteer-core where NODE_PATH says, and Chromium (LONGSPAN_CHROMIUM, else /usr/bin/chromium). Trains for some minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:-${CARGO_TARGET_DIR:-$here/../target}/release/longspan}")
desk=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$desk"' EXIT
cd "$desk"

"$program" train --task copy --length 980 --hidden 8 --batch 1 --steps 10000 --eval-every 1000 --observe full --threads 1 \
  --out long >train.out 2>train.err
"$program" report long -o long.html 2>report.err
"$program" train --task agreement --length 8 --hidden 8 --steps 200 --threads 1 --out runs/01 >train.out 2>train.err
for n in $(seq 2 50); do cp -r runs/01 "runs/$(printf %02d "$n")"; done
"$program" serve runs --port 0 2>serve.err &
server=$!
while ! grep -q http serve.err; do sleep 0.1; done
url=$(sed 's/.*\(http[^ ]*\).*/\1/' serve.err)

echo "report      $(wc -c <long.html) bytes, $(wc -l <long/metrics.jsonl) records, $(grep -c '"look"' long/metrics.jsonl) looks"
node "$here/pages.js" "file://$desk/long.html" '.plot .main-svg' 'report drawn'
node "$here/pages.js" "file://$desk/long.html" '#figure-spectrogram-0 .main-svg' 'spectrogram drawn'
node "$here/pages.js" "$url" 'tbody tr:nth-child(50)' '50 runs listed'
