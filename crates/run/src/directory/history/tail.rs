//! Reads `metrics.jsonl`, at once or while it grows.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::mem;
use std::path::{Path, PathBuf};

use super::lines::parse;
use super::metrics::Metrics;
use super::thinned::Thinned;
use crate::directory::{RunError, io_error};
use crate::plain_file;

/// Longest line that is read, in bytes; no record reaches it.
const LONGEST: u64 = 16 << 20;

/// Lines that are not records.
#[derive(Debug, Default)]
struct Damage {
    lines: u64,
    /// The first such line, and why it is not a record.
    first: Option<(u64, String)>,
}

impl Damage {
    fn add(&mut self, (line, reason): (u64, String)) {
        self.lines += 1;
        self.first.get_or_insert((line, reason));
    }
}

/// Reads the records of a run. A missing file is reported and has no records.
pub(super) fn read(path: &Path) -> Result<Metrics, RunError> {
    let mut tail = Tail::new(path, Mode::Once);
    tail.update()?;
    Ok(tail.lend())
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    /// Once, and whole.
    Once,
    /// Again and again while it grows. Records are left out so that the lines of the others are at most `kept` bytes long, and at
    /// most `at_once` bytes are read at a time.
    Growing { kept: usize, at_once: u64 },
}

/// A reader that continues where it stopped. It begins again if the file was replaced, truncated or overwritten.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    mode: Mode,
    state: State,
}

/// What was read.
#[derive(Debug, Default)]
struct State {
    metrics: Metrics,
    thinned: Thinned,
    attempt: u64,
    damage: Damage,
    /// The last line, if it is not a record. It is torn if it stays the last one or the next attempt follows.
    torn: Option<(u64, String)>,
    /// Lines and bytes that were read.
    lines: u64,
    bytes: u64,
    /// The last bytes that were read, to notice that the file was overwritten.
    last: Vec<u8>,
    /// Device and number of the file.
    file: Option<(u64, u64)>,
    missing: bool,
    /// Whether there is more to read.
    behind: bool,
    /// Whether the records are lent.
    lent: bool,
    /// That of the records that are lent.
    restarted: bool,
}

/// Number of bytes that are compared before a reader continues.
const COMPARED: usize = 256;

impl Tail {
    pub(super) fn new(path: &Path, mode: Mode) -> Self {
        Self { path: path.into(), mode, state: State::default() }
    }

    /// Whether the file has more than what was read at once.
    pub(super) fn is_behind(&self) -> bool {
        self.state.behind
    }

    /// Reads what is new.
    pub(super) fn update(&mut self) -> Result<(), RunError> {
        let failed = io_error(&self.path, "read");
        let file = match plain_file::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.state = State { missing: true, ..State::default() };
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let identity = identity(&file.metadata().map_err(&failed)?);
        let mut reader = BufReader::new(file);
        if !self.state.continues(&mut reader, identity).map_err(&failed)? {
            self.state = State { file: identity, ..State::default() };
            reader.rewind().map_err(&failed)?;
        }
        self.state.read(&mut reader, self.mode).map_err(failed)
    }

    /// The records, and what could not be read. [`Tail::give_back`] must follow before more is read; otherwise the file is read from
    /// its beginning.
    pub(super) fn lend(&mut self) -> Metrics {
        let problems = self.problems();
        (self.state.lent, self.state.restarted) = (true, self.state.metrics.restarted);
        Metrics { problems, ..mem::take(&mut self.state.metrics) }
    }

    pub(super) fn give_back(&mut self, metrics: Metrics) {
        let restarted = self.state.restarted;
        self.state.metrics = Metrics { problems: Vec::new(), restarted, ..metrics };
        self.state.lent = false;
    }

