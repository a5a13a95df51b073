//! `non-finite`: a value that is NaN or infinite.

use longspan_record::{Cause, FaultRecord, Phase};

use crate::evidence::{Evidence, Facts};
use crate::fault::{location, reason};
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::{Remedies, Remedy};
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::setting;

/// Learning rates below this are not lowered.
const SMALL_RATE: f64 = 1e-5;
/// Rates of Adam above this are not useful.
const ADAM_RATE: f64 = 1e-2;

/// Code of this rule.
pub const CODE: &str = "non-finite";

pub(crate) static RULE: Rule = Rule {
    code: CODE,
    severity: Severity::Severe,
    role: Role::Cause,
    explains: &[
        "recovered-faults",
        "step-too-large",
        "exploding-gradient",
        "clip-missing",
        "saturated-units",
        "dead-units",
        "stuck-gates",
        "vanishing-across-layers",
        "vanishing-gradient",
        "clip-always",
        "chaotic-dynamics",
        "sensitivity-explosion",
        "horizon-below-need",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text {
            en: "A value is not finite, or beyond its limit", zh: "出现非有限值，或超过上限的值"
        },
        meaning: Text {
            en: "The loss or the gradient of a step is NaN or infinite, or a value is 1e30 or more (a mean of squares: 1e36). \
                The step was not taken, and the run ended: by default, or because more steps failed than --max-faults allows. The first bad value says more about the cause than the last one: where it appeared, and \
                what it was computed from.",
            zh: "某一步的损失或梯度为 NaN 或无穷大，或者某个值不小于 1e30（平方的均值：1e36）：这一步没有执行，训练到此结束：这是默认做法，或失败的步数超过了 --max-faults。\
                 首个异常值比最后一个更能说明问题：它在哪里出现，由什么计算而来。",
        },
        measured: Text {
            en: "The loss and the gradient norm at every step. The batch of the failed step is then run again from the weights \
                 before it, and every value is checked in the order in which it is computed.",
            zh: "每一步的损失与梯度范数。失败之后，从这一步之前的权重重新运行同一批数据，按计算顺序检查每一个值。",
        },
        thresholds: &[Threshold {
            of: Text {
                en: "values that are not finite, or beyond their limit",
                zh: "非有限值或超过上限的值的个数",
            },
            value: 0.0,
            source: Text { en: "training cannot learn from any", zh: "只要出现一个就无法学习" },
        }],
        false_alarm: Text {
            en: "the batch is not meant for training: leave it out",
            zh: "本来就不应从这批数据学习，可以把它去掉",
        },
        remedy: Text {
            en: "It depends on the cause. --on-fault skip or rewind lets training continue. Bad input: correct the data. A gradient or states that grew: --init orthogonal:1 --clip \
                norm:1, or a bounded cell. Steps that were too large: a lower --lr.",
            zh: "取决于原因。--on-fault skip 或 rewind 可使训练继续。输入有误：修正数据。梯度或状态不断增大：--init orthogonal:1 --clip norm:1，或有界的单元。\
                 更新步长过大：更低的 --lr。",
        },
    },
    judge,
};

/// The first value that is not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite {
    /// The first bad value: location and cause, without the previous steps.
    pub fault: Box<FaultRecord>,
}

