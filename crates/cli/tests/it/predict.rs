//! `longspan predict`: what it says agrees with what `eval` finds, and a stream with the whole; bad input is refused.
#![allow(missing_docs, reason = "a test file")]

mod bad;
pub(crate) mod data;
mod lines;
mod times;

use crate::test_dir::TestDir;
use std::io::{BufRead, BufReader, Write};

use data::{SMALL, near, number, rows, series, ts, waves};
use serde_json::Value;

#[test]
fn classes_are_those_that_eval_judges() {
    let dir = TestDir::new();
    let (train, test) = (waves(60), waves(97));
    let head = "@classLabel true up down";
    let labelled = |class: &str| format!(":{class}");
    dir.write("train.ts", ts(&train, head, labelled));
    dir.write("test.ts", ts(&test, head, labelled));
    // None, or not said.
    dir.write("false.ts", ts(&test, "@classLabel false", |_| String::new()));
    dir.write("none.ts", ts(&test, head, |_| String::new()));
    dir.write("asked.ts", ts(&test, head, |_| ":?".into()));
    dir.write("untold.ts", ts(&test, "@dimensions 2", |_| String::new()));
    for pool in ["last", "mean"] {
        dir.printed(&format!("train --labelled train.ts {SMALL} --pool {pool} --out {pool}"));
        let judged = dir.json(&format!("eval {pool} --labelled test.ts --json"));
        let rows = dir.rows(&format!("predict {pool} --input test.ts"));
        assert_eq!(rows.len(), test.len());
        let right = rows.iter().filter(|row| row["true"] == row["predicted"]).count();
        assert_eq!(right as f64 / rows.len() as f64, number(&judged, "accuracy"), "{pool}");
        let mut nats = 0.0;
        for (index, row) in rows.iter().enumerate() {
            assert_eq!((&row["index"], &row["line"]), (&index.into(), &(index + 3).into()));
            let shares = ["p:up", "p:down"].map(|name| number(row, name));
            assert!((shares[0] + shares[1] - 1.0).abs() < 1e-6, "{row}");
            assert_eq!(number(row, "probability"), shares[0].max(shares[1]));
            nats -= number(row, &format!("p:{}", row["true"].as_str().expect("a label"))).ln();
        }
        let loss = number(&judged, "loss");
        assert!((nats / rows.len() as f64 - loss).abs() < 1e-5 * loss, "{nats} {judged}");
        let csv = dir.printed(&format!("predict {pool} --input test.ts"));
        assert!(csv.starts_with("index,line,true,predicted,probability,p:up,p:down\n0,3,up,"), "{csv}");
        assert_eq!(csv.lines().count(), test.len() + 1);
        // The first channel in other units.
        let other: Vec<_> =
            test.iter().map(|(x, c)| (x.iter().map(|[a, b]| [a * 1e3, *b]).collect(), *c)).collect();
        dir.write("units.ts", ts(&other, head, labelled));
        for line in [format!("predict {pool} --input units.ts"), format!("eval {pool} --labelled units.ts")] {
            let output = dir.good(&line);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(
                stderr.contains("warning: units.ts: channel 1: mean 10") && !stderr.contains("channel 2"),
                "{stderr}"
            );
        }
        for file in ["false.ts", "none.ts", "asked.ts", "untold.ts"] {
            let unlabelled = dir.rows(&format!("predict {pool} --input {file} --batch 5"));
            assert_eq!(unlabelled.len(), rows.len(), "{file}");
            for (row, with) in unlabelled.iter().zip(&rows) {
                assert!(row.get("true").is_none() && row["predicted"] == with["predicted"], "{file}");
                near(row, with, &["p:"]);
            }
        }
        // Each sequence as a stream, a blank line after it, ends with what it has as a whole.
        let mut lines = String::new();
        for (steps, _) in &test {
            steps.iter().for_each(|[a, b]| lines += &format!("{a},{b}\n"));
            lines += "\n";
        }
        let answers = dir.streamed(&format!("predict {pool}"), &lines);
        let mut last = answers.iter();
        for ((steps, _), row) in test.iter().zip(&rows) {
            let answer = last.by_ref().find(|answer| answer["step"] == steps.len()).expect("an answer");
            near(answer, row, &["p:", "probability"]);
        }
        assert_eq!(answers.len(), test.iter().map(|(steps, _)| steps.len()).sum::<usize>());
    }
}

