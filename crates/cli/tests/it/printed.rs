//! What the commands print, kept as snapshots: `cargo insta review` accepts a change. Numbers are masked, since they depend on the
//! instruction set and on time.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;

/// The text with `#` for every number. One blank stands for every run of blanks, for the break of a wrapped line, and `---` for
/// the lines of tables: widths and breaks follow the numbers.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let digit_next = characters.peek().is_some_and(char::is_ascii_digit);
        let part_of_number = c.is_ascii_digit()
            || (matches!(c, '.' | ',' | '-' | 'e') && before == '#' && digit_next)
            || (c == '-' && !before.is_alphanumeric() && digit_next)
            || (c == 'e' && before == '#' && characters.peek() == Some(&'-'));
        let c = if part_of_number { '#' } else { c };
        if !(c == before && matches!(c, '#' | ' ')) {
            masked.push(c);
        }
        before = c;
    }
    let mut masked = masked.replace("\n ", " ").replace("  ", " ");
    while masked.contains("----") {
        masked = masked.replace("----", "---");
    }
    masked
}

fn assert_printed(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, masked(text)));
}

#[test]
fn numbers_are_masked() {
    assert_eq!(masked("step 41: 0.1082 nats (-5e-22), lstm 1x24,  5,829 parameters"), {
        "step #: # nats (#), lstm #x#, # parameters"
    });
    assert_eq!(masked("--clip norm:1 | -----: | x-y\n  wrapped"), "--clip norm:# | ---: | x-y wrapped");
}

#[test]
fn a_good_run_from_training_to_report() {
    let dir = TestDir::with_text();
    assert_printed("inspect", &dir.printed("inspect text.txt"));
    let settings = "--batch 8 --unroll 16 --hidden 24 --lr 0.02 --epochs 4 --threads 1 --out run";
    assert_printed("train", &dir.printed(&format!("train --text text.txt {settings}")));
    for (name, line) in [
        ("eval", "eval run"),
        ("ls", "ls ."),
        ("diagnose-before-probe", "diagnose run"),
        ("probe", "probe run --limit none"),
        ("report", "report run --format md"),
    ] {
        // The report names the text by its absolute path.
        let root = dir.root().display().to_string();
        assert_printed(name, &dir.printed(line).replace(&root, "DIR"));
    }
}

#[test]
fn findings_of_a_sick_run_in_both_languages() {
    let dir = TestDir::new();
    let settings =
        "--task adding --length 40 --cell rnn --init orthogonal:4 --clip none --lr 1 --hidden 32 --steps 60";
    assert_printed("train-sick", &dir.printed(&format!("train {settings} --threads 1 --out sick")));
    for language in ["en", "zh"] {
        let output = dir.run(&format!("diagnose sick --lang {language}"));
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        // A Chinese line may break between any two characters.
        let text = if language == "zh" { text.replace("\n ", "").replace(' ', "") } else { text };
        assert_printed(&format!("diagnose-sick-{language}"), &text);
    }
}

#[test]
fn a_series_with_forecasts() {
    let dir = TestDir::new();
    let rows = (0..300).map(|t| format!("{},{:.4}\n", 1700 + t, (f64::from(t) * 0.3).sin()));
    dir.write("wave.csv", format!("year,level\n{}", rows.collect::<String>()));
    assert_printed("inspect-series", &dir.printed("inspect wave.csv"));
    let settings = "--hidden 8 --batch 8 --steps 40 --threads 1 --out run";
    assert_printed("train-series", &dir.printed(&format!("train --series wave.csv {settings}")));
    assert_printed("eval-series", &dir.printed("eval run"));
}
