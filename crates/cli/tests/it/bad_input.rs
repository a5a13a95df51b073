//! Bad input: one clear message that names what is wrong and the way out, exit code 2, no panic, nothing lost.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use std::process::Command;

/// Good and bad files, and short runs.
fn good_and_bad_files() -> TestDir {
    let dir = TestDir::new();
    let text = "The cat, which the dogs saw, was full. The cats were not.\n".repeat(40);
    dir.write("text.txt", text.as_bytes());
    dir.write("empty.txt", b"");
    dir.write("short.txt", b"too short");
    dir.write("one.txt", b"T");
    dir.write("words.json", br#"["The", "<eos>"]"#);
    dir.write("word.txt", b"w".repeat(3 << 20));
    // Damaged UTF-8, not another encoding: most characters beyond ASCII are valid.
    let mut invalid = "Th\u{e9} c\u{e4}ts\nand the ".as_bytes().to_vec();
    invalid.extend([0xff, 0xfe]);
    invalid.extend(text.as_bytes());
    dir.write("invalid.txt", &invalid);
    dir.write("greek.txt", "The \u{3b1} was full. ".repeat(200).as_bytes());
    dir.write("unknown.toml", b"schema = 1\nhiden = 12\n");
    dir.write("value.toml", b"schema = 1\ntext = \"text.txt\"\nbatch = 0\n");
    dir.write("syntax.toml", b"schema = 1\ncell = \n");
    dir.write("newer.toml", b"schema = 99\n");
    dir.write("foreign/notes.txt", b"mine");
    dir.good("train --text text.txt --hidden 8 --batch 4 --unroll 16 --epochs 2 --out run");
    dir.good("train --text text.txt --hidden 8 --batch 4 --unroll 16 --epochs 2 --level byte --out bytes");
    dir.good("train --task parity --length 4 --hidden 8 --batch 4 --steps 2 --out parity");
    let good = std::fs::read(dir.path("run/checkpoints/best.safetensors")).expect("a checkpoint");
    dir.write("cut.safetensors", &good[..good.len() - 100]);
    dir.write("header.safetensors", &good[..40]);
    let mut altered = good.clone();
    let at = altered.len() - 200;
    altered[at] ^= 1;
    dir.write("altered.safetensors", &altered);
    dir.write("random.safetensors", [0x5a; 5000]);
    dir.write("nothing.safetensors", b"");
    dir
}

#[test]
fn texts() {
    let dir = good_and_bad_files();
    for (line, parts) in [
        ("train --text nowhere.txt", &["nowhere.txt", "check the path"][..]),
        ("train text.txt", &["text.txt: ", "--text text.txt", "longspan inspect text.txt"]),
        ("train --text empty.txt", &["empty.txt is empty", "name a file with text"]),
        ("train --text foreign", &["foreign is a directory"]),
        ("train --text invalid.txt", &["invalid.txt", "line 2, column 9", "not valid UTF-8", "--level byte"]),
        ("train --text invalid.txt --level word", &["line 2, column 9", "not valid UTF-8"]),
        ("train --text short.txt", &["short.txt", "tokens", "--valid-fraction"]),
        ("train --text short.txt --valid-fraction 0", &["short.txt", "tokens", "--batch or --unroll"]),
        ("train --text one.txt --valid-fraction 0.5", &["one.txt", "--valid-fraction"]),
        ("train --text text.txt --valid greek.txt", &["greek.txt", "line 1, column 5", "U+03B1"]),
        ("train --text text.txt --valid gone.txt", &["gone.txt", "check the path"]),
        ("train --text text.txt --vocab nowhere.json", &["nowhere.json", "check the path"]),
        (
            "train --text text.txt --vocab words.json --level word --vocab-size 9",
            &["--vocab-size 9", "leave out one"],
        ),
        (
            "train --text text.txt --vocab words.json",
            &["words.json", "\"The\", is not one character", "--level word"],
        ),
        (
            "train --text text.txt --vocab words.json --level word",
            &["text.txt: line 1, column 5", "\"cat,\"", "add <unk>"],
        ),
        ("train --task copy --vocab words.json", &["--vocab"]),
        ("train --text word.txt --level word", &["word.txt: line 1, column 1", "more than 1048576 bytes"]),
        ("train --text text.txt --valid-fraction 1", &["--valid-fraction 1", "less than 1"]),
        ("train --text text.txt --valid-fraction -0.1", &["--valid-fraction -0.1"]),
        ("train", &["--text FILE", "--task"]),
        (
            "train --text text.txt --task agreement",
            &["--task agreement", "choose one of --text, --labelled, --series and --task"],
        ),
        ("eval run --text greek.txt", &["greek.txt", "U+03B1"]),
        ("eval run --text one.txt", &["one.txt", "too few tokens"]),
        ("eval run --text nowhere.txt", &["nowhere.txt", "check the path"]),
        ("sample run --prompt \u{3b1}", &["--prompt", "U+03B1"]),
    ] {
        dir.refused(line, parts);
    }
    assert!(!dir.path("runs").exists(), "a run that could not begin leaves nothing");
}

#[test]
fn settings() {
    let dir = good_and_bad_files();
    for (line, parts) in [
        ("train --text text.txt --batch 0", &["--batch 0", "1 or more"][..]),
        ("train --text text.txt --unroll 0", &["--unroll 0", "1 or more"]),
        ("train --text text.txt --hidden 0", &["--hidden 0", "1 or more"]),
        ("train --text text.txt --layers 0", &["--layers 0", "1 to 1000"]),
        ("train --text text.txt --layers 100000", &["--layers 100000", "1 to 1000"]),
        ("train --text text.txt --hidden -5", &["--hidden -5", "whole number"]),
        ("train --text text.txt --hidden 1e3", &["--hidden 1e3", "whole number"]),
        ("train --text text.txt --hidden 99999999999999999999", &["whole number"]),
        (
            "train --text text.txt --batch 4 --unroll 16 --hidden 1000000000",
            &["this model needs about", " GB of memory, but ", "--hidden"],
        ),
        ("train --text text.txt --bptt-memory -1", &["--bptt-memory -1", "bytes", "such as 64MiB"]),
        ("train --text text.txt --bptt-memory lots", &["--bptt-memory lots", "such as 64MiB"]),
        ("train --text text.txt --bptt-memory 1.5GiB", &["--bptt-memory 1.5GiB", "whole number"]),
        ("train --text text.txt --bptt-memory 99999999999GiB", &["more than a machine can address"]),
        (
            "train --text text.txt --batch 4 --unroll 300 --bptt-memory 1k",
            &[
                "--bptt-memory 1KB",
                "windows of 300 steps and 4 rows need at least",
                "KiB",
                "smaller --unroll",
            ],
        ),
        ("train --text text.txt --clip norm:-1", &["norm", "finite and above 0", "-1"]),
        ("train --text text.txt --clip norm:nan", &["finite and above 0", "NaN"]),
        ("train --text text.txt --clip value:inf", &["finite and above 0", "inf"]),
        ("train --text text.txt --clip norm", &["write norm:C"]),
        ("train --text text.txt --clip nrom:1", &["nrom:1", "did you mean norm:C"]),
        ("train --text text.txt --lr nan", &["--lr NaN", "finite number above 0"]),
        ("train --text text.txt --lr -0.1", &["--lr -0.1", "above 0"]),
        ("train --text text.txt --lr inf", &["--lr inf", "finite"]),
        ("train --text text.txt --cell lsmt", &["--cell lsmt", "did you mean lstm"]),
        ("train --text text.txt --level chr", &["chr", "byte, char or word"]),
        ("train --task agrement", &["agrement", "did you mean agreement"]),
        ("train --task agreement --length 0", &["--length 0"]),
        ("train --task agreement --length 5..9", &["agreement", "--length 8 instead of 5..9"]),
        ("train --task copy --length 9..5", &["--length 9..5", "a range such as 50..200"]),
        ("train --task order2 --length 9", &["order2", "length 9: choose --length from 10"]),
        ("train --task copi", &["copi", "did you mean copy"]),
        ("train --task sorting", &["sorting", "adding or multiplication"]),
        ("train --task copy --tie-weights true", &["--tie-weights true", "next token is predicted"]),
        ("train --text text.txt --optimizer adm", &["adm", "did you mean adam"]),
        ("train --text text.txt --momentum 0.9", &["momentum", "adam"]),
        ("train --text text.txt --schedule cosin:5", &["cosin:5", "did you mean cosine"]),
        ("train --text text.txt --init chrono:20 --cell rnn", &["chrono", "--cell gru or lstm"]),
        ("train --text text.txt --dropout 1", &["--dropout 1", "less than 1"]),
        ("train --text text.txt --bidirectional true", &["--bidirectional true", "would see the next token"]),
        (
            "train --task agreement --bidirectional true",
            &["--bidirectional true", "would see the next token"],
        ),
        ("train --task order2 --pool mean", &["--pool mean", "--labelled or --series"]),
        ("train --labelled x.csv --pool ends", &["--pool ends", "--bidirectional"]),
        ("train --text text.txt --dropout-mask row", &["no such mask", "step, sequence"]),
        ("train --text text.txt --stop-after -1", &["--stop-after -1"]),
        ("train --text text.txt --set hiden=3", &["hiden", "did you mean --hidden"]),
        ("train --text text.txt --hiddn 3", &["--hiddn", "--hidden"]),
        ("train --config unknown.toml", &["unknown.toml, line 2", "hiden", "did you mean hidden"]),
        ("train --config value.toml", &["value.toml, line 3", "batch = 0", "1 or more"]),
        ("train --config syntax.toml", &["syntax.toml, line 2"]),
        ("train --config newer.toml", &["newer.toml", "schema = 99"]),
        ("train --config gone.toml", &["gone.toml", "check the path"]),
        ("trian --text text.txt", &["trian", "train"]),
        ("eval run --batch 0", &["--batch 0", "1 or more"]),
        ("sample run --temperature -1", &["--temperature -1"]),
    ] {
        dir.refused(line, parts);
    }
    assert!(!dir.path("runs").exists(), "a run that could not begin leaves nothing");
    let output = Command::new(env!("CARGO_BIN_EXE_longspan"))
        .args(["demo"])
        .env("LONGSPAN_ISA", "avx1024")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("avx512, avx2 or portable"));
}

