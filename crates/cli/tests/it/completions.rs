//! The completions of shells and the manual pages, as the programs that read them take them.
#![allow(missing_docs, reason = "a test file")]

use std::process::{Command, Output};

use crate::test_dir::TestDir;

/// The output of a program in a directory; None if it is not installed.
fn output(dir: &TestDir, program: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(program).current_dir(dir.root()).args(arguments).output().ok();
    if output.is_none() {
        println!("skipped: {program} is not installed");
    }
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What bash offers after these words, with the script loaded.
const BASH: &str = r#"
source longspan.bash
complete -p longspan >/dev/null || exit 1
offered() {
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _longspan longspan "${!#}" "${@: -2:1}"; echo "${COMPREPLY[@]}"
}
offered longspan tr
offered longspan train --hid
offered longspan train --cell r
offered longspan --color ""
offered longspan completions z
"#;

#[test]
fn bash_completes_commands_flags_and_values() {
    let dir = TestDir::new();
    dir.write("longspan.bash", dir.printed("completions bash"));
    let Some(output) = output(&dir, "bash", &["--norc", "-c", BASH]) else { return };
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(text(&output.stdout), "train\n--hidden\nrnn relu residual\nauto always never\nzsh\n");
}

#[test]
fn other_shells_load_their_scripts() {
    let dir = TestDir::new();
    for (shell, file, arguments) in [
        (
            "zsh",
            "_longspan",
            &[
                "-f",
                "-c",
                "autoload -U compinit && compinit -u -D && source ./_longspan && whence -w _longspan",
            ][..],
        ),
        ("fish", "longspan.fish", &["--no-config", "-c", "source longspan.fish; complete -C 'longspan tr'"]),
    ] {
        dir.write(file, dir.printed(&format!("completions {shell}")));
        let Some(output) = output(&dir, shell, arguments) else { continue };
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        let expected = if shell == "zsh" { "_longspan: function" } else { "train" };
        assert!(text(&output.stdout).contains(expected), "{shell}: {output:?}");
    }
    for shell in ["powershell", "elvish"] {
        assert!(dir.printed(&format!("completions {shell}")).contains("--hidden"), "{shell}");
    }
    dir.bad("completions csh", &["SHELL", "csh", "choose"]);
}

#[test]
fn manual_pages_render_without_warnings() {
    let dir = TestDir::new();
    dir.good("man --out man/man1");
    let pages = dir.files("man/man1");
    let page = |name: &str| dir.read_text(&format!("man/man1/{name}"));
    assert!(pages.len() > 10 && page("longspan-train.1").contains("hidden"), "{pages:?}");
    assert!(page("longspan.1").contains("longspan\\-train(1)"), "{}", page("longspan.1"));
    for (path, bytes) in &pages {
        assert!(bytes.is_ascii(), "{}", path.display());
        let path = path.display().to_string();
        let Some(output) = output(&dir, "groff", &["-man", "-Tutf8", "-ww", &path]) else { return };
        assert!(output.status.success() && output.stderr.is_empty(), "{path}: {}", text(&output.stderr));
    }
    dir.write("file", "");
    dir.bad("man --out file", &["file cannot be written", "choose another --out"]);
}