#[test]
fn targets_are_those_that_eval_judges() {
    let dir = TestDir::new();
    // The target is the last value of the second channel and an offset, in units of its own.
    let target = |steps: &[[f64; 2]]| 5000.0 + 100.0 * steps.last().expect("a step")[1];
    let write = |name: &str, count: usize, head: &str, label: &dyn Fn(f64) -> String| {
        let waves = waves(count);
        let mut labels = waves.iter().map(|(steps, _)| label(target(steps))).collect::<Vec<_>>().into_iter();
        let label = std::cell::RefCell::new(&mut labels);
        dir.write(name, ts(&waves, head, |_| label.borrow_mut().next().expect("a label")));
    };
    let labelled = |y: f64| format!(":{y}");
    write("train.ts", 200, "@targetlabel true", &labelled);
    write("test.ts", 97, "@targetlabel true", &labelled);
    write("asked.ts", 97, "@targetlabel true", &|_| ":?".into());
    write("untold.ts", 97, "@dimensions 2", &|_| String::new());
    let found = dir.printed("inspect train.ts");
    assert!(
        found.contains("\ntargets ") && found.contains("one number is predicted for each sequence"),
        "{found}"
    );
    for flags in ["--pool last", "--pool mean --loss absolute", "--mask-loss all"] {
        let out = format!("run{}", flags.len());
        dir.printed(&format!(
            "train --labelled train.ts --hidden 8 --batch 8 --lr 0.02 --steps 200 {flags} --out {out}"
        ));
        let judged = dir.json(&format!("eval {out} --labelled test.ts --json"));
        let rows = dir.rows(&format!("predict {out} --input test.ts"));
        assert_eq!(rows.len(), 97);
        let errors: Vec<f64> =
            rows.iter().map(|row| number(row, "true") - number(row, "predicted")).collect();
        let mae = errors.iter().map(|e| e.abs()).sum::<f64>() / 97.0;
        let rmse = (errors.iter().map(|e| e * e).sum::<f64>() / 97.0).sqrt();
        let (model, mean) = (&judged["model"], &judged["mean"]);
        assert!((number(model, "mae") / mae - 1.0).abs() < 1e-4, "{mae} {judged}");
        assert!((number(model, "rmse") / rmse - 1.0).abs() < 1e-4, "{rmse} {judged}");
        assert!(rmse < 0.7 * number(mean, "rmse") && number(model, "r2") > 0.5, "{judged}");
        for file in ["asked.ts", "untold.ts"] {
            let unlabelled = dir.rows(&format!("predict {out} --input {file} --batch 5"));
            assert_eq!(unlabelled.len(), rows.len(), "{file}");
            for (row, with) in unlabelled.iter().zip(&rows) {
                assert!(row.get("true").is_none(), "{row}");
                near(row, with, &["predicted"]);
            }
        }
    }
    let text = dir.printed("eval run11 --labelled test.ts");
    assert!(text.contains("R²") && text.contains("\n  training mean "), "{text}");
    // Each sequence as a stream, a blank line after it, ends with what it has as a whole.
    let (mut lines, test) = (String::new(), waves(97));
    for (steps, _) in &test {
        steps.iter().for_each(|[a, b]| lines += &format!("{a},{b}\n"));
        lines += "\n";
    }
    let answers = dir.streamed("predict run11", &lines);
    let (mut last, rows) = (answers.iter(), dir.rows("predict run11 --input test.ts"));
    for ((steps, _), row) in test.iter().zip(&rows) {
        near(
            last.by_ref().find(|answer| answer["step"] == steps.len()).expect("an answer"),
            row,
            &["predicted"],
        );
    }
    // Resuming and evaluating the run's own data read them alike.
    dir.printed("train --resume --out run11 --steps 210");
    assert!(number(&dir.json("eval run11 --json"), "loss").is_finite());
    // Classes instead, a weighting that needs classes, a test file whose targets are words.
    assert!(
        dir.printed("train --labelled train.ts --label-type class --steps 2 --out classes")
            .contains("classes")
    );
    dir.refused(
        "train --labelled train.ts --class-weights balanced --steps 2 --out no",
        &["--class-weights", "only to data whose classes"],
    );
    write("words.ts", 3, "@targetlabel true", &|_| ":up".into());
    dir.refused("eval run11 --labelled words.ts", &["words.ts: line 3", "\"up\" is not a finite number"]);
    dir.refused("train --labelled words.ts --out no", &["words.ts: line 3", "--label-type class"]);
    // Labels of a table are classes, unless they are said to be targets.
    let rows: String = (0..40).map(|i| format!("{},{},{}\n", i % 7, i % 5, i % 7 + i % 5)).collect();
    dir.write("sums.csv", format!("a,b,label\n{rows}"));
    let sums = "train --labelled sums.csv --steps 2 --hidden 4 --json";
    dir.json(&format!("{sums} --out sum-classes"));
    dir.json(&format!("{sums} --label-type number --out sums"));
    let rows = dir.rows("predict sums --input sums.csv");
    assert_eq!((rows.len(), &rows[3]["true"]), (40, &6.0.into()));
}

