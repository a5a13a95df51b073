//! `probe` from the terminal: what it prints, what it leaves in a run, and what it refuses.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use serde_json::Value;

/// What a probe prints of a run, less its verdict.
fn probed(dir: &TestDir, line: &str) -> Value {
    let mut record: Value = serde_json::from_slice(&dir.run(line).stdout).expect("one document");
    assert!(record.as_object_mut().expect("a record").shift_remove("verdict").is_some(), "{record}");
    record
}

#[test]
fn a_probe_stays_in_its_run_and_is_judged() {
    let dir = TestDir::new();
    dir.good(
        "train --task agreement --length 9 --hidden 12 --cell gru --batch 8 --steps 40 --threads 1 --out run",
    );
    let record = probed(&dir, "probe run --json --checkpoint last --limit none --threads 1");
    assert_eq!((&record["step"], &record["beside"]["needed_lag_steps"]), (&40.into(), &9.into()));
    let lag = &record["reach"]["known"]["lag"]["known"];
    assert_eq!(lag["total"]["ratio"]["ln_median"][0], 0.0, "G(0) = 1");
    assert_eq!(lag["sequences"], 64);
    let kept: Value = serde_json::from_slice(&dir.read("run/probe/40.json")).expect("JSON");
    assert_eq!(kept, record, "what was printed was kept");
    let again = probed(&dir, "probe run --json --checkpoint last --limit none --threads 2");
    assert_eq!(record, again, "any number of threads");

    let text = String::from_utf8(dir.run("probe run --sequences 16 --exponents all").stdout).expect("text");
    for part in [
        "horizon",
        "the task needs 9",
        "decay",
        "λ₁",
        "layer 0      gates: ",
        "layer 0      forgetting",
        "run/probe/",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(text.starts_with("weights      step ") && text.contains(", in f64\n"), "{text}");
    // It ends with what can be said of the run now: nothing is left that only a probe could show.
    let diagnosed = dir.run("diagnose run");
    let said = String::from_utf8(diagnosed.stdout).expect("text");
    assert!(text.ends_with(&said), "{said} is not the end of {text}");
    let verdict = dir.run("diagnose run --json");
    let verdict: Value = serde_json::from_slice(&verdict.stdout).expect("one document");
    let ended = dir.run("probe run --json --sequences 16 --exponents all");
    assert_eq!(ended.status.code(), diagnosed.status.code());
    let ended: Value = serde_json::from_slice(&ended.stdout).expect("one document");
    assert_eq!(ended["verdict"], verdict);
    let unjudged = verdict["unjudged"].as_array().expect("a list");
    assert!(
        unjudged.iter().all(|u| !u["command"].as_str().unwrap_or("").ends_with(" --probe")),
        "{unjudged:?}"
    );

    let narrow =
        String::from_utf8(dir.run("probe run --f32 --sequences 16 --checkpoint last").stdout).expect("text");
    assert!(narrow.contains(", in f32\n") && narrow.contains("horizon"), "{narrow}");
    let narrow = probed(&dir, "probe run --f32 --sequences 16 --json --checkpoint last");
    assert_eq!((&narrow["number_type"], &record["number_type"]), (&"F32".into(), &"F64".into()));
    assert_eq!(narrow["reach"]["known"]["number_type"], "F32");
}

/// A probe says what it will measure; what does not fit into the time limit has that as its reason, and the command of the
/// note measures it.
#[test]
fn a_time_limit_leaves_out_what_does_not_fit() {
    let dir = TestDir::new();
    let train = "train --task adding --length 60 --cell gru --hidden 24 --batch 16 --steps 60 --threads 1 --no-probe --out run";
    dir.good(train);
    // Of a run of 1000 s, with a given time for each position: the plan does not depend on this machine.
    let probe_at = |position: f64, limit: &str| {
        let mut summary: Value = serde_json::from_slice(&dir.read("run/summary.json")).expect("JSON");
        for (key, value) in
            [("seconds", 1000.0), ("step_seconds", 1000.0), ("tokens_per_second", 1.0 / position)]
        {
            summary[key] = value.into();
        }
        dir.write("run/summary.json", summary.to_string());
        let probed = dir.run(&format!("probe run --checkpoint last --json {limit}"));
        let record = serde_json::from_slice::<Value>(&probed.stdout).expect("JSON");
        (String::from_utf8(probed.stderr).expect("text"), record)
    };
    let (plan, whole) = probe_at(1e-5, "");
    assert!(plan.starts_with("plan: gates and lag profile of 64 sequences, Lyapunov exponents, "), "{plan}");
    assert!(plan.contains("about") && plan.contains("(limit 3 min 20 s)"), "{plan}");
    assert!(!whole.to_string().contains("time_limit"), "{whole}");
    let (plan, short) = probe_at(1e-2, "");
    assert!(plan.contains("32 sequences") && plan.contains("left out: "), "{plan}");
    assert_eq!(short["reach"]["known"]["used_lag"]["unknown"]["reason"], "time_limit");
    assert_eq!(short["reach"]["known"]["options"]["sequences"], 32);
    let unjudged = short["verdict"]["unjudged"].to_string();
    assert!(unjudged.contains("longspan diagnose run --probe"), "{unjudged}");
    let judged = dir.run("diagnose run --probe --json").stdout;
    let judged: Value = serde_json::from_slice(&judged).expect("JSON");
    assert!(!judged["unjudged"].to_string().contains("--probe"), "{judged}");
    let (plan, whole) = probe_at(1e-2, "--limit none");
    assert!(plan.contains("64 sequences") && !plan.contains("limit"), "{plan}");
    assert!(!whole.to_string().contains("time_limit"), "{whole}");
    dir.bad("probe run --checkpoint last --limit 0.5", &["--limit none"]);
    // A checkpoint without a run has no time to compare with.
    let alone = dir.run("probe run/checkpoints/last.safetensors --task adding --json");
    assert!(!String::from_utf8_lossy(&alone.stderr).contains("limit"), "{alone:?}");
    dir.bad("probe run --limit 0", &["--limit", "percentage"]);
    dir.bad("probe run --limit fast", &["--limit", "percentage"]);
}

#[test]
fn weights_alone_are_measured_on_a_file() {
    let dir = TestDir::new();
    dir.write("a.txt", "to be or not to be that is the question ".repeat(200));
    dir.good("train --text a.txt --hidden 8 --unroll 16 --batch 4 --steps 30 --threads 1 --out run");
    let whole = dir.json("probe run --json --window 40 --sequences 16");
    assert_eq!(whole["beside"]["truncation_steps"], 16);
    std::fs::copy(dir.path("run/checkpoints/best.safetensors"), dir.path("w.safetensors")).expect("a copy");
    let alone = dir.json("probe w.safetensors --text a.txt --json --window 40 --sequences 16");
    assert_eq!(alone["reach"]["known"]["lag"]["known"]["window_steps"], 40);
    assert!(!dir.path("probe").exists(), "a file of weights is no run");
    dir.bad("probe w.safetensors", &["--text"]);
    dir.bad("probe run --labelled a.txt", &["--labelled", "a text"]);
    dir.bad("probe run --exponents many", &["--exponents many"]);
    dir.bad("probe run --window 0", &["--window 0"]);
    dir.bad("probe run --qr-every 0", &["--qr-every 0", "1 to 16"]);
    let exponents = |line: &str| -> Vec<f64> {
        let record =
            dir.json(&format!("probe w.safetensors --text a.txt --json --sequences 16 --exponents 3 {line}"));
        serde_json::from_value(record["spectrum"]["known"]["exponents_nats_per_step"].clone())
            .expect("numbers")
    };
    let (each, second) = (exponents(""), exponents("--qr-every 2"));
    assert_ne!(each, second, "another order of sums");
    assert!(each.iter().zip(&second).all(|(a, b)| (a - b).abs() < 1e-6), "{each:?} {second:?}");
    dir.bad("probe nowhere", &["nowhere"]);
}

/// A run that is long beside what the smallest probe takes.
const LONG: &str = "train --task agreement --length 6 --hidden 8 --cell gru --batch 8 --steps 12000 --observe off --threads 1";

#[test]
fn training_ends_with_a_small_probe() {
    let dir = TestDir::new();
    let said = String::from_utf8(dir.good(&format!("{LONG} --out run")).stdout).expect("text");
    assert!(said.contains("\nhorizon      ") && !said.contains("probe skipped"), "{said}");
    let record: Value = serde_json::from_slice(&dir.read("run/probe/12000.json")).expect("JSON");
    assert_eq!((&record["step"], &record["light"]), (&12000.into(), &true.into()));
    assert_eq!(
        (&record["data"], &record["beside"]["needed_lag_steps"]),
        (&"the validation part".into(), &6.into())
    );
    assert!(record["reach"]["known"]["lag"]["known"]["sequences"].as_u64() >= Some(16), "{record}");

    // Nothing else of the run is another.
    dir.good(&format!("{LONG} --no-probe --out without"));
    assert!(!dir.path("without/probe").exists());
    for file in ["metrics.jsonl", "checkpoints/last.safetensors", "checkpoints/best.safetensors"] {
        let [with, without] = ["run", "without"].map(|run| dir.read(&format!("{run}/{file}")));
        assert!(with == without, "{file}");
    }
    // What is found stands on it: all that a small probe shows is judged.
    let unjudged = |line: &str| -> Vec<String> {
        let unjudged = dir.json(line)["unjudged"].as_array().expect("a list").clone();
        let of_a_probe =
            |need: &&Value| need["command"].as_str().is_some_and(|line| line.ends_with(" --probe"));
        unjudged.iter().filter(of_a_probe).map(|need| need["code"].to_string()).collect()
    };
    assert!(unjudged("diagnose without --json").len() > 1);
    assert_eq!(unjudged("diagnose run --json"), ["\"sensitivity-explosion\""]);
    assert!(unjudged("diagnose run --probe --json").is_empty());
    let whole: Value = serde_json::from_slice(&dir.read("run/probe/12000.json")).expect("JSON");
    assert_eq!(whole["light"], false, "a whole one has taken its place");
}

/// A run goes on after its probe: that it is old is said, and another one is made of the last weights.
#[test]
fn a_probe_of_weights_before_the_last_is_noticed() {
    let dir = TestDir::new();
    let train = "train --task agreement --length 6 --hidden 8 --cell gru --batch 8 --no-probe --out run";
    dir.good(&format!("{train} --steps 20"));
    let problems = |line: &str| dir.json(line)["problems"].to_string();
    dir.good("probe run --checkpoint last");
    assert_eq!(problems("diagnose run --json"), "[]");
    dir.good(&format!("{train} --resume --steps 50"));
    let old = "the last probe measured the weights after step 20, but the last checkpoint is from step 50 \
               (next: longspan diagnose run --probe)";
    assert!(problems("diagnose run --json").contains(old));
    let said = String::from_utf8(dir.good("diagnose run").stdout).expect("text");
    assert!(said.contains("note     the last probe measured the weights after step 20"), "{said}");
    let records = || std::fs::read_dir(dir.path("run/probe")).expect("a folder").count();
    assert_eq!((records(), problems("diagnose run --probe --json").as_str(), records()), (1, "[]", 2));
    let record = dir.read("run/probe/50.json");
    dir.good("diagnose run --probe");
    assert!(dir.read("run/probe/50.json") == record, "measured once");
    // A checkpoint that does not say how far it is makes no probe old.
    dir.write("run/probe/50.json", "{}");
    for bytes in [&b"\xff\xff\xff\xff\xff\xff\xff\xff{"[..], b"", b"\x02\0\0\0\0\0\0\0{}"] {
        dir.write("run/checkpoints/last.safetensors", bytes);
        let said = problems("diagnose run --json");
        assert!(said.contains("50.json") && !said.contains("the last probe"), "{said}");
    }
}

/// What has no single chain of states: its gates are shown, by place, and the rest says why it is not.
#[test]
fn models_of_two_directions_and_of_two_sides() {
    let dir = TestDir::new();
    let small = "--hidden 6 --layers 2 --batch 8 --steps 20 --threads 1 --no-probe --out";
    dir.good(&format!("train --task parity --length 9 --cell gru --bidirectional {small} both"));
    dir.good(&format!("train --task reversal --length 5 --cell lstm --encoder-decoder {small} sides"));
    for (run, reason, places) in [
        ("both", "the model is bidirectional", ["layer 0 forwards ", "layer 1 reverse "]),
        ("sides", "the model has an encoder", ["encoder 0 ", "decoder 1 "]),
    ] {
        let text = String::from_utf8(dir.good(&format!("probe {run} --sequences 16")).stdout).expect("text");
        for name in ["lag profile", "exponents", "products"] {
            assert!(text.contains(&format!("{name:<12} not measured: {reason}")), "{name}: {text}");
        }
        assert!(places.iter().all(|place| text.contains(&format!("\n{place}"))), "{text}");
        // What one probe cannot measure, another one cannot: nobody is sent to make it.
        let verdict: Value =
            serde_json::from_slice(&dir.run(&format!("diagnose {run} --probe --json")).stdout).expect("JSON");
        assert!(!verdict["unjudged"].to_string().contains(" --probe"), "{verdict}");
    }
}

#[test]
fn no_probe_where_there_is_no_time_or_the_run_has_failed() {
    let dir = TestDir::new();
    let short = "train --task agreement --length 6 --hidden 8 --cell gru --batch 8 --steps 3";
    let summary = dir.json(&format!("{short} --json --out short"));
    assert_eq!(summary["probe_left_out"], "the run was too short (limit: 2 % of its time)");
    let said = String::from_utf8(dir.good(&format!("{short} --out again")).stdout).expect("text");
    assert!(said.contains("\nhorizon      probe skipped: the run was too short"), "{said}");
    let failed = dir.run(
        "train --task adding --length 6 --hidden 8 --steps 40 --optimizer sgd --lr 1e38 --clip none --json --out failed",
    );
    let failed: Value = serde_json::from_slice(&failed.stdout).expect("one document");
    assert_eq!((&failed["outcome"], failed.get("probe_left_out")), (&"diverged".into(), None));
    for run in ["short", "again", "failed"] {
        assert!(!dir.path(format!("{run}/probe")).exists(), "{run}");
    }
}
