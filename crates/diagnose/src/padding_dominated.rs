//! `padding-dominated`: most positions of a batch are padding.

use longspan_record::BatchRecord;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::median;
use crate::threshold::Threshold;
use crate::wording::percent;

const PADDED: Threshold = Threshold {
    of: Text {
        en: "share of positions that repeat their neighbour up to the end of a row",
        zh: "一直重复相邻值直到序列末端的位置比例",
    },
    value: 0.5,
    source: Text { en: "half of the work", zh: "一半的计算量" },
};
const UNSCORED: Threshold = Threshold {
    of: Text {
        en: "share of rows in which nothing is scored", zh: "没有任何目标计入损失的序列比例"
    },
    value: 0.5,
    source: Text { en: "half of the rows", zh: "一半的序列" },
};

pub(crate) static RULE: Rule = Rule {
    code: "padding-dominated",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["vanishing-gradient", "horizon-below-need", "no-better-than-baseline"],
    page: Page {
        title: Text { en: "Most of a batch is padding", zh: "一批数据的大部分是填充" },
        meaning: Text {
            en: "Rows that are padded to one length cost as much as if they had that length, and the gradient has to \
                come back through all of the padding. Rows without a scored position cost as much as others and \
                contribute no gradient.",
            zh: "填充到同一长度的序列，开销与真有那么长一样，梯度还必须穿过全部填充。\
                 没有任何目标的序列耗费全部开销，却什么也教不了。",
        },
        measured: Text {
            en: "The share of positions at the ends of rows that repeat one input, which is the same in several rows, and of \
                rows without a target. Windows of a series have no padding: there, values that repeat are data.",
            zh: "序列末端重复同一输入（且多条序列的该输入相同）的位置比例，以及没有目标的序列比例。\
                 数值序列的窗口没有填充，那里重复的数值就是数据。",
        },
        thresholds: &[PADDED, UNSCORED],
        false_alarm: Text {
            en: "the data have one constant at their ends: images with an empty border",
            zh: "数据在末端本来就是同一个常数：例如边缘空白的图像",
        },
        remedy: Text {
            en: "Give rows their own lengths: batches need no padding here. Leave out rows without a target.",
            zh: "让每条序列保持自己的长度：这里的批处理不需要填充。去掉没有目标的序列。",
        },
    },
    judge,
};

/// Batches that consist mostly of padding, or of rows without a target.
#[derive(Clone, Debug, PartialEq)]
pub struct PaddingDominated {
    /// Share of positions that are padding.
    pub padded_share: f64,
    /// Share of rows in which nothing is scored.
    pub unscored_share: f64,
}

impl PaddingDominated {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        if self.unscored_share > UNSCORED.value {
            let share = percent(self.unscored_share);
            return match language {
                Language::English => format!("Nothing is scored in {share} of the rows."),
                Language::Chinese => format!("{share} 的序列没有任何计入损失的目标。"),
            };
        }
        let share = percent(self.padded_share);
        match language {
            Language::English => format!("{share} of the positions are padding."),
            Language::Chinese => format!("{share} 的位置只是填充。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let padded = Text { en: "share of padded positions", zh: "填充位置的比例" };
        let unscored = Text { en: "share of rows without a target", zh: "没有目标的序列比例" };
        vec![
            Number::compared(padded, self.padded_share, &PADDED),
            Number::compared(unscored, self.unscored_share, &UNSCORED),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    if evidence.snapshots().next().is_none() {
        return Judgement::Unknown(Needs::Norms);
    }
    let share = |of: fn(&BatchRecord) -> (usize, usize)| {
        let shares = evidence
            .snapshots()
            .map(|snapshot| of(&snapshot.batch))
            .map(|(part, all)| part as f64 / all.max(1) as f64);
        median(shares).unwrap_or(0.0)
    };
    let series = !evidence.facts.setting("series").is_empty();
    let found = PaddingDominated {
        padded_share: if series { 0.0 } else { share(|batch| (batch.filled_positions, batch.positions)) },
        unscored_share: share(|batch| (batch.unscored_rows, batch.rows)),
    };
    if found.padded_share <= PADDED.value && found.unscored_share <= UNSCORED.value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(&evidence.facts);
    ways.advise(Text {
        en: "give each row its own length, and leave out rows without a target",
        zh: "让每条序列保持自己的长度，并去掉没有目标的序列",
    });
    let because = Text {
        en: "all positions of these batches were counted", zh: "统计了这些批次的所有位置"
    };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}
