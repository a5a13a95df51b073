//! Faults of the disk for tests: each operation of [`super`] is counted, and one of them fails, is the last one, or is torn.
//!
//! The plan is that of a thread, so tests run side by side.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

/// What happens at an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// It fails, and the next ones work again.
    Error(io::ErrorKind),
    /// It fails, and so do all later ones that need space: everything except removing a file.
    Errors(io::ErrorKind),
    /// It is the last one: nothing that the process does later reaches the disk, as if it had been killed.
    Kill,
    /// Half of what it writes reaches the disk, and it is the last one.
    Torn,
}

/// An operation that a plan has seen: what it does, and with which file.
pub(super) type Operation = (&'static str, PathBuf);

#[derive(Default)]
struct Plan {
    at: Option<(usize, Fault)>,
    seen: Vec<Operation>,
    dead: bool,
}

thread_local! {
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

/// Ends the plan of the thread, also after a panic.
struct Ended;

impl Drop for Ended {
    fn drop(&mut self) {
        PLAN.with_borrow_mut(|plan| *plan = None);
    }
}

/// Does `work` with a fault at an operation, and returns its result and the operations.
pub(super) fn with<T>(at: Option<(usize, Fault)>, work: impl FnOnce() -> T) -> (T, Vec<Operation>) {
    PLAN.with_borrow_mut(|plan| *plan = Some(Plan { at, ..Plan::default() }));
    let _ended = Ended;
    let result = work();
    let seen = PLAN.with_borrow_mut(|plan| std::mem::take(&mut plan.as_mut().expect("a plan").seen));
    (result, seen)
}

/// Counts an operation that writes no bytes. An error if it is not to be done.
pub(super) fn ready(operation: &'static str, path: &Path) -> io::Result<()> {
    counted(operation, path).map(|_| ())
}

/// Counts a write. Returns the bytes to write, or an error if there are none. `write` gets the half of a torn write.
pub(super) fn torn<'a>(
    path: &Path,
    bytes: &'a [u8],
    write: impl FnOnce(&[u8]) -> io::Result<()>,
) -> io::Result<&'a [u8]> {
    match counted("write", path)? {
        Some(Fault::Torn) => {
            write(&bytes[..bytes.len() / 2])?;
            Err(io::Error::other("the process was killed"))
        }
        _ => Ok(bytes),
    }
}

/// Counts an operation, and returns its fault if it is to be done all the same.
fn counted(operation: &'static str, path: &Path) -> io::Result<Option<Fault>> {
    PLAN.with_borrow_mut(|plan| {
        let Some(plan) = plan else { return Ok(None) };
        if plan.dead {
            return Err(io::Error::other("the process was killed"));
        }
        let number = plan.seen.len();
        plan.seen.push((operation, path.to_owned()));
        let Some((at, fault)) = plan.at else { return Ok(None) };
        match fault {
            Fault::Error(kind) if number == at => Err(kind.into()),
            Fault::Errors(kind) if number >= at && operation != "remove" => Err(kind.into()),
            Fault::Kill | Fault::Torn if number == at => {
                plan.dead = true;
                Ok(Some(fault))
            }
            _ => Ok(None),
        }
    })
}
