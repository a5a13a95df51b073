//! Describes the first bad value of a failed step: its location and its cause.

use longspan_record::{Cause, Direction, FaultRecord, Phase};

use crate::language::Language;

/// Describes the location and the value: "forward, layer 0, step 17: c of row 3, unit 5, is inf".
pub fn location(fault: &FaultRecord, language: Language) -> String {
    match language {
        Language::English => location_en(fault),
        Language::Chinese => location_zh(fault),
    }
}

fn location_en(fault: &FaultRecord) -> String {
    let mut text = match fault.phase {
        Phase::Weights => "weights",
        Phase::Input => "input",
        Phase::Forward => "forward",
        Phase::Loss => "loss",
        Phase::Backward => "backward",
        Phase::Update => "update",
    }
    .to_owned();
    if fault.encoder {
        text.push_str(", encoder");
    }
    text.push_str(&match (fault.layer, fault.direction) {
        (Some(layer), None) => format!(", layer {layer}"),
        (Some(layer), Some(Direction::Forwards)) => format!(", layer {} forwards", layer / 2),
        (Some(layer), Some(Direction::Reverse)) => format!(", layer {} in reverse", layer / 2),
        (None, _) => String::new(),
    });
    if let Some(t) = fault.t {
        text.push_str(&format!(", step {t}"));
    }
    let element = match (fault.row, fault.unit) {
        (Some(row), Some(unit)) => format!(" of row {row}, unit {unit},"),
        (Some(row), None) => format!(" of row {row}"),
        (None, Some(element)) => format!(", element {element},"),
        (None, None) => String::new(),
    };
    let limit =
        fault.evidence.limit.map_or(String::new(), |limit| format!(", beyond the limit of {limit:.0e}"));
    format!("{text}: {}{element} is {:.4e}{limit}", fault.tensor, fault.value)
}

fn location_zh(fault: &FaultRecord) -> String {
    let mut text = match fault.phase {
        Phase::Weights => "给定的权重",
        Phase::Input => "输入",
        Phase::Forward => "前向传播",
        Phase::Loss => "损失",
        Phase::Backward => "反向传播",
        Phase::Update => "权重更新",
    }
    .to_owned();
    if fault.encoder {
        text.push_str("，编码器");
    }
    text.push_str(&match (fault.layer, fault.direction) {
        (Some(layer), None) => format!("，第 {layer} 层"),
        (Some(layer), Some(Direction::Forwards)) => format!("，第 {} 层（正向）", layer / 2),
        (Some(layer), Some(Direction::Reverse)) => format!("，第 {} 层（反向）", layer / 2),
        (None, _) => String::new(),
    });
    if let Some(t) = fault.t {
        text.push_str(&format!("，第 {t} 个时间步"));
    }
    let row = fault.row.map_or(String::new(), |row| format!("第 {row} 行的 "));
    let element = match (fault.row, fault.unit) {
        (Some(_), Some(unit)) => format!(" 的单元 {unit}"),
        (None, Some(element)) => format!(" 的元素 {element}"),
        (_, None) => String::new(),
    };
    let limit = fault.evidence.limit.map_or(String::new(), |limit| format!("，超过上限 {limit:.0e}"));
    format!("{text}：{row}{}{element} 为 {:.4e}{limit}", fault.tensor, fault.value)
}

/// Describes the cause of the value, with its numbers.
pub fn reason(fault: &FaultRecord, language: Language) -> String {
    match language {
        Language::English => reason_en(fault),
        Language::Chinese => reason_zh(fault),
    }
}

