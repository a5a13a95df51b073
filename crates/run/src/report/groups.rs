//! The groups of a series at the last validation, each beside its own baseline.

use longspan_record::{GroupScore, json_float};
use serde::Serialize;

/// The largest number of groups that are listed.
const MOST: usize = 20;

/// The scores of the groups of a series, the worst first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Groups {
    /// The groups whose loss is largest beside that of their own baseline, at most 20.
    pub worst: Vec<GroupRow>,
    /// Number of groups.
    pub all: usize,
    /// Number of groups that are not below their own baseline.
    pub not_below: usize,
    /// Number of groups that are not listed.
    pub more: usize,
}

/// The score of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRow {
    /// The score and the baseline.
    #[serde(flatten)]
    pub score: GroupScore,
    /// The loss over that of the baseline.
    #[serde(with = "json_float")]
    pub ratio: f64,
    /// Whether the loss is below that of the baseline.
    pub below: bool,
}

impl Groups {
    /// The scores of a validation; None without groups.
    pub(super) fn of(scores: &[GroupScore]) -> Option<Self> {
        let row = |score: &GroupScore| GroupRow {
            score: score.clone(),
            ratio: score.ratio(),
            below: score.loss < score.baseline_loss,
        };
        let mut worst: Vec<GroupRow> = scores.iter().map(row).collect();
        let not_below = worst.iter().filter(|row| !row.below).count();
        // A loss that is not a number is above every other one.
        worst.sort_by(|a, b| a.below.cmp(&b.below).then(b.ratio.abs().total_cmp(&a.ratio.abs())));
        worst.truncate(MOST);
        let (all, more) = (scores.len(), scores.len() - worst.len());
        (!worst.is_empty()).then_some(Self { worst, all, not_below, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_groups_are_first_and_the_rest_is_counted() {
        let group = |name: &str, loss: f64, baseline_loss: f64| GroupScore {
            group: name.into(),
            loss,
            baseline_loss,
            baseline: "persistence".into(),
        };
        let mut scores: Vec<GroupScore> = (0..22).map(|i| group(&format!("g{i}"), 0.5, 1.0)).collect();
        scores.extend([group("twice", 2.0, 1.0), group("nan", f64::NAN, 1.0), group("exact", 1e-9, 0.0)]);
        let groups = Groups::of(&scores).expect("groups");
        let names = groups.worst[..4].iter().map(|row| row.score.group.as_str()).collect::<Vec<_>>();
        assert_eq!(names, ["nan", "exact", "twice", "g0"]);
        assert_eq!((groups.worst.len(), groups.all, groups.not_below, groups.more), (20, 25, 3, 5));
        assert_eq!(Groups::of(&[]), None);
    }
}
