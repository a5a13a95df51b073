//! The lines of `metrics.jsonl`: one record each.
//!
//! A resumed run repeats the steps after its last checkpoint. The first record of a higher attempt therefore
//! replaces all records of lower attempts from its step on. Each step counts in its highest attempt, and
//! steps that were not repeated do not count. A rewind begins an attempt, too; the records of an attempt begin with
//! all recoveries before it.
//!
//! A line that was torn by a kill is the last one, or is followed by the next attempt; it is dropped silently. Every other
//! line that is not a record is skipped and counted.

use std::borrow::Cow;

use serde::Deserialize;

use super::metrics::Metrics;
use super::thinned::Thinned;
use longspan_record::{FaultRecord, RecoveryRecord, ScoreRecord, StepRecord, json_float};

/// The fields that all records have.
#[derive(Deserialize)]
pub(super) struct Header<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    step: u64,
    pub(super) attempt: u64,
}

pub(super) enum Record {
    Step(Box<StepRecord>),
    Valid(ScoreRecord),
    Test(ScoreRecord),
    Fault(FaultRecord),
    Recovery(Box<RecoveryRecord>),
    /// A kind of record that a later version writes.
    Other,
}

pub(super) fn parse(line: &[u8]) -> Result<(Header<'_>, Record), String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let header: Header<'_> = serde_json::from_slice(line).map_err(wrong)?;
    let record = match &*header.kind {
        "step" => Record::Step(Box::new(json_float::from_slice(line).map_err(wrong)?)),
        "valid" => Record::Valid(json_float::from_slice(line).map_err(wrong)?),
        "test" => Record::Test(json_float::from_slice(line).map_err(wrong)?),
        "fault" => Record::Fault(json_float::from_slice(line).map_err(wrong)?),
        "recovery" => Record::Recovery(Box::new(json_float::from_slice(line).map_err(wrong)?)),
        _ => Record::Other,
    };
    Ok((header, record))
}

impl Metrics {
    /// Adds the next record.
    pub(super) fn take(
        &mut self,
        header: &Header<'_>,
        record: Record,
        attempt: &mut u64,
        thinned: &mut Thinned,
        bytes: usize,
    ) -> Result<(), String> {
        let &Header { step, attempt: own, .. } = header;
        if own < *attempt {
            return Err(format!("attempt {own} follows attempt {attempt}"));
        }
        if own > *attempt {
            *attempt = own;
            self.drop_from(step, &record);
            thinned.dropped(self);
        }
        // A validation that was interrupted before the attempt is repeated.
        if let (Record::Valid(_), true) = (&record, self.restarted) {
            self.valid.pop_if(|last| last.step == step);
            thinned.dropped(self);
        }
        self.restarted &= matches!(record, Record::Recovery(_));
        let behind = |last: Option<u64>| match last.filter(|&last| last >= step) {
            Some(last) => Err(format!("step {step} follows step {last}")),
            None => Ok(()),
        };
        match record {
            Record::Step(record) => {
                behind(self.steps.last().map(|last| last.step))?;
                thinned.add_step(self, *record, bytes);
            }
            Record::Valid(record) => {
                behind(self.valid.last().map(|last| last.step))?;
                thinned.add_valid(self, record, bytes);
            }
            Record::Test(record) => self.test = Some(record),
            Record::Fault(record) => self.fault = Some(record),
            Record::Recovery(record) => self.recoveries.push(*record),
            Record::Other => {}
        }
        Ok(())
    }

