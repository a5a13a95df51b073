//! The program end to end: train, eval, sample, ls, config, and how it ends.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use longspan::model::Model;
use longspan::params::Params;
use longspan_data::task::TaskKind;
use longspan_kernel::InstructionSet;
use longspan_run::checkpoint::Checkpoint;
use serde_json::Value;

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

const SMALL: &str = "--batch 8 --unroll 16 --hidden 24 --lr 0.02 --epochs 8";

#[test]
fn a_text_is_learned_scored_and_continued() {
    let dir = TestDir::with_text();
    for isa in ["byte", "char", "word"] {
        let summary = dir.json(&format!("train --text text.txt --level {isa} {SMALL} --out {isa} --json"));
        let number = |name: &str| summary[name].as_f64().unwrap_or_else(|| panic!("{name} in {summary}"));
        assert_eq!(summary["outcome"], "finished");
        assert!(number("best_loss") < 0.3 * number("baseline_loss"), "{summary}");

        let score = dir.json(&format!("eval {isa} --text text.txt --json"));
        let value = |name: &str| score[name].as_f64().unwrap_or_else(|| panic!("{name} in {score}"));
        let nats = value("loss");
        assert!((value("perplexity") - nats.exp()).abs() < 1e-9 * nats.exp());
        assert!((value("bits_per_token") - nats / 2f64.ln()).abs() < 1e-12);
        // Every token but the first, once: 59 bytes a line pair; 14 words, commas included in them, with two ends of line.
        let tokens = if isa == "word" { 14 * 100 } else { 58 * 100 };
        assert_eq!(score["tokens"], tokens - 1, "{isa}");
        // The text is cut into rows for speed; each row but the first loses what came before: little of it here.
        let one = dir.json(&format!("eval {isa} --text text.txt --batch 1 --unroll 50 --json"));
        assert_eq!(one["tokens"], score["tokens"]);
        assert!((one["loss"].as_f64().expect("a number") - nats).abs() < 0.05);

        let first = dir.printed(&format!("sample {isa} --prompt The --length 40 --seed 3 --temperature 0.5"));
        let again = dir.printed(&format!("sample {isa} --prompt The --length 40 --seed 3 --temperature 0.5"));
        let other = dir.printed(&format!("sample {isa} --prompt The --length 40 --seed 4 --temperature 2"));
        assert!(first.starts_with("The") && first.contains("cat"), "{first}");
        assert_eq!(first, again);
        assert_ne!(first, other);
        let greedy = dir.json(&format!("sample {isa} --length 12 --temperature 0 --json"));
        assert_eq!(greedy["tokens"], 12);
        let one_choice = dir.json(&format!("sample {isa} --length 12 --top-k 1 --seed 9 --json"));
        assert_eq!(greedy["text"], one_choice["text"]);
    }
    let listed = dir.json("ls . --json");
    assert_eq!(listed.as_array().map(Vec::len), Some(3));
    assert!(dir.printed("ls .").contains("lstm 1x24"));
}

/// The state is carried over windows: a validation in windows of 4 steps equals that in one piece, to rounding.
#[test]
fn every_task_is_trained_and_scored_at_any_length() {
    let dir = TestDir::new();
    for task in TaskKind::ALL {
        let lengths = if task == TaskKind::Agreement { "12" } else { "10..14" };
        let train =
            format!("train --task {task} --length {lengths} --hidden 8 --batch 4 --out {task} --json");
        let summary = dir.json(&format!("{train} --steps 3"));
        assert_eq!((&summary["outcome"], &summary["steps"]), (&"finished".into(), &3.into()), "{summary}");
        let loss = |document: &Value, name: &str| document[name].as_f64().expect("a loss");
        let valid = |document: &Value| loss(document, "loss");
        // The same samples, after the same weights: those of the best validation, which was the only one. Both sums are
        // taken in another order.
        let score = dir.json(&format!("eval {task} --json"));
        let told = loss(&summary, "valid_loss");
        assert!((valid(&score) - told).abs() < 1e-7 * told, "{task}: {score} {summary}");
        let longer = dir.json(&format!("eval {task} --length 40 --json"));
        assert_ne!(valid(&score), valid(&longer), "{task}");
        let resumed = dir.json(&format!("train --resume --out {task} --steps 5 --json"));
        assert_eq!(resumed["step"], 5, "{resumed}");
    }
    // Parity of two or three bits is within reach of a small network in a second.
    let learned = dir.json(
        "train --task parity --length 2..4 --hidden 16 --batch 32 --lr 0.02 --steps 400 --out learned --json",
    );
    assert!(learned["best_loss"].as_f64().expect("a loss") < 0.1, "{learned}");
}

