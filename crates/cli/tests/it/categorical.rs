//! Columns of categories: training, evaluation, prediction and streams read them alike.
#![allow(missing_docs, reason = "a test file")]

use longspan_kernel::rng::{Key, Purpose};

use crate::predict::data::{near, number};
use crate::test_dir::TestDir;

const SMALL: &str = "--hidden 8 --batch 16 --lr 0.02 --threads 1 --json";

/// The sky of each of so many rows, which nothing foretells.
fn skies(rows: usize) -> Vec<&'static str> {
    let mut draw = Key::new(5, Purpose::Probe, 0, 0).stream(0, 0);
    (0..rows).map(|_| ["sun", "rain", "fog"][draw.below(3) as usize]).collect()
}

/// A series in which the next power follows from the sky; some skies are not known.
fn series(skies: &[&str]) -> String {
    let mut text = "heat,sky,power\n".to_owned();
    let mut power = 0.0;
    for (t, sky) in skies.iter().enumerate() {
        let sky = if t % 17 == 5 { "?" } else { sky };
        text += &format!("{},{sky},{power}\n", 20 + t % 5);
        power = match sky {
            "sun" => 900.0,
            "rain" => 300.0,
            "fog" => 100.0,
            _ => 0.0,
        };
    }
    text
}

#[test]
fn a_series_reads_its_categories() {
    let dir = TestDir::new();
    let skies = skies(500);
    dir.write("s.csv", series(&skies));
    let found = dir.printed("inspect s.csv");
    assert!(found.contains("text columns are not read: sky (--categorical sky)"), "{found}");
    let train = "train --series s.csv --categorical sky --window 4 --test-fraction 0.1";
    dir.printed(&format!("{train} {SMALL} --steps 300 --out run"));
    let about = dir.printed("inspect run");
    assert!(about.contains("5 channels, heat, sky=fog, sky=rain, sky=sun, power"), "{about}");
    let judged = dir.json("eval run --json");
    let mae = |judged: &serde_json::Value, who: &str| number(&judged[who]["power"], "mae");
    assert!(mae(&judged, "model") < 0.2 * mae(&judged, "mean"), "{judged}");
    // The forecast follows from the last sky.
    let rows = dir.rows("predict run --input s.csv --every");
    for row in rows.iter().skip(450).filter(|row| !row["actual:power"].is_null()) {
        assert!((number(row, "forecast:power") - number(row, "actual:power")).abs() < 250.0, "{row}");
    }
    // A resumed run has the same categories.
    let other = format!("{train} {SMALL} --steps 300 --out again");
    dir.printed(&other.replace("300", "100"));
    dir.printed("train --resume --out again --steps 300");
    let weights = |run: &str| dir.read(&format!("{run}/checkpoints/last.safetensors"));
    assert!(weights("run") == weights("again"));

    // A sky that training did not have is one notice.
    let mut text = series(&skies[..60]);
    text = text.replace("\n22,sun,", "\n22,hail,").replace("\n23,sun,", "\n23,storm,");
    let count = text.matches("hail").count() + text.matches("storm").count();
    dir.write("new.csv", &text);
    let output = dir.good("predict run --input new.csv --json");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let told = format!("column sky: {count} rows have categories that training did not have (");
    assert!(stderr.contains(&told) && stderr.matches("column sky").count() == 1, "{stderr}");
    let warned = dir.json("eval run --series new.csv --json");
    assert!(warned["warnings"][0].as_str().is_some_and(|text| text.contains(&told)), "{warned}");

    // As a stream, four lines are the window of the last forecast.
    let last: Vec<&str> = text.lines().rev().take(4).collect();
    let lines: String = last.iter().rev().map(|line| format!("{line}\n")).collect();
    let whole = &dir.rows("predict run --input new.csv")[0];
    let plain = dir.streamed("predict run", &lines);
    assert!(
        (number(&plain[3], "forecast:power+1") - number(whole, "forecast:power")).abs() < 0.01,
        "{plain:?}"
    );
    let shuffled: String = lines.lines().fold("sky,power,heat\n".to_owned(), |text, line| {
        let fields: Vec<&str> = line.split(',').collect();
        text + &format!("{},{},{}\n", fields[1], fields[2], fields[0])
    });
    let named = dir.streamed("predict run", &shuffled);
    plain.iter().zip(&named).for_each(|(a, b)| near(a, b, &["forecast:"]));
    let output = dir.run_on("predict run --stream", "20,hail,1\n20,hail,1\n20,?,1\n20,NA,1\n");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.matches("did not have the category \"hail\"").count() == 1, "{stderr}");
    let answers = String::from_utf8_lossy(&output.stdout).lines().count();
    assert!(output.status.success() && answers == 5, "{stderr}");

    // What cannot be read as categories.
    for (flags, parts) in [
        ("--target sky --categorical sky", &["column sky is categorical"][..]),
        ("--recursive --horizon 2 --categorical sky", &["column sky is categorical", "--recursive"]),
        ("--categorical skies", &["--categorical", "has no column \"skies\""]),
        ("--group-column sky --categorical sky", &["--group-column and --categorical"]),
    ] {
        dir.refused(&format!("train --series s.csv --window 4 {flags} --out no"), parts);
    }
    dir.refused(
        "train --series s.csv --window 4 --from run --categorical heat --out no",
        &["--categorical", "sky"],
    );
    let many: String = (0..200).map(|i| format!("{i},c{i}\n")).collect();
    dir.write("many.csv", format!("x,name\n{many}"));
    dir.refused(
        "train --series many.csv --categorical name --window 2 --out no",
        &["line 66", "more than 64 categories"],
    );
    dir.write("t.txt", "words and words");
    dir.refused(
        "train --text t.txt --categorical sky --out no",
        &["--categorical", "--labelled or --series only"],
    );
}