impl NonFinite {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let (location, reason) = (location(&self.fault, language), reason(&self.fault, language));
        let step = self.fault.step;
        // A moment of the optimizer is the last link of such a chain: what grew comes first.
        let grown = self.fault.phase == Phase::Update
            && matches!(self.fault.cause, Cause::ForwardOverflow | Cause::GradientGrowth);
        match language {
            Language::English if grown => {
                format!("In training step {step}, {reason}. First value beyond its limit: {location}.")
            }
            Language::Chinese if grown => {
                format!("在第 {step} 个训练步，{reason}。首个超过上限的值：{location}。")
            }
            Language::English => {
                format!("First bad value, in training step {}: {location}; {reason}.", self.fault.step)
            }
            Language::Chinese => {
                format!("首个异常值出现在第 {} 个训练步：{location}；{reason}。", self.fault.step)
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::plain(Text { en: "loss", zh: "损失" }, self.fault.loss),
            Number::plain(
                Text { en: "log10 of the gradient norm", zh: "梯度范数的 log10" },
                self.fault.log10_global_norm,
            ),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let Some(fault) = &evidence.fault else { return Judgement::Silent };
    let found = NonFinite { fault: Box::new(FaultRecord { before: Vec::new(), ..fault.clone() }) };
    let because = match fault.cause {
        Cause::NotObserved => Text { en: "the value was seen", zh: "看到了该值" },
        _ => Text {
            en: "the value was found by running the batch again",
            zh: "重新运行这一批数据时找到了该值",
        },
    };
    Found::new(found, Confidence::High, because).remedies(remedies(&evidence.facts, fault)).into()
}

/// Returns remedies for a fault, the most promising first, without what the run does already.
pub fn ways_out(facts: &Facts, fault: &FaultRecord) -> Vec<Remedy> {
    remedies(facts, fault).list
}

pub(crate) fn remedies<'a>(facts: &'a Facts, fault: &FaultRecord) -> Remedies<'a> {
    let mut ways = Remedies::new(facts);
    let of = |cells: &[&str]| cells.contains(&facts.cell.as_str());
    match fault.cause {
        Cause::BadInput => ways.advise(Text {
            en: "correct the value in the data, or leave out its row",
            zh: "修正数据中的这个值，或去掉它所在的行",
        }),
        Cause::PaddingOnly => {
            if facts.setting("class_weights") == "balanced" {
                let why = Text { en: "every class has a weight", zh: "让每个类别都有权重" };
                ways.set("class_weights", "none", why);
            }
            ways.advise(Text { en: "leave out rows without a target", zh: "去掉没有目标的行" });
        }
        Cause::StepTooLarge => {
            // Weights that stretch give gradients for which any rate is too large.
            if stretches(facts) {
                contain(&mut ways, facts);
                slower(&mut ways, facts);
            } else {
                slower(&mut ways, facts);
                clip(&mut ways, facts);
            }
        }
        Cause::ForwardOverflow => {
            contain(&mut ways, facts);
            if of(&["relu", "identity", "residual"]) {
                ways.set("cell", "gru", Text { en: "states that stay bounded", zh: "状态保持有界" });
            }
            slower(&mut ways, facts);
        }
        Cause::GradientGrowth => {
            contain(&mut ways, facts);
            if facts.carried && facts.window_steps > 16 {
                let half = (facts.window_steps / 2).to_string();
                ways.set("unroll", half, Text { en: "a shorter way back", zh: "更短的回传路径" });
            }
            if of(&["rnn", "relu", "identity"]) {
                let why = Text {
                    en: "gates that keep the gradient in bounds",
                    zh: "用门控把梯度控制在范围内",
                };
                ways.set("cell", "gru", why);
            }
            if fault.step > 1 {
                slower(&mut ways, facts);
            }
        }
        Cause::OptimizerState => ways.advise(Text {
            en: "start from the weights alone: --from with the run's directory",
            zh: "只从权重开始：--from 指定这次训练的目录",
        }),
        Cause::NotObserved => ways.advise(Text {
            en: "repeat the steps before it with every=1: this shows whether the value begins in this module, and where",
            zh: "用 every=1 重复它之前的几步：这样就能知道该值是否出自这个模块，以及出现在哪里",
        }),
        Cause::BadWeights => ways.advise(Text {
            en: "start from other weights: another checkpoint for --from, or none",
            zh: "从别的权重开始：用 --from 指定另一个检查点，或不指定",
        }),
    }
    ways
}

fn slower(ways: &mut Remedies<'_>, facts: &Facts) {
    if facts.lr >= SMALL_RATE {
        // The largest useful rate of Adam and its kin is about 0.01. Plain gradient descent may need rates above 1.
        let sgd = facts.setting("optimizer") == "sgd";
        let lower = if sgd { facts.lr / 10.0 } else { (facts.lr / 10.0).min(ADAM_RATE) };
        ways.set("lr", setting(lower), Text { en: "smaller steps", zh: "更小的更新步长" });
    }
}

fn clip(ways: &mut Remedies<'_>, facts: &Facts) {
    if !facts.clips {
        let why = Text {
            en: "limits the length of a step and keeps its direction",
            zh: "限制更新步长，保持方向",
        };
        ways.set("clip", "norm:1", why);
    }
}

/// Whether the initial recurrent weights stretch what they multiply.
fn stretches(facts: &Facts) -> bool {
    facts.init_gain.is_some_and(|gain| gain > 1.0)
}

/// Initial weights that do not stretch, together with clipping: each alone leaves half of the cause.
fn contain(ways: &mut Remedies<'_>, facts: &Facts) {
    if !stretches(facts) {
        return clip(ways, facts);
    }
    let why = Text {
        en: "recurrent weights that neither stretch nor shrink",
        zh: "既不放大也不缩小的循环权重",
    };
    match facts.clips {
        true => ways.set("init", "orthogonal:1", why),
        false => ways.set_all([("init", "orthogonal:1".into()), ("clip", "norm:1".into())], why),
    }
}
