//! `stuck-gates`: gates that are always closed, or never let anything in.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::{COUNTED, GateShare};
use crate::threshold::Threshold;
use crate::wording::{percent, setting};

const STUCK: Threshold = Threshold {
    of: Text {
        en: "share of positions and units at which a gate is below 0.05 (above 0.95)",
        zh: "门低于 0.05（高于 0.95）的位置与单元的比例",
    },
    value: 0.9,
    source: Text {
        en: "the edges: Karpathy, Johnson, Fei-Fei 2015; the share: calibration half of the fault-injection benchmark",
        zh: "界限：Karpathy, Johnson, Fei-Fei 2015；比例：故障注入基准测试的校准半集",
    },
};

/// Loss over the baseline below which a gate that is always open is a note.
const LEARNS: f64 = 0.6;

pub(crate) static RULE: Rule = Rule {
    code: "stuck-gates",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &["vanishing-gradient", "horizon-below-need", "no-better-than-baseline"],
    page: Page {
        title: Text { en: "A gate is stuck", zh: "有一个门卡住" },
        meaning: Text {
            en: "A gate that is closed everywhere does not choose: a closed forget gate keeps nothing, a closed input \
                or output gate lets nothing in or out, an update gate that always keeps writes nothing. Its own \
                gradient is almost zero, so it does not recover.",
            zh: "处处关闭的门不做选择：关闭的遗忘门什么也不保留，关闭的输入门或输出门什么也不让进出，\
                 总是保留的更新门什么也不写入。它自己的梯度几乎为零，因此保持不变。",
        },
        measured: Text {
            en: "The share of (position, unit) pairs at which a gate is below 0.05 or above 0.95. Chrono initialisation \
                is meant to keep: with it, an open f or z and a closed i are correct.",
            zh: "门低于 0.05 或高于 0.95 的（位置, 单元）对的比例。chrono 初始化本来就要保留：\
                 使用它时，打开的 f 或 z 与关闭的 i 都是正常的。",
        },
        thresholds: &[STUCK],
        false_alarm: Text {
            en: "the task needs the last inputs only, so nothing has to be kept",
            zh: "只有最后读到的内容有用，因此不必保留任何东西",
        },
        remedy: Text {
            en: "A bias that starts in between: --forget-bias 1 (lstm), another --init; a lower --lr.",
            zh: "从居中的偏置开始：--forget-bias 1（lstm）、别的 --init；更低的 --lr。",
        },
    },
    judge,
};

/// A gate that is stuck.
#[derive(Clone, Debug, PartialEq)]
pub struct StuckGate {
    /// The layer, from 0.
    pub layer: usize,
    /// The gate: "f", "z".
    pub gate: String,
    /// Whether it is stuck open rather than closed.
    pub open: bool,
    /// Share of (position, unit) pairs at which it is stuck.
    pub share: f64,
}

impl StuckGate {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { layer, gate, open, share } = self;
        let share = percent(*share);
        match language {
            Language::English => {
                let state = if *open { "open" } else { "closed" };
                format!("In layer {layer}, gate {gate} is {state} at {share} of positions and units.")
            }
            Language::Chinese => {
                let state = if *open { "打开" } else { "关闭" };
                format!("第 {layer} 层的门 {gate} 在 {share} 的位置与单元上{state}。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let share = Text { en: "share of positions and units", zh: "位置与单元的比例" };
        vec![Number::compared(share, self.share, &STUCK)]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    if facts.cell != "lstm" && facts.cell != "gru" {
        return Judgement::Silent;
    }
    let Some(gates) = evidence.gates() else { return Judgement::Unknown(Needs::Probe) };
    // z of the gru keeps the state: if it is open, nothing is written; if it is closed, nothing is kept. An open f
    // never forgets. Chrono initialisation intends both, and an input gate that is nearly closed.
    let chrono = facts.setting("init").starts_with("chrono");
    let harmful = |gate: &GateShare| match gate.name.as_str() {
        "z" | "f" if chrono => gate.closed,
        "i" if chrono => 0.0,
        "z" | "f" => gate.closed.max(gate.open),
        _ => gate.closed,
    };
    let Some(worst) = gates.iter().max_by(|a, b| harmful(a).total_cmp(&harmful(b))) else {
        return Judgement::Silent;
    };
    let share = harmful(worst);
    if share <= STUCK.value {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    match (facts.cell.as_str(), worst.name.as_str()) {
        ("lstm", "f") => {
            let why = Text {
                en: "a forget gate that starts by keeping (Jozefowicz et al. 2015)",
                zh: "让遗忘门一开始就偏向保留（Jozefowicz et al. 2015）",
            };
            ways.set("forget_bias", "1", why);
        }
        _ => {
            let why = Text { en: "gates that start in between", zh: "让门从居中的状态开始" };
            ways.set("init", "orthogonal:1", why);
        }
    }
    let slower = Text { en: "biases that grow more slowly", zh: "让偏置增长得更慢" };
    ways.set("lr", setting(facts.lr / 4.0), slower);
    // Gates that always keep suit data in which nothing has to be forgotten.
    let open = worst.closed < worst.open;
    let learns = evidence.ended().is_some_and(|ratio| ratio < LEARNS);
    let severity = if open && learns { Severity::Note } else { Severity::Warning };
    let found = StuckGate { layer: worst.layer, gate: worst.name.clone(), open, share };
    Found::new(found, Confidence::High, COUNTED).with_severity(severity).remedies(ways).into()
}
