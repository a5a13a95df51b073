//! Gradient profiles in a run directory: they are read back, damaged segments are reported and skipped, and
//! long windows need little space.
#![allow(missing_docs, reason = "a test file")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::test_dir::TestDir;
use longspan::cell::CellKind;
use longspan::gradient_check::{Case, Problem};
use longspan::telemetry::{GradientProfile, Scratch};
use longspan_data::fingerprint::Fingerprint;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::credit::Profile;
use longspan_record::{LagSnapshot, bin_edges};
use longspan_run::directory::profiles::{ProfileWriter, read};
use safetensors::tensor::{Dtype, TensorView};

const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };

/// The profile of a window of `steps` steps; `closely` says whether the step is observed in full.
fn profile(kind: CellKind, steps: usize, rows: usize, closely: bool) -> GradientProfile {
    let case = Case { kind, layers: 2, steps, input: 2, hidden: 4, rows, chunk: 64 };
    let mut problem = Problem::<f32>::new(InstructionSet::detect(), case, steps as u64);
    let ctx = Context::new(InstructionSet::detect(), 1);
    let (mut profile, mut scratch) = (GradientProfile::default(), Scratch::default());
    match closely {
        true => profile.open_closely(kind, 2, steps),
        false => profile.open(2, steps),
    }
    problem.gradient_seen_by(&ctx, &mut |flow| match closely {
        true => profile.record_closely(&ctx, kind, 4, flow, &mut scratch),
        false => _ = profile.record(ctx.instruction_set(), 4, flow),
    });
    profile
}

/// A lag profile over all steps of a window: G(τ) = e^{−τ/5}.
fn lag(steps: usize) -> LagSnapshot {
    let lags: Vec<usize> = (0..steps).step_by(if steps > 100 { 3 } else { 1 }).chain([steps - 1]).collect();
    let ln_median = lags.iter().map(|&lag| -(lag as f64) / 5.0).collect();
    LagSnapshot {
        rows: 3,
        lags,
        total: Profile { ln_median, ..Profile::default() },
        ..LagSnapshot::default()
    }
}

fn writer(run: &Path, attempt: u64) -> ProfileWriter {
    ProfileWriter::open(run, attempt, vec!["l0".into(), "l1".into()]).expect("a directory that can be read")
}

