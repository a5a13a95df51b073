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
use crate::wording::setting;

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

pub(crate) static RULE: Rule = Rule {
    code: "dead-units",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["vanishing-across-layers", "vanishing-gradient", "horizon-below-need", "loss-at-chance"],
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
        thresholds: &[DEAD],
        false_alarm: Text {
            en: "few positions were measured, and the units are rarely active rather than dead",
            zh: "测量的位置很少，这些单元只是很少激活，并未死亡",
        },
        remedy: Text {
            en: "A lower --lr, --init identity (IRNN; Le et al. 2015), or a cell with tanh.",
            zh: "更低的 --lr、--init identity（IRNN；Le et al. 2015），或使用 tanh 的单元。",
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
}

impl DeadUnits {
    fn share(&self) -> f64 {
        self.dead as f64 / self.hidden.max(1) as f64
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { layer, dead, hidden } = self;
        match language {
            Language::English => {
                format!("In layer {layer}, {dead} of {hidden} units are 0 at every position.")
            }
            Language::Chinese => {
                format!("第 {layer} 层的 {hidden} 个隐藏单元中，有 {dead} 个在所有位置上都为 0。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let name = Text { en: "share of dead units", zh: "死亡单元的比例" };
        vec![Number::compared(name, self.share(), &DEAD)]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if facts.cell != "relu" {
        return Judgement::Silent;
    }
    let Some(all) = evidence.activations() else { return Judgement::Unknown(Needs::Probe) };
    let Some(worst) = all.iter().max_by_key(|activation| activation.units) else { return Judgement::Silent };
    let found = DeadUnits { layer: worst.layer, dead: worst.units, hidden: facts.hidden };
    if found.share() <= DEAD.value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let slower =
        Text { en: "steps that do not push units below 0", zh: "不把单元推到 0 以下的更新步长" };
    ways.set("lr", setting(facts.lr / 10.0), slower);
    let identity = Text {
        en: "relu units that start by keeping (Le et al. 2015)",
        zh: "让 relu 单元一开始就偏向保留（Le et al. 2015）",
    };
    ways.set("init", "identity", identity);
    ways.set("cell", "gru", Text { en: "units that cannot die", zh: "不会死亡的单元" });
    Found::new(found, Confidence::High, COUNTED).remedies(ways).into()
}