#[test]
fn tables_name_their_sequences_and_columns() {
    let dir = TestDir::new();
    let table = |label: bool| {
        let mut text = if label { "who,a,b,class\n" } else { "who,a,b\n" }.to_owned();
        for (i, (steps, class)) in waves(40).iter().enumerate() {
            for [a, b] in steps {
                text += &format!("s{i},{a},{b}");
                text += &if label { format!(",\"{class}\"\n") } else { "\n".into() };
            }
        }
        text
    };
    dir.write("long.csv", table(true));
    dir.write("new.csv", table(false));
    dir.printed(&format!("train --labelled long.csv --id-column who {SMALL} --out run"));
    let (with, without) = (dir.rows("predict run --input long.csv"), dir.rows("predict run --input new.csv"));
    assert_eq!((with.len(), without.len()), (40, 40));
    let accuracy = dir.json("eval run --labelled long.csv --json");
    let right = with.iter().filter(|row| row["true"] == row["predicted"]).count();
    assert_eq!(right as f64 / 40.0, number(&accuracy, "accuracy"));
    for (i, (a, b)) in with.iter().zip(&without).enumerate() {
        assert_eq!((&a["id"], &b["id"]), (&format!("s{i}").into(), &format!("s{i}").into()));
        assert!(b.get("true").is_none());
        near(a, b, &["p:"]);
    }
    // A name with a comma is quoted.
    assert!(
        dir.printed("predict run --input long.csv")
            .starts_with("index,id,line,true,predicted,probability,\"p:down, then\",p:up\n")
    );
    // A bare checkpoint does not know the column of ids; standard input is read like a file.
    let bare = "predict run/checkpoints/best.safetensors --id-column who --json --input -";
    assert_eq!(rows(&dir.printed_on(bare, table(false))), without);
    // A first line names the columns of a stream, in any order.
    let named = dir.streamed("predict run", "b;more;a\n0.5;9;101\n1;9;102,5".replace(",5", ".5"));
    let plain = dir.streamed("predict run", "101,0.5\n102.5,1\n");
    assert_eq!((named.len(), &named[1]["line"]), (2, &3.into()));
    near(&named[1], &plain[1], &["p:"]);
    let commas = dir.streamed("predict run", "b;more;a\n0,5;9;101\n1;9;102,5");
    near(&commas[1], &plain[1], &["p:"]);
    let blanks = dir.streamed("predict run --na -9", "101 0.5\n102.5   1\n");
    near(&blanks[1], &plain[1], &["p:"]);
    // A value that is missing is the mean of its channel, if that is asked for.
    let missing = dir.streamed("predict run --missing zero", "?,0.5\n");
    assert_eq!(missing.len(), 1);
}

