//! Data of a run that have moved: their new path is taken if their content is the same.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;

#[test]
fn data_that_moved_are_found_and_others_are_refused() {
    let dir = TestDir::with_text();
    let text = dir.read("text.txt");
    dir.write("valid.txt", &text[..900]);
    let settings = "--batch 8 --unroll 16 --hidden 8 --threads 1 --no-probe";
    for run in ["whole", "run"] {
        dir.good(&format!("train --text text.txt --valid valid.txt {settings} --steps 10 --out {run}"));
    }
    dir.good("resume whole --steps 20");
    let truth = dir.json("eval whole --json");

    std::fs::create_dir(dir.path("new")).expect("a directory");
    for name in ["text.txt", "valid.txt"] {
        std::fs::rename(dir.path(name), dir.path(format!("new/{name}"))).expect("it moves");
    }
    dir.refused("resume run --steps 20", &["text.txt"]);
    dir.refused("eval whole", &["text.txt"]);
    // By one option for all files, and by the option of each file.
    dir.good("resume run --steps 15 --data new/text.txt");
    dir.good("resume run --steps 20");
    assert!(dir.read("run/checkpoints/last.safetensors") == dir.read("whole/checkpoints/last.safetensors"));
    assert_eq!(dir.json("eval whole --data new/text.txt --json"), truth);
    dir.good("probe whole --data new/text.txt --sequences 16 --window 4");
    dir.good("resume whole --steps 25 --text new/text.txt --valid new/valid.txt");
    dir.good("eval whole");

    let changed = String::from_utf8(text).expect("UTF-8").replacen("cat", "dog", 1);
    dir.write("other.txt", changed);
    dir.write("longer.txt", "The cat, which the dogs saw, was full.\n".repeat(200));
    let before = dir.files("run");
    dir.refused(
        "resume run --steps 30 --data other.txt",
        &["other content: fingerprint", "--data FILE", "--from run"],
    );
    dir.refused(
        "resume run --steps 30 --text longer.txt",
        &["its training part had 5800 tokens, and now 7800"],
    );
    dir.refused(
        "resume run --steps 30 --valid longer.txt",
        &["its validation part had 899 tokens, and now 7799"],
    );
    dir.refused(
        "eval run --data other.txt",
        &["other.txt does not have the data of run", "fingerprint", "--text"],
    );
    dir.refused("probe run --data longer.txt", &["longer.txt does not have the data of run", "7800"]);
    dir.refused("eval run --data new/text.txt --text other.txt", &["--data", "--text"]);
    assert!(dir.files("run") == before, "a refused command changes nothing");
}
