//! Act 3: clipping.

use super::super::act::{Act, both};
use super::super::clipping::Direction;
use super::super::options::Options;
use super::super::tour::Course;
use super::figures::{figure, first_and_largest, percent};

pub(in super::super) fn clipping(options: &Options, course: &Course, direction: &Direction) -> Act {
    let limit = options.limit;
    let Direction { norm_before, norm_after, cosine, high_limit, changed_below, numbers } = direction;
    let (norm_before, high_limit) = (figure(*norm_before), figure(*high_limit));
    let outcome = match &course.fault {
        Some(fault) => both(
            format!(
                "Even so, training step {} failed: clipping alone does not cure these weights.",
                fault.step
            ),
            format!("即便如此，第 {} 个训练步仍然失败：对这样的权重，只靠裁剪治不了本。", fault.step),
        ),
        None => {
            let (steps, clipped) = (course.losses_nats.len(), percent(course.clipped_share));
            let (first, last) = (figure(first_and_largest(course).0), figure(course.last_loss()));
            both(
                format!(
                    "{clipped} of the {steps} training steps were clipped, the loss went from {first} to {last}, and all values \
                     stayed finite."
                ),
                format!(
                    "{steps} 个训练步中有 {clipped} 被裁剪，损失从 {first} 变为 {last}，没有出现异常值。"
                ),
            )
        }
    };
    Act::new(
        both("Clipping is the brake", "梯度裁剪是刹车"),
        [
            both(
                format!(
                    "The same training, but a gradient whose norm is above {limit} is scaled down to that norm. This works like a \
                     brake on a slope."
                ),
                format!("同样的训练，但范数超过 {limit} 的梯度会被缩短到 {limit}，就像下坡时踩刹车。"),
            ),
            both(
                format!(
                    "The first gradient had norm {norm_before} before clipping and {norm_after:.6} after it. The cosine between the \
                     two is {cosine:.6}: the direction did not change."
                ),
                format!(
                    "第一个梯度裁剪前的范数是 {norm_before}，裁剪后是 {norm_after:.6}；两者夹角的余弦为 {cosine:.6}，方向没有变。"
                ),
            ),
            both(
                format!(
                    "A limit above the norm, {high_limit}, changed {changed_below} of the {numbers} numbers of this gradient."
                ),
                format!(
                    "若阈值高于它的范数，例如 {high_limit}，它的 {numbers} 个数中有 {changed_below} 个改变。"
                ),
            ),
            outcome,
        ],
    )
}
