//! Checkpoints that are named by their step: `checkpoints/NAME-STEP.safetensors`.

use std::fs;
use std::path::{Path, PathBuf};

/// The path of the checkpoint of `name` at this step.
pub(crate) fn numbered_path(run: &Path, name: &str, step: u64) -> PathBuf {
    run.join("checkpoints").join(format!("{name}-{step}.safetensors"))
}

/// The checkpoints of `name` with their steps, ascending. A folder that cannot be read has none, and neither has one that is
/// a symbolic link: it may lead out of the run, and such files are removed.
pub(crate) fn numbered(run: &Path, name: &str) -> Vec<(u64, PathBuf)> {
    let step = |entry: &fs::DirEntry| {
        let file = entry.file_name();
        let rest = file.to_str()?.strip_prefix(name)?.strip_prefix('-')?;
        let step: u64 = rest.strip_suffix(".safetensors")?.parse().ok()?;
        // Only the name that a run writes: not "last-007.safetensors".
        (numbered_path(run, name, step).file_name() == Some(&file)).then_some(step)
    };
    let folder = run.join("checkpoints");
    let entries =
        (!folder.is_symlink()).then(|| fs::read_dir(folder)).into_iter().flatten().flatten().flatten();
    let mut all: Vec<_> = entries.filter_map(|entry| Some((step(&entry)?, entry.path()))).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_dir::TestDir;

    #[test]
    fn only_names_that_a_run_writes_count() {
        let run = TestDir::new();
        assert!(numbered(run.path(), "last").is_empty());
        fs::create_dir(run.path().join("checkpoints")).expect("a directory");
        for name in
            ["last", "last-7", "last-12", "last-007", "last-x", "last-+1", "lasts-3", "rewind-100", "last--1"]
        {
            run.write(&format!("checkpoints/{name}.safetensors"), "");
        }
        run.write("checkpoints/last-9.safetensors.new", "");
        let steps: Vec<u64> = numbered(run.path(), "last").into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, [7, 12]);
    }
}
