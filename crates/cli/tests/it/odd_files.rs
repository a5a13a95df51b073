//! What the program says of odd files: each is read right by `inspect`, `train` and `predict`, or refused with one message.
//!
//! `LONGSPAN_SHOW=1 cargo test -p longspan-cli --test it odd_files -- --nocapture` prints the table of docs/odd-files.md.

mod files;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use serde_json::Value;

use crate::test_dir::TestDir;
use files::{Odd, all};

/// Settings of a network that is trained in no time.
const SMALL: &str = "--hidden 4 --steps 2 --threads 1 --json";

/// What the program said of a file.
#[derive(Debug)]
struct Said {
    inspect: String,
    train: String,
    predict: String,
    /// Whether `predict --stream` forecasts the same from the lines of the file; empty for other data.
    stream: String,
    /// Notes of `inspect`, and what `train` printed on standard error.
    notes: Vec<String>,
    stderr: String,
}

#[test]
fn odd_files_are_read_right_or_refused_with_one_message() {
    let odd = all();
    assert!(odd.len() >= 80, "{} files", odd.len());
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(8) {
            let (send, next, odd) = (send.clone(), &next, &odd);
            scope.spawn(move || {
                while let Some(file) = odd.get(next.fetch_add(1, Ordering::Relaxed)) {
                    send.send((file.what, said(file))).expect("the receiver waits for all of them");
                }
            });
        }
    });
    drop(send);
    let said: std::collections::HashMap<&str, Said> = receive.iter().collect();
    assert_eq!(said.len(), odd.len(), "two files have the same description");
    if std::env::var_os("LONGSPAN_SHOW").is_some() {
        println!("{}", markdown(&odd, &said));
    }
    let wrong: Vec<String> = odd.iter().filter_map(|file| wrong(file, &said[file.what])).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), odd.len(), wrong.join("\n"));
}

/// What is wrong with what was said of a file; None if it is as expected.
fn wrong(file: &Odd, said: &Said) -> Option<String> {
    let expected = file.expected;
    let right = match expected.strip_prefix("refused: ") {
        Some(part) => {
            let refusal = |text: &str| text.starts_with("refused: ") && text.contains(part);
            refusal(&said.inspect) && refusal(&said.train)
        }
        None => said.inspect == expected && said.train == "trained" && said.predict.starts_with("predicted "),
    };
    let given =
        |part: &&&str| said.notes.iter().any(|note| note.contains(**part)) && said.stderr.contains(**part);
    // These notes are about the command that `inspect` prints.
    const OF_COMMAND: [&str; 4] =
        ["the last column is", "the text can also", "the text is short", "these columns have no values"];
    let own = |note: &&String| !OF_COMMAND.iter().any(|start| note.starts_with(start));
    let untold = said.notes.iter().filter(own).any(|note| !said.stderr.contains(note.as_str()));
    // A stream cannot be interpolated.
    let refused = if said.inspect.contains(" missing: ") { "cannot be interpolated" } else { file.stream };
    let stream = match said.stream.strip_prefix("refused: ") {
        Some(message) => !refused.is_empty() && message.contains(refused),
        None => refused.is_empty() && said.stream == "as predict" || said.stream.is_empty(),
    };
    let right = right && stream && !untold && file.notes.iter().all(|part| given(&part));
    (!right).then(|| format!("{}\n  expected {expected}\n  {said:?}", file.what))
}