#[test]
fn windows_do_not_change_the_score() {
    let dir = TestDir::with_text();
    dir.good(&format!("train --text text.txt {SMALL} --out run"));
    let loss = |unroll: usize| {
        let score = dir.json(&format!("eval run --text text.txt --batch 3 --unroll {unroll} --json"));
        score["loss"].as_f64().expect("a number")
    };
    let whole = loss(5000);
    assert!((loss(4) - whole).abs() < 1e-6 && (loss(1) - whole).abs() < 1e-6);
}

#[test]
fn settings_come_from_files_flags_and_set_and_are_saved() {
    let dir = TestDir::with_text();
    let defaults = dir.printed("config --defaults");
    std::fs::write(dir.path("defaults.toml"), &defaults).expect("a file");
    for line in ["cell = \"lstm\"", "hidden = 128", "lr = 0.002", "clip = \"norm:1.0\"", "forget_bias = 1.0"]
    {
        assert!(defaults.contains(line) || defaults.contains(&line.replace(".0", "")), "{line}");
    }
    let file = "text = \"text.txt\"\nhidden = 24\nbatch = 8\nunroll = 16\ncell = \"gru\"\nsteps = 4\n";
    std::fs::write(dir.path("run.toml"), file).expect("a file");
    dir.good("train --config run.toml --set layers=2 --cell rnn --out run");
    let saved = std::fs::read_to_string(dir.path("run/config.toml")).expect("a configuration");
    for line in ["hidden = 24", "layers = 2", "cell = \"rnn\"", "steps = 4", "schema = 2", "[model]"] {
        assert!(saved.contains(line), "{line} in {saved}");
    }
    std::fs::write(dir.path("memory.toml"), "text = \"text.txt\"\nbptt_memory = \"2048kib\"\n")
        .expect("a file");
    let shown = dir.printed("config memory.toml");
    assert!(
        shown.contains("bptt_memory = \"2MiB\"\n") && defaults.contains("bptt_memory = \"0\"\n"),
        "{shown}"
    );
    // What a run saved is what it can be made from again, from anywhere, and to the bit.
    // From anywhere: paths in the saved file are absolute.
    let again = format!("train --config {0}/run/config.toml --out {0}/again", dir.root().display());
    assert!(dir.command(&again).current_dir("/").output().expect("the program starts").status.success());
    let weights =
        |run: &str| std::fs::read(dir.path(run).join("checkpoints/last.safetensors")).expect("weights");
    assert!(weights("run") == weights("again"));
    // Without --out a run gets the first free name.
    for n in 1..3 {
        dir.good("train --config run.toml");
        assert!(dir.path(format!("runs/text-gru-{n}/run.json")).is_file());
    }
}

