//! Act 1: the unrolled network.

use super::super::act::{Act, both};
use super::super::tour::{SUBJECT, Sentence, Unrolled};
use super::figures::{lag, power};

pub(in super::super) fn unrolled(sentence: &Sentence, unrolled: &Unrolled) -> Act {
    let (words, lag, subject) = (sentence.words.len(), lag(sentence), sentence.subject());
    let (log10, weights) = (unrolled.reading.log10_strength[SUBJECT], unrolled.shared_weights);
    let (share, factor) = (power(log10), 10f64.powf(log10 / lag.max(1) as f64));
    Act::new(
        both("A recurrent network is deep in time", "循环网络沿时间展开后很深"),
        [
            both(
                format!(
                    "A recurrent layer that reads {words} words is, when unrolled, a network of {words} layers. All of them \
                     share one matrix of {weights} weights."
                ),
                format!(
                    "一个循环层读 {words} 个词，沿时间展开后就是一个 {words} 层的网络，各层共用同一个含 {weights} 个权重的矩阵。"
                ),
            ),
            both(
                format!(
                    "After the last word the network predicts the verb: was or were. Only the word “{subject}” determines which \
                     one is right."
                ),
                format!(
                    "读完最后一个词后，网络要预测动词是 was 还是 were，而答案只取决于 “{subject}” 这个词。"
                ),
            ),
            both(
                format!(
                    "To learn this, the gradient of the loss has to go {lag} steps back from the last word to “{subject}”, and \
                     each step multiplies it once more."
                ),
                format!(
                    "要学会这一点，损失的梯度必须从最后一个词回传 {lag} 步到 “{subject}”，每一步都要再乘一次。"
                ),
            ),
            both(
                format!(
                    "In this network, which is not trained yet, the share of the gradient that arrives is {share}: a factor of \
                     {factor:.2} per step."
                ),
                format!("在这个尚未训练的网络里，到达那里的梯度只占 {share}，平均每步乘以 {factor:.2}。"),
            ),
            both(
                "It is like the telephone game: each player passes on only part of what they heard.",
                "这就像传话游戏：每个人只传下去听到的一部分。",
            ),
        ],
    )
}
