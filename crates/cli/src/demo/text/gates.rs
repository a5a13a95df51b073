//! Act 6: gates.

use super::super::act::{Act, both};
use super::super::options::Options;
use super::super::tour::{Network, Sentence};
use super::figures::{accuracy, figure, first_steps, known, lag, percent, power};

pub(in super::super) fn gates(
    options: &Options,
    sentence: &Sentence,
    residual: &Network,
    gru: &Network,
    lstm: &Network,
) -> Act {
    let (gru_accuracy, lstm_accuracy) = (accuracy(gru), accuracy(lstm));
    let rule = match (gru.knows(), lstm.knows()) {
        (true, true) => both("both have learned the rule", "两者都学会了规则"),
        (false, false) => both("neither has learned the rule in this run", "这一次两者都没有学会规则"),
        (true, false) => both("only the gru has learned the rule in this run", "这一次只有 gru 学会了规则"),
        (false, true) => both("only the lstm has learned the rule in this run", "这一次只有 lstm 学会了规则"),
    };
    let (in_gru, in_lstm) = (known(gru.distraction(), 3), known(lstm.distraction(), 2));
    let in_residual = known(residual.distraction(), 2);
    let mut sentences = vec![
        both(
            "A gate is a valve that the network adjusts at each word.",
            "门是一个阀门，网络在每个词处都会重新调节它。",
        ),
        both(
            format!(
                "The accuracy of the gru is {gru_accuracy}, that of the lstm {lstm_accuracy}: {}.",
                rule.en
            ),
            format!("gru 的准确率为 {gru_accuracy}，lstm 为 {lstm_accuracy}：{}。", rule.zh),
        ),
        both(
            format!(
                "Another noun between subject and verb moves the answer of the gru {in_gru} times as much as the subject does, that \
                 of the lstm {in_lstm} times, and that of the residual network {in_residual} times."
            ),
            format!(
                "主语和动词之间的其他名词对答案的影响，在 gru 中是主语的 {in_gru} 倍，在 lstm 中是 {in_lstm} 倍，\
                 在残差网络中是 {in_residual} 倍。"
            ),
        ),
        match (selects(gru, residual), selects(lstm, residual)) {
            (true, true) => both("Both largely ignore these nouns.", "两者都基本忽略这些名词。"),
            (true, false) => both(
                "The gru largely ignores these nouns; the lstm keeps most of them in this run.",
                "gru 基本忽略这些名词；这一次的 lstm 则大多记住了它们。",
            ),
            (false, true) => both(
                "The lstm largely ignores these nouns; the gru does not in this run.",
                "lstm 基本忽略这些名词；这一次的 gru 则没有。",
            ),
            (false, false) => both(
                "In this run neither of them selects clearly better than the residual network.",
                "这一次两者的选择能力都没有明显强于残差网络。",
            ),
        },
    ];
    if let Some((subject, distractor)) = forget_gate(lstm) {
        let lag = lag(sentence);
        let left = figure(distractor.powi(lag as i32));
        let (subject, distractor) = (percent(subject), percent(distractor));
        sentences.push(both(
            format!(
                "The forget gate of the lstm keeps {subject} of the cell state at the subject and {distractor} at the other nouns. \
                 A unit that keeps {distractor} at each of {lag} words still holds {left} of its value at the end."
            ),
            format!(
                "lstm 的遗忘门在主语处保留单元状态的 {subject}，在其他名词处保留 {distractor}；若 {lag} 个词处都保留 {distractor}，\
                 最后还剩 {left}。"
            ),
        ));
    }
    let (first_steps, subject) = (first_steps(options), sentence.subject());
    let (gru_share, lstm_share) = (power(gru.log10_arrived()), power(lstm.log10_arrived()));
    sentences.push(both(
        format!(
            "In the first {first_steps} training steps, the share of the gradient that arrived at “{subject}” was {gru_share} in the \
             gru and {lstm_share} in the lstm."
        ),
        format!(
            "在最初 {first_steps} 个训练步中，到达 “{subject}” 的梯度比例在 gru 中为 {gru_share}，在 lstm 中为 {lstm_share}。"
        ),
    ));
    Act::new(
        both("Gates keep the gradient, and select what to remember", "门控保住梯度，并选择记住什么"),
        sentences,
    )
}

/// Whether other nouns move the answer less than half as much, relative to the subject, as in `baseline`.
fn selects(network: &Network, baseline: &Network) -> bool {
    matches!((network.distraction(), baseline.distraction()), (Some(own), Some(other)) if own < 0.5 * other)
}

/// The mean openness of the forget gate at the subject, and at the other nouns.
fn forget_gate(lstm: &Network) -> Option<(f64, f64)> {
    let forget = lstm.readings.gates.iter().find(|gate| gate.gate == "f")?.by_role;
    Some((forget.subject?, forget.distractor?))
}
