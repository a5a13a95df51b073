//! The documents of runs. Each is made once for a state of its files, however many clients ask for it, and all of them get the
//! same bytes.
//!
//! One run is read at a time, so that the memory of reading does not grow with the requests. The readers of the runs that were read
//! last are kept: they read only what was appended.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use longspan_run::directory::RunError;
use longspan_run::directory::history::{History, Reader};

use super::caught::caught;

/// Upper limits of the documents that are kept: their number, and their bytes together.
const KEPT: usize = 32;
const KEPT_BYTES: usize = 16 << 20;
/// The number of readers that are kept. Each has at most about [`Reader::KEPT`] bytes of records.
const READERS: usize = 3;

/// The documents of the latest state of each run, and readers of runs.
#[derive(Default)]
pub(super) struct Documents<State> {
    kept: Mutex<Kept<State>>,
    /// The reader that was used last is the last one.
    readers: Mutex<Vec<Reader>>,
}

struct Kept<State> {
    documents: HashMap<String, Document<State>>,
    /// Counts the requests.
    now: u64,
}

struct Document<State> {
    state: State,
    bytes: Bytes,
    used: u64,
}

impl<State> Default for Kept<State> {
    fn default() -> Self {
        Self { documents: HashMap::new(), now: 0 }
    }
}

/// After a panic what is locked is still usable: it is a cache.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<State: PartialEq> Documents<State> {
    /// The document of a run in a state, if it is ready.
    pub(super) fn ready(&self, name: &str, state: &State) -> Option<Bytes> {
        let mut kept = locked(&self.kept);
        kept.now += 1;
        let now = kept.now;
        let document = kept.documents.get_mut(name).filter(|document| document.state == *state)?;
        document.used = now;
        Some(document.bytes.clone())
    }

    /// The document of a run in a state. It is made from a history if it is not ready: `make` returns the document, and whether it
    /// may be kept. Requests for the same document wait for the first one.
    pub(super) fn get(
        &self,
        name: &str,
        state: State,
        make: impl FnOnce(&mut Reading<'_>) -> (Bytes, bool),
    ) -> Bytes {
        let mut readers = locked(&self.readers);
        if let Some(ready) = self.ready(name, &state) {
            return ready;
        }
        let (bytes, complete) = make(&mut Reading(&mut readers));
        if complete {
            locked(&self.kept).keep(name, state, bytes.clone());
        }
        bytes
    }

    /// Reads a run for another purpose than its document.
    pub(super) fn reading<T>(&self, read: impl FnOnce(&mut Reading<'_>) -> T) -> T {
        read(&mut Reading(&mut locked(&self.readers)))
    }

    /// Forgets a run that is gone.
    pub(super) fn forget(&self, name: &str) {
        locked(&self.kept).documents.remove(name);
    }
}

impl<State> Kept<State> {
    fn keep(&mut self, name: &str, state: State, bytes: Bytes) {
        self.now += 1;
        self.documents.insert(name.to_owned(), Document { state, bytes, used: self.now });
        let size = |documents: &HashMap<_, Document<State>>| {
            documents.values().map(|d| d.bytes.len()).sum::<usize>()
        };
        while self.documents.len() > KEPT || size(&self.documents) > KEPT_BYTES {
            let oldest = self.documents.iter().min_by_key(|(_, document)| document.used);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            self.documents.remove(&oldest);
        }
    }
}

/// The right to read a run.
pub(super) struct Reading<'a>(&'a mut Vec<Reader>);

impl Reading<'_> {
    /// Reads a run and passes it to `show`. Also returns whether all of it was read.
    ///
    /// # Errors
    /// [`Unread`].
    pub(super) fn read<T>(
        &mut self,
        run: &Path,
        show: impl FnOnce(&History) -> T,
    ) -> Result<(T, bool), Unread> {
        let known = self.0.iter().position(|reader| reader.run() == run);
        // A reader that panics is dropped.
        let mut reader = known.map_or_else(|| Reader::new(run), |at| self.0.remove(at));
        // Its records make room before others are read.
        let others = self.0.len().saturating_sub(READERS - 1);
        self.0.drain(..others);
        let shown = caught(|| reader.read(show)).ok_or(Unread::Panicked)?;
        let complete = !reader.is_behind();
        self.0.push(reader);
        Ok((shown.map_err(Unread::Error)?, complete))
    }
}

/// Why a run was not read.
pub(super) enum Unread {
    Error(RunError),
    Panicked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_document_is_made_once_for_each_state() {
        let (documents, made) = (Documents::default(), AtomicUsize::new(0));
        let ask = |state: u32| {
            documents.get("a", state, |_| {
                made.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(std::time::Duration::from_millis(20));
                (Bytes::from(format!("{state}")), true)
            })
        };
        let all: Vec<Bytes> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| ask(1))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a document")).collect()
        });
        assert!(all.iter().all(|bytes| bytes == "1" && bytes.as_ptr() == all[0].as_ptr()), "they share it");
        assert_eq!(made.load(Ordering::Relaxed), 1);
        assert_eq!((ask(2), made.load(Ordering::Relaxed)), (Bytes::from("2"), 2));
        assert!(documents.ready("a", &1).is_none() && documents.ready("a", &2).is_some());
    }

    #[test]
    fn few_documents_are_kept_and_a_panic_ends_nothing_else() {
        let documents = Documents::default();
        for i in 0..100 {
            let name = i.to_string();
            documents.get(&name, (), |_| (Bytes::from(vec![0; 1 << 20]), true));
        }
        let kept = (0..100).filter(|i| documents.ready(&i.to_string(), &()).is_some()).count();
        assert_eq!(kept, 16);
        let panics = || documents.get("x", (), |_| panic!("for a test"));
        assert!(caught(panics).is_none());
        assert_eq!(documents.get("x", (), |_| (Bytes::from("y"), true)), "y");
    }
}