#[test]
fn from_takes_weights_and_their_shape() {
    let dir = TestDir::with_text();
    dir.good(&format!("train --text text.txt {SMALL} --cell gru --layers 2 --out first"));
    let before = dir.json("eval first --json");
    // Neither the cell nor the size is said again; a tiny rate leaves the weights almost where they were.
    let line =
        "train --text text.txt --from first --batch 8 --unroll 16 --steps 1 --lr 1e-9 --out second --json";
    let after = dir.json(line);
    let difference =
        after["valid_loss"].as_f64().expect("a number") - before["loss"].as_f64().expect("a number");
    assert!(difference.abs() < 1e-5, "{before} {after}");
    let record = std::fs::read_to_string(dir.path("second/run.json")).expect("a record");
    let record: Value = serde_json::from_str(&record).expect("JSON");
    assert_eq!(record["parent"]["run"], "first");
    assert!(record["parent"]["step"].as_u64() > Some(0));
}

#[test]
fn early_stopping_and_a_test_text() {
    let dir = TestDir::with_text();
    // At this rate validation soon stops getting better.
    let line = "train --text text.txt --test text.txt --batch 8 --unroll 16 --hidden 8 --lr 0.3 --epochs 500 --early-stop 3 --out run --json";
    let summary = dir.json(line);
    assert_eq!(summary["outcome"], "stopped_early");
    let best = summary["best_loss"].as_f64().expect("a number");
    // The test text holds the validation text: the best weights are near on both, the last ones need not be.
    assert!((summary["test_loss"].as_f64().expect("a number") - best).abs() < 0.3, "{summary}");
}

