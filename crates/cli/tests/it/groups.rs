//! Several series in one file: which columns tell them apart, and which rows their forecasts read.
#![allow(missing_docs, reason = "a test file")]

use crate::test_dir::TestDir;
use serde_json::Value;

const SMALL: &str = "--batch 8 --hidden 8 --lr 0.01 --window 8 --epochs 2";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, not {value}"))
}

/// Two shops with two items each, whose days are interleaved.
fn shops(days: usize) -> String {
    let day = |t: usize| format!("2021-{:02}-{:02}", t / 28 + 1, t % 28 + 1);
    let row = |t: usize, shop: &str, item: usize| {
        let level = if shop == "New York" { 100.0 } else { 1.0 };
        format!("{},{shop},{item},{:.4}\n", day(t), level * (item as f64 + (t as f64 / 3.0).sin()))
    };
    let rows =
        (0..days).flat_map(|t| ["New York", "Bonn"].map(|shop| [row(t, shop, 1), row(t, shop, 2)].concat()));
    format!("date,shop,item,sales\n{}", rows.collect::<String>())
}

#[test]
fn each_row_of_a_short_validation_part_is_predicted() {
    let dir = TestDir::new();
    let rows: String =
        (0..60).map(|t| format!("{:.4}\n", (t as f64 / 3.0).sin() + 0.01 * t as f64)).collect();
    dir.write("short.csv", format!("x\n{rows}"));
    let flags = format!("--series short.csv {SMALL} --valid-fraction 0.1 --test-fraction 0.1");
    dir.printed(&format!("train {flags} --out back"));
    let parts = |run: &str| {
        let run: Value =
            serde_json::from_str(&dir.read_text(&format!("{run}/run.json"))).expect("a document");
        let parts = &run["data"]["parts"];
        ["train", "valid", "test"].map(|part| parts[part].as_u64().expect("a number"))
    };
    assert_eq!(parts("back"), [40, 6, 6]);
    let forecasts = |run: &str, part: &str| {
        let scores = dir.json(&format!("eval {run} --part {part} --checkpoint last --json"));
        scores["forecasts"].as_u64().expect("a number")
    };
    assert_eq!((forecasts("back", "valid"), forecasts("back", "test")), (6, 6));
    let part = ["the validation part has 6 rows", "needs 9"];
    dir.refused(&format!("train {flags} --reach-back false --out none"), &part);
    let longer = format!("--series short.csv {SMALL} --valid-fraction 0.2 --test-fraction 0.2");
    dir.printed(&format!("train {longer} --out new"));
    dir.printed(&format!("train {longer} --reach-back false --out own"));
    assert_eq!((parts("new"), parts("own")), ([28, 12, 12], [28, 4, 4]));
    // The training part has the same windows, so the losses of all steps are equal.
    let losses = |run: &str| -> Vec<Value> {
        let records = dir.read_text(&format!("{run}/metrics.jsonl"));
        let records = records.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
        records.filter(|record| record["type"] == "step").map(|record| record["loss"].clone()).collect()
    };
    assert!(!losses("new").is_empty() && losses("new") == losses("own"));
    // Runs of earlier versions have no such setting, and their windows are in their part.
    for (run, value) in [("own", "false"), ("new", "true")] {
        let config = dir.read_text(&format!("{run}/config.toml"));
        let older = config.replace(&format!("reach_back = {value}\n"), "");
        assert_ne!(older, config);
        dir.write(format!("{run}/config.toml"), older);
        assert_eq!((forecasts(run, "valid"), forecasts(run, "test")), (4, 4), "{run}");
    }
}

#[test]
fn rows_that_are_steps_are_recognised() {
    let dir = TestDir::new();
    let flags = "--hidden 4 --steps 2";
    // A series below the other without dates: a name is a group, a number may be one.
    for (name, units, grouped) in [("names.csv", ["ann", "bob"], true), ("numbers.csv", ["1", "2"], false)] {
        let series =
            |unit: &str| (0..60).map(|t| format!("{unit},{t},{}\n", (t * t) % 7)).collect::<String>();
        dir.write(name, format!("rig,cycle,x\n{}{}", series(units[0]), series(units[1])));
        let found = dir.json(&format!("inspect {name} --json"));
        let command = found["command"].as_str().expect("a command");
        assert_eq!(
            command.contains("--group-column rig --time-column cycle")
                || command.contains("--time-column cycle --group-column rig"),
            grouped,
            "{command}"
        );
        let notice = "cycle begins anew for each rig";
        assert_eq!(found["notes"].to_string().contains(notice), !grouped, "{found}");
        let output = dir.good(&format!("train --series {name} --window 4 {flags} --out {name}.run"));
        assert!(String::from_utf8_lossy(&output.stderr).contains(notice));
    }
    // Steps of labelled sequences.
    let sequence = |rat: &str, trial: usize| {
        let label = if trial.is_multiple_of(2) { "left" } else { "right" };
        (0..5).map(|t| format!("{rat},{trial},{},{},{label}\n", t * trial, (t * t) % 7)).collect::<String>()
    };
    let rats = ["ann", "bob"].map(|rat| (1..7).map(|trial| sequence(rat, trial)).collect::<String>());
    dir.write("rats.csv", format!("rat,trial,x,y,label\n{}", rats.concat()));
    let found = dir.json("inspect rats.csv --json");
    assert!(found["command"].to_string().contains("--id-column rat,trial"), "{found}");
    assert_eq!((&found["sequences"], &found["form"]), (&12.into(), &"long".into()));
    dir.printed(&format!("train --labelled rats.csv --id-column rat,trial {flags} --out rats"));
    assert_eq!(dir.rows("predict rats --input rats.csv")[7]["id"], "rat=bob trial=2");
}

