//! Act 4: the vanishing gradient.

use super::super::act::{Act, both};
use super::super::options::{DISTANCES, Options};
use super::super::tour::{Network, Sentence};
use super::figures::{accuracy, first_steps, percent, power};

pub(in super::super) fn vanishing(
    options: &Options,
    sentence: &Sentence,
    plain: &Network,
    clipped: &Network,
) -> Act {
    let (limit, subject, first_steps) = (options.limit, sentence.subject(), first_steps(options));
    let (plain_share, clipped_share) = (power(plain.log10_arrived()), power(clipped.log10_arrived()));
    let (steps, sentences, coin) = (options.steps, clipped.sentences, percent(clipped.coin()));
    let (plain_accuracy, clipped_accuracy) = (accuracy(plain), accuracy(clipped));
    let longer = (2 * options.distance).min(DISTANCES[1]);
    let outcome = match (plain.guesses(), clipped.guesses()) {
        (true, true) => both(
            "Neither network has learned the rule. This is the problem of long-range dependencies: almost no gradient reaches the \
             word that matters, and clipping can only shorten a gradient.",
            "两个网络都没有学会规则。这就是长程依赖问题：几乎没有梯度能到达起决定作用的那个词，而裁剪只能缩短梯度。",
        ),
        (false, false) => both(
            format!(
                "In this run that was enough for both networks to learn; it is not in longer sentences (next: longspan demo \
                 --length {longer})."
            ),
            format!(
                "这一次，剩下的梯度足以让两个网络学到规则；句子更长时就不够了（下一步：longspan demo --length {longer}）。"
            ),
        ),
        _ => both(
            format!(
                "In this run one of the two networks has learned something; in longer sentences neither does (next: longspan demo \
                 --length {longer})."
            ),
            format!(
                "这一次，其中一个网络学到了一些；句子更长时两个都学不会（下一步：longspan demo --length {longer}）。"
            ),
        ),
    };
    Act::new(
        both("Clipping does not help when the gradient vanishes", "裁剪解决不了梯度消失"),
        [
            both(
                "With tanh and a gain of 1, the gradient does not explode. It fades, like water pressure in a long pipe.",
                "用 tanh、增益为 1 时，梯度不会爆炸，而是逐渐消失，就像长管道里的水压。",
            ),
            both(
                format!(
                    "In the first {first_steps} training steps, the share of the gradient that arrived at “{subject}” was \
                     {plain_share} without clipping and {clipped_share} with a limit of {limit}."
                ),
                format!(
                    "在最初 {first_steps} 个训练步中，到达 “{subject}” 的梯度比例在不裁剪时为 {plain_share}，\
                     以 {limit} 为阈值裁剪时为 {clipped_share}。"
                ),
            ),
            both(
                format!(
                    "After {steps} training steps, the accuracy of the two networks on {sentences} new sentences is \
                     {plain_accuracy} and {clipped_accuracy}. Guessing gives 50 % ± {coin} (95 % interval)."
                ),
                format!(
                    "训练 {steps} 步后，两个网络在 {sentences} 个新句子上的准确率为 {plain_accuracy} 和 {clipped_accuracy}；\
                     随机猜测为 50 % ± {coin}（95 % 区间）。"
                ),
            ),
            outcome,
        ],
    )
}