#[test]
fn texts_and_images_need_no_labels() {
    let dir = TestDir::new();
    for (language, names) in
        [("de", "Groß\nMüller\nSchmidt\nBauer\n"), ("it", "Rossi\nBianchi\nEsposito\nRicci\n")]
    {
        dir.write(format!("names/{language}.txt"), names.repeat(3));
    }
    dir.printed(&format!("train --labelled names {SMALL} --pool mean --out run"));
    let folder = dir.rows("predict run --input names");
    assert_eq!((folder.len(), &folder[0]["id"], &folder[0]["true"]), (24, &"de.txt".into(), &"de".into()));
    dir.write("new.txt", "Müller\nRossi\n");
    let file = dir.rows("predict run --input new.txt");
    let piped = rows(&dir.printed_on("predict run --input - --json", "Müller\nRossi\n"));
    assert_eq!((file.len(), &file[1]["line"], &file), (2, &2.into(), &piped));
    near(&file[0], &folder[1], &["p:"]);
    let answers = dir.streamed("predict run", "Mül\nler\n\nRossi\n");
    assert_eq!((answers.len(), &answers[1]["step"]), (3, &6.into()));
    near(&answers[1], &file[0], &["p:"]);
    near(&answers[2], &file[1], &["p:"]);

    let count = 30u8;
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 3, 0, 0, 0, 2];
    images.extend((0..count).flat_map(|i| (0..6).map(move |pixel| (i % 2 * 120).wrapping_add(pixel * i))));
    let mut labels = vec![0, 0, 8, 1, 0, 0, 0, count];
    labels.extend((0..count).map(|i| i % 2));
    dir.write("train-images-idx3-ubyte", &images);
    dir.write("train-labels-idx1-ubyte", &labels);
    dir.write("alone", &images);
    dir.printed(&format!("train --labelled train-images-idx3-ubyte --image-steps rows {SMALL} --out images"));
    let (with, alone) = (
        dir.rows("predict images --input train-images-idx3-ubyte"),
        dir.rows("predict images --input alone"),
    );
    assert_eq!((with.len(), with[3]["true"].as_str(), alone[3].get("true")), (30, Some("1"), None));
    near(&with[7], &alone[7], &["p:"]);
}

