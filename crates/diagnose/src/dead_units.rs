//! `dead-units`: relu units that are 0 at every position.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::COUNTED;
use crate::threshold::Threshold;
use crate::wording::{and_loss, setting};

const DEAD: Threshold = Threshold {
    of: Text {
        en: "share of units that are 0 at every position", zh: "在所有位置都为 0 的单元比例"
    },
    value: 0.5,
    source: Text {
        en: "AutoTrainer (Zhang et al. 2021) uses 70 % of zero gradients; calibration half of the fault-injection benchmark",
        zh: "AutoTrainer（Zhang et al. 2021）取 70 % 的零梯度；故障注入基准测试的校准半集",
    },
};
/// Above this loss dead units are a warning, below it a note.
const BAD: Threshold = Threshold {
    of: Text { en: "loss over the baseline", zh: "损失与基线之比" },
    value: 0.3,
    source: Text {
        en: "at a lower loss the units that are left suffice, and the finding is a note",
        zh: "损失更低时，剩下的单元已经够用，此结果只是提示",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "dead-units",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "vanishing-across-layers",
        "vanishing-gradient",
        "horizon-below-need",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "Most relu units are dead", zh: "大多数 relu 单元已死亡" },
        meaning: Text {
            en: "A relu that is 0 for every input has a gradient of 0 for every weight: it never recovers.",
            zh: "对任何输入都为 0 的 relu，对每个权重的梯度也为 0：它再也不会恢复。",
        },
        measured: Text {
            en: "The share of units that are 0 at every position of the measured batches.",
            zh: "在所测的各批数据中，所有位置都为 0 的单元比例。",
        },
        thresholds: &[DEAD, BAD],
        false_alarm: Text {
            en: "few positions were measured, and the units are rarely active rather than dead",
            zh: "测量的位置很少，这些单元只是很少激活，并未死亡",
        },
        remedy: Text {
            en: "Start again: dead units do not recover. A lower --lr (1e-3 for adam), --init identity (IRNN; Le et al. \
                2015), or a cell with tanh.",
            zh: "重新开始训练：死亡的单元不会恢复。更低的 --lr（adam 用 1e-3）、--init identity（IRNN；Le et al. 2015），\
                 或使用 tanh 的单元。",
        },
    },
    judge,
};

/// A layer whose relu units are dead.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadUnits {
    /// The layer, from 0.
    pub layer: usize,
    /// Units that are 0 at every position.
    pub dead: usize,
    /// Units of the layer.
    pub hidden: usize,
    /// Loss at the end over the baseline; NaN if there is no baseline.
    pub ended_ratio: f64,
}

impl DeadUnits {
    fn share(&self) -> f64 {
        self.dead as f64 / self.hidden.max(1) as f64
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { layer, dead, hidden, .. } = self;
        let loss = and_loss(self.ended_ratio, language);
        match language {
            Language::English => {
                format!("In layer {layer}, {dead} of {hidden} units are 0 at every position{loss}.")
            }
            Language::Chinese => {
                format!("第 {layer} 层的 {hidden} 个隐藏单元中，有 {dead} 个在所有位置上都为 0{loss}。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let name = Text { en: "share of dead units", zh: "死亡单元的比例" };
        vec![Number::compared(name, self.share(), &DEAD), Number::compared(BAD.of, self.ended_ratio, &BAD)]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if facts.cell != "relu" {
        return Judgement::Silent;
    }
    let Some(all) = evidence.activations() else { return Judgement::Unknown(Needs::Probe) };
    let Some(worst) = all.iter().max_by_key(|activation| activation.units) else { return Judgement::Silent };
    let ended_ratio = evidence.ended().unwrap_or(f64::NAN);
    let found = DeadUnits { layer: worst.layer, dead: worst.units, hidden: facts.hidden, ended_ratio };
    if found.share() <= DEAD.value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let slower =
        Text { en: "steps that do not push units below 0", zh: "不把单元推到 0 以下的更新步长" };
    // A relu recurrence needs smaller steps than a bounded cell.
    ways.set("lr", setting(facts.smaller_rate() / 2.0), slower);
    let identity = Text {
        en: "relu units that start by keeping (Le et al. 2015)",
        zh: "让 relu 单元一开始就偏向保留（Le et al. 2015）",
    };
    ways.set("init", "identity", identity);
    ways.set("cell", "gru", Text { en: "units that cannot die", zh: "不会死亡的单元" });
    let severity = if found.ended_ratio <= BAD.value { Severity::Note } else { Severity::Warning };
    Found::new(found, Confidence::High, COUNTED).with_severity(severity).remedies(ways).into()
}
