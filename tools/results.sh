#!/usr/bin/env bash
# The results on real data in docs/results.md, each with the command that a person would type.
# tools/results.sh DATA_DIR [NAME...]    runs go to $OUT, or a temporary directory
set -euo pipefail
data="$(cd "$1" && pwd)"; shift
cd "$(dirname "$0")/.."
cargo build --release --locked
out="${OUT:-$(mktemp -d)}"
longspan() { echo "+ longspan $*" >&2; "${CARGO_TARGET_DIR:-target}/release/longspan" "$@"; }
archive="$data/ts_classification"
mnist="--labelled $data/mnist/train10k-images-idx3-ubyte.gz --labelled-test $data/mnist/t10k-images-idx3-ubyte.gz"
pollution="--series $data/series/pollution.csv --columns pm2.5,DEWP,TEMP,PRES,Iws,Is,Ir,hour,month --target pm2.5 --missing interpolate --reach-back false"

vowels() {
  for seed in 0 1 2; do
    longspan train --labelled "$archive/JapaneseVowels/JapaneseVowels_TRAIN.ts" \
      --labelled-test "$archive/JapaneseVowels/JapaneseVowels_TEST.ts" --valid-fraction 0.2 \
      --cell gru --hidden 64 --batch 16 --epochs 20 --lr 1e-2 --schedule cosine --seed $seed --out "$out/vowels-$seed"
    longspan eval "$out/vowels-$seed"
  done
}
power() {
  for seed in 0 1 2 3 4; do
    longspan train --labelled "$archive/ItalyPowerDemand/ItalyPowerDemand_TRAIN.ts" \
      --labelled-test "$archive/ItalyPowerDemand/ItalyPowerDemand_TEST.ts" --valid-fraction 0.3 \
      --cell gru --dropout 0.2 --batch 8 --epochs 100 --schedule cosine --seed $seed --out "$out/power-$seed"
    longspan eval "$out/power-$seed"
  done
}
names() {
  longspan train --labelled "$data/names" --test-fraction 0.1 --embedding 32 --dropout 0.2 --epochs 15 --schedule cosine \
    --out "$out/names"
  longspan eval "$out/names"
}
chorales() {
  longspan train --labelled "$data/poly_music/JSB_Chorales.json" --hidden 256 --dropout 0.3 --unroll 64 --batch 8 \
    --epochs 60 --early-stop 8 --out "$out/chorales"
  longspan eval "$out/chorales"
}
sunspots() {
  longspan train --series "$data/series/monthly-sunspots.csv" --window 48 --horizon 1 --reach-back false --valid-fraction 0.15 \
    --test-fraction 0.2 --hidden 32 --loss absolute --lr 5e-3 --epochs 20 --schedule cosine --out "$out/sunspots-1"
  longspan eval "$out/sunspots-1" --season 12
  longspan train --series "$data/series/monthly-sunspots.csv" --window 132 --horizon 24 --reach-back false --test-fraction 0.2 \
    --cell gru --hidden 32 --loss absolute --epochs 15 --schedule cosine --out "$out/sunspots-24"
  longspan eval "$out/sunspots-24" --season 132
}
pollution() {
  for horizon in 1 24; do
    longspan train $pollution --window 24 --horizon $horizon --test-fraction 0.2 --cell gru --hidden 64 --loss absolute \
      --lr 1e-3 --epochs 5 --batch 64 --schedule cosine --out "$out/pollution-$horizon"
    longspan eval "$out/pollution-$horizon" --season 24
  done
}
images() {
  steps=$1; shift
  longspan train $mnist --image-steps "$steps" --valid-fraction 0.05 --cell gru --init chrono:784 --schedule cosine "$@" \
    --out "$out/$steps"
  longspan eval "$out/$steps"
}
pixels() { images pixels --hidden 64 --lr 3e-3 --epochs 12; }
permuted() { images permuted --hidden 128 --lr 5e-3 --epochs 25; }

for name in ${*:-vowels power names chorales sunspots pollution pixels permuted}; do echo "== $name" >&2; $name; done