#[test]
fn forecasts_are_those_that_eval_judges() {
    let dir = TestDir::new();
    dir.write("all.csv", series(80));
    let common = "--columns level,flow --time-column time --group-column place --window 9 --valid-fraction 0.2 --test-fraction 0";
    for (run, how) in [("direct", "--target flow --horizon 4"), ("recursive", "--recursive true --horizon 5")]
    {
        dir.printed(&format!("train --series all.csv {common} {how} {SMALL} --out {run}"));
        let ahead = if run == "direct" { 4 } else { 5 };
        let last = dir.rows(&format!("predict {run} --input all.csv"));
        assert_eq!(last.len(), 2 * ahead);
        assert_eq!((&last[0]["group"], &last[ahead]["group"]), (&"north".into(), &"south".into()));
        assert_eq!(
            (&last[0]["time"], &last[0]["line"], &last[1]["step"]),
            (&"1980".into(), &160.into(), &2.into())
        );
        let every = dir.rows(&format!("predict {run} --input all.csv --every"));
        assert_eq!(every.len(), 2 * (80 - 9 + 1) * ahead);
        for (row, same) in last[..ahead].iter().zip(every.iter().filter(|row| row["line"] == 160)) {
            near(row, same, &["forecast:"]);
        }
        // Of the windows with all that follows, the mean absolute error is eval's.
        let judged = dir.json(&format!("eval {run} --series all.csv --json"));
        let whole: Vec<&[Value]> = every
            .chunks(ahead)
            .filter(|rows| rows.iter().all(|row| row["actual:flow"].is_number()))
            .collect();
        assert_eq!(whole.len(), 2 * (80 - 9 - ahead + 1));
        for step in 0..ahead {
            let errors = whole.iter().map(|rows| {
                let row = &rows[step];
                (number(row, "forecast:flow") - number(row, "actual:flow")).abs()
            });
            let mae = errors.sum::<f64>() / whole.len() as f64;
            let found = number(&judged["model"]["flow"]["steps"][step], "mae");
            assert!((mae - found).abs() < 1e-4 * found, "{run}, {step}: {mae} and {found}");
        }
        // The last window as a stream says what the window says; beyond a pass it keeps its first row, and may differ.
        let lines = series(80);
        let window: String = lines
            .lines()
            .filter(|line| line.contains("north"))
            .skip(80 - 9)
            .map(|line| {
                let fields: Vec<&str> = line.split(',').collect();
                format!("{},{}\n", fields[2], fields[4])
            })
            .collect();
        let answers = dir.streamed(&format!("predict {run} --group north"), format!("1,2\n\n{window}"));
        let answer = answers.last().expect("an answer");
        assert_eq!((answers.len(), &answer["step"]), (10, &9.into()));
        for (step, row) in last[..ahead].iter().enumerate() {
            let (streamed, whole) =
                (number(answer, &format!("forecast:flow+{}", step + 1)), number(row, "forecast:flow"));
            let tolerance = if run == "direct" || step == 0 { 1e-5 } else { 0.02 };
            assert!(
                (streamed - whole).abs() < tolerance * whole.abs(),
                "{run}, {step}: {streamed} and {whole}"
            );
        }
    }
    // A group that is too short is named, and the other is forecast.
    let long: String = series(30)
        .lines()
        .enumerate()
        .filter(|(i, _)| i % 2 == 1 || *i < 9)
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    dir.write("short.csv", long);
    let output = dir.run_on("predict direct --input short.csv", "");
    let note = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && note.contains("south") && note.contains("9 rows"), "{note}");
    // A dropped row at the end: the forecast follows the last whole row.
    dir.write("gap.csv", series(30) + "1930,north,,text,3000\n");
    let after = dir.rows("predict direct --input gap.csv --missing drop");
    assert_eq!(
        (&after[0]["line"], &after[0]["time"], &after[4]["time"]),
        (&60.into(), &"1930".into(), &"1930".into())
    );
}

#[test]
fn texts_have_the_loss_that_eval_finds() {
    let dir = TestDir::new();
    let text = "The cat, which the dogs saw, was full.\nThe cats were nöt.\n".repeat(60);
    dir.write("text.txt", &text);
    dir.write("ascii.txt", text.replace('ö', "o"));
    for isa in ["byte", "char", "word"] {
        dir.printed(&format!("train --text text.txt --level {isa} --unroll 16 {SMALL} --out {isa}"));
        let judged = dir.json(&format!("eval {isa} --text text.txt --batch 1 --unroll 5000 --json"));
        let rows = dir.rows(&format!("predict {isa} --input text.txt"));
        assert_eq!(rows.len() as u64, judged["tokens"].as_u64().expect("a number") + 1);
        assert!(rows[0]["nats"].is_null());
        let sum: f64 = rows[1..].iter().map(|row| number(row, "nats")).sum();
        let (mean, loss) = (sum / (rows.len() - 1) as f64, number(&judged, "loss"));
        assert!((mean - loss).abs() < 1e-5 * loss, "{isa}: {mean} and {loss}");
        assert_eq!(rows, data::rows(&dir.printed_on(&format!("predict {isa} --input - --json"), &text)));
    }
    // The stream's most likely tokens have the probabilities that the text's losses say.
    let rows = dir.rows("predict char --input text.txt");
    let (mut input, mut met) = (String::new(), 0);
    text.chars().take(30).for_each(|c| input += &format!("{c}\n"));
    for answer in dir.streamed("predict char", &input) {
        let next = &rows[answer["step"].as_u64().expect("a number") as usize];
        assert!(number(&answer, "p1") >= number(&answer, "p2"));
        for rank in 1..=5 {
            if answer[format!("token{rank}")] == next["token"] {
                let (p, nats) = (number(&answer, &format!("p{rank}")), number(next, "nats"));
                assert!((p - (-nats).exp()).abs() < 1e-5, "{answer} {next}");
                met += 1;
            }
        }
    }
    assert!(met > 5);
    // Words are read as a line of them.
    let answers = dir.streamed("predict word", "The cat,\nwhich unheard-of\n\nThe\n");
    assert_eq!(
        answers.iter().map(|answer| answer["step"].as_u64()).collect::<Vec<_>>(),
        [Some(2), Some(4), Some(1)]
    );
}

