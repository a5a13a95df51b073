//! `clip-never`: the limit is so high that it never acts, although it should.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::norms::{Harm, TAIL, harm};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::LEAST_STEPS;
use crate::threshold::Threshold;
use crate::wording::{setting, short};

const ABOVE: Threshold = Threshold {
    of: Text { en: "limit over the median norm", zh: "裁剪阈值与范数中位数之比" },
    value: 10.0,
    source: Text {
        en: "Pascanu et al. 2013, §3.2: a limit of 0.5 to 10 times the mean norm",
        zh: "Pascanu et al. 2013，§3.2：阈值取平均范数的 0.5 到 10 倍",
    },
};

pub(crate) static RULE: Rule = Rule {
    code: "clip-never",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[],
    page: Page {
        title: Text {
            en: "Clipping never acts, although it is needed",
            zh: "裁剪从未起作用，而它本应起作用",
        },
        meaning: Text {
            en: "A limit above every gradient has no effect. It should act if a few gradients are far larger than the \
                others, or if one of them ended the run.",
            zh: "高于所有梯度的阈值等于没有阈值。若少数梯度远大于其余梯度，或有一个梯度终止了训练，它本应拦截它们。",
        },
        measured: Text {
            en: "Whether any step was clipped; the limit over the median norm; how heavy the tail of the norms is.",
            zh: "是否有任何一步被裁剪；裁剪阈值与范数中位数之比；范数分布的尾部有多重。",
        },
        thresholds: &[ABOVE, TAIL],
        false_alarm: Text {
            en: "the large gradients are correct, because they come from rare events in the data",
            zh: "这些大的梯度是正确的：数据中的罕见事件本来就罕见",
        },
        remedy: Text {
            en: "A limit of about twice the median norm.", zh: "阈值约为范数中位数的两倍。"
        },
    },
    judge,
};

/// A limit that never acts.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipNever {
    /// What is wrong with the gradients.
    pub harm: Harm,
    /// The limit.
    pub limit: f64,
    /// Median norm.
    pub median_norm: f64,
    /// Largest norm over the median.
    pub tail_ratio: f64,
}

impl ClipNever {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (limit, harm) = (short(self.limit), self.harm.text(language));
        match language {
            Language::English => format!("The clipping limit of {limit} never acts, and {harm}."),
            Language::Chinese => format!("裁剪阈值 {limit} 从未起作用，并且{harm}。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let tail = Text { en: "largest norm over the median", zh: "最大范数与中位数之比" };
        vec![
            Number::compared(ABOVE.of, self.limit / self.median_norm, &ABOVE),
            Number::compared(tail, self.tail_ratio, &TAIL),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let evidence = &*evidence.with_present(&["clip"]);
    let facts = &evidence.facts;
    let Some(limit) = facts.clip_limit else { return Judgement::Silent };
    if evidence.steps.len() < LEAST_STEPS && evidence.fault.is_none() {
        return Judgement::Unknown(Needs::Steps);
    }
    let Some(median_norm) = evidence.log10_norm().map(|norm| 10f64.powf(norm)) else {
        return Judgement::Silent;
    };
    let Some((tail_ratio, harm)) = harm(evidence) else { return Judgement::Silent };
    if evidence.steps.iter().any(|step| step.clipped) {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let lower = format!("norm:{}", setting((2.0 * median_norm).min(1.0)));
    ways.set("clip", lower, Text { en: "catches outliers", zh: "拦截异常大的梯度" });
    let because = Text { en: "norms are measured at every step", zh: "每一步都测量了范数" };
    Found::new(ClipNever { harm, limit, median_norm, tail_ratio }, Confidence::Medium, because)
        .remedies(ways)
        .into()
}