fn said(file: &Odd) -> Said {
    let dir = TestDir::new();
    for (name, bytes) in &file.files {
        dir.write(name, bytes);
    }
    let path = file.path;
    let found = match answer(&dir, &format!("inspect {path} --json {}", file.flags)) {
        Ok(text) => serde_json::from_str::<Value>(&text).expect("one JSON document"),
        Err(refusal) => {
            // The message of `train` names the same cell.
            let train = format!("train --{} {path} {} {SMALL} --out run", file.read_as, file.flags);
            let train = match answer(&dir, &train) {
                Ok(_) => "trained".into(),
                Err(refusal) => refusal,
            };
            return Said {
                inspect: refusal,
                train,
                predict: String::new(),
                stream: String::new(),
                notes: Vec::new(),
                stderr: String::new(),
            };
        }
    };
    let inspect = summary(&found);
    let Some(settings) = found["settings"].as_array() else {
        // The last note says why nothing can train on it.
        let note = found["notes"].as_array().and_then(|notes| notes.last()?.as_str()).unwrap_or_default();
        let train =
            answer(&dir, &format!("train --{} {path} {} {SMALL} --out run", file.read_as, file.flags));
        let train = train.map_or_else(|refusal| refusal, |_| "trained".into());
        return Said {
            inspect: format!("refused: {note}"),
            train,
            predict: String::new(),
            stream: String::new(),
            notes: Vec::new(),
            stderr: String::new(),
        };
    };
    let mut command = dir.command(&format!("train {SMALL} --out run"));
    let (mut input, mut window) = (String::new(), 0);
    if !settings.iter().any(|setting| setting["key"] == "batch") {
        command.arg("--batch=4");
    }
    for setting in settings {
        let (key, value) =
            (setting["key"].as_str().expect("a key"), setting["value"].as_str().expect("a value"));
        let value = if key == "window" {
            value.parse::<usize>().map_or(4, |w| w.min(4)).to_string()
        } else {
            value.to_owned()
        };
        if key == "window" {
            window = value.parse().expect("a number");
        }
        if matches!(key, "series" | "labelled" | "text") {
            input.clone_from(&value);
        }
        command.arg(format!("--{}={value}", key.replace('_', "-")));
    }
    let trained = command.output().expect("the program starts");
    if !trained.status.success() {
        return Said {
            inspect,
            train: refusal(&trained),
            predict: String::new(),
            stream: String::new(),
            notes: Vec::new(),
            stderr: String::new(),
        };
    }
    let mut command = dir.command("predict run --json --threads 1 --input");
    let output = command.arg(&input).output().expect("the program starts");
    let predict = if output.status.success() { predicted(&found, &output.stdout) } else { refusal(&output) };
    let stream = match (found["kind"] == "series", file.files.as_slice()) {
        (true, [(_, bytes)]) if is_stream(bytes) => streamed(&dir, bytes, window, &output.stdout),
        _ => String::new(),
    };
    let notes =
        found["notes"].as_array().map(|notes| notes.iter().filter_map(Value::as_str).map(str::to_owned));
    let notes = notes.map(Iterator::collect).unwrap_or_default();
    // `train` names files by their absolute paths.
    let root = format!("{}/", dir.root().display());
    let stderr = String::from_utf8_lossy(&trained.stderr).replace(&root, "");
    Said { inspect, train: "trained".into(), predict, stream, notes, stderr }
}

/// Whether a file has lines that could come one by one, none of them blank.
fn is_stream(bytes: &[u8]) -> bool {
    let binary = [&b"\x1f\x8b"[..], b"\x93NUMPY", b"PK"].iter().any(|magic| bytes.starts_with(magic));
    let blank = bytes.windows(2).any(|pair| pair == b"\n\n");
    !binary && !blank && bytes.contains(&b'\n')
}

/// Whether a stream of the lines of a series has the forecast of `predict` at its end. An empty line begins a new sequence,
/// so that the state before the last forecast depends on one window, as in `predict`.
fn streamed(dir: &TestDir, bytes: &[u8], window: usize, predicted: &[u8]) -> String {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    // Lines of separators at the end are no rows.
    let tail = lines.iter().rev().take_while(|line| line.iter().all(|byte| b",\r\n".contains(byte))).count();
    let window = (window + tail).min(lines.len());
    let input =
        [lines[..lines.len() - window].concat(), b"\n".to_vec(), lines[lines.len() - window..].concat()]
            .concat();
    let output = dir.run_on("predict run --stream --json --threads 1", input);
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let last = message.lines().last().unwrap_or_default();
        let refused = output.status.code() == Some(2) && last.starts_with("error: standard input: line ");
        return format!(
            "{}{}",
            if refused { "refused: " } else { "FAILED: " },
            last.trim_start_matches("error: ")
        );
    }
    let last = |stdout: &[u8]| -> Vec<f64> {
        let text = String::from_utf8_lossy(stdout);
        let row: Value = serde_json::from_str(text.lines().last().unwrap_or("{}")).expect("a JSON object");
        let forecasts =
            row.as_object().expect("an object").iter().filter(|(key, _)| key.starts_with("forecast:"));
        forecasts.map(|(_, value)| value.as_f64().expect("a number")).collect()
    };
    let (here, there) = (last(&output.stdout), last(predicted));
    let near = here.iter().zip(&there).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs()));
    if here.len() == there.len() && !here.is_empty() && near {
        "as predict".into()
    } else {
        format!("{here:?}, not {there:?}")
    }
}

/// What a command printed, or its one message.
fn answer(dir: &TestDir, line: &str) -> Result<String, String> {
    let output = dir.run(line);
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).expect("UTF-8")),
        false => Err(refusal(&output)),
    }
}

fn refusal(output: &std::process::Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr);
    let text = message.trim().strip_prefix("error: ").unwrap_or(message.trim()).to_owned();
    let one = output.status.code() == Some(2) && text.lines().count() == 1;
    format!("{}{text}", if one { "refused: " } else { "FAILED: " })
}