#[test]
fn two_columns_tell_groups_apart() {
    let dir = TestDir::new();
    dir.write("shops.csv", shops(100));
    let found = dir.json("inspect shops.csv --json");
    let command = found["command"].as_str().expect("a command");
    assert!(
        command.contains("--group-column shop,item") && command.contains("--time-column date"),
        "{command}"
    );
    assert_eq!(found["groups"].as_array().map(Vec::len), Some(4), "{found}");
    let flags = format!("--series shops.csv --group-column shop,item {SMALL}");
    dir.printed(&format!("train {flags} --out run"));
    let scores = dir.json("eval run --json");
    let groups = scores["groups"].as_object().expect("groups");
    assert_eq!(groups.len(), 4, "{scores}");
    for (name, shop) in [("shop=\"New York\" item=1", 100.0), ("shop=Bonn item=2", 1.0)] {
        let error = number(&groups[name]["persistence"]["sales"]["mae"]);
        assert!((0.1 * shop..0.5 * shop).contains(&error), "{name}: {error}");
    }
    assert!(dir.printed("eval run").contains("shop=Bonn item=2"));
    // The configuration of the run groups the rows of another file, in any order of its columns.
    dir.write(
        "later.csv",
        "item,sales,shop,date\n".to_owned()
            + &(0..9)
                .map(|t| format!("2,{},Bonn,2021-06-{:02}\n", 2.0 + (t as f64 / 3.0).sin(), t + 1))
                .collect::<String>(),
    );
    let forecasts = dir.rows("predict run --input later.csv");
    assert_eq!((forecasts.len(), &forecasts[0]["group"]), (1, &"shop=Bonn item=2".into()));
    assert!(number(&forecasts[0]["forecast:sales"]).abs() < 10.0, "{}", forecasts[0]);
    dir.write("unknown.csv", "item,sales,shop,date\n3,1,Bonn,2021-06-01\n");
    dir.bad("predict run --input unknown.csv", &["line 2", "does not know group shop=Bonn item=3"]);
    // A stream has one group.
    let rows: String = (0..9).map(|t| format!("{}\n", 2.0 + (t as f64 / 3.0).sin())).collect();
    dir.write("rows.txt", rows);
    let mut command = dir.command("predict run --stream --json --group");
    command.arg("shop=Bonn item=2").stdin(std::fs::File::open(dir.path("rows.txt")).expect("rows"));
    let output = String::from_utf8(command.output().expect("the program starts").stdout).expect("UTF-8");
    let answer: Value = serde_json::from_str(output.lines().last().expect("an answer")).expect("JSON");
    let (streamed, whole) = (&answer["forecast:sales+1"], &forecasts[0]["forecast:sales"]);
    assert!((number(streamed) - number(whole)).abs() < 1.0, "{streamed} and {whole}");
}

#[test]
fn reports_list_the_groups_beside_their_baselines() {
    let dir = TestDir::new();
    // 24 groups: more than a table has rows.
    let row =
        |t: usize, group: usize| format!("{t},g{group:02},{:.4}\n", (t as f64 / 3.0 + group as f64).sin());
    let rows: String = (0..60).flat_map(|t| (0..24).map(move |group| row(t, group))).collect();
    dir.write("many.csv", format!("t,group,x\n{rows}"));
    let flags = "--group-column group --time-column t";
    dir.printed(&format!("train --series many.csv {flags} {SMALL} --no-probe --out run"));
    let document = dir.json("report run --format json");
    let groups = &document[0]["groups"];
    let worst = groups["worst"].as_array().expect("a list");
    assert_eq!((worst.len(), &groups["all"], &groups["more"]), (20, &24.into(), &4.into()), "{groups}");
    let ratios: Vec<f64> = worst.iter().map(|group| number(&group["ratio"])).collect();
    assert!(ratios.is_sorted_by(|a, b| a >= b), "{ratios:?}");
    for group in worst {
        let below = number(&group["loss"]) < number(&group["baseline_loss"]);
        assert_eq!(group["below"], below, "{group}");
    }
    for (language, parts) in [
        (
            "en",
            [
                "## Groups at the last validation",
                "Compared with the baseline",
                "and 4 more groups with smaller ratios",
            ],
        ),
        ("zh", ["## 最近一次验证中的各组", "与基线相比", "另有 4 个组，比值更小"]),
    ] {
        let report = dir.printed(&format!("report run --format md --lang {language}"));
        parts.iter().for_each(|part| assert!(report.contains(part), "{part} in {report}"));
    }
}