/// A run without validation data prints the training score after each epoch, which changes no bit of what follows.
#[test]
fn epochs_without_validation_are_printed() {
    let dir = TestDir::with_text();
    let line =
        "train --text text.txt --valid-fraction 0 --batch 8 --unroll 16 --hidden 8 --threads 1 --no-probe";
    let lines = |output: &Output| {
        let said = text(output) + &String::from_utf8_lossy(&output.stderr);
        said.lines().filter(|line| line.starts_with("epoch ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let whole = lines(&dir.good(&format!("{line} --epochs 4 --out whole")));
    let score =
        |line: &str| line.split_once("  training ").and_then(|(_, score)| score[..6].parse::<f64>().ok());
    assert_eq!((whole.len(), &whole[0][..9]), (4, "epoch 1/4"), "{whole:?}");
    assert!(score(&whole[0]).expect("a loss") > score(&whole[3]).expect("a loss"), "{whole:?}");
    assert!(whole.iter().all(|line| line.ends_with(" %")), "{whole:?}");
    // A resumed run does not repeat the line of an epoch that had ended.
    dir.good(&format!("{line} --epochs 2 --out parts"));
    let rest = lines(&dir.good("resume parts --epochs 4 --threads 1"));
    assert_eq!(rest, whole[2..]);
    let weights = |run: &str| dir.read(&format!("{run}/checkpoints/last.safetensors"));
    assert!(weights("whole") == weights("parts"));
}

#[test]
fn divergence_ends_with_code_1_and_evidence() {
    let dir = TestDir::with_text();
    let line = "train --text text.txt --batch 8 --unroll 64 --hidden 24 --cell identity --init gaussian:8 --clip none \
                --optimizer sgd --lr 1e3 --out run";
    let output = dir.command(line).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        text(&output).contains("diverged at step") && text(&output).contains("--clip norm:1"),
        "{}",
        text(&output)
    );
    let metrics = std::fs::read_to_string(dir.path("run/metrics.jsonl")).expect("metrics");
    let last: Value = serde_json::from_str(metrics.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["type"], "fault");
    let words = &last["not_finite"];
    assert!(words["loss"].is_string() || words["log10_global_norm"].is_string(), "{last}");
    // The checkpoint is from before: its weights are numbers.
    let checkpoint = Checkpoint::read(&dir.path("run/checkpoints/last.safetensors")).expect("a checkpoint");
    let model = Model::<f32>::new(InstructionSet::detect(), &checkpoint.header().expect("a header").model);
    let mut params = Params::zeros(model.layout().clone());
    checkpoint.weights(&mut params).expect("the model's weights");
    assert!(params.flat().iter().all(|w| w.is_finite()));
}

/// Ctrl-C ends after the step in progress, with a checkpoint and code 130; a request to terminate gives 143, the end of the
/// terminal 129.
#[test]
fn signals_stop_with_a_checkpoint() {
    // Under nohup, programs are started with the hangup ignored, and so are those of a test.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or(0);
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        if signal == "HUP" && ignored & 1 == 1 {
            eprintln!("SKIPPED: the hangup is ignored here");
            continue;
        }
        let dir = TestDir::with_text();
        let line = "train --text text.txt --batch 8 --unroll 16 --hidden 64 --epochs 100000 --checkpoint-every 1000 --out run --json";
        let child = dir.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.expect("the program starts");
        let metrics = dir.path("run/metrics.jsonl");
        wait_for(&metrics, |text| text.lines().count() > 20);
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let output = child.wait_with_output().expect("a child can be waited for");
        assert_eq!(output.status.code(), Some(code));
        let summary: Value = serde_json::from_slice(&output.stdout).expect("a summary");
        assert_eq!(summary["outcome"], "interrupted");
        // Not one step is lost.
        let text = std::fs::read_to_string(&metrics).expect("metrics");
        let steps = text.lines().filter(|line| line.contains("\"type\":\"step\"")).count() as u64;
        assert_eq!(summary["step"], steps);
        let score = dir.json("eval run --checkpoint last --text text.txt --json");
        assert_eq!(score["step"], steps);
    }
}

/// A program that `nohup` started trains on when its terminal ends.
#[test]
fn an_ignored_end_of_the_terminal_stays_ignored() {
    let dir = TestDir::with_text();
    let line = "train --text text.txt --batch 8 --unroll 16 --hidden 8 --epochs 100000 --checkpoint-every 1000 --out run";
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_longspan");
    command.current_dir(dir.root()).arg("-c").arg(format!("trap '' HUP; exec '{program}' {line}"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell");
    let metrics = dir.path("run/metrics.jsonl");
    let send = |signal: &str| {
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    };
    wait_for(&metrics, |text| text.lines().count() > 5);
    send("HUP");
    let steps = std::fs::read_to_string(&metrics).expect("metrics").lines().count();
    wait_for(&metrics, |text| text.lines().count() > steps + 20);
    send("TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
}

fn wait_for(path: &PathBuf, enough: impl Fn(&str) -> bool) {
    let began = Instant::now();
    while !std::fs::read_to_string(path).is_ok_and(|text| enough(&text)) {
        assert!(began.elapsed() < Duration::from_secs(60), "{} does not grow", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A vocabulary that a person gives: its numbers are the model's, the run keeps it, and the file is not needed again.
#[test]
fn a_given_vocabulary_stays_with_the_run() {
    let dir = TestDir::with_text();
    let path = dir.path("vocab.json");
    std::fs::write(&path, r#"{"<eos>": 2, "The": 0, "<unk>": 3, "dogs": 1}"#).expect("a file");
    let settings =
        "--text text.txt --level word --vocab vocab.json --hidden 8 --batch 4 --unroll 8 --steps 3 --out run";
    dir.good(&format!("train {settings}"));
    std::fs::remove_file(&path).expect("a removal");
    dir.good("train --resume --out run --steps 5");
    assert!(dir.json("eval run --text text.txt --json")["tokens"].as_u64() > Some(0));
    let words = dir.json("sample run --length 50 --json")["text"].as_str().expect("a text").to_owned();
    assert!(words.split_whitespace().all(|word| ["The", "dogs", "<unk>"].contains(&word)), "{words}");
    let checkpoint = Checkpoint::read(&dir.path("run/checkpoints/last.safetensors")).expect("a checkpoint");
    let vocabulary = checkpoint.header().expect("a header").schema.vocabulary().expect("tokens").clone();
    assert_eq!((0..4).map(|id| vocabulary.label(id)).collect::<Vec<_>>(), ["The", "dogs", "<eos>", "<unk>"]);
}

/// The same for a tokenizer.json, which the checkpoint holds.
#[cfg(feature = "tokenizers")]
#[test]
fn a_tokenizer_stays_with_the_run() {
    let dir = TestDir::with_text();
    let path = dir.path("tokenizer.json");
    // Characters of bytes and one merge: the smallest BPE.
    let mut vocab = serde_json::Map::new();
    for character in ('!'..='~').chain(['\u{120}', '\u{10a}']).map(String::from).chain(["Th".into()]) {
        let id = vocab.len();
        vocab.insert(character, id.into());
    }
    let byte_level = serde_json::json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let model = serde_json::json!({"type": "BPE", "vocab": vocab, "merges": [["T", "h"]]});
    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": byte_level, "post_processor": null, "decoder": byte_level, "model": model
    });
    std::fs::write(&path, tokenizer.to_string()).expect("a file");
    dir.good(
        "train --text text.txt --vocab tokenizer.json --hidden 8 --batch 4 --unroll 8 --steps 3 --out run",
    );
    std::fs::remove_file(&path).expect("a removal");
    dir.good("train --resume --out run --steps 5");
    assert!(dir.json("eval run --text text.txt --json")["tokens"].as_u64() > Some(0));
    let text =
        dir.json("sample run --prompt The --length 50 --json")["text"].as_str().expect("a text").to_owned();
    assert!(text.starts_with("The") && text.len() >= 50, "{text}");
}

/// An encoder with its decoder, weights for the classes and a mask, from train to eval: a run in two attempts ends with the file
/// of one, so that the weights are made anew; the metrics say where the decoder begins, and there is nothing to sample.
#[test]
fn an_encoder_and_its_decoder_are_a_run_like_others() {
    let dir = TestDir::with_text();
    let line = |out: &str, steps: usize| {
        format!(
            "train --task reversal --encoder-decoder --length 2..6 --hidden 16 --layers 2 --batch 8 --dropout 0.1 \
             --class-weights balanced --mask-loss last --steps {steps} --out {out} --json"
        )
    };
    let summary = dir.json(&line("whole", 40));
    assert_eq!(summary["outcome"], "finished");
    dir.json(&line("parts", 25));
    dir.json("train --resume --steps 40 --out parts --json");
    let last = |out: &str| std::fs::read(dir.path(out).join("checkpoints/last.safetensors")).expect("a file");
    assert!(last("whole") == last("parts"), "other bits after resuming");
    let metrics = std::fs::read_to_string(dir.path("whole/metrics.jsonl")).expect("metrics");
    let steps: Vec<Value> = metrics.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for step in steps.iter().filter(|record| record["type"] == "step") {
        // One place of each row; as many encoder steps as the longest sample of the batch has symbols.
        assert_eq!(step["scored"], 8, "{step}");
        assert!(step["decoder_start"].as_u64().is_some_and(|start| (2..=5).contains(&start)), "{step}");
    }
    let score = dir.json("eval whole --length 7 --json");
    assert_eq!(score["tokens"], 20 * 8 * 7);
    for refused in [
        "sample whole",
        "sample whole/checkpoints/last.safetensors",
        "eval whole/checkpoints/last.safetensors --text text.txt",
        "predict whole --input text.txt",
        "predict whole/checkpoints/last.safetensors --input text.txt",
    ] {
        let output = dir.command(refused).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{refused}: {}", text(&output));
    }
}

/// Labels at every step and balanced classes reach the training of labelled sequences; validation still asks once a sequence.
#[test]
fn labelled_sequences_take_masks_and_weights() {
    let dir = TestDir::with_text();
    let sequence = |i: usize| {
        let values: Vec<String> = (0..3 + i % 4).map(|t| format!("{}.5", (i + t) % 7)).collect();
        format!("{}:{}\n", values.join(","), if i.is_multiple_of(4) { "b" } else { "a" })
    };
    let lines: String = (0..40).map(sequence).collect();
    std::fs::write(dir.path("x.ts"), format!("@classLabel true a b\n@data\n{lines}")).expect("a file");
    let line = "train --labelled x.ts --hidden 8 --batch 8 --epochs 2 --json --out run";
    dir.json(&format!("{line} --mask-loss all --class-weights balanced"));
    let metrics = std::fs::read_to_string(dir.path("run/metrics.jsonl")).expect("metrics");
    for record in metrics.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        match record["type"].as_str() {
            Some("step") => assert_eq!(record["scored"], record["tokens"], "{record}"),
            _ => assert_eq!(record["scored"], 4, "{record}"),
        }
    }
    let refused = |more: &str| {
        let output = dir.command(more).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{more}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused("train --labelled x.ts --pool mean --mask-loss all --out refused");
    assert!(said.contains("leave out --mask-loss, or choose --pool last"), "{said}");
    let said = refused("train --task adding --class-weights balanced --out refused");
    assert!(said.contains("--class-weights balanced: applies only to data whose classes"), "{said}");
}

/// A warm-up rises to the full rate, and a cosine falls from there to 0.
#[test]
fn a_cosine_begins_after_the_warm_up() {
    let dir = TestDir::with_text();
    dir.good("train --text text.txt --hidden 4 --steps 9 --lr 1 --optimizer sgd --warmup 4 --schedule cosine --out run");
    let metrics = dir.read_text("run/metrics.jsonl");
    let records = metrics.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let rates: Vec<f64> = records.filter_map(|record| record["lr"].as_f64()).collect();
    let half = 0.5f64.sqrt() / 2.0;
    let expected = [0.25, 0.5, 0.75, 1.0, 1.0, 0.5 + half, 0.5, 0.5 - half, 0.0];
    assert_eq!(rates.len(), 9);
    assert!(rates.iter().zip(expected).all(|(rate, expected)| (rate - expected).abs() < 1e-12), "{rates:?}");
    // A rate that still rises is no reason to call the steps too small.
    dir.good("train --text text.txt --hidden 4 --steps 30 --observe-every 2 --warmup 100000 --out rising");
    let diagnosed = dir.json("diagnose rising --json");
    assert!(!diagnosed.to_string().contains("step-too-small"), "{diagnosed}");
}

/// A rate far too high can end in saturated units that hardly move. A higher one is no remedy for them.
#[test]
fn a_loss_that_has_exploded_needs_no_higher_rate() {
    let dir = TestDir::new();
    dir.run("train --task match --length 60 --cell rnn --init gaussian:3 --clip none --optimizer sgd --lr 50 --steps 50 --out run");
    let found = dir.run("diagnose run --json");
    let diagnosed: Value = serde_json::from_slice(&found.stdout).expect("JSON");
    let codes: Vec<_> =
        diagnosed["findings"].as_array().expect("findings").iter().map(|f| &f["code"]).collect();
    assert!(!codes.is_empty() && !codes.contains(&&Value::from("step-too-small")), "{codes:?}");
}

/// Weights that the model has no place for would be forgotten, and steps that were taken stay taken.
#[test]
fn nothing_that_was_learned_is_left_out() {
    let dir = TestDir::with_text();
    let line = "train --text text.txt --hidden 8 --batch 4 --unroll 16";
    dir.good(&format!("{line} --steps 12 --out run"));
    dir.bad(
        &format!("{line} --from run --steps 1 --tie-weights true --out tied"),
        &["head.weight", "--tie-weights"],
    );
    dir.bad("resume run --steps 5", &["has taken all of its 12 steps"]);
    dir.good(&format!("{line} --steps 1000000 --stop-after 0.5 --out stopped"));
    dir.bad("resume stopped --steps 2", &["has taken", "use a larger --epochs or --steps"]);
}
