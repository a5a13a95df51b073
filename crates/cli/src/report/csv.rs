//! The metrics of runs as one CSV table, with a line for each training step, validation and test.
//!
//! Numbers that are not finite are written as NaN, inf or -inf, which pandas and NumPy read. A text that a spreadsheet would evaluate
//! as a formula gets an apostrophe before it.

use std::fmt::Write as _;
use std::path::Path;

use longspan_record::{ScoreRecord, StepRecord};
use longspan_run::directory::RunError;
use longspan_run::directory::history;
use longspan_run::directory::history::History;
use longspan_run::visible;

const COLUMNS: &str = "run,kind,step,attempt,epoch,loss,loss_unit,accuracy,best,scored,tokens,lr,log10_norm_before,\
                       log10_norm_after,clipped,log10_survival,log10_update_ratio";

/// Returns the table of these runs.
///
/// # Errors
/// [`RunError`] if a directory is not a run, or its records cannot be read.
pub(crate) fn csv(runs: &[impl AsRef<Path>]) -> Result<String, RunError> {
    let mut text = format!("{COLUMNS}\n");
    for path in runs {
        let path = path.as_ref();
        let history = history::read(path)?;
        let name = visible::path(Path::new(path.file_name().unwrap_or(path.as_os_str())));
        push(&mut text, &field(&name), &history);
    }
    Ok(text)
}

/// Adds the lines of a run: steps and validations in the order of steps, then the test.
fn push(text: &mut String, run: &str, history: &History) {
    let unit = field(&history.record.data.unit.to_string());
    let mut valid = history.valid.iter().peekable();
    for step in &history.steps {
        while let Some(score) = valid.next_if(|score| score.step < step.step) {
            push_score(text, run, "valid", &unit, score);
        }
        push_step(text, run, &unit, step);
    }
    valid.for_each(|score| push_score(text, run, "valid", &unit, score));
    history.test.iter().for_each(|score| push_score(text, run, "test", &unit, score));
}

fn push_step(text: &mut String, run: &str, unit: &str, step: &StepRecord) {
    let StepRecord { step: at, attempt, epoch, loss, scored, tokens, lr, clipped, .. } = step;
    let (before, after) = (step.log10_global_norm, step.log10_global_norm_after);
    // The survival of the layer with the largest one.
    let survival = step.log10_survival.iter().copied().reduce(f64::max).map(|x| x.to_string());
    let update = step.snapshot.as_ref().map(|snapshot| snapshot.log10_update_ratio.to_string());
    let (survival, update) = (survival.unwrap_or_default(), update.unwrap_or_default());
    writeln!(
        text,
        "{run},step,{at},{attempt},{epoch},{loss},{unit},,,{scored},{tokens},{lr},{before},{after},{clipped},{survival},{update}"
    )
    .expect("writing to a string cannot fail");
}

fn push_score(text: &mut String, run: &str, kind: &str, unit: &str, score: &ScoreRecord) {
    let ScoreRecord { step, attempt, loss, accuracy, scored, best, .. } = score;
    let accuracy = accuracy.map(|x| x.to_string()).unwrap_or_default();
    writeln!(text, "{run},{kind},{step},{attempt},,{loss},{unit},{accuracy},{best},{scored},,,,,,,")
        .expect("writing to a string cannot fail");
}

/// A text as a field, which is a text to a spreadsheet, too.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = format!("{}{}", if formula { "'" } else { "" }, visible::line(text));
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for (text, written) in [
            ("run", "run"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-a,b", "\"'-a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("\tx", "'\\tx"),
            ("a\u{1b}[31m", "a\\u001b[31m"),
        ] {
            assert_eq!(field(text), written);
        }
    }

    #[test]
    fn every_line_has_all_columns() {
        let mut text = String::new();
        let step =
            StepRecord { step: 3, loss: f64::NAN, log10_survival: vec![-4.0, -2.5], ..StepRecord::default() };
        push_step(&mut text, "run", "nats", &step);
        let score = ScoreRecord { step: 3, loss: 0.5, accuracy: Some(0.75), ..ScoreRecord::default() };
        push_score(&mut text, "run", "valid", "nats", &score);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        let columns: Vec<&str> = COLUMNS.split(',').collect();
        let of =
            |line: usize, name: &str| lines[line][columns.iter().position(|c| *c == name).expect("a column")];
        assert!(lines.iter().all(|line| line.len() == columns.len()), "{text}");
        assert_eq!((of(0, "loss"), of(0, "log10_survival"), of(0, "clipped")), ("NaN", "-2.5", "false"));
        assert_eq!((of(1, "kind"), of(1, "loss"), of(1, "accuracy")), ("valid", "0.5", "0.75"));
    }
}