    /// Drops the records of earlier attempts from `step` on, of which `first` is the first record of the new attempt. A
    /// record of `step` itself is dropped only if that step was tried again.
    fn drop_from(&mut self, step: u64, first: &Record) {
        let tried_again = matches!(first, Record::Step(_) | Record::Fault(_));
        let keep = |of: u64| of < step || of == step && !tried_again;
        self.steps.truncate(self.steps.partition_point(|record| keep(record.step)));
        // A validation at `step` was interrupted, or scored weights that were not saved, unless the test follows it. After
        // a rewind, it is that of the weights with which training continues.
        let tested = matches!(first, Record::Test(_) | Record::Recovery(_));
        let keep = |of: u64| of < step || of == step && tested;
        self.valid.truncate(self.valid.partition_point(|record| keep(record.step)));
        (self.test, self.fault) = (None, None);
        self.recoveries.clear();
        self.restarted = matches!(first, Record::Recovery(_));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tail::read;
    use super::*;
    use crate::test_dir::TestDir;

    fn step(step: u64, attempt: u64) -> String {
        format!(
            r#"{{"type":"step","step":{step},"attempt":{attempt},"epoch":1,"loss_nats":{step}.{attempt},"scored":1,"tokens":1,
            "lr":0.1,"log10_global_norm":"-Infinity","log10_global_norm_after":0.0,"clipped":false}}"#
        )
        .replace('\n', "")
    }

    fn valid(step: u64, attempt: u64) -> String {
        format!(
            r#"{{"type":"valid","step":{step},"attempt":{attempt},"loss_mse":0.5,"scored":1,"best":true}}"#
        )
    }

    fn fault(step: u64, attempt: u64) -> String {
        format!(
            r#"{{"type":"fault","step":{step},"attempt":{attempt},"epoch":1,"loss":"NaN","log10_global_norm":"NaN","phase":"input",
            "layer":null,"t":3,"tensor":"x","row":1,"unit":0,"value":"NaN","cause":"bad_input","before":[]}}"#
        )
        .replace('\n', "")
    }

    fn read_text(bytes: &[u8]) -> Metrics {
        let directory = TestDir::new();
        read(&directory.write("metrics.jsonl", bytes)).unwrap()
    }

    fn read_lines(lines: &[String]) -> Metrics {
        read_text((lines.join("\n") + "\n").as_bytes())
    }

    fn steps(metrics: &Metrics) -> Vec<(u64, u64)> {
        metrics.steps.iter().map(|record| (record.step, record.attempt)).collect()
    }

    #[test]
    fn a_later_attempt_replaces_steps() {
        let first = [step(1, 1), step(2, 1), valid(2, 1), step(3, 1), step(4, 1), fault(5, 1)];
        let metrics = read_lines(&first);
        assert_eq!(steps(&metrics), [(1, 1), (2, 1), (3, 1), (4, 1)]);
        assert_eq!((metrics.steps[2].loss, metrics.steps[2].log10_global_norm), (3.1, f64::NEG_INFINITY));
        assert_eq!(metrics.fault.as_ref().map(|fault| (fault.step, fault.t)), Some((5, Some(3))));
        // The second attempt starts at step 2 and has not reached the last step of the first one.
        let metrics = read_lines(&[&first[..], &[step(2, 2), step(3, 2)]].concat());
        assert_eq!(steps(&metrics), [(1, 1), (2, 2), (3, 2)]);
        assert!(metrics.valid.is_empty() && metrics.fault.is_none() && metrics.problems.is_empty());
        // An interrupted validation is repeated; the step before it is kept.
        let metrics = read_lines(&[&first[..], &[valid(3, 2), step(4, 2)]].concat());
        assert_eq!(steps(&metrics), [(1, 1), (2, 1), (3, 1), (4, 2)]);
        assert_eq!(metrics.valid.iter().map(|record| record.step).collect::<Vec<_>>(), [2, 3]);
        assert!(metrics.problems.is_empty());
    }

    fn recovery(action: &str, failed: u64, to_step: u64, (step, attempt): (u64, u64)) -> String {
        let fault = fault(failed, 1);
        format!(
            r#"{{"type":"recovery","step":{step},"attempt":{attempt},"action":"{action}","window":3,"to_step":{to_step},"fault":{fault}}}"#
        )
    }

    /// A rewind cuts the steps that it undoes, and each attempt begins with all recoveries before it.
    #[test]
    fn a_rewind_shows_no_step_twice() {
        let skip = |at| recovery("skip", 2, 1, at);
        let rewind = |at| recovery("rewind", 5, 2, at);
        let first = [step(1, 1), skip((1, 1)), step(2, 1), valid(2, 1), step(3, 1), valid(3, 1), step(4, 1)];
        let second = [skip((2, 2)), rewind((2, 2)), step(3, 2), step(4, 2), step(5, 2)];
        let metrics = read_lines(&[&first[..], &second].concat());
        assert_eq!(steps(&metrics), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2)]);
        let actions = |metrics: &Metrics| {
            metrics.recoveries.iter().map(|record| (record.fault.step, record.to_step)).collect::<Vec<_>>()
        };
        assert_eq!((actions(&metrics), metrics.valid.len()), (vec![(2, 1), (5, 2)], 1));
        assert!(metrics.problems.is_empty(), "{:?}", metrics.problems);
        // A resume from a checkpoint before the rewind repeats the fault; one after it does not.
        let before = [skip((3, 3)), step(4, 3)];
        let metrics = read_lines(&[&first[..], &second, &before].concat());
        assert_eq!((steps(&metrics).len(), actions(&metrics)), (4, vec![(2, 1)]));
        let after = [skip((4, 3)), rewind((4, 3)), valid(4, 3), step(5, 3)];
        let metrics = read_lines(&[&first[..], &second, &after].concat());
        assert_eq!((steps(&metrics).len(), actions(&metrics)), (5, vec![(2, 1), (5, 2)]));
        // A validation that an attempt repeats is no damage.
        let again = [skip((2, 3)), rewind((2, 3)), valid(2, 3), step(3, 3)];
        let metrics = read_lines(&[&first[..], &second, &again].concat());
        assert_eq!((steps(&metrics).len(), metrics.valid.len(), metrics.problems.len()), (3, 1, 0));
    }

    #[test]
    fn a_torn_line_is_not_damage() {
        let torn = step(3, 1)[..60].to_owned();
        let metrics = read_text(format!("{}\n{}\n{torn}", step(1, 1), step(2, 1)).as_bytes());
        assert_eq!((steps(&metrics).len(), metrics.problems.len()), (2, 0));
        let metrics = read_lines(&[step(1, 1), step(2, 1), torn, step(3, 2)]);
        assert_eq!((steps(&metrics).len(), metrics.problems.len()), (3, 0));
    }

    #[test]
    fn damaged_lines_are_skipped_and_counted() {
        let nested = "[".repeat(100_000) + &"]".repeat(100_000);
        let deep = format!(r#"{{"type":"valid","step":2,"attempt":1,"loss":{nested}}}"#);
        let huge = step(2, 1).replace(r#""step":2"#, r#""step":123456789012345678901234567890"#);
        let long = format!(r#"{{"type":"step","step":2,"attempt":1,"x":"{}"}}"#, "y".repeat(17 << 20));
        for (bad, reason) in [
            ("", "EOF"),
            ("\0\0\0", "expected value"),
            ("{}", "missing field"),
            ("[\"step\", 2, 1]", "expected"),
            (r#"{"type":"step","step":2,"attempt":1}"#, "missing field `epoch`"),
            (r#"{"type":"step","step":-2,"attempt":1}"#, "invalid value"),
            (r#"{"type":"valid","step":2,"attempt":1,"loss_nats":[1],"scored":1,"best":true}"#, "Written"),
            (deep.as_str(), "recursion limit"),
            (huge.as_str(), "invalid"),
            (long.as_str(), "longer than 16 MB"),
            (step(1, 1).as_str(), "step 1 follows step 1"),
            (step(2, 0).as_str(), "attempt 0 follows attempt 1"),
            ("\u{1b}[31m", "expected value"),
        ] {
            let metrics = read_lines(&[step(1, 1), bad.into(), step(3, 1)]);
            assert_eq!(steps(&metrics), [(1, 1), (3, 1)], "{reason}");
            assert_eq!(metrics.problems.len(), 1, "{reason}");
            let problem = &metrics.problems[0];
            assert!(problem.starts_with("1 line is not a record in "), "{problem}");
            assert!(problem.contains("(line 2: ") && problem.contains(reason), "{reason}: {problem}");
        }
        let metrics = read_lines(&[step(1, 1), "x".into(), "y".into(), step(2, 1), "z".into()]);
        assert!(metrics.problems[0].starts_with("3 lines are not records in "), "{:?}", metrics.problems);
        assert!(read_text(&[0xff; 1000]).steps.is_empty());
        // Records of an unknown kind are not damage.
        let metrics = read_lines(&[r#"{"type":"later","step":1,"attempt":1}"#.into(), step(1, 1)]);
        assert_eq!((steps(&metrics).len(), metrics.problems.len()), (1, 0));
    }
}
