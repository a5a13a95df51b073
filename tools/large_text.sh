#!/usr/bin/env bash
# Trains on a text that memory should not hold, beside one that it may: peak memory, time to read, time of a step.
#
#   tools/large_text.sh TEXT [MEGABYTES [DIR]]
#
# Lines of TEXT, drawn at random, make a text of MEGABYTES (2000) in DIR (a new temporary directory, which needs as much room
# once more for the tokens, twice as much at word level; TMPDIR says where). LONGSPAN names the program. The peak is the
# largest resident set that the system saw; a small text of 2 MB with the same lines shows what the model and the program take.
set -euo pipefail
text=$1 megabytes=${2:-2000} dir=${3:-$(mktemp -d)}
longspan=${LONGSPAN:-target/release/longspan}
make() { (shuf -r "$text" || true) 2> /dev/null | head -c "${1}000000" > "$2"; }
make 2 "$dir/small.txt"
make "$megabytes" "$dir/large.txt"
trap 'rm -rf "$dir/small.txt" "$dir/large.txt" "$dir"/run-*' EXIT
printf '%-5s %-10s %10s %10s %14s\n' level text seconds 'peak MB' 'median step ms'
for level in byte char word; do
    for size in small large; do
        rm -rf "$dir/run-$level-$size"
        python3 - "$level" "$size" "$longspan" train --text "$dir/$size.txt" --level "$level" --hidden 128 --batch 32 \
            --unroll 128 --steps 40 --threads 1 --vocab-size "$([ $level = word ] && echo 10000 || echo 0)" \
            --valid-fraction "$([ $size = large ] && echo 0.00001 || echo 0.01)" \
            --out "$dir/run-$level-$size" --json << 'PY'
import json, resource, subprocess, sys, time
level, size, *command = sys.argv[1:]
began = time.time()
done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
step = json.loads(done.stdout)["median_step_ms"]
print(f"{level:5} {size:10} {time.time() - began:10.1f} {peak * 1.048576:10.0f} {step:14.1f}")
PY
    done
done
