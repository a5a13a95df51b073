//! The scores of the groups of a series.

use longspan_run::report::{GroupRow, RunReport};

use super::write::{Writer, short, words};
use crate::assets::fill;

/// Adds the groups whose losses are largest beside their own baselines.
pub(super) fn groups(to: &mut Writer, report: &RunReport, level: usize) {
    let Some(groups) = &report.groups else { return };
    to.heading(level, to.say("groups"));
    let counted = |key, counts: &[usize]| {
        counts.iter().enumerate().fold(String::from(to.say(key)), |text, (index, count)| {
            text.replace(&format!("{{{index}}}"), &count.to_string())
        })
    };
    to.paragraph(&match groups.not_below {
        0 => counted("groups_all_below", &[groups.all]),
        1 => counted("groups_one_not_below", &[groups.all]),
        many => counted("groups_not_below", &[many, groups.all]),
    });
    let loss = fill(to.say("loss"), &report.data.unit);
    let head = [
        to.say("group"),
        &loss,
        to.say("group_baseline_loss"),
        to.say("group_ratio"),
        to.say("group_result"),
        to.say("baseline_row"),
    ];
    let row = |row: &GroupRow| {
        vec![
            words(&row.score.group),
            short(row.score.loss),
            short(row.score.baseline_loss),
            short(row.ratio),
            to.say(if row.below { "better" } else { "no_better" }).into(),
            words(&row.score.baseline),
        ]
    };
    let rows: Vec<_> = groups.worst.iter().map(row).collect();
    to.table(&head, &rows);
    match groups.more {
        0 => {}
        1 => to.paragraph(to.say("groups_more_one")),
        more => to.paragraph(&fill(to.say("groups_more"), &more.to_string())),
    }
}