#[test]
fn checkpoints_and_runs() {
    let dir = good_and_bad_files();
    let before = dir.files("run");
    for (line, parts) in [
        ("eval cut.safetensors --text text.txt", &["cut.safetensors is damaged"][..]),
        ("eval header.safetensors --text text.txt", &["header.safetensors is damaged"]),
        (
            "eval altered.safetensors --text text.txt",
            &["altered.safetensors is damaged", "its checksum does not match its header and its numbers"],
        ),
        ("eval random.safetensors --text text.txt", &["random.safetensors is damaged"]),
        ("eval nothing.safetensors --text text.txt", &["nothing.safetensors is damaged"]),
        ("eval nowhere", &["there is no run in nowhere"]),
        ("eval run --checkpoint worst", &["choose best or last"]),
        ("sample cut.safetensors", &["cut.safetensors is damaged"]),
        ("train --text text.txt --from cut.safetensors --out new", &["cut.safetensors is damaged"]),
        // Weights of another size than the one asked for, and of another vocabulary.
        (
            "train --text text.txt --from run --hidden 9 --batch 4 --unroll 16 --out new",
            &["does not fit the model", "should have the shape"],
        ),
        // A checkpoint alone does not say that it is of a task; its classes are not its tokens.
        (
            "eval parity/checkpoints/last.safetensors --text text.txt",
            &["labelled sequences", "leave out --text"],
        ),
        ("sample parity/checkpoints/last.safetensors", &["was not trained on a text", "longspan eval"]),
        (
            "train --text text.txt --level word --from parity --batch 4 --unroll 16 --out new",
            &["does not predict the next token", "train without --from"],
        ),
        ("train --text greek.txt --from run --batch 4 --unroll 16 --out new", &["greek.txt", "U+03B1"]),
        ("train --task agreement --from run --out new", &["does not fit the model", "embedding.weight"]),
        (
            "train --text text.txt --batch 4 --unroll 16 --out run",
            &["run already contains a run", "--resume"],
        ),
        (
            "train --text text.txt --batch 4 --unroll 16 --out foreign",
            &["foreign contains other files", "--out"],
        ),
        ("train --text text.txt --batch 4 --unroll 16 --out text.txt", &["text.txt"]),
        ("train --text text.txt --batch 4 --unroll 16 --out text.txt/run", &["text.txt/run"]),
        ("train --resume --out nowhere", &["there is no run in nowhere"]),
        ("train --resume", &["--out"]),
        ("train --resume --out run", &["has taken all of its", "--epochs or --steps"]),
        ("train --resume --out run --epochs 4 --hidden 16", &["was started with hidden = 8", "16", "--from"]),
        ("train --resume --out run --epochs 4 --text greek.txt", &["greek.txt", "U+03B1"]),
        ("ls nowhere", &["there is no directory nowhere"]),
    ] {
        dir.refused(line, parts);
    }
    assert!(!dir.path("new").exists(), "a run that could not begin leaves nothing");
    assert!(dir.files("run") == before, "a failed command changes no file of a run");

    // The text of a run changes under it.
    let text = std::fs::read(dir.path("text.txt")).expect("a text");
    dir.write("text.txt", [&b"The dogs. "[..], &text].concat());
    dir.refused("train --resume --out run --epochs 4", &["the data of run have changed", "restore them"]);
    dir.write("text.txt", &text);

    // A checkpoint of another model in the place of the run's own.
    std::fs::copy(
        dir.path("bytes/checkpoints/last.safetensors"),
        dir.path("run/checkpoints/last.safetensors"),
    )
    .expect("a copy");
    dir.refused(
        "train --resume --out run --epochs 4",
        &["last.safetensors belongs to another run", "--from"],
    );
    // A run that keeps no earlier checkpoint has nothing to fall back to.
    for (file, _) in dir.files("run/checkpoints") {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("last-")) {
            std::fs::remove_file(file).expect("a removal");
        }
    }
    std::fs::write(dir.path("run/checkpoints/last.safetensors"), b"torn").expect("a write");
    dir.refused(
        "train --resume --out run --epochs 4",
        &["last.safetensors is damaged", "use another checkpoint"],
    );
    std::fs::remove_file(dir.path("run/checkpoints/last.safetensors")).expect("a removal");
    dir.refused("train --resume --out run --epochs 4", &["run has no checkpoint"]);
    dir.write("run/run.json", b"{");
    dir.refused("eval run --checkpoint best", &["run.json is damaged"]);
}

