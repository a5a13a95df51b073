#!/usr/bin/env bash
# Trains on a disk that is really full, and in a control group whose memory is really limited. Needs Linux, and the right to
# mount a file system and to make a control group (version 1 or 2):
#   tools/limits.sh [PROGRAM]       by default target/release/longspan
set -euo pipefail
cd "$(dirname "$0")/.."
program="$(realpath "${1:-target/release/longspan}")"
home="$(mktemp -d)"
group=
cleanup() {
    umount "$home/disk" 2> /dev/null || true
    [ -z "$group" ] || rmdir "$group" 2> /dev/null || true
    rm -rf "$home"
}
trap cleanup EXIT
fail() {
    echo "FAILED: $1" >&2
    exit 1
}

task="--task parity --length 20 --hidden 64 --batch 8 --threads 1 --seed 1 --no-probe --checkpoint-every 1 --observe full"
mkdir "$home/disk"
mount -t tmpfs -o size=32m tmpfs "$home/disk"
"$program" train $task --steps 3000 --out "$home/alone" > /dev/null 2>&1

# The disk is filled while the run trains, and freed after five seconds.
for policy in stop wait; do
    run="$home/disk/$policy"
    "$program" train $task --steps 3000 --out "$run" --on-full-disk "$policy" > "$home/$policy.log" 2>&1 &
    training=$!
    until [ -e "$run/metrics.jsonl" ]; do sleep 0.01; done
    dd if=/dev/zero of="$home/disk/filling" bs=4k 2> /dev/null || true
    sleep 5
    rm "$home/disk/filling"
    code=0
    wait "$training" || code=$?
    if [ "$policy" = stop ]; then
        [ "$code" = 2 ] || fail "a full disk ended the run with exit code $code"
        grep -q "No space left" "$home/stop.log" || fail "the message does not say that the disk is full"
        "$program" train --resume --out "$run" > /dev/null 2>&1 || fail "the run does not resume"
    else
        [ "$code" = 0 ] || fail "the run that waits ended with exit code $code: $(tail -3 "$home/wait.log")"
        grep -q '"type":"outage"' "$run/metrics.jsonl" || fail "the run did not notice that the disk was full"
    fi
    cmp -s "$run/checkpoints/last.safetensors" "$home/alone/checkpoints/last.safetensors" ||
        fail "--on-full-disk $policy: the weights are not those of a run on a disk with room"
    echo "--on-full-disk $policy: exit code $code, then the same bits as on a disk with room"
    rm -r "$run"
done

# 300 MB are enough for a small model, and not for a large one.
if [ -w /sys/fs/cgroup/memory ]; then
    group=/sys/fs/cgroup/memory/longspan-$$ limit=memory.limit_in_bytes
else
    group=/sys/fs/cgroup/longspan-$$ limit=memory.max
fi
mkdir "$group"
echo 300000000 > "$group/$limit" || fail "memory cannot be limited by $group"
limited() { bash -c 'echo $$ > "$0/cgroup.procs"; exec "$@"' "$group" "$program" "$@" 2>&1; }
limited train --task parity --hidden 64 --steps 20 --no-probe --out "$home/small" > /dev/null ||
    fail "a small model does not train within 300 MB"
code=0
said="$(limited train --task parity --hidden 8000 --steps 20 --no-probe --out "$home/large")" || code=$?
[ "$code" = 2 ] || fail "a model that is too large ended with exit code $code, not 2: $said"
echo "$group of 300 MB: exit code 2, ${said%%$'\n'*}"
