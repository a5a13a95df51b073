//! `majority-class`: the model predicts one class, whatever it reads.

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::JUDGEMENT;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::LEAST_STEPS;
use crate::threshold::Threshold;
use crate::wording::{percent, short};

const GAIN: Threshold = Threshold {
    of: Text {
        en: "accuracy above the share of the most frequent class, over what is left to gain",
        zh: "准确率高出最常见类别占比的部分，与可提高部分之比",
    },
    value: 0.05,
    source: JUDGEMENT,
};
const PREDICTED: Threshold = Threshold {
    of: Text {
        en: "classes that are predicted at least once, of those that occur",
        zh: "至少被预测过一次的类别占出现类别的比例",
    },
    value: 0.5,
    source: JUDGEMENT,
};
/// Where classes are balanced, a model that predicts one class has learned nothing, and that is another finding.
const UNBALANCED: Threshold = Threshold {
    of: Text {
        en: "share of the most frequent class over the share that it has among equally frequent ones",
        zh: "最常见类别的占比与各类别同样常见时占比之比",
    },
    value: 1.5,
    source: JUDGEMENT,
};

pub(crate) static RULE: Rule = Rule {
    code: "majority-class",
    severity: Severity::Warning,
    role: Role::Effect,
    explains: &["no-better-than-baseline"],
    page: Page {
        title: Text {
            en: "The model predicts the most frequent class", zh: "模型只预测最常见的类别"
        },
        meaning: Text {
            en: "Predicting the most frequent class for every input has a high accuracy where the classes are unbalanced, \
                and uses nothing of the input. Macro F1, which counts every class alike, shows it.",
            zh: "类别不均衡时，对任何输入都预测最常见的类别也有很高的准确率，却没有用到输入。对各类别同等计数的宏平均 F1 能显示这一点。",
        },
        measured: Text {
            en: "At the last validation: how many classes are predicted at least once, the accuracy beside the share of the most \
                 frequent class, and macro F1.",
            zh: "在最后一次验证中：至少被预测过一次的类别数，准确率与最常见类别的占比，以及宏平均 F1。",
        },
        thresholds: &[GAIN, PREDICTED, UNBALANCED],
        false_alarm: Text {
            en: "the rare classes are too rare in the validation part to be predicted at all",
            zh: "稀有类别在验证部分中少到根本不会被预测",
        },
        remedy: Text {
            en: "--class-weights balanced, which makes rare classes count as much as frequent ones; look at the other findings \
                 first, because a network that learned nothing predicts one class too.",
            zh: "--class-weights balanced 让稀有类别与常见类别同等重要；先看其他诊断结果，因为什么也没学到的网络同样只预测一个类别。",
        },
    },
    judge,
};

/// A classifier that predicts hardly more than one class.
#[derive(Clone, Debug, PartialEq)]
pub struct MajorityClass {
    /// Classes that occur.
    pub classes: usize,
    /// Classes that are predicted at least once.
    pub predicted: usize,
    /// Share of the most frequent class.
    pub largest_share: f64,
    /// Accuracy.
    pub accuracy: f64,
    /// F1, averaged over the classes.
    pub macro_f1: f64,
}

impl MajorityClass {
    fn gain(&self) -> f64 {
        (self.accuracy - self.largest_share) / (1.0 - self.largest_share)
    }

    fn imbalance(&self) -> f64 {
        self.largest_share * self.classes as f64
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let Self { classes, predicted, .. } = self;
        let (accuracy, share, f1) =
            (percent(self.accuracy), percent(self.largest_share), short(self.macro_f1));
        match language {
            Language::English => format!(
                "{predicted} of {classes} classes are ever predicted: {accuracy} are correct, where the most frequent \
                 class alone gives {share}, and macro F1 is {f1}."
            ),
            Language::Chinese => format!(
                "{classes} 个类别中只有 {predicted} 个被预测过：准确率为 {accuracy}，而只猜最常见的类别就有 {share}；宏平均 F1 为 {f1}。"
            ),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let f1 = Text { en: "macro F1", zh: "宏平均 F1" };
        vec![
            Number::compared(PREDICTED.of, self.predicted as f64 / self.classes.max(1) as f64, &PREDICTED),
            Number::compared(GAIN.of, self.gain(), &GAIN),
            Number::compared(UNBALANCED.of, self.imbalance(), &UNBALANCED),
            Number::plain(f1, self.macro_f1),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    // Without these scores, as in runs of earlier versions and for anything but classes, there is nothing to judge.
    let last = evidence.valid.last().and_then(|score| Some((score.classes?, score.accuracy?)));
    let Some((of, accuracy)) = last.filter(|_| evidence.steps.len() >= LEAST_STEPS) else {
        return Judgement::Silent;
    };
    let found = MajorityClass {
        classes: of.classes,
        predicted: of.predicted_classes,
        largest_share: of.largest_share,
        accuracy,
        macro_f1: of.macro_f1,
    };
    let few = found.predicted as f64 <= PREDICTED.value * found.classes as f64;
    let unbalanced = found.imbalance() > UNBALANCED.value;
    if found.classes < 2 || !few || !unbalanced || found.gain() > GAIN.value || found.gain().is_nan() {
        return Judgement::Silent;
    }
    let mut ways = Remedies::new(facts);
    let why = Text {
        en: "rare classes count as much as frequent ones", zh: "稀有类别与常见类别同等重要"
    };
    if !facts.setting("labelled").is_empty() {
        ways.set("class_weights", "balanced", why);
    }
    ways.advise(Text {
        en: "look at the other findings: a network that learned nothing predicts one class too",
        zh: "查看其他诊断结果：什么也没学到的网络同样只预测一个类别",
    });
    let because = Text { en: "all predictions were counted", zh: "统计了所有预测" };
    Found::new(found, Confidence::High, because).remedies(ways).into()
}
