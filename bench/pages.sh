#!/bin/sh
# Sizes and times of the pages: the report of a run of 10,000 steps whose windows have 1000, and the dashboard of 50 runs, one of
# which it is.
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
for n in $(seq 2 49); do cp -r runs/01 "runs/$(printf %02d "$n")"; done
mv long runs/long
"$program" serve runs --port 0 2>serve.err &
server=$!
while ! grep -q http serve.err; do sleep 0.1; done
url=$(sed 's/.*\(http[^ ]*\).*/\1/' serve.err)

echo "report      $(wc -c <long.html) bytes, $(wc -l <runs/long/metrics.jsonl) records, $(grep -c '"look"' runs/long/metrics.jsonl) looks"
node "$here/pages.js" "file://$desk/long.html" 'findings' 'document.querySelector("#findings")'
node "$here/pages.js" "file://$desk/long.html" 'first figure' 'document.querySelector(".plot .main-svg")'
node "$here/pages.js" "file://$desk/long.html" 'all figures' \
  'document.querySelector(".plot") && [...document.querySelectorAll(".plot")].every((plot) => plot.querySelector(".main-svg"))'
node "$here/pages.js" "$url" '50 runs' 'document.querySelectorAll("tbody tr").length === 50'
curl -s -o run.json -w 'that run of them: %{size_download} bytes in %{time_total} s, ' "${url}api/run?name=long"
curl -s -o run.json -w 'again %{time_total} s\n' "${url}api/run?name=long"
node "$here/pages.js" "$url#run=long" 'its page' \
  'document.querySelector(".plot") && [...document.querySelectorAll(".plot")].every((plot) => plot.querySelector(".main-svg"))'