    fn problems(&self) -> Vec<String> {
        let (state, path) = (&self.state, self.path.display());
        if state.missing {
            return vec![format!("{path} is missing: its training steps cannot be shown")];
        }
        let mut problems = Vec::new();
        let lines = state.damage.lines + u64::from(state.torn.is_some());
        if let Some((line, reason)) = state.damage.first.as_ref().or(state.torn.as_ref()) {
            let are = if lines == 1 { "line is not a record" } else { "lines are not records" };
            problems.push(format!("{lines} {are} in {path} (line {line}: {reason}): skipped"));
        }
        problems.extend(state.thinned.notice().map(|notice| format!("{path} is long: {notice}")));
        if state.behind {
            let read = state.bytes >> 20;
            problems.push(format!("{path} is long: its first {read} MB were read so far, the rest follows"));
        }
        problems
    }
}

impl State {
    /// Whether the file still begins with what was read. Then the reader is behind that.
    fn continues(&self, reader: &mut BufReader<File>, file: Option<(u64, u64)>) -> io::Result<bool> {
        if self.lent || self.file != file || self.bytes == 0 {
            return Ok(false);
        }
        let mut last = Vec::new();
        reader.seek(SeekFrom::Start(self.bytes - self.last.len() as u64))?;
        reader.by_ref().take(self.last.len() as u64).read_to_end(&mut last)?;
        Ok(last == self.last)
    }

    fn read(&mut self, reader: &mut BufReader<File>, mode: Mode) -> io::Result<()> {
        let mut line = Vec::new();
        let most = if let Mode::Growing { at_once, .. } = mode { at_once } else { u64::MAX };
        let mut got = 0;
        self.behind = false;
        loop {
            if got >= most {
                self.behind = true;
                return Ok(());
            }
            line.clear();
            let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)? as u64;
            let mut whole = line.last() == Some(&b'\n');
            if read == 0 || !whole && read < LONGEST && mode != Mode::Once {
                // A line without an end is read when it has one.
                return Ok(());
            }
            let mut skipped = 0;
            let record = match !whole && read == LONGEST {
                true => {
                    (skipped, whole) = (skip(reader, most)?, true);
                    Err(format!("longer than {} MB", LONGEST >> 20))
                }
                false => parse(&line),
            };
            got += read + skipped;
            self.bytes += read + skipped;
            self.lines += 1;
            self.last =
                if skipped > 0 { Vec::new() } else { line[line.len().saturating_sub(COMPARED)..].to_vec() };
            let resumed = record.as_ref().is_ok_and(|(header, _)| header.attempt > self.attempt);
            if let Some(line) = self.torn.take().filter(|_| !resumed) {
                self.damage.add(line);
            }
            let kept = if let Mode::Growing { kept, .. } = mode { kept } else { usize::MAX };
            let taken = record.and_then(|(header, record)| {
                self.metrics.take(&header, record, &mut self.attempt, &mut self.thinned, line.len())
            });
            match taken {
                Ok(()) => self.thinned.thin(&mut self.metrics, kept),
                Err(reason) if whole => self.torn = Some((self.lines, reason)),
                Err(_) => return Ok(()),
            }
        }
    }
}

/// Skips the rest of a line, or about `most` bytes of it. Returns how many.
fn skip(reader: &mut BufReader<File>, most: u64) -> io::Result<u64> {
    let mut skipped = 0;
    while skipped < most {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let count = end.map_or(buffer.len(), |at| at + 1);
        reader.consume(count);
        skipped += count as u64;
        if end.is_some() || count == 0 {
            break;
        }
    }
    Ok(skipped)
}

