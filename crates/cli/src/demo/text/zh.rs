//! In Simplified Chinese.

use longspan_record::{Cause, FaultRecord, Phase};

use super::super::clipping::Direction;
use super::super::tour::{Course, Network, Options, Row, SUBJECT, Sentence, Unrolled};
use super::{a_step, chooses, farthest, figure, first_steps, jump, keeps, known, lag, percent, power, right};

pub(super) fn unrolled(sentence: &Sentence, unrolled: &Unrolled) -> String {
    let (words, lag) = (sentence.words.len(), lag(sentence));
    let log10 = unrolled.reading.log10_strength[SUBJECT];
    format!(
        "一层网络读 {words} 个词，沿时间展开就是 {words} 层，它们共用同一个有 {} 个权重的矩阵。读完最后一个词，网络要说出 was 还是 \
         were；只有 “{subject}” 这个词能决定答案。这一个答案的梯度沿着词来的路往回走，每经过一个词就乘一次。在这个还什么都没学的网络里，\
         退回 {lag} 步到达 “{subject}” 时只剩 {}，平均每步剩 {:.2}。这是一场传话游戏：每个人只传下去听到的一部分。",
        unrolled.shared_weights,
        power(log10),
        a_step(log10, lag),
        subject = sentence.subject(),
    )
}

pub(super) fn explosion(options: &Options, sentence: &Sentence, course: &Course) -> String {
    let (first, largest, at) = jump(course);
    let begin = format!(
        "现在循环权重的增益是 {} 而不是 1，并用没有上界的 relu 代替 tanh：梯度往回走时逐词变大。",
        options.gain
    );
    match &course.fault {
        Some(fault) => format!(
            "{begin}第一批的损失是 {}，第 {at} 批是 {}，第 {} 步已无法进行：nan。第一个坏值在{}。{}多数工具只说 “loss: nan”，这里给出它的地址。",
            figure(first),
            figure(largest),
            fault.step,
            place(sentence, fault),
            cause(fault.cause),
        ),
        None => format!(
            "{begin}这一次 {} 步都没有出事：损失从 {} 到 {}，最大时为 {}。用更大的 --gain 就会爆炸。",
            course.losses_nats.len(),
            figure(first),
            figure(course.last_loss()),
            figure(largest),
        ),
    }
}

/// Where a bad value is, with the word that was read there.
fn place(sentence: &Sentence, fault: &FaultRecord) -> String {
    let phase = match fault.phase {
        Phase::Weights => "权重",
        Phase::Input => "输入",
        Phase::Forward => "前向",
        Phase::Loss => "损失",
        Phase::Backward => "反向",
        Phase::Update => "更新",
    };
    let mut text = format!("{phase}过程");
    if let Some(layer) = fault.layer {
        text += &format!("第 {layer} 层");
    }
    if let Some(t) = fault.t {
        text += &format!("第 {t} 步（{} 个词中的第 {} 个）", sentence.words.len(), t + 1);
    }
    text += &format!("的 {}", fault.tensor);
    if let Some(row) = fault.row {
        text += &format!("，批中第 {row} 行");
    }
    if let Some(unit) = fault.unit {
        text += &format!("，第 {unit} 个单元");
    }
    text + &format!("，值为 {:.4e}", fault.value)
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::StepTooLarge => "原因是上一步走得太大，把权重甩到了远处。",
        Cause::ForwardOverflow => "原因是状态大到浮点数装不下。",
        Cause::GradientGrowth => "原因是梯度往回走时大到浮点数装不下。",
        _ => "`longspan explain non-finite` 说明它的含义。",
    }
}

pub(super) fn clipping(options: &Options, course: &Course, direction: &Direction) -> String {
    let (first, ..) = jump(course);
    let end = match &course.fault {
        Some(fault) => format!("即便如此，第 {} 步仍无法进行：对这样的权重，刹车治不了本。", fault.step),
        None => format!(
            "{} 步中有 {} 被裁剪，损失从 {} 降到 {}，没有出现坏值。",
            course.losses_nats.len(),
            percent(course.clipped_share),
            figure(first),
            figure(course.last_loss()),
        ),
    };
    format!(
        "同一次训练，只是长度超过 {limit} 的梯度被缩短到这个长度：下坡时的刹车。第一个梯度长 {}，裁剪后长 {:.6}；两者的余弦为 {:.6}，\
         方向没有变。若阈值高于它的长度，例如 {}，它的 {} 个数中有 {} 个改变。{end}",
        figure(direction.norm_before),
        direction.norm_after,
        direction.cosine,
        figure(direction.high_limit),
        direction.numbers,
        direction.changed_below,
        limit = options.limit,
    )
}

