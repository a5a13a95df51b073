"""The runs, and every flag, file and key of the program that these scripts use. Renamed ones are changed here and nowhere else."""

COMMON = "--seed 7 --no-probe true --checkpoint-every 100000 --observe full --observe-every 3 --eval-every 5 --json"
TEXT = "--text data/text.txt --valid data/valid.txt --unroll 16 --batch 8"
SERIES = "--series data/series.csv --group-column site --time-column time --missing interpolate --columns load,wind --batch 8"
TASK = "--task order2 --length 12 --batch 8"
LARGE = "--task order2 --length 30 --batch 24 --hidden 96 --layers 2 --cell gru"
LONG = "--task permutation --length 50 --batch 8 --hidden 24 --cell lstm --layers 2 --chunk 8"
LABELLED = "--labelled data/ragged.ts --missing interpolate --batch 8 --test-fraction 0.2"

# Flags of `train` beside those of COMMON. A flag must not be given twice.
CASES = {
    "rnn": f"{TASK} --cell rnn --hidden 19",
    "relu": f"{TASK} --cell relu --hidden 24 --init identity",
    "identity": f"{TASK} --cell identity --hidden 17 --init xavier",
    "residual": f"{TASK} --cell residual --hidden 24 --residual-step 0.5",
    "residual-learned": f"{TASK} --cell residual --hidden 24 --residual-step 0.5 --residual-learned true",
    "gru": f"{TASK} --cell gru --hidden 19 --layers 2",
    "gru-reset-before": f"{TASK} --cell gru --hidden 24 --reset-after false",
    "lstm": f"{TASK} --cell lstm --hidden 19 --layers 2",
    "lstm-peepholes": f"{TASK} --cell lstm --hidden 24 --peepholes true --init chrono:20",
    "lstm-coupled": f"{TASK} --cell lstm --hidden 24 --coupled true --forget-bias 0.5",
    "lstm-peepholes-coupled": f"{TASK} --cell lstm --hidden 24 --peepholes true --coupled true --init gaussian:0.9",
    "text-char": f"{TEXT} --level char --hidden 33 --cell lstm",
    "text-byte": f"{TEXT} --level byte --hidden 24 --cell gru --embedding 9",
    "text-word": f"{TEXT} --level word --hidden 24 --cell lstm --vocab-size 14 --tie-weights true --dropout 0.2",
    "agreement": "--task agreement --length 9 --batch 8 --hidden 24 --cell rnn --init orthogonal:1.5 --clip none",
    "ragged": "--task order2 --length 10..20 --batch 8 --hidden 24 --cell gru --layers 2",
    "ragged-bidirectional": f"{LABELLED} --hidden 19 --cell lstm --layers 2 --bidirectional true --pool ends",
    "ragged-mean": f"{LABELLED} --hidden 24 --cell gru --bidirectional true --pool mean",
    "label-tokens": "--labelled data/folder --level char --batch 8 --hidden 24 --cell lstm --test-fraction 0.2",
    "encoder-decoder": "--task reversal --length 6 --batch 8 --hidden 24 --cell gru --encoder-decoder true",
    "norms": f"{TASK} --hidden 24 --cell lstm --layers 3 --layer-norm true --layer-residual true",
    "learned-state": f"{TEXT} --hidden 24 --cell gru --layers 2 --learn-state true --level char",
    "dropout-step": f"{TASK} --hidden 24 --cell lstm --layers 2 --dropout 0.3 --dropout-mask step",
    "dropout-sequence": f"{TASK} --hidden 24 --cell lstm --layers 2 --dropout 0.3 --dropout-mask sequence",
    "memory-all": LONG,
    "memory-limit": f"{LONG} --bptt-memory 90KiB",
    "threads-1": LARGE,
    "threads-2": LARGE,
    "sgd": f"{LABELLED} --cell rnn --hidden 24 --optimizer sgd --lr 0.1 --momentum 0.9 --nesterov true --clip value:0.01"
    " --schedule step:1:0.5",
    "adamw": f"{TASK} --hidden 24 --optimizer adamw --weight-decay 0.05 --clip tensor_norm:0.1 --schedule cosine:4 --beta1 0.8",
    "rmsprop": f"{TEXT} --level char --hidden 24 --optimizer rmsprop --momentum 0.5 --smoothing 0.95 --schedule plateau:1:0.5",
    "adagrad": f"{LABELLED} --hidden 24 --cell gru --optimizer adagrad --lr 0.05 --clip none --schedule halve_after:1",
    "series": f"{SERIES} --target load --window 15 --horizon 4 --hidden 24 --cell gru --test-fraction 0.2",
    "series-recursive": f"{SERIES} --window 12 --horizon 5 --recursive true --loss absolute --hidden 19 --cell lstm",
    "class-weights": "--labelled data/wide.csv --class-weights balanced --batch 8 --hidden 24 --cell gru --valid-fraction 0.3",
    "last-places": "--task copy --length 6 --mask-loss last --class-weights balanced --batch 8 --hidden 24 --cell gru",
    "values": "--task adding --length 15 --loss absolute --batch 8 --hidden 24 --cell lstm",
    "music": "--labelled data/music.json --batch 6 --hidden 24 --cell gru --layers 2 --layer-norm true",
    "images": "--labelled data/small-images-idx3-ubyte --image-steps rows --batch 8 --hidden 24 --cell rnn",
    "overflow": f"{TASK} --hidden 24 --cell rnn --optimizer sgd --lr 1e30 --clip none",
    # Runs with a fault, for the numbers in findings. `unscaled-input` and `truncation-too-short` do not occur.
    "wrong-vanishing": "--task order2 --length 40 --batch 8 --hidden 24 --cell rnn --init gaussian:0.1",
    "wrong-exploding": "--task order2 --length 30 --batch 8 --hidden 24 --cell rnn --init gaussian:4 --clip none",
    "wrong-layers": f"{TASK} --hidden 8 --cell lstm --layers 8",
    "wrong-clip-always": f"{TASK} --hidden 24 --cell lstm --clip norm:0.001",
    "wrong-clip-never": f"{TASK} --hidden 24 --cell relu --init gaussian:2.5 --clip norm:1e9",
    "wrong-rate": f"{TASK} --hidden 24 --cell relu --init identity --lr 3 --clip none",
    "wrong-gates": f"{TASK} --hidden 24 --cell lstm --forget-bias 9",
    "wrong-dynamics": f"{TEXT} --hidden 48 --cell rnn --level char --init gaussian:3 --lr 1e-5",
    "wrong-units": "--task adding --length 12 --batch 8 --hidden 24 --cell relu --optimizer sgd --lr 2 --clip norm:5",
    "wrong-padding": "--labelled data/padded.csv --batch 8 --hidden 24 --cell lstm",
}
# Training steps, and how many more a resumed run takes.
STEPS, USUAL_STEPS, MORE_STEPS = {name: 120 for name in CASES if name.startswith("wrong-")}, 12, 5
THREADS = {"threads-2": 2}
# Cases with equal results: neither threads nor a memory limit may change a bit.
EQUAL = [("threads-1", "threads-2"), ("memory-all", "memory-limit")]

