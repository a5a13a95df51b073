//! `padding-dominated`: most of what is computed is filling.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::signals::median;
use super::{Evidence, Level, Severity};

const FILLED: Threshold = Threshold {
    of: "share of places that repeat their neighbour up to a row's end",
    value: 0.5,
    source: "half of the work",
};
const UNSCORED: Threshold =
    Threshold { of: "share of rows in which nothing is scored", value: 0.5, source: "half of the rows" };

pub(super) static RULE: Rule = Rule {
    code: "padding-dominated",
    severity: Severity::Warning,
    title: "Most of a batch is padding",
    page: Page {
        meaning: "Rows that are filled up to one length cost as much as if they had that length, and a gradient has to come back \
                  through all of the filling. Rows in which nothing is scored cost all and teach nothing.",
        measured: "The share of places at the ends of rows that repeat one input, and of rows without a target.",
        thresholds: &[FILLED, UNSCORED],
        false_alarm: "the data are constant at their ends: images with an empty border, sensors at rest",
        remedy: "Give rows their own lengths: batches need no padding here. Leave out rows without a target.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    if evidence.snapshots().next().is_none() {
        return Judgement::Unknown(Needs::Norms);
    }
    let share = |of: fn(&longspan_record::BatchRecord) -> (usize, usize)| {
        let shares = evidence
            .snapshots()
            .map(|look| of(&look.batch))
            .map(|(part, all)| part as f64 / all.max(1) as f64);
        median(shares).unwrap_or(0.0)
    };
    let filled = share(|batch| (batch.filled_positions, batch.positions));
    let unscored = share(|batch| (batch.unscored_rows, batch.rows));
    if filled <= FILLED.value && unscored <= UNSCORED.value {
        return Judgement::Silent;
    }
    let sentence = match unscored > UNSCORED.value {
        true => format!("In {:.0} % of the rows nothing is scored.", 100.0 * unscored),
        false => format!("{:.0} % of the places fill rows up.", 100.0 * filled),
    };
    Found::new(sentence, Level::High, "all places of the batches were counted")
        .held("share of filled places", filled, FILLED)
        .held("share of rows without a target", unscored, UNSCORED)
        .advice("give each row its own length, and leave out rows without a target")
        .into()
}
