//! Act 2: the exploding gradient.

use longspan_diagnose::{Language, fault};
use longspan_record::FaultRecord;

use super::super::act::{Act, Bilingual, both};
use super::super::options::{GAINS, Options};
use super::super::tour::{Course, Sentence};
use super::figures::{figure, first_and_largest};

/// The gain from which on the default network explodes.
const EXPLODES: f64 = 1.6;

pub(in super::super) fn explosion(options: &Options, sentence: &Sentence, course: &Course) -> Act {
    let gain = options.gain;
    let setting = both(
        format!(
            "Now the recurrent weights have a gain of {gain} instead of 1, and the activation is relu, which has no upper bound, \
             instead of tanh. The gradient grows with each step back."
        ),
        format!(
            "现在循环权重的增益是 {gain} 而不是 1，激活函数由 tanh 换成没有上界的 relu。梯度每回传一步都会变大。"
        ),
    );
    let mut sentences = vec![setting];
    match &course.fault {
        Some(fault) => sentences.extend(exploded(sentence, course, fault)),
        None => sentences.push(survived(options, course)),
    }
    Act::new(both("The gradient explodes", "梯度爆炸"), sentences)
}

fn exploded(sentence: &Sentence, course: &Course, fault: &FaultRecord) -> [Bilingual; 3] {
    let (first, largest, at) = first_and_largest(course);
    let (first, largest, failed) = (figure(first), figure(largest), fault.step);
    let location = |language| fault::location(fault, language);
    let reason = |language| fault::reason(fault, language);
    let word = match fault.t {
        Some(t) => {
            let (word, words) = (t + 1, sentence.words.len());
            both(format!(" (word {word} of {words})"), format!("（共 {words} 个词中的第 {word} 个）"))
        }
        None => both("", ""),
    };
    [
        both(
            format!(
                "The loss was {first} on the first batch and {largest} on batch {at}; training step {failed} failed."
            ),
            format!("第一批数据的损失是 {first}，第 {at} 批已是 {largest}，第 {failed} 个训练步失败。"),
        ),
        both(
            format!(
                "First bad value: {}{}. Cause: {}.",
                location(Language::English),
                word.en,
                reason(Language::English)
            ),
            format!(
                "首个异常值：{}{}。原因：{}。",
                location(Language::Chinese),
                word.zh,
                reason(Language::Chinese)
            ),
        ),
        both(
            "Most tools only print “loss: nan”; Longspan reports where the first bad value appeared, and why.",
            "多数工具只输出 “loss: nan”，Longspan 会指出首个异常值出现在哪里、为什么出现。",
        ),
    ]
}

fn survived(options: &Options, course: &Course) -> Bilingual {
    let (first, largest, _) = first_and_largest(course);
    let (first, last, largest) = (figure(first), figure(course.last_loss()), figure(largest));
    let (steps, gain) = (course.losses_nats.len(), (2.0 * options.gain).clamp(EXPLODES, GAINS[1]));
    both(
        format!(
            "In this run no value overflowed in {steps} steps: the loss went from {first} to {last}, and its maximum was \
             {largest}. A larger gain is needed for an explosion (next: longspan demo --gain {gain})."
        ),
        format!(
            "这次训练的 {steps} 步中没有数值溢出：损失从 {first} 变为 {last}，最大为 {largest}。增益更大时才会爆炸\
             （下一步：longspan demo --gain {gain}）。"
        ),
    )
}