fn files(run: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(run.join("flow")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn profiles_are_read_back() {
    let run = TestDir::new();
    assert!(read(run.path()).records.is_empty() && read(run.path()).skipped.is_empty());
    let mut to = writer(run.path(), 1);
    to.flush().unwrap();
    assert!(!run.path().join("flow").exists(), "a directory without profiles");
    // Windows of several lengths, a long one among them, observed in full or not.
    let cases = [
        (LSTM, 20, true),
        (LSTM, 128, true),
        (LSTM, 1, true),
        (LSTM, 700, true),
        (LSTM, 500, false),
        (LSTM, 7, true),
    ];
    let mut expected = Vec::new();
    for (i, (kind, steps, closely)) in cases.into_iter().enumerate() {
        let mut profile = profile(kind, steps, 3, closely);
        profile.mark((i == 4).then_some(9));
        let step = 10 * i as u64 + 1;
        let lag = (i % 2 == 0).then(|| lag(steps));
        to.push(step, &profile, lag.as_ref()).unwrap();
        to.flush().unwrap();
        let edges = if i < 3 { bin_edges(128) } else { bin_edges(700) };
        let names = ["l0".to_owned(), "l1".to_owned()];
        let mut record = profile.to_record((step, 1), &edges, &names);
        if let Some(lag) = lag {
            record.log10_lag_median = lag.log10_median(&record.edges);
            assert_eq!(record.log10_lag_median.len(), record.edges.len() - 1);
        }
        expected.push(record);
        let flows = read(run.path());
        assert!(flows.skipped.is_empty(), "{:?}", flows.skipped);
        assert_eq!(flows.records, expected, "after {} profiles", i + 1);
    }
    // Compared with the numbers of the profile itself: the first profile has a bin for each step, the last
    // step first.
    let (first, record) = (profile(LSTM, 20, 3, true), &expected[0]);
    assert_eq!((record.steps, record.edges.len(), record.layers[1].name.as_str()), (20, 21, "l1"));
    for t in 0..20 {
        let layer = &record.layers[1];
        assert_eq!(layer.hidden.log10_mean[19 - t], first.mean(1)[t].log10() as f32);
        assert_eq!(layer.hidden.log10_max[19 - t], first.max(1)[t].log10() as f32);
        assert_eq!(layer.cell.log10_max[19 - t], first.cell(1).unwrap()[1][t].log10() as f32);
        assert_eq!(layer.gamma.log10_mean[19 - t], first.gamma(1).unwrap()[t].log10() as f32);
    }
    assert!(expected[4].decoder_start == Some(9) && expected[4].layers[0].gamma.log10_mean.is_empty());
    // A lag profile has a value at the first lag of each bin: e^{-τ/5}.
    for record in [&expected[0], &expected[2], &expected[4]] {
        for (&lag, log10) in record.edges.iter().zip(&record.log10_lag_median) {
            assert!((f64::from(*log10) + lag as f64 / 5.0 / 10f64.ln()).abs() < 1e-5, "{log10} at {lag}");
        }
    }
    assert!(expected[1].log10_lag_median.is_empty() && expected[5].log10_lag_median.is_empty());
    // A curve that is measured in a part of the profiles only is in a segment of its own.
    assert_eq!(expected[3].edges.len(), 129);
}

#[test]
fn a_step_counts_in_its_highest_attempt_and_nothing_is_overwritten() {
    let run = TestDir::new();
    let (early, late) = (profile(CellKind::Rnn, 9, 2, false), profile(CellKind::Rnn, 11, 2, false));
    let mut first = writer(run.path(), 1);
    [10, 20, 30].into_iter().for_each(|step| first.push(step, &early, None).unwrap());
    first.flush().unwrap();
    let before = fs::read(&files(run.path())[0]).unwrap();
    // The second attempt resumes at step 15 and is killed before it writes its last profile.
    let mut second = writer(run.path(), 2);
    second.push(20, &late, None).unwrap();
    second.flush().unwrap();
    second.push(30, &late, None).unwrap();
    drop(second);
    let seen = |run: &Path| {
        let flows = read(run);
        assert!(flows.skipped.is_empty());
        flows.records.iter().map(|r| (r.step, r.attempt, r.steps)).collect::<Vec<_>>()
    };
    assert_eq!(seen(run.path()), [(10, 1, 9), (20, 2, 11), (30, 1, 9)]);
    assert_eq!(fs::read(&files(run.path())[0]).unwrap(), before);
    let mut third = writer(run.path(), 2);
    third.push(30, &late, None).unwrap();
    third.flush().unwrap();
    assert_eq!(seen(run.path()), [(10, 1, 9), (20, 2, 11), (30, 2, 11)]);
    assert_eq!(files(run.path()).len(), 3);
}

/// Every truncated segment, and every segment with a changed bit, is reported and skipped; the others are
/// read.
#[test]
fn damaged_segments_are_reported_and_skipped() {
    let run = TestDir::new();
    let profile = profile(LSTM, 3, 2, true);
    for step in [1, 2] {
        let mut to = writer(run.path(), 1);
        to.push(step, &profile, None).unwrap();
        to.flush().unwrap();
    }
    let path = files(run.path())[1].clone();
    let intact = fs::read(&path).unwrap();
    let is_skipped = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).unwrap();
        let flows = read(run.path());
        assert_eq!(flows.records.iter().map(|r| r.step).collect::<Vec<_>>(), [1], "{what}");
        let message = flows.skipped.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(
            message.contains("000002.safetensors is damaged (") && message.lines().count() == 1,
            "{message}"
        );
    };
    for len in (0..intact.len()).step_by(7) {
        is_skipped(&intact[..len], &format!("the first {len} bytes"));
    }
    let numbers = 8 + u64::from_le_bytes(*intact.first_chunk().unwrap()) as usize;
    for at in (numbers..intact.len()).step_by(37) {
        let mut bytes = intact.clone();
        bytes[at] ^= 4;
        is_skipped(&bytes, &format!("byte {at}"));
    }
    // Most changes of the header make it invalid JSON; none of them may panic.
    for at in 0..numbers {
        for bit in [1, 16] {
            let mut bytes = intact.clone();
            bytes[at] ^= bit;
            fs::write(&path, &bytes).unwrap();
            assert!(!read(run.path()).records.is_empty(), "byte {at}");
        }
    }
    // A temporary file of an interrupted write is ignored.
    fs::write(&path, &intact).unwrap();
    fs::write(run.path().join("flow/000003.safetensors.new"), &intact[..50]).unwrap();
    let flows = read(run.path());
    assert!(flows.records.len() == 2 && flows.skipped.is_empty());
}