/// Sequences whose class is the colour that occurs at an even step.
fn colours(sequences: usize, more: &str) -> String {
    let mut draw = Key::new(7, Purpose::Probe, 0, 0).stream(0, 0);
    let mut text = "id,x,colour,label\n".to_owned();
    for i in 0..sequences {
        let class = ["red", "blue"][i % 2];
        for t in 0..4 + i % 3 {
            let colour = if t == 2 { class } else { ["green", more][draw.below(2) as usize] };
            text += &format!("s{i},{},{colour},{class}\n", draw.below(100));
        }
    }
    text
}

#[test]
fn labelled_sequences_read_their_categories() {
    let dir = TestDir::new();
    dir.write("train.csv", colours(200, "white"));
    dir.write("test.csv", colours(30, "black"));
    let command = dir.json("inspect train.csv --json")["command"].to_string();
    assert!(command.contains("--labelled train.csv --id-column id --categorical colour"), "{command}");
    dir.refused(
        "train --labelled train.csv --id-column id --out no",
        &["column colour has words such as", "--categorical"],
    );
    let train = "train --labelled train.csv --id-column id --categorical colour --pool mean";
    dir.printed(&format!("{train} {SMALL} --steps 150 --out run"));
    dir.printed(&format!("{train} {SMALL} --steps 60 --out again"));
    dir.printed("train --resume --out again --steps 150");
    let weights = |run: &str| dir.read(&format!("{run}/checkpoints/last.safetensors"));
    assert!(weights("run") == weights("again"));
    let about = dir.printed("inspect run");
    assert!(about.contains("x, colour=blue, colour=green, colour=red, colour=white"), "{about}");
    let output = dir.good("eval run --labelled test.csv --json");
    let judged: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(number(&judged, "accuracy") >= 0.85, "{judged}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("column colour: ") && stderr.contains("(black)"), "{stderr}");
    let rows = dir.rows("predict run --input test.csv");
    let right = rows.iter().filter(|row| row["true"] == row["predicted"]).count();
    assert_eq!((rows.len(), right as f64 / 30.0), (30, number(&judged, "accuracy")));
    let mut lines = "x,colour\n".to_owned();
    for line in colours(30, "black").lines().skip(1).filter(|line| line.starts_with("s7,")) {
        let fields: Vec<&str> = line.split(',').collect();
        lines += &format!("{},{}\n", fields[1], fields[2]);
    }
    let answers = dir.streamed("predict run", &lines);
    near(answers.last().expect("an answer"), &rows[7], &["p:", "probability"]);
    dir.refused(
        "train --labelled train.csv --label-column label --categorical colour --out no",
        &["--id-column"],
    );
    dir.write("x.ts", "@classLabel true a b\n@data\n1,2:a\n3,4:b\n");
    dir.refused("train --labelled x.ts --categorical colour --out no", &["--categorical needs a table"]);
}