/// The facts of a description of data in one line.
fn summary(found: &Value) -> String {
    let kind = found["kind"].as_str().expect("a kind");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let list = |value: &Value, of: &dyn Fn(&Value) -> String| {
        value.as_array().map(|all| all.iter().map(of).collect::<Vec<_>>().join(", ")).unwrap_or_default()
    };
    let missing = match &found["missing"] {
        Value::Number(n) if n.as_u64() > Some(0) => format!(", {n} missing"),
        _ => String::new(),
    };
    match kind {
        "series" => {
            let columns = list(&found["columns"], &|c| {
                format!("{} {}..{}", text(&c["name"]), shown(&c["least"]), shown(&c["greatest"]))
            });
            let time = match &found["time"] {
                Value::Null => String::new(),
                time => format!(", time {}", text(&time["column"])),
            };
            let groups = found["groups"].as_array().map_or(0, Vec::len);
            let groups = if groups > 1 { format!(", {groups} groups") } else { String::new() };
            let left_out = list(&found["left_out"], &text);
            let left_out = if left_out.is_empty() { left_out } else { format!("; not read: {left_out}") };
            format!("{} rows{time}{groups}{missing}: {columns}{left_out}", found["rows"])
        }
        "labelled" => {
            let classes = list(&found["classes"], &|class| format!("{} {}", text(&class[0]), class[1]));
            let many = found["classes"].as_array().map_or(0, Vec::len);
            let classes = match found.get("targets") {
                Some(range) => format!("targets {}..{}", shown(&range[0]), shown(&range[1])),
                None if many > 5 => format!("{many} classes"),
                None => classes,
            };
            let lengths = &found["lengths"];
            let what = match &found["vocabulary"] {
                Value::Null => list(&found["channels"], &|c| {
                    format!("{} {}..{}", text(&c["name"]), shown(&c["range"][0]), shown(&c["range"][1]))
                }),
                tokens => format!("{tokens} tokens"),
            };
            let steps = if lengths["min"] == lengths["max"] {
                text(&lengths["max"])
            } else {
                format!("{}..{}", lengths["min"], lengths["max"])
            };
            format!("{} sequences of {steps}{missing}: {what}; {classes}", found["sequences"])
        }
        "text" => format!("text of {} characters, {} lines", found["characters"], found["lines"]),
        other => other.to_owned(),
    }
}

fn shown(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".into(), |x| format!("{}", x as f32))
}

/// The number of predictions, after a check that forecasts are near the range of their column, and classes those of the data.
fn predicted(found: &Value, stdout: &[u8]) -> String {
    let rows: Vec<Value> = String::from_utf8_lossy(stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect();
    for row in &rows {
        for (name, value) in row.as_object().expect("an object") {
            if let Some(column) = name.strip_prefix("forecast:") {
                let columns = found["columns"].as_array().expect("columns");
                let column = columns.iter().find(|c| c["name"] == column).expect("the column");
                let (least, greatest) = (
                    column["least"].as_f64().expect("a number"),
                    column["greatest"].as_f64().expect("a number"),
                );
                let (width, value) = (greatest - least, value.as_f64().expect("a number"));
                if !(least - width..=greatest + width).contains(&value) {
                    return format!("out of range: {value} beyond {least}..{greatest}");
                }
            }
            if name == "class"
                && !found["classes"].as_array().expect("classes").iter().any(|class| class[0] == *value)
            {
                return format!("unknown class {value}");
            }
        }
    }
    match found["sequences"].as_u64() {
        Some(sequences) if sequences != rows.len() as u64 => {
            format!("{} predictions for {sequences} sequences", rows.len())
        }
        _ if rows.is_empty() => "no predictions".into(),
        _ => format!("predicted {}", rows.len()),
    }
}

/// The table of docs/odd-files.md.
fn markdown(odd: &[Odd], said: &std::collections::HashMap<&str, Said>) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let mut text = "| file | what Longspan says | of its lines as a stream |\n|---|---|---|\n".to_owned();
    for file in odd {
        let found = &said[file.what];
        let flags =
            if file.flags.is_empty() { String::new() } else { format!(" with `{}`", cell(file.flags)) };
        let says = match found.inspect.strip_prefix("refused: ") {
            Some(message) => format!("refused: {}", cell(message)),
            None => format!("read: {}", cell(&found.inspect)),
        };
        let stream = if found.stream.is_empty() { "–" } else { &found.stream };
        text += &format!("| {}{flags} | {says} | {} |\n", cell(file.what), cell(stream));
    }
    text
}

/// Data in other units than those of training are noticed where they are used.
#[test]
fn other_units_are_noticed() {
    let dir = TestDir::new();
    let table = |times: f64, offset: f64| {
        let row = |i: usize| format!("{},{}\n", i * 5 % 7, times * (offset + (i * 3 % 11) as f64));
        format!("x,p\n{}", (0..200).map(row).collect::<String>())
    };
    dir.write("train.csv", table(1.0, 1000.0));
    dir.write("same.csv", table(1.0, 1002.0));
    dir.write("pascal.csv", table(1000.0, 1000.0));
    dir.good(&format!("train --series train.csv --window 4 --batch 4 {SMALL} --out run"));
    for (file, warned) in [("same.csv", false), ("pascal.csv", true)] {
        let predict = dir.good(&format!("predict run --input {file}"));
        let eval = dir.good(&format!("eval run --series {file} --json"));
        for output in [&predict, &eval] {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let told = stderr.contains("column p: mean 100") && stderr.contains("are the units the same?");
            assert_eq!(told, warned, "{file}: {stderr}");
        }
        let document: Value = serde_json::from_slice(&eval.stdout).expect("a document");
        assert_eq!(document["warnings"].is_array(), warned, "{document}");
    }
}
