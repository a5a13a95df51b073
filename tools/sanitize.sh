#!/usr/bin/env bash
# Runs the tests of the kernels and of the recurrence with checks of every access to memory.
#
#   tools/sanitize.sh [--quick] [valgrind|address]...     both checks if none is named
#
# valgrind: reads of memory that was never written, and accesses outside of heap blocks. It has no AVX-512 and reports none to the
#   program, so that AVX2 and the portable kernels run. It ignores the flags for subnormal numbers, so their test is left out.
# address: AddressSanitizer, on every instruction set of the machine. It needs an unstable compiler flag, which RUSTC_BOOTSTRAP
#   allows on the stable compiler. The standard library is not rebuilt.
# --quick: without the tests that try every shape, which take most of the time. With address, only the kernel crate, built without
#   optimisation and with debug assertions and overflow checks: 40 seconds of one core, including the build.
set -euo pipefail
cd "$(dirname "$0")/.."

# The tests of the kernel crate that --quick selects.
kernels=()
# Of the layers, the tests of the recurrence.
layers=(recurrence:: not_finite::)

quick=false
if [ "${1-}" = --quick ]; then
    quick=true
    kernels=(contracts:: passes:: shapes::)
    layers=(recurrence::more_rows not_finite::)
    shift
fi

# Prints the test program of a crate that the other arguments choose, of `cargo test --release --workspace`, whose build is used
# again.
programs() {
    cargo test --release --workspace --locked "${@:2}" --no-run --message-format=json |
        sed -n "/crates\/$1#/s/.*\"executable\":\"\([^\"]*\)\".*/\1/p"
}

with_valgrind() {
    local check=(valgrind -q --error-exitcode=9 --leak-check=no)
    "${check[@]}" "$(programs kernel --lib)" --skip flush --test-threads=1
    "${check[@]}" "$(programs kernel --test it)" "${kernels[@]}" --test-threads=1 &
    local pid=$!
    "${check[@]}" "$(programs longspan --test it)" "${layers[@]}" --test-threads=1
    wait "$pid"
}

with_address() {
    export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address
    # A named target keeps the flag away from build scripts.
    local target=(--locked --target "$(rustc -vV | sed -n 's/^host: //p')")
    if $quick; then
        cargo test --config profile.dev.opt-level=0 "${target[@]}" -p longspan-kernel --test it -- "${kernels[@]}"
        return
    fi
    cargo test --release "${target[@]}" -p longspan-kernel --lib --test it
    cargo test --release "${target[@]}" -p longspan --test it -- "${layers[@]}"
}

[ $# -gt 0 ] || set -- valgrind address
for how in "$@"; do
    case "$how" in
        valgrind) (with_valgrind) ;;
        address) (with_address) ;;
        *) echo "$0: $how: choose valgrind or address" >&2 && exit 2 ;;
    esac
done