#[test]
fn keys_have_the_loss_that_eval_finds() {
    let dir = TestDir::new();
    let pieces: Vec<Vec<Vec<u32>>> = (0..6u32)
        .map(|i| (0..9 + i).map(|t| vec![40 + (t * 2 + i) % 9, 52 + (t + i) % 5]).collect())
        .collect();
    dir.write("music.json", serde_json::json!({"train": pieces, "test": pieces[..2]}).to_string());
    dir.printed(&format!("train --labelled music.json {SMALL} --out run"));
    let rows = dir.rows("predict run --input music.json");
    let steps = |pieces: &[Vec<Vec<u32>>]| pieces.iter().map(Vec::len).sum::<usize>();
    assert_eq!(rows.len(), steps(&pieces) + steps(&pieces[..2]));
    let (mut nats, mut count) = (0.0, 0);
    for row in rows.iter().filter(|row| row["part"] == "test") {
        let at = |name: &str| row[name].as_u64().expect("a number") as usize;
        let Some(next) = pieces[at("piece")].get(at("step") + 1) else { continue };
        for key in 0..88u32 {
            let p = number(row, &format!("p:key {}", key + 21));
            nats -= if next.contains(&key) { p.ln() } else { (-p).ln_1p() };
        }
        count += 1;
    }
    let loss = number(&dir.json("eval run --labelled music.json --json"), "loss");
    assert!((nats / f64::from(count) - loss).abs() < 1e-4 * loss, "{nats} {count} {loss}");
    // A step of a stream is a number of each key.
    let line = |keys: &[u32]| {
        (0..88).map(|key| if keys.contains(&key) { "1" } else { "0" }).collect::<Vec<_>>().join(",")
    };
    let input: String = pieces[0].iter().map(|keys| line(keys) + "\n").collect();
    let answers = dir.streamed("predict run", input);
    near(answers.last().expect("an answer"), &rows[pieces[0].len() - 1], &["p:"]);
}

/// A line is answered before the next one is asked for.
#[test]
fn a_stream_answers_at_once() {
    let dir = TestDir::new();
    dir.write("train.ts", ts(&waves(20), "@classLabel true up down", |class| format!(":{class}")));
    dir.printed(&format!("train --labelled train.ts {SMALL} --out run"));
    let mut child = dir.start("predict run --stream");
    let (mut to, from) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let mut from = BufReader::new(from).lines().map(|line| line.expect("UTF-8"));
    assert_eq!(from.next().as_deref(), Some("line,step,predicted,probability,p:up,p:down"));
    for (i, line) in ["101,2", "102,3", "", "99,1"].iter().enumerate() {
        to.write_all(format!("{line}\n").as_bytes()).expect("it reads");
        if !line.is_empty() {
            let answer = from.next().expect("an answer");
            assert!(answer.starts_with(&format!("{},{},", i + 1, [1, 2, 0, 1][i])), "{answer}");
        }
    }
    drop(to);
    assert!(child.wait().expect("it ends").success() && from.next().is_none());
}