/// Root writes where others may not: the directory is then one that nobody can write to.
#[test]
fn unwritable_directories() {
    let dir = good_and_bad_files();
    dir.refused(
        "train --text text.txt --batch 4 --unroll 16 --out /proc/run",
        &["/proc/run", "cannot be written", "--out"],
    );
}

/// A file system of a few hundred KiB runs full: the run ends with a message, its last checkpoint whole, and goes on to
/// the same bits once there is room.
#[test]
fn full_disk() {
    let dir = good_and_bad_files();
    let disk = dir.path("disk");
    std::fs::create_dir(&disk).expect("a directory");
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=400k", "tmpfs"]).arg(&disk).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        let required =
            std::env::var("LONGSPAN_REQUIRE").is_ok_and(|names| names.split(',').any(|n| n == "mount"));
        assert!(!required, "LONGSPAN_REQUIRE names mount, and no file system can be mounted here");
        eprintln!("SKIPPED: a full disk needs the right to mount a tmpfs");
        return;
    }
    let unmount = || Command::new("umount").arg(&disk).output().is_ok_and(|output| output.status.success());
    let outcome = std::panic::catch_unwind(|| {
        let settings = "train --text text.txt --hidden 48 --batch 4 --unroll 16 --epochs 3";
        // Two checkpoints of 190 KB and the third on its way do not fit.
        dir.refused(
            &format!("{settings} --out disk/run"),
            &["disk/run", "cannot be written", "free some disk space"],
        );
        dir.good("eval disk/run --checkpoint last --text text.txt --json");
        dir.good(&format!("{settings} --out whole"));
        let grown = Command::new("mount").args(["-o", "remount,size=4m"]).arg(&disk).output();
        assert!(grown.is_ok_and(|output| output.status.success()));
        dir.good("train --resume --out disk/run");
        let last =
            |run: &str| std::fs::read(dir.path(run).join("checkpoints/last.safetensors")).expect("a file");
        assert!(last("disk/run") == last("whole"));
    });
    assert!(unmount(), "the tmpfs is taken away again");
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
