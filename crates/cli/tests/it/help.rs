//! The help text of each command, kept as a snapshot: `cargo insta review` accepts a change.
#![allow(missing_docs, reason = "a test file")]

use std::process::Command;

/// What the program prints, wrapped as for a terminal of unknown width.
fn printed(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
    let output = command.args(arguments).env_remove("COLUMNS").output().expect("the program starts");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The commands that the help of the program lists.
fn commands(help: &str) -> Vec<&str> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    // A description that is wrapped goes on farther to the right.
    let first = list.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    first.filter_map(|line| line.split_whitespace().next()).collect()
}

#[test]
fn help_texts_are_those_of_the_snapshots() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    let help = printed(&["--help"]);
    insta::assert_snapshot!("help", help);
    let commands = commands(&help);
    assert!(commands.contains(&"train") && commands.len() > 10, "{help}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        insta::assert_snapshot!(format!("help-{command}"), printed(&[command, "--help"]));
    }
}

#[test]
fn each_setting_has_a_flag_and_a_heading() {
    let help = printed(&["train", "--help"]);
    for key in longspan_run::config::KEYS {
        assert!(help.contains(&format!("--{} ", key.name.replace('_', "-"))), "{}", key.name);
        assert!(help.contains(&format!("\n{}:\n", key.group)), "{}", key.group);
    }
}