fn reason_en(fault: &FaultRecord) -> String {
    let (of, language) = (&fault.evidence, Language::English);
    let item = of.item.map_or(String::new(), |item| format!(" (item {item} of the data, counted from 0)"));
    match fault.cause {
        Cause::BadInput if fault.tensor == "target" => format!("the target is not a usable number{item}"),
        Cause::BadInput => format!("the input is not a usable number{item}"),
        Cause::PaddingOnly => "nothing in the batch is scored, so its loss is a mean of no values".into(),
        Cause::ForwardOverflow if fault.phase == Phase::Backward => {
            format!("states are so large (up to {:.0e}) that products with them overflow", of.largest_state)
        }
        Cause::ForwardOverflow => match grown_states(fault) {
            Some((log10, steps)) => format!(
                "the states grew forwards through time: {:.3} times per step over {steps} steps, up to {:.1e}{}",
                10f64.powf(log10),
                of.largest_state,
                loss(fault, language)
            ),
            None => {
                format!("states or outputs overflowed; the largest finite state is {:.1e}", of.largest_state)
            }
        },
        Cause::GradientGrowth => match of.log10_growth_a_step {
            Some((log10, steps)) => format!(
                "the gradient grew backwards through time: {:.3} times per step over {steps} steps{}",
                10f64.powf(log10),
                loss(fault, language)
            ),
            None => "the gradient grew backwards through time".into(),
        },
        Cause::StepTooLarge => {
            let mut parts = Vec::new();
            if let Some(rise) = of.loss_rise {
                let since = of.rise_step.map_or(String::new(), |step| format!(" since step {step}"));
                parts.push(format!(
                    "the loss is {} times its minimum over the last steps{since}",
                    short(rise)
                ));
            }
            if let Some(step) = of.relative_step {
                parts
                    .push(format!("the last update was about {} times the norm of the weights", short(step)));
            }
            match parts.is_empty() {
                true => format!("learning rate {:e} is too high: the update overflows", fault.lr),
                false => format!(
                    "the previous steps were too large and have ruined the weights: {}",
                    parts.join(", and ")
                ),
            }
        }
        Cause::OptimizerState => "a moment of the optimizer was not finite before the step".into(),
        Cause::BadWeights => "the weights were not finite before the step".into(),
        Cause::NotObserved => "its origin was not observed".into(),
    }
}

fn reason_zh(fault: &FaultRecord) -> String {
    let (of, language) = (&fault.evidence, Language::Chinese);
    let item = of.item.map_or(String::new(), |item| format!("（数据中的第 {item} 项，从 0 数起）"));
    match fault.cause {
        Cause::BadInput if fault.tensor == "target" => format!("目标值不是可用的数{item}"),
        Cause::BadInput => format!("输入值不是可用的数{item}"),
        Cause::PaddingOnly => "这一批数据中没有计入损失的目标，损失成了零个数的平均".into(),
        Cause::ForwardOverflow if fault.phase == Phase::Backward => {
            format!("状态过大（最大 {:.0e}），与之相乘会溢出", of.largest_state)
        }
        Cause::ForwardOverflow => match grown_states(fault) {
            Some((log10, steps)) => format!(
                "状态沿时间向前不断增大：在 {steps} 步中每步变为 {:.3} 倍，最大为 {:.1e}{}",
                10f64.powf(log10),
                of.largest_state,
                loss(fault, language)
            ),
            None => format!("状态或输出溢出；最大的有限状态为 {:.1e}", of.largest_state),
        },
        Cause::GradientGrowth => match of.log10_growth_a_step {
            Some((log10, steps)) => {
                format!(
                    "梯度沿时间回传时不断增大：在 {steps} 步中每步变为 {:.3} 倍{}",
                    10f64.powf(log10),
                    loss(fault, language)
                )
            }
            None => "梯度沿时间回传时不断增大".into(),
        },
        Cause::StepTooLarge => {
            let mut parts = Vec::new();
            if let Some(rise) = of.loss_rise {
                let since = of.rise_step.map_or(String::new(), |step| format!("自第 {step} 步起，"));
                parts.push(format!("{since}损失是最近几步最小值的 {} 倍", short(rise)));
            }
            if let Some(step) = of.relative_step {
                parts.push(format!("一步更新约为权重范数的 {}", short(step)));
            }
            match parts.is_empty() {
                true => format!("学习率 {:e} 过高：更新溢出", fault.lr),
                false => format!("之前的更新步长过大，权重已被破坏：{}", parts.join("，")),
            }
        }
        Cause::OptimizerState => "优化器的矩在这一步之前就已不是有限值".into(),
        Cause::BadWeights => "权重在这一步之前就已不是有限值".into(),
        Cause::NotObserved => "它的来源没有被观察到".into(),
    }
}

/// log10 of the growth of the states per step and the number of steps, if they grew by a factor of 1000 or more.
fn grown_states(fault: &FaultRecord) -> Option<(f64, usize)> {
    fault.evidence.log10_state_growth_a_step.filter(|(log10, steps)| log10 * *steps as f64 >= 3.0)
}

/// The loss of the step, if it is a number that says how far the values have grown.
fn loss(fault: &FaultRecord, language: Language) -> String {
    match (fault.loss.is_finite() && fault.loss > 1e6, language) {
        (false, _) => String::new(),
        (true, Language::English) => format!("; the loss is {:.1e}", fault.loss),
        (true, Language::Chinese) => format!("；损失为 {:.1e}", fault.loss),
    }
}

