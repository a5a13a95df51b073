//! Act 7: all networks side by side.

use super::super::act::{Act, both};
use super::super::options::Options;
use super::super::tour::{KNOWN, PROBED, Row};
use super::figures::known;

pub(in super::super) fn table(options: &Options, table: &[Row]) -> Act {
    let list = |none: &str, separator: &str| {
        let of = |row: &Row| match farthest(row) {
            Some(distance) => format!("{} {distance}", row.name),
            None => format!("{} {none}", row.name),
        };
        table.iter().map(of).collect::<Vec<_>>().join(separator)
    };
    let (learned, learned_zh) = (list("none", ", "), list("无", "，"));
    let (steps, least) = (options.steps, 100.0 * KNOWN);
    let mut sentences = vec![
        both(
            "The gradient horizon is the number of steps back at which at least 1 % of the gradient of one loss arrives.",
            "梯度可达步数是指单个损失的梯度至少有 1 % 能到达的回传步数。",
        ),
        both(
            format!(
                "It is measured before and after training, on sentences {PROBED} times as long as those of training."
            ),
            format!("它在训练前和训练后测量，所用句子的长度是训练句子的 {PROBED} 倍。"),
        ),
        both(
            format!(
                "The longest distance that each network has learned in {steps} training steps, with an accuracy of at least \
                 {least:.0} %: {learned}."
            ),
            format!("各网络用 {steps} 个训练步学会的最远距离（准确率不低于 {least:.0} %）：{learned_zh}。"),
        ),
    ];
    if let Some(row) = table.iter().find(|row| row.is_short_but_right(options)) {
        let (name, horizon) = (row.name, row.after.horizon.as_ref().map_or(0, |horizon| horizon.steps));
        let factor = known(row.after.factor_per_step, 2);
        sentences.push(both(
            format!(
                "The {name} has learned the rule although its horizon after training is only {horizon}. The horizon is relative to \
                 the gradient at the last word, which the output layer reads directly. The part of the gradient that goes further \
                 back is small compared with that; each further step multiplies it by {factor}."
            ),
            format!(
                "{name} 学会了规则，训练后的梯度可达步数却只有 {horizon}。可达步数以最后一个词处的梯度为基准，而输出层直接读取那里的状态；\
                 继续回传的部分相比之下很小，此后每步乘以 {factor}。"
            ),
        ));
    }
    Act::new(both("Side by side", "并排比较"), sentences)
}

/// The longest distance at which the rule was learned.
fn farthest(row: &Row) -> Option<usize> {
    row.right.iter().filter(|(_, right)| *right >= KNOWN).map(|&(distance, _)| distance).max()
}