TRAIN = "train --out {run} --threads {threads} --steps {steps}"
RESUME = "train --resume --out {run} --threads {threads} --steps {steps} --json"
# Commands for every run, in this order: diagnose reads what the probe measured.
OUTPUTS = {
    "eval": "eval {run} --threads {threads} --json",
    "probe": "probe {run} --checkpoint last --sequences 12 --exponents 4 --threads {threads} --json",
    "diagnose": "diagnose {run} --json",
}
# Further commands for single cases. "< FILE" is standard input.
MORE = {
    "gru": {"probe-all": "probe {run} --exponents all --qr-every 2 --sequences 12 --window 7 --threads 1 --json"},
    "rnn": {"probe-f32": "probe {run} --f32 --sequences 12 --threads 1 --json"},
    "ragged": {"eval-longer": "eval {run} --length 40 --threads 1 --json"},
    "text-char": {
        "sample": "sample {run} --seed 3 --length 80 --prompt The --threads 1",
        "sample-best": "sample {run} --temperature 0.5 --top-k 3 --length 80 --threads 1",
        "predict": "predict {run} --input data/text.txt --threads 1 --json",
        "stream": "predict {run} --stream --threads 1 --json < data/text.txt",
    },
    "text-word": {"eval-file": "eval {run} --text data/text.txt --batch 1 --threads 1 --json"},
    "ragged-bidirectional": {"predict": "predict {run} --input data/ragged.ts --threads 1 --json"},
    "label-tokens": {"predict": "predict {run} --input data/folder --threads 1 --json"},
    "series": {
        "eval-season": "eval {run} --season 12 --part valid --threads 1 --json",
        "predict": "predict {run} --input data/series.csv --every --threads 1 --json",
    },
    "series-recursive": {
        "predict": "predict {run} --input data/series.csv --threads 1 --json",
        "stream": "predict {run} --stream --group north --threads 1 --json < data/lines.csv",
        "csv": "report {run} --format csv",
    },
    "class-weights": {"predict": "predict {run} --input data/wide.csv --threads 1 --json"},
    "music": {"predict": "predict {run} --input data/music.json --threads 1 --json"},
    "overflow": {"replay": "replay {run} --fault --threads 1 --json"},
}
# Commands that print neither JSON nor CSV.
TEXTS = {"sample", "sample-best"}
# Commands that need no run.
ALONE = {
    "demo": "demo --length 8 --lengths 5,8 --steps 60 --hidden 16 --threads 1 --json",
} | {
    f"inspect-{name.partition('.')[0]}": f"inspect data/{name} --json"
    for name in ("text.txt", "ragged.ts", "wide.csv", "series.csv", "music.json", "folder", "small-images-idx3-ubyte")
}
# Runs that stop at a fault and cannot be resumed.
FAULTY = {"overflow"}
# Files in a run directory: tensors, then documents.
TENSORS = {"last": "checkpoints/last.safetensors", "best": "checkpoints/best.safetensors"}
SEVERAL = {"profiles": "flow/*.safetensors", "fault": "fault/*.safetensors"}
METRICS = "metrics.jsonl"
SETTINGS, RUN_RECORD, INSTRUCTIONS = "config.toml", "run.json", "isa"
# Keys, or endings of keys, of numbers that are not computed: times, versions, threads.
NOT_COMPUTED = {"format", "created", "seconds", "threads"}
NOT_COMPUTED_ENDS = ("_ms", "_seconds", "_per_second")
CODE, SEVERITY = "code", "severity"
NOT_FINITE = {"NaN", "Infinity", "-Infinity"}
