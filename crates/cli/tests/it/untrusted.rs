//! Runs that somebody else made: nothing outside them is read, and their names do not control a terminal.
#![cfg(unix)]
#![allow(missing_docs, reason = "a test file")]

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::serve::Server;
use crate::test_dir::TestDir;

const TASK: &str = "train --task parity --length 5 --hidden 4 --batch 4 --steps 30 --eval-every 5 --no-probe";

/// A copy of a directory of the test.
fn copy(dir: &TestDir, from: &str, to: &str) {
    let _ = std::fs::remove_dir_all(dir.path(to));
    std::fs::create_dir_all(dir.path(to).parent().expect("a directory")).expect("directories");
    let copied = Command::new("cp").arg("-r").args([dir.path(from), dir.path(to)]).status();
    assert!(copied.is_ok_and(|status| status.success()));
}

/// Replaces a file or a folder by a link to one that has the same content, but is not in the run.
fn lead_out(dir: &TestDir, run: &str, name: &str) {
    let (own, outside) = (dir.path(run).join(name), dir.path("outside"));
    let _ = std::fs::remove_dir_all(&outside);
    let _ = std::fs::remove_file(&outside);
    std::fs::rename(&own, &outside).expect("it is moved");
    symlink(&outside, &own).expect("a link");
}

