#!/usr/bin/env bash
# Runs the tests of the kernels and the recurrence where a wrong access to memory does not go unseen.
#
#   tools/sanitize.sh [valgrind|address]...     both, if none is named
#
# valgrind: reads of memory that was never written and accesses outside of blocks of the heap. It has no AVX-512 and says so to
#   the program, so that AVX2 and the portable kernels run. It ignores the switches for subnormal numbers, whose test is left out.
# address: AddressSanitizer, on every instruction set of the machine. The standard library is not rebuilt, so that the stable
#   compiler will do once it takes -Z flags.
set -euo pipefail
cd "$(dirname "$0")/.."

# The tests of the kernel crate, and of the layers those that follow a recurrence in detail.
layers=(recurrence:: not_finite::)

# Prints the programs that `cargo test` builds with these arguments.
programs() {
    cargo test --release --locked --no-run --message-format=json "$@" |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

with_valgrind() {
    local check=(valgrind -q --error-exitcode=9 --leak-check=no)
    "${check[@]}" "$(programs -p longspan-kernel --lib)" --skip flush --test-threads=1
    "${check[@]}" "$(programs -p longspan-kernel --test it)" --test-threads=1 &
    local kernels=$!
    "${check[@]}" "$(programs -p longspan --test it)" "${layers[@]}" --test-threads=1
    wait "$kernels"
}

with_address() {
    export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address
    # A target that is named keeps the flag away from build scripts.
    local target=(--release --locked --target "$(rustc -vV | sed -n 's/^host: //p')")
    cargo test "${target[@]}" -p longspan-kernel
    cargo test "${target[@]}" -p longspan --test it -- "${layers[@]}"
}

[ $# -gt 0 ] || set -- valgrind address
for how in "$@"; do
    case "$how" in
        valgrind) (with_valgrind) ;;
        address) (with_address) ;;
        *) echo "$0: $how: choose valgrind or address" >&2 && exit 2 ;;
    esac
done