/// A segment whose profiles have more bins than numbers is refused: the bins are stored once, but each record has them.
#[test]
fn a_segment_takes_memory_in_proportion_to_its_size() {
    let run = TestDir::new();
    let count = 4000;
    let column =
        |value: &dyn Fn(u64) -> u64, len: u64| (0..len).flat_map(|i| value(i).to_le_bytes()).collect();
    let tensors: Vec<(&str, Vec<u8>)> = vec![
        ("attempt", column(&|_| 1, count)),
        ("border", column(&|_| 0, count)),
        ("edges", column(&|i| i, count + 1)),
        ("step", column(&|i| i, count)),
        ("steps", column(&|_| count, count)),
    ];
    let mut fingerprint = Fingerprint::default();
    for (name, bytes) in &tensors {
        fingerprint.write(name.as_bytes());
        bytes.as_chunks::<8>().0.iter().for_each(|word| fingerprint.write_word(u64::from_le_bytes(*word)));
    }
    let header = format!(r#"{{"format":1,"layers":["l0"],"fingerprint":"{:016x}"}}"#, fingerprint.finish());
    let views = tensors.iter().map(|(name, bytes)| {
        (*name, TensorView::new(Dtype::U64, vec![bytes.len() / 8], bytes).expect("a tensor"))
    });
    let metadata = HashMap::from([("longspan_flow".to_owned(), header)]);
    fs::create_dir(run.path().join("flow")).unwrap();
    run.write("flow/000001.safetensors", safetensors::serialize(views, Some(metadata)).unwrap());
    let flows = read(run.path());
    assert!(flows.records.is_empty());
    assert!(flows.skipped[0].to_string().contains("4000 profiles of 4000 bins"), "{:?}", flows.skipped);
}

#[test]
fn long_windows_need_little_space() {
    let run = TestDir::new();
    let profile = profile(LSTM, 100_000, 1, true);
    let mut to = writer(run.path(), 1);
    let count = 250;
    (1..=count).for_each(|step| to.push(step, &profile, None).unwrap());
    to.flush().unwrap();
    let bytes: u64 = files(run.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    // Six curves of 128 numbers for each of two layers.
    assert!(bytes < count * 2 * 6 * 128 * 4 * 11 / 10, "{bytes} bytes");
    let flows = read(run.path());
    assert_eq!((flows.records.len(), files(run.path()).len()), (count as usize, 2));
    let record = &flows.records[0];
    assert_eq!((record.edges.len(), record.edges.last()), (129, Some(&100_000)));
    // The last 64 steps have a bin each; the bin at the start of the window has the mean of its steps.
    let mean = profile.mean(0);
    assert_eq!(record.layers[0].hidden.log10_mean[63], mean[100_000 - 64].log10() as f32);
    let first = &mean[..100_000 - record.edges[127]];
    let truth = (first.iter().sum::<f64>() / first.len() as f64).log10();
    assert!((f64::from(record.layers[0].hidden.log10_mean[127]) - truth).abs() < 1e-5);
}