/// A file of a run that is a link, and a file in a folder that is one, is an error that names it, even if it would fit.
#[test]
fn links_out_of_a_run_are_not_followed() {
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --observe-every 5 --out good"));
    dir.good("probe good --sequences 16 --window 4");
    let [diagnose, report] = ["diagnose run --json", "report run --format json -o out.json"];
    let [eval, resume] = ["eval run", "train --resume --out run --steps 40"];
    for (name, refusing) in [
        ("run.json", &[diagnose, report, resume][..]),
        ("config.toml", &[diagnose, report, eval, resume]),
        ("metrics.jsonl", &[diagnose, report, resume]),
        ("summary.json", &[diagnose, report]),
        ("checkpoints", &[eval, resume]),
        ("checkpoints/best.safetensors", &[eval]),
        ("checkpoints/last.safetensors", &[resume]),
        ("flow", &[report, resume]),
        ("flow/000001.safetensors", &[report]),
        ("probe", &[diagnose, report]),
        ("lock", &[resume]),
    ] {
        for command in refusing {
            copy(&dir, "good", "run");
            lead_out(&dir, "run", name);
            let output = dir.run(command);
            let mut text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            if command.starts_with("report") && output.status.success() {
                text = dir.read_text("out.json");
            }
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let at = text.find("symbolic link").unwrap_or_else(|| panic!("{name}: {command}: {text}"));
            assert!(text[..at].contains(&format!("run/{name}")), "{name}: {command}: {text}");
        }
    }
    // The run itself may be a link: the user named it.
    copy(&dir, "good", "elsewhere/run");
    symlink(dir.path("elsewhere/run"), dir.path("named")).expect("a link");
    for command in
        ["diagnose named", "report named --format md", "eval named", "train --resume --out named --steps 40"]
    {
        let output = dir.run(command);
        assert!(output.status.code() < Some(2), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Only commands that compute on the data of a run open them.
#[test]
fn data_that_a_run_names_are_not_opened_to_show_it() {
    let dir = TestDir::with_text();
    dir.good("train --text text.txt --hidden 4 --batch 4 --unroll 8 --steps 5 --no-probe --out runs/one");
    // Whoever opens it waits.
    std::fs::remove_file(dir.path("text.txt")).expect("a file");
    let made = Command::new("mkfifo").arg(dir.path("text.txt")).status();
    assert!(made.is_ok_and(|status| status.success()));
    for command in
        ["ls runs", "diagnose runs/one", "report runs/one runs/one -o page.html", "inspect runs/one"]
    {
        let line = format!("timeout 60 '{}' {command}", env!("CARGO_BIN_EXE_longspan"));
        let output =
            Command::new("sh").current_dir(dir.root()).args(["-c", &line]).output().expect("a shell");
        assert!(output.status.code() < Some(2), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What a terminal acts on.
fn acts(c: char) -> bool {
    c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Names of runs, files, columns and classes are shown without control characters, in texts, pages, tables and errors.
#[test]
fn names_do_not_control_a_terminal() {
    let dir = TestDir::new();
    let odd = "a\u{1b}[31mb\u{202e}\u{9b}";
    let rows = |label: &str| {
        let row =
            |i: usize| format!("{},{},{}\n", i % 7, i % 3, if i.is_multiple_of(2) { label } else { "plain" });
        (0..80).map(row).collect::<String>()
    };
    dir.write(format!("{odd}.csv"), format!("x{odd},y,class\n{}", rows(odd)));
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
        let output = command.current_dir(dir.root()).args(arguments).output().expect("the program starts");
        let (text, notes) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
        let (text, notes) = (text.expect("UTF-8"), notes.expect("UTF-8"));
        for shown in [&text, &notes] {
            assert!(!shown.contains(acts), "{arguments:?}: {shown:?}");
        }
        (output.status.code(), text, notes)
    };
    let (file, name) = (format!("{odd}.csv"), format!("runs/{odd}"));
    let train = [
        "train",
        "--labelled",
        &file,
        "--hidden",
        "4",
        "--steps",
        "6",
        "--eval-every",
        "3",
        "--no-probe",
        "--out",
    ];
    let (code, _, notes) = run(&[&train[..], &[&name]].concat());
    assert_eq!(code, Some(0), "{notes}");
    let shown = r"a\u001b[31mb\u202e\u009b";
    for arguments in [
        &["inspect", &file][..],
        &["inspect", &file, "--json"],
        &["inspect", &name],
        &["ls"],
        &["ls", "--json"],
        &["eval", &name],
        &["eval", &name, "--json"],
        &["diagnose", &name],
        &["report", &name, "--format", "md"],
        &["report", &name, "--format", "csv"],
        &["eval", &format!("{name}\n")],
        &["train", "--config", &file],
        &["diagnose", &name, &file],
    ] {
        let (_, text, notes) = run(arguments);
        assert!(text.contains(shown) || notes.contains(shown), "{arguments:?}: {text}{notes}");
        if arguments.contains(&"--json") && text.starts_with('{') {
            let document: serde_json::Value = serde_json::from_str(&text).expect("a document");
            let names = serde_json::to_string(odd).expect("a text");
            assert!(
                document.to_string().contains(names.trim_matches('"')),
                "a document has the names as they are"
            );
        }
    }
    run(&["report", &name, "-o", "page.html"]);
    let page = dir.read_text("page.html");
    let documents = page.rsplit("id=\"documents\"").next().expect("documents");
    assert!(documents.contains(r"a\\u001b[31mb\\u202e\\u009b"), "{documents}");
    assert!(!documents.contains("\\u001b[31mb\u{202e}"), "{documents}");
}

/// Runs whose names are not UTF-8, and differ only in that, are different runs.
#[test]
fn names_that_are_no_text_stay_distinct() {
    use std::os::unix::ffi::OsStrExt;
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --out one"));
    std::fs::create_dir(dir.path("runs")).expect("a directory");
    let names = [&b"runs/a\xff"[..], b"runs/a\xfe"].map(std::ffi::OsStr::from_bytes);
    for name in names {
        let copied = Command::new("cp").current_dir(dir.root()).args(["-r", "one"]).arg(name).status();
        assert!(copied.is_ok_and(|status| status.success()));
    }
    let list = dir.printed("ls");
    assert!(list.contains(r"$'runs/a\xff'") && list.contains(r"$'runs/a\xfe'"), "{list}");
    let list = dir.json("ls --json");
    assert_ne!(list[0]["run"], list[1]["run"]);
    for format in ["md", "csv", "json"] {
        let mut command = dir.command("report");
        let output = command.args(names).args(["--format", format]).output().expect("the program starts");
        let text = String::from_utf8(output.stdout).expect("UTF-8").replace("\\\\", "\\");
        assert!(text.contains(r"$'a\xff'") && text.contains(r"$'a\xfe'"), "{format}: {text}");
    }
    // Nor does a command fail because of such a name.
    let run = |arguments: &str| {
        let mut command = dir.command(arguments);
        let output = command.arg(names[0]).output().expect("the program starts");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() < Some(2), "{arguments}: {message}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let shown = r"$'runs/a\xff'";
    assert!(run("train --resume --steps 40 --out").contains(shown));
    assert!(run("train --resume --steps 50 --json --out").contains(r"$'runs/a\\xff'"));
    assert!(run("diagnose").contains(shown) && run("inspect").contains(shown));
    run(&format!("{TASK} --out other --from"));
    let server = Server::start(&dir, "");
    let (_, list) = server.get("/api/runs");
    assert!(list.contains(r"$'a\\xff'") && list.contains(r"$'a\\xfe'"), "{list}");
    for byte in ["xff", "xfe"] {
        let (status, document) = server.get(&format!("/api/run?name=$%27a%5C{byte}%27"));
        assert!(status == 200 && document.contains(&format!(r"$'a\\{byte}'")), "{byte}: {document}");
    }
}

/// The dashboard shows what is below its directory, and nothing that a link leads to.
#[test]
fn the_server_stays_in_its_directory() {
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --out outside/secret"));
    dir.good(&format!("{TASK} --out runs/own"));
    for (to, link) in [("outside/secret", "runs/run"), ("outside", "runs/folder"), ("runs", "runs/loop")] {
        symlink(dir.path(to), dir.path(link)).expect("a link");
    }
    copy(&dir, "runs/own", "runs/part");
    lead_out(&dir, "runs/part", "metrics.jsonl");
    symlink(dir.path("runs"), dir.path("named")).expect("a link");
    let server = Server::start(&dir, "");
    let (_, list) = server.get("/api/runs");
    assert_eq!(list.matches("\"name\":").count(), 2, "{list}");
    for name in ["run", "folder/secret", "loop/own"] {
        assert_eq!(server.get(&format!("/api/run?name={name}")).0, 404, "{name}");
    }
    let (_, part) = server.get("/api/run?name=part");
    assert!(part.contains("metrics.jsonl cannot be read (it is a symbolic link"), "{part}");
    assert!(list.matches("\"loss\":null").count() == 1, "{list}");
}
