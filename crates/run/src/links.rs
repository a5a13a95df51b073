//! Symbolic links in a run directory, which are not followed: a run may come from anybody, and a link may lead to any file of
//! the user. Longspan makes none. The run directory itself may be a link, because the user names it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folders of a run.
pub(crate) const FOLDERS: [&str; 4] = ["checkpoints", "flow", "probe", "fault"];

/// The place of a file in a run: `RUN/NAME` or `RUN/FOLDER/NAME`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place<'a> {
    pub(crate) run: &'a Path,
    pub(crate) folder: Option<&'a OsStr>,
    pub(crate) name: &'a OsStr,
}

impl<'a> Place<'a> {
    /// The place of a file; None if the path is not in a run.
    pub(crate) fn of(path: &'a Path) -> Option<Self> {
        let is_run = |run: &Path| run.join("run.json").symlink_metadata().is_ok();
        let (name, within) = (path.file_name()?, path.parent()?);
        // The folder is looked at first: if it is a link to another run, it has a `run.json`, too.
        if let (Some(folder), Some(run)) = (within.file_name(), within.parent())
            && FOLDERS.iter().any(|own| folder == *own)
            && is_run(run)
        {
            return Some(Self { run, folder: Some(folder), name });
        }
        is_run(within).then_some(Self { run: within, folder: None, name })
    }
}

/// The error of a link in a run.
pub(crate) fn refusal(what: &str) -> io::Error {
    let reason = "is a symbolic link, and links in a run are not followed, because they may lead to any file";
    io::Error::new(io::ErrorKind::InvalidInput, format!("{what} {reason}"))
}

/// Fails if a file of a run, or its folder, is a symbolic link. Other paths are those of the user, and may be links.
pub(crate) fn refuse(path: &Path) -> io::Result<()> {
    let Some(Place { folder, .. }) = Place::of(path) else { return Ok(()) };
    match folder {
        Some(_) if path.parent().is_some_and(Path::is_symlink) => Err(refusal("its folder")),
        _ if path.is_symlink() => Err(refusal("it")),
        _ => Ok(()),
    }
}

/// The paths in a folder of a run, in no order.
///
/// # Errors
/// If the folder is a symbolic link, or the system refuses.
pub(crate) fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if folder.is_symlink() {
        return Err(refusal("it"));
    }
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::test_dir::TestDir;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_in_a_run_are_refused_and_those_of_the_user_are_not() {
        let dir = TestDir::new();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("run/flow")).unwrap();
        fs::create_dir(at("other")).unwrap();
        for name in ["run/run.json", "run/flow/1", "other/run.json", "other/1", "secret"] {
            dir.write(name, "text");
        }
        symlink(at("secret"), at("run/config.toml")).unwrap();
        symlink(at("run/run.json"), at("run/summary.json")).unwrap();
        symlink(at("other"), at("run/probe")).unwrap();
        symlink(at("run"), at("named")).unwrap();
        symlink(at("secret"), at("file")).unwrap();
        for (name, allowed) in [
            ("run/run.json", true),
            ("run/flow/1", true),
            ("named/flow/1", true),
            ("named/run.json", true),
            ("file", true),
            ("run/config.toml", false),
            ("named/config.toml", false),
            // A link that stays in the run is refused as well: nothing has to be resolved.
            ("run/summary.json", false),
            ("run/probe/1", false),
            ("run/probe/run.json", false),
        ] {
            let (path, read) = (at(name), crate::plain_file::read(&at(name)));
            assert_eq!((refuse(&path).is_ok(), read.is_ok()), (allowed, allowed), "{name}: {read:?}");
            let words = read.err().map_or_else(String::new, |error| error.to_string());
            assert!(allowed || words.contains("is a symbolic link, and links in a run"), "{name}: {words}");
        }
        assert!(listed(&at("run/flow")).is_ok() && listed(&at("run/probe")).is_err());
    }
}
