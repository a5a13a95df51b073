//! The data in a folder, and the test and validation files beside a training file.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::InspectError;

/// Most files listed in a message.
const LISTED: usize = 6;

/// What a folder contains.
pub(super) enum Inside {
    /// One text file for each label.
    Texts,
    /// One file to train on.
    File(PathBuf),
}

/// Finds out what a folder contains.
pub(super) fn inside(folder: &Path) -> Result<Inside, InspectError> {
    let unreadable = |error| crate::labelled::unreadable(folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        names.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    names.sort();
    let files = names.iter().filter(|(name, path)| !name.starts_with('.') && path.is_file());
    let data = |name: &str| {
        let name = name.strip_suffix(".gz").unwrap_or(name).to_lowercase();
        let known = [".ts", ".csv", ".tsv", ".json", "-ubyte", ".safetensors", ".npz"];
        known.iter().any(|end| name.ends_with(end)) && !name.contains("labels-idx1")
    };
    let found: Vec<&(String, PathBuf)> = files.clone().filter(|(name, _)| data(name)).collect();
    let training: Vec<_> = found.iter().filter(|(name, _)| name.to_lowercase().contains("train")).collect();
    match (&training[..], &found[..]) {
        ([(_, file)], _) | ([], [(_, file)]) => return Ok(Inside::File(file.clone())),
        _ => {}
    }
    // Texts beside data files are not classes.
    if found.is_empty() && files.clone().any(|(name, _)| name.ends_with(".txt")) {
        return Ok(Inside::Texts);
    }
    let files = found.iter().take(LISTED).map(|(name, _)| name.clone()).collect();
    Err(InspectError::Folder { path: folder.to_owned(), files })
}

/// Returns the file or folder whose name has one of `words` where the name of `path` has "train".
fn instead(path: &Path, words: &[&str]) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let at = name.to_ascii_lowercase().rfind("train")?;
    let own = &name[at..at + 5];
    let words = words.iter().map(|word| match own {
        "TRAIN" => word.to_uppercase(),
        "Train" => word[..1].to_uppercase() + &word[1..],
        _ => (*word).to_owned(),
    });
    words
        .map(|word| path.with_file_name(format!("{}{word}{}", &name[..at], &name[at + 5..])))
        .find(|p| p.exists())
}

/// Returns the test file of the training file at `path`.
pub(super) fn test(path: &Path) -> Option<PathBuf> {
    instead(path, &["test"]).or_else(|| test_images(path))
}

/// Returns the validation file of the training file at `path`.
pub(super) fn valid(path: &Path) -> Option<PathBuf> {
    instead(path, &["valid", "val", "validation", "dev"])
}

/// Returns the `t10k-images…` file that belongs to `train…-images…`.
fn test_images(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let end = &name[name.find("images").filter(|_| name.starts_with("train"))?..];
    ["t10k-", "test-", "test"]
        .iter()
        .map(|begin| path.with_file_name(format!("{begin}{end}")))
        .find(|p| p.is_file())
}

/// Returns the image file that the labels belong to.
pub(super) fn images_of(labels: &Path) -> Option<PathBuf> {
    let name = labels.file_name()?.to_str()?;
    let images = name.replace("labels", "images").replace("idx1", "idx3");
    Some(labels.with_file_name(&images)).filter(|path| images != name && path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_are_found_by_their_names() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["X_TEST.ts", "ptb.valid.txt", "ptb.test.txt", "t10k-images-idx3-ubyte.gz", "Testing.csv"]
        {
            fs::write(path(name), "").unwrap();
        }
        assert_eq!(test(&path("X_TRAIN.ts")), Some(path("X_TEST.ts")));
        assert_eq!(test(&path("ptb.train.txt")), Some(path("ptb.test.txt")));
        assert_eq!(valid(&path("ptb.train.txt")), Some(path("ptb.valid.txt")));
        assert_eq!(test(&path("train10k-images-idx3-ubyte.gz")), Some(path("t10k-images-idx3-ubyte.gz")));
        assert_eq!(test(&path("Training.csv")), Some(path("Testing.csv")));
        assert_eq!((test(&path("X.ts")), test(&path("train.csv"))), (None, None));
    }
}