/// Formats a number of any size.
fn short(x: f64) -> String {
    if x < 1e4 { format!("{x:.1}") } else { format!("{x:.1e}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use longspan_record::FaultEvidence;

    fn fault(phase: Phase) -> FaultRecord {
        FaultRecord {
            step: 1,
            epoch: 1,
            loss: f64::NAN,
            log10_global_norm: f64::NAN,
            lr: 0.05,
            phase,
            layer: None,
            direction: None,
            encoder: false,
            t: None,
            tensor: "loss".into(),
            row: None,
            unit: None,
            value: f64::NAN,
            cause: Cause::StepTooLarge,
            evidence: FaultEvidence::default(),
            before: Vec::new(),
        }
    }

    #[test]
    fn locations_are_described_in_both_languages() {
        let forward = FaultRecord {
            layer: Some(0),
            t: Some(17),
            tensor: "c".into(),
            row: Some(3),
            unit: Some(5),
            value: f64::INFINITY,
            ..fault(Phase::Forward)
        };
        let encoder = FaultRecord {
            layer: Some(3),
            direction: Some(Direction::Reverse),
            encoder: true,
            t: Some(2),
            tensor: "d_h".into(),
            row: Some(0),
            unit: Some(1),
            ..fault(Phase::Backward)
        };
        let weights = FaultRecord { tensor: "weight_hh_l0".into(), unit: Some(7), ..fault(Phase::Weights) };
        for (fault, english, chinese) in [
            (
                forward,
                "forward, layer 0, step 17: c of row 3, unit 5, is inf",
                "前向传播，第 0 层，第 17 个时间步：第 3 行的 c 的单元 5 为 inf",
            ),
            (
                encoder,
                "backward, encoder, layer 1 in reverse, step 2: d_h of row 0, unit 1, is NaN",
                "反向传播，编码器，第 1 层（反向），第 2 个时间步：第 0 行的 d_h 的单元 1 为 NaN",
            ),
            (weights, "weights: weight_hh_l0, element 7, is NaN", "给定的权重：weight_hh_l0 的元素 7 为 NaN"),
            (fault(Phase::Loss), "loss: loss is NaN", "损失：loss 为 NaN"),
        ] {
            assert_eq!(location(&fault, Language::English), english);
            assert_eq!(location(&fault, Language::Chinese), chinese);
        }
    }

    /// A moment of the optimizer is the last link of a chain. What grew is named, and which limit was exceeded.
    #[test]
    fn a_loss_of_1e22_is_an_exploding_state() {
        let evidence = FaultEvidence {
            largest_state: 4e11,
            log10_state_growth_a_step: Some((0.5, 24)),
            limit: Some(1e36),
            ..FaultEvidence::default()
        };
        let fault = FaultRecord {
            loss: 1e22,
            tensor: "optimizer.exp_avg_sq.head.weight".into(),
            unit: Some(3),
            value: 2.5e37,
            cause: Cause::ForwardOverflow,
            evidence,
            ..fault(Phase::Update)
        };
        let found = crate::observation::NonFinite { fault: Box::new(fault) };
        assert_eq!(
            found.text(Language::English),
            "In training step 1, the states grew forwards through time: 3.162 times per step over 24 steps, up to 4.0e11; the loss is \
             1.0e22. First value beyond its limit: update: optimizer.exp_avg_sq.head.weight, element 3, is 2.5000e37, beyond the limit \
             of 1e36."
        );
        assert!(found.text(Language::Chinese).starts_with("在第 1 个训练步，状态沿时间向前不断增大"));
    }

    /// A run that is resumed fails again, and its steps before the resume still say since when the weights are bad.
    #[test]
    fn the_step_since_which_the_weights_are_bad_is_named() {
        let evidence = FaultEvidence { loss_rise: Some(1e5), rise_step: Some(3), ..FaultEvidence::default() };
        let text = reason(&FaultRecord { evidence, ..fault(Phase::Backward) }, Language::English);
        let expected = "the previous steps were too large and have ruined the weights: \
                        the loss is 1.0e5 times its minimum over the last steps since step 3";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_rate_that_is_too_high_is_named() {
        let fault = fault(Phase::Update);
        let text = reason(&fault, Language::English);
        assert_eq!(text, "learning rate 5e-2 is too high: the update overflows");
        assert_eq!(reason(&fault, Language::Chinese), "学习率 5e-2 过高：更新溢出");
    }
}
