//! The commands of docs/recipes.md, each with one training step.
#![allow(missing_docs, reason = "a test file")]

use std::path::Path;

use crate::test_dir::{TestDir, data_are_required, real_data};

/// The commands of the page that train or sample, one line each, in their order.
fn commands() -> Vec<String> {
    let page = include_str!("../../../../docs/recipes.md").replace("\\\n", " ");
    let lines = page.lines().filter_map(|line| line.strip_prefix("longspan "));
    lines
        .filter(|line| line.starts_with("train ") || line.starts_with("sample "))
        .map(str::to_owned)
        .collect()
}

/// The command with the paths of files below `root` in full, or None where a file is missing and need not be there.
fn with_data(command: &str, root: &Path) -> Option<String> {
    let mut words = Vec::new();
    let mut follows_data = false;
    for word in command.split_whitespace() {
        let path = root.join(word);
        assert!(path.exists() || !follows_data || !data_are_required(), "LONGSPAN_DATA has no {word}");
        if follows_data && !path.exists() {
            eprintln!("SKIPPED: LONGSPAN_DATA has no {word}");
            return None;
        }
        words.push(if follows_data { path.to_string_lossy().into_owned() } else { word.to_owned() });
        follows_data = matches!(word, "--text" | "--series" | "--labelled" | "--labelled-test");
    }
    Some(words.join(" "))
}

/// Every command is accepted as it stands, with its data, and takes a step. Samples come from the runs that the page trained.
#[test]
fn every_recipe_takes_a_step() {
    let commands = commands();
    assert!(commands.len() > 6, "docs/recipes.md has only {commands:?}");
    let Some(root) = real_data() else { return };
    let dir = TestDir::new();
    for command in commands.iter().filter_map(|command| with_data(command, &root)) {
        match command.strip_prefix("train ") {
            Some(_) => dir.good(&format!("--quiet {command} --stop-after 1e-9")),
            // Its text has no run if its data were missing.
            None if !dir.path("runs").exists() => continue,
            None => dir.good(&command),
        };
    }
}
