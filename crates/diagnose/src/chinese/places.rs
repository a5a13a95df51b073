//! Where a bad value is: "forward, layer 0, step 17: c of row 3, unit 5, is inf".

/// The place in Chinese; None where the text is none.
pub(super) fn place(english: &str) -> Option<String> {
    let (head, tail) = english.split_once(": ")?;
    let (phase, rest) = head.split_once(", ").map_or((head, ""), |(phase, rest)| (phase, rest));
    let phase = match phase {
        "weights" => "给定的权重",
        "input" => "输入",
        "forward" => "前向传播",
        "loss" => "损失",
        "backward" => "反向传播",
        "update" => "权重更新",
        _ => return None,
    };
    let mut text = phase.to_owned();
    for part in rest.split(", ").filter(|part| !part.is_empty()) {
        text.push('，');
        text.push_str(&within(part)?);
    }
    let (what, value) = tail.rsplit_once(" is ")?;
    let (what, unit) = match what.strip_suffix(',').and_then(|what| what.rsplit_once(", ")) {
        Some((what, unit)) => (what, Some(unit)),
        None => (what, None),
    };
    let (tensor, row) = what.split_once(" of row ").map_or((what, None), |(tensor, row)| (tensor, Some(row)));
    text.push('：');
    if let Some(row) = row {
        text.push_str(&format!("第 {row} 行的 "));
    }
    text.push_str(tensor);
    match unit.map(|unit| unit.split_once(' ')) {
        Some(Some(("unit", unit))) => text.push_str(&format!(" 的单元 {unit}")),
        Some(Some((_, element))) => text.push_str(&format!(" 的元素 {element}")),
        Some(None) => return None,
        None => {}
    }
    Some(text + &format!(" 为 {value}"))
}

/// "encoder", "layer 0", "layer 0 in reverse", "step 17".
fn within(part: &str) -> Option<String> {
    if part == "encoder" {
        return Some("编码器".into());
    }
    if let Some(step) = part.strip_prefix("step ") {
        return Some(format!("第 {step} 个时间步"));
    }
    let layer = part.strip_prefix("layer ")?;
    Some(match layer.split_once(' ') {
        None => format!("第 {layer} 层"),
        Some((layer, "forwards")) => format!("第 {layer} 层（正向）"),
        Some((layer, _)) => format!("第 {layer} 层（反向）"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told() {
        for (english, chinese) in [
            (
                "forward, layer 0, step 17: c of row 3, unit 5, is inf",
                "前向传播，第 0 层，第 17 个时间步：第 3 行的 c 的单元 5 为 inf",
            ),
            (
                "backward, encoder, layer 1 in reverse, step 2: d_h of row 0, unit 1, is NaN",
                "反向传播，编码器，第 1 层（反向），第 2 个时间步：第 0 行的 d_h 的单元 1 为 NaN",
            ),
            ("weights: weight_hh_l0, element 7, is NaN", "给定的权重：weight_hh_l0 的元素 7 为 NaN"),
            ("loss: loss is NaN", "损失：loss 为 NaN"),
        ] {
            assert_eq!(place(english).as_deref(), Some(chinese));
        }
        assert_eq!(place("a: b"), None);
    }
}