pub(super) fn vanishing(
    options: &Options,
    sentence: &Sentence,
    plain: &Network,
    clipped: &Network,
) -> String {
    let end = match (plain.guesses(), clipped.guesses()) {
        (true, true) => {
            "两个网络都没有学到规则。这就是长程依赖问题：要学的东西在梯度到不了的地方，对到得了的部分踩刹车没有用。"
        }
        (false, false) => "这一次剩下的梯度够两个网络学会规则；用更大的 --length 就不够了。",
        _ => "这一次其中一个碰巧学会了；用更大的 --length 两个都学不会。",
    };
    format!(
        "用 tanh、增益为 1 时，梯度不会爆炸，而是逐渐消失，像长管道里的水压。在训练的前 {} 步，不裁剪时有 {} 的梯度到达 “{}”，以 {} \
         为阈值裁剪时有 {}。{} 步之后，两个网络在 {} 个新句子上的正确率是 {} 和 {}；抛硬币是一半，上下不超过 {}。{end}",
        first_steps(options),
        power(plain.log10_arrived()),
        sentence.subject(),
        options.limit,
        power(clipped.log10_arrived()),
        options.steps,
        clipped.sentences,
        right(plain),
        right(clipped),
        percent(clipped.coin()),
    )
}

pub(super) fn residual(sentence: &Sentence, rnn: &Network, residual: &Network, row: &Row) -> String {
    let arrived = residual.log10_arrived();
    let grows = match row.after.lambda_nats_per_step {
        Some(lambda) if arrived > 0.0 && lambda > 0.0 => format!(
            "比出发时还多：梯度在路上变大，最大李雅普诺夫指数为每步 {lambda:+.3}，句子足够长时会爆炸。"
        ),
        _ => String::new(),
    };
    let rule = match residual.knows() {
        true => "它学会了规则",
        false if residual.guesses() => "它仍然没有学会规则",
        false => "它开始学会规则",
    };
    let sizes = residual.readings.sizes;
    format!(
        "h_t = h_(t-1) + tanh(…)：每个词都加到已有的状态上，这个和就是一条直路。有 {} 的梯度到达 “{}”，普通网络只有 {}。{grows}{rule}：\
         正确率 {}。它做不到的是选择：读完第一个词时状态的长度是 {}，读完最后一个词时是 {}，什么都不放下；路上的其他名词对答案的影响是\
         主语的 {} 倍。",
        power(arrived),
        sentence.subject(),
        power(rnn.log10_arrived()),
        right(residual),
        figure(sizes[0]),
        figure(sizes[1]),
        known(residual.distraction(), 2),
    )
}

pub(super) fn gates(
    options: &Options,
    sentence: &Sentence,
    residual: &Network,
    gru: &Network,
    lstm: &Network,
) -> String {
    let rule = match (gru.knows(), lstm.knows()) {
        (true, true) => "两者都学会了规则",
        (false, false) => "这一次两者都没有学会规则",
        _ => "其中一个学会了规则",
    };
    let selects = match (chooses(gru, residual), chooses(lstm, residual)) {
        (true, true) => "两者都会跳过它们。",
        (true, false) => "gru 会跳过它们；这一次的 lstm 则几乎全都留着。",
        (false, true) => "lstm 会跳过它们；这一次的 gru 不会。",
        (false, false) => "这一次两者都不比单纯相加更会区分。",
    };
    let forget = keeps(lstm).map_or(String::new(), |(subject, distractor)| {
        format!(
            "在主语处，lstm 的遗忘门让 {} 的记忆通过，在其他名词处让 {} 通过：这样经过 {} 次，还剩 {}。",
            percent(subject),
            percent(distractor),
            lag(sentence),
            figure(distractor.powi(lag(sentence) as i32)),
        )
    });
    format!(
        "门是网络在每个词处重新调节的阀门。gru 和 lstm 的正确率是 {} 和 {}：{rule}。路上的其他名词对答案的影响，在 gru 里是主语的 {} 倍，\
         在 lstm 里是 {} 倍，在残差网络里是 {} 倍。{selects}{forget}在训练的前 {} 步，有 {} 和 {} 的梯度到达 “{}”。",
        right(gru),
        right(lstm),
        known(gru.distraction(), 3),
        known(lstm.distraction(), 2),
        known(residual.distraction(), 2),
        first_steps(options),
        power(gru.log10_arrived()),
        power(lstm.log10_arrived()),
        sentence.subject(),
    )
}

pub(super) fn table(options: &Options, table: &[Row]) -> String {
    let farthest = table.iter().map(|row| match farthest(row) {
        Some(distance) => format!("{} {distance}", row.name),
        None => format!("{} 一个也没有", row.name),
    });
    let short = table.iter().find(|row| row.is_short_but_right(options)).map(|row| {
        format!(
            "{} 学会了规则，训练后的视界却是 {}：视界从最后一个词处的梯度算起，读出层直接作用在那里。从那里往回走的部分相比之下很小，但每步还剩 {}。",
            row.name,
            row.after.horizon.as_ref().map_or(0, |horizon| horizon.steps),
            known(row.after.factor_per_step, 2),
        )
    });
    format!(
        "视界是指一个答案的梯度往回走多少步仍多于出发时的百分之一；在训练前和训练后，用比训练句子长 {} 倍的句子测量。各用 {} 步训练，学会了的\
         最远距离：{}。{}",
        super::super::PROBED,
        options.steps,
        farthest.collect::<Vec<_>>().join("，"),
        short.unwrap_or_default(),
    )
}
