//! `sensitivity-explosion`: a long memory makes the state depend too strongly on the weights.

use longspan_record::credit::{Measured, Reason};

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::one_loss::harmless;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::{setting, short, steps};

const SENSITIVITY: Threshold = Threshold {
    of: Text { en: "root mean square of ‖∂h_t/∂W_hh‖", zh: "‖∂h_t/∂W_hh‖ 的均方根" },
    value: 3e3,
    source: Text {
        en: "calibration half of the fault-injection benchmark; t³/3 at an eigenvalue of 1 (Zucchet, Orvieto 2024)",
        zh: "故障注入基准测试的校准半集；特征值为 1 时是 t³/3（Zucchet, Orvieto 2024）",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "sensitivity-explosion",
    severity: Severity::Warning,
    role: Role::Effect,
    explains: &[],
    page: Page {
        title: Text {
            en: "The state depends too strongly on the weights", zh: "状态对权重的依赖过强"
        },
        meaning: Text {
            en: "The longer a network remembers, the more a small change of its recurrent weights moves its state, even if no gradient \
                 explodes: the curse of memory. Steps then have to be tiny.",
            zh: "网络记得越久，循环权重的微小改变就越能移动它的状态，即使梯度没有爆炸：\
                 这就是“记忆的诅咒”。此时更新步长必须极小。",
        },
        measured: Text {
            en: "√E‖∂h_t/∂W_hh‖² after t steps, t up to the longest sequence, estimated with random signs (Hutchinson 1989).",
            zh: "t 步之后的 √E‖∂h_t/∂W_hh‖²，t 直到最长的序列，用随机符号估计（Hutchinson 1989）。",
        },
        thresholds: &[SENSITIVITY],
        false_alarm: Text {
            en: "the learning rate is already low enough: the loss falls smoothly",
            zh: "学习率已经足够低：损失平滑下降",
        },
        remedy: Text {
            en: "A lower --lr, gates (they scale what they write by what they forget), a spectral radius slightly below 1.",
            zh: "更低的 --lr、门控（按遗忘的多少缩放写入的内容）、略低于 1 的谱半径。",
        },
    },
    judge,
};

/// A state that follows its weights too closely.
#[derive(Clone, Debug, PartialEq)]
pub struct SensitivityExplosion {
    /// Steps from the beginning of a sequence.
    pub steps: usize,
    /// Root mean square of ‖∂h_t/∂W_hh‖ after them.
    pub recurrent_rms: f64,
}

impl SensitivityExplosion {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let ratio = short(self.recurrent_rms);
        match language {
            Language::English => format!(
                "After {}, a change of the recurrent weights moves the state by {ratio} times its norm.",
                steps(self.steps)
            ),
            Language::Chinese => {
                format!("经过 {} 步，循环权重的改变使状态移动了该改变量范数的 {ratio} 倍。", self.steps)
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let name = Text { en: "sensitivity", zh: "敏感度" };
        vec![Number::compared(name, self.recurrent_rms, &SENSITIVITY)]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(reach) = evidence.reach() else { return Judgement::Unknown(Needs::Probe) };
    let last = match &reach.sensitivity {
        Measured::Known(points) => points.last(),
        // A light probe does not measure it, and neither does one that met its time limit.
        Measured::Unknown(Reason::NotAsked | Reason::TimeLimit) => return Judgement::Unknown(Needs::Probe),
        Measured::Unknown(_) => None,
    };
    let Some(last) = last else { return Judgement::Silent };
    if last.recurrent_rms.is_nan() || last.recurrent_rms <= SENSITIVITY.value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let slower =
        Text { en: "steps that such a state can bear", zh: "这样的状态能承受的更新步长" };
    ways.set("lr", setting(facts.lr / 10.0), slower);
    ways.set("init", "orthogonal:0.95", Text { en: "a memory that ends", zh: "让记忆有限" });
    let found = SensitivityExplosion { steps: last.steps, recurrent_rms: last.recurrent_rms };
    let because =
        Text { en: "it is an estimate over a few sequences", zh: "这是在少数序列上的估计" };
    harmless(Found::new(found, Confidence::Medium, because).remedies(ways), evidence).into()
}