/// Device and number of a file, which another file does not have.
fn identity(metadata: &fs::Metadata) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_dir::TestDir;
    use std::io::Write;

    fn step(step: u64, more: &str) -> String {
        format!(
            r#"{{"type":"step","step":{step},"attempt":1,"epoch":1,"loss_nats":{step},"scored":1,"tokens":1,"lr":0.1,"log10_global_norm":0.0,"log10_global_norm_after":0.0,"clipped":false{more}}}"#
        ) + "\n"
    }

    fn valid(step: u64, loss: f64) -> String {
        format!(r#"{{"type":"valid","step":{step},"attempt":1,"loss_nats":{loss},"scored":1,"best":true}}"#)
            + "\n"
    }

    /// The steps after an update.
    fn updated(tail: &mut Tail) -> (Vec<u64>, Vec<String>) {
        tail.update().unwrap();
        let metrics = tail.lend();
        let seen = (metrics.steps.iter().map(|step| step.step).collect(), metrics.problems.clone());
        tail.give_back(metrics);
        seen
    }

    #[test]
    fn a_growing_file_is_read_on_and_a_changed_one_again() {
        let dir = TestDir::new();
        let path = dir.write("metrics.jsonl", step(1, "") + &step(2, "")[..40]);
        let mut tail = Tail::new(&path, Mode::Growing { kept: 1 << 20, at_once: 1 << 20 });
        assert_eq!(updated(&mut tail).0, [1]);
        let add = |text: &str| {
            File::options().append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
        };
        add(&(step(2, "")[40..].to_owned() + "x\n" + &step(3, "")));
        let (steps, problems) = updated(&mut tail);
        assert_eq!((steps, problems.len()), (vec![1, 2, 3], 1));
        assert_eq!((tail.state.lines, tail.state.bytes), (4, path.metadata().unwrap().len()));
        // Nothing new; then a shorter file, one that begins in another way, a new one of its name, and none.
        assert_eq!(updated(&mut tail).0, [1, 2, 3]);
        fs::write(&path, step(1, "")).unwrap();
        assert_eq!(updated(&mut tail), (vec![1], vec![]));
        fs::write(&path, step(5, "") + &step(6, "")).unwrap();
        assert_eq!(updated(&mut tail).0, [5, 6]);
        let other = dir.write("other", step(7, "") + &step(6, "")[..9]);
        fs::rename(other, &path).unwrap();
        assert_eq!(updated(&mut tail).0, [7]);
        // Records that were not given back, as after a panic, are read again.
        drop(tail.lend());
        assert_eq!(updated(&mut tail).0, [7]);
        fs::remove_file(&path).unwrap();
        assert!(updated(&mut tail).1[0].contains("is missing"));
    }

    #[test]
    fn long_files_are_thinned_and_read_in_parts() {
        let dir = TestDir::new();
        let snapshot = r#","snapshot":{"batch":{"rows":1,"positions":1,"unscored_rows":0,"filled_positions":0},"log10_update_ratio":0.0}"#;
        let lines = |from: u64, to: u64| {
            let line = |i: u64| {
                let loss = if i == 777 { 0.5 } else { 1.0 + i as f64 };
                let valid = if i.is_multiple_of(7) { valid(i, loss) } else { String::new() };
                step(i, if i.is_multiple_of(10) { snapshot } else { "" }) + &valid
            };
            (from..to).map(line).collect::<String>()
        };
        let text = lines(1, 4001);
        let path = dir.write("metrics.jsonl", &text);
        let (kept, at_once) = (text.len() / 10, text.len() as u64 / 3);
        let mut tail = Tail::new(&path, Mode::Growing { kept, at_once });
        let mut parts = 0;
        loop {
            let (steps, problems) = updated(&mut tail);
            parts += 1;
            assert_eq!(problems.iter().any(|problem| problem.contains("the rest follows")), tail.is_behind());
            assert!(steps.is_sorted() && steps.len() < 700, "{}", steps.len());
            if !tail.is_behind() {
                break;
            }
        }
        assert_eq!(parts, 3);
        fs::write(&path, text + &lines(4001, 4006)).unwrap();
        let (steps, problems) = updated(&mut tail);
        assert_eq!((steps[0], steps.last()), (1, Some(&4005)));
        assert!(
            problems[0].contains("training steps, 1 of") && problems[0].contains("is shown here"),
            "{problems:?}"
        );
        let metrics = tail.lend();
        let snapshots = metrics.steps.iter().filter(|step| step.snapshot.is_some()).count();
        assert!((20..=200).contains(&snapshots), "{snapshots}");
        assert!(metrics.valid.iter().any(|score| score.loss == 0.5), "the best validation stays");
        assert!(metrics.valid.len() < 300 && metrics.valid.last().is_some_and(|score| score.step == 4004));
    }
}
