//! Which module may use which: read from the sources, so that the house stays as ARCHITECTURE.md describes it.
#![allow(missing_docs, reason = "a test file")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From the bottom up: a module may use those of its own line and of the lines above.
const LAYERS: [&[&str]; 10] = [
    &["real", "kernel"],
    &["extent", "matrix", "number", "params", "rng", "setting"],
    &["cell", "dropout", "clip", "optim", "schedule", "init", "data", "metrics", "pool", "sampling"],
    &["layer"],
    &["bptt", "head"],
    &["model", "telemetry"],
    &["probe"],
    &["schema", "task", "diagnose"],
    &["assess", "config", "dataset", "trainer"],
    &["checkpoint", "run", "train"],
];

/// Uses that point upwards, each with its reason.
const EXCEPTIONS: [(&str, &str); 2] = [
    // Operands are views.
    ("kernel", "matrix"),
    ("kernel", "extent"),
];

/// What only the outermost layer may touch.
const EDGES: [&str; 6] = ["std::fs", "std::env", "std::time", "std::process", "println!", "eprintln!"];

fn sources(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Module name to its files' texts, tests cut off.
fn modules() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut modules) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    sources(&root, &mut files);
    for file in files {
        let inside = file.strip_prefix(&root).expect("below the root");
        let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let name = first.trim_end_matches(".rs").to_owned();
        if name != "lib" && !inside.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&file).expect("a source");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            modules.entry(name).or_default().push(code);
        }
    }
    modules
}

#[test]
fn modules_use_only_what_lies_below() {
    let modules = modules();
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    for (name, texts) in &modules {
        let own = layer(name).unwrap_or_else(|| panic!("{name} has no place in the table of layers"));
        for line in
            texts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim_start().starts_with("//"))
        {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let Some(below) = layer(&used) else { continue };
                let excepted = EXCEPTIONS.contains(&(name.as_str(), used.as_str()));
                assert!(below <= own || excepted, "{name} uses {used}, which lies above it: {line}");
            }
        }
    }
}

#[test]
fn only_the_outermost_modules_meet_the_world() {
    // Texts are read where they become tokens, and a configuration from its file.
    let outer = ["checkpoint", "run", "train", "config", "data"];
    for (name, texts) in modules().iter().filter(|(name, _)| !outer.contains(&name.as_str())) {
        for text in texts {
            let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            for edge in EDGES {
                assert!(!code.contains(edge), "{name} uses {edge}");
            }
        }
    }
}

#[test]
fn unsafe_code_stands_in_the_kernels_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    ["src", "tests", "benches", "../longspan-cli/src", "../longspan-cli/tests"]
        .iter()
        .for_each(|directory| sources(&root.join(directory), &mut files));
    let (kernels, own) = (root.join("src/kernel"), root.join("tests/edges.rs"));
    let mut inside = 0;
    for file in files.iter().filter(|file| **file != own) {
        let text = std::fs::read_to_string(file).expect("a source");
        let found = ["{", "fn", "impl", "trait"].iter().any(|what| text.contains(&format!("unsafe {what}")));
        assert!(!found || file.starts_with(&kernels), "unsafe code in {}", file.display());
        inside += usize::from(found);
    }
    assert!(inside > 0, "no kernel was read");
}
