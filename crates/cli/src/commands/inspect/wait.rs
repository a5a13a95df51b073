//! Progress while a large file is read.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::streams;

/// Work that takes less time than this shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `work`, which reports the bytes that it has read and their total. If it takes longer than a second, a terminal shows a
/// progress bar (a spinner while the total is unknown), and any other output one line.
pub(super) fn shown<T: Send>(path: &Path, work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> T) -> T {
    let (read, total) = (AtomicU64::new(0), AtomicU64::new(0));
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let wait = wait;
            if wait.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            if !streams::bars_are_shown() {
                if streams::progress_is_shown() {
                    streams::note(format_args!("reading {}", path.display()));
                }
                return;
            }
            let bar = ProgressBar::with_draw_target(None, streams::bars());
            bar.set_message(path.display().to_string());
            let style = |template| ProgressStyle::with_template(template).expect("a valid template");
            bar.set_style(style("{spinner} reading {msg}  {elapsed}"));
            let mut counted = false;
            while wait.recv_timeout(Duration::from_millis(125)) == Err(RecvTimeoutError::Timeout) {
                let (read, total) = (read.load(Ordering::Relaxed), total.load(Ordering::Relaxed));
                if total > 0 && !counted {
                    counted = true;
                    bar.set_length(total);
                    bar.set_style(
                        style("{bar:24} {bytes}/{total_bytes}  reading {msg}").progress_chars("━╸ "),
                    );
                }
                if counted {
                    bar.set_position(read);
                } else {
                    bar.tick();
                }
            }
            bar.finish_and_clear();
        });
        let result = work(&mut |bytes, of| {
            read.store(bytes, Ordering::Relaxed);
            total.store(of, Ordering::Relaxed);
        });
        drop(done);
        result
    })
}
