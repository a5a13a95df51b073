//! `embedding-too-large`: an embedding so large that what it was at the beginning drowns all that is learned.

use longspan_record::TensorRecord;

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Needs, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::signals::median;
use crate::threshold::Threshold;
use crate::wording::{power, short};

const LARGE: Threshold = Threshold {
    of: Text { en: "root mean square of the initial embedding", zh: "初始嵌入的均方根" },
    value: 5.0,
    source: Text {
        en: "Tiny Shakespeare by characters, lstm, gru and rnn, adam and sgd, 600 steps: 3 is at most 0.1 nats worse than 1, 10 is \
            0.14 to 0.55 nats worse, 30 is 0.27 to 0.63 nats worse",
        zh: "Tiny Shakespeare（字符级），lstm、gru 与 rnn，adam 与 sgd，600 步：3 比 1 至多差 0.1 nats，10 差 0.14 至 0.55 nats，\
             30 差 0.27 至 0.63 nats",
    },
};

/// The names of embeddings, of a model and of its encoder.
const NAMES: [&str; 2] = ["embedding.weight", "encoder.embedding.weight"];

pub(crate) static RULE: Rule = Rule {
    code: "embedding-too-large",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "step-too-large",
        "exploding-gradient",
        "clip-missing",
        "saturated-units",
        "dead-units",
        "stuck-gates",
        "vanishing-gradient",
        "clip-always",
        "chaotic-dynamics",
        "underfitting",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "The embedding is too large", zh: "嵌入过大" },
        meaning: Text {
            en: "Initial weights have a size that suits inputs of about 1. What a larger embedding brings in drowns what the state has \
                kept, and saturates the units. The embedding itself hardly changes, because an update is small beside it.",
            zh: "初始权重的大小适合 1 左右的输入。更大的嵌入会淹没状态中保留的内容，并使单元饱和；与嵌入相比更新又很小，因此嵌入本身几乎不变。",
        },
        measured: Text {
            en: "The root mean square of the embedding at the first step, and ‖Δw‖ / ‖w‖ of the embedding beside the median over the \
                other tensors, over the steps with a snapshot.",
            zh: "第一步时嵌入的均方根；在有快照的训练步上，嵌入的 ‖Δw‖ / ‖w‖，以及其他张量的中位数。",
        },
        thresholds: &[LARGE],
        false_alarm: Text {
            en: "the run continues from trained weights, whose embedding has grown while the others learned to read it",
            zh: "训练从已训练的权重继续，其嵌入是在其他权重学会读取它的同时变大的",
        },
        remedy: Text {
            en: "The usual size: --init-embedding normal:1.",
            zh: "通常的大小：--init-embedding normal:1。",
        },
    },
    judge,
};

/// An embedding that is too large.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingTooLarge {
    /// Root mean square of the embedding at the first step.
    pub rms: f64,
    /// log10 of ‖Δw‖ / ‖w‖ of the embedding: the median over the snapshots.
    pub log10_update: f64,
    /// The same of the other tensors: the median over tensors and snapshots.
    pub log10_other_updates: f64,
}

impl EmbeddingTooLarge {
    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let rms = short(self.rms);
        let [own, others] = [self.log10_update, self.log10_other_updates].map(power);
        match language {
            Language::English => format!(
                "The embedding begins with a root mean square of {rms}; 1 is usual. It changes by {own} of its norm in a step, the other \
                 weights by {others}."
            ),
            Language::Chinese => {
                format!("嵌入的初始均方根为 {rms}，通常为 1。它每步变化其范数的 {own}，其他权重为 {others}。")
            }
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        vec![
            Number::compared(Text { en: "root mean square", zh: "均方根" }, self.rms, &LARGE),
            Number::plain(
                Text { en: "log10 of the embedding's update", zh: "嵌入更新量的 log10" },
                self.log10_update,
            ),
            Number::plain(
                Text { en: "log10 of the other updates", zh: "其他更新量的 log10" },
                self.log10_other_updates,
            ),
        ]
    }
}

fn judge(evidence: &Evidence) -> Judgement {
    let Some(first) = evidence.snapshots().next() else { return Judgement::Unknown(Needs::Norms) };
    let is_embedding = |tensor: &&TensorRecord| NAMES.contains(&tensor.name.as_str());
    let sizes = first.tensors.iter().filter(is_embedding).filter_map(|tensor| tensor.rms);
    let Some(rms) = sizes.reduce(f64::max).filter(|rms| *rms > LARGE.value) else { return Judgement::Silent };
    let all = || evidence.snapshots().flat_map(|snapshot| &snapshot.tensors);
    let typical = |tensors: &mut dyn Iterator<Item = &TensorRecord>| {
        median(tensors.map(|tensor| tensor.log10_update_ratio)).unwrap_or(f64::NAN)
    };
    let log10_update = typical(&mut all().filter(is_embedding));
    let log10_other_updates = typical(&mut all().filter(|tensor| !is_embedding(tensor)));
    let mut ways = Remedies::new(&evidence.facts);
    ways.set(
        "init_embedding",
        "normal:1",
        Text {
            en: "inputs of about 1, for which the other initial weights are made",
            zh: "输入约为 1，其他初始权重正是为此设定的",
        },
    );
    let because =
        Text { en: "all weights of the embedding were counted", zh: "统计了嵌入的所有权重" };
    Found::new(EmbeddingTooLarge { rms, log10_update, log10_other_updates }, Confidence::High, because)
        .remedies(ways)
        .into()
}
