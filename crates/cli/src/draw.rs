//! Charts drawn with characters.

/// Eighths of a character cell.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// Draws a bar of `share` (0 to 1) of `width` columns, padded to `width`. Every share above 0 shows at least an eighth of a column.
pub(crate) fn bar(share: f64, width: usize) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = ((share * (8 * width) as f64).round() as usize).max(usize::from(share > 0.0));
    let mut text = "█".repeat(eighths / 8);
    if eighths % 8 > 0 {
        text.push(EIGHTHS[eighths % 8]);
    }
    let used = text.chars().count();
    text + &" ".repeat(width - used)
}

/// Draws a sparkline of decimal logarithms, at most `width` columns wide: 0 is a full cell, `least` an eighth, below it a cell is
/// empty.
pub(crate) fn spark(log10: &[f64], least: f64, width: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let cells = width.min(log10.len());
    let level = |cell: usize| {
        let x = log10[cell * log10.len() / cells];
        match x.is_finite() && x >= least {
            true => LEVELS[((1.0 - x.min(0.0) / least) * 7.0).round() as usize],
            false => ' ',
        }
    };
    (0..cells).map(level).collect()
}

/// Formats 10 to the power of `log10` in one or two digits: "1", "0.31", "0.0040", "2e-9".
pub(crate) fn magnitude(log10: f64) -> String {
    let x = 10f64.powf(log10);
    match log10 {
        _ if log10 == f64::NEG_INFINITY => "0".into(),
        _ if !log10.is_finite() => format!("{x}"),
        -0.05..0.05 => "1".into(),
        -3.0..3.0 => {
            let digits = (1.0 - log10.floor()).max(0.0) as usize;
            format!("{x:.digits$}")
        }
        _ => format!("{x:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_their_length() {
        assert_eq!(bar(0.0, 4), "    ");
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(bar(7.0, 2), "██");
        assert_eq!(bar(0.5, 3), "█▌ ");
        assert_eq!(bar(1e-9, 2), "▏ ");
        assert_eq!(bar(f64::NAN, 2), "  ");
    }

    #[test]
    fn sparks_fall_with_their_logarithms() {
        assert_eq!(spark(&[0.0, -6.0, -12.0, -13.0, f64::NEG_INFINITY], -12.0, 9), "█▅▁  ");
        assert_eq!(spark(&[0.5; 100], -12.0, 3), "███");
        assert_eq!(spark(&[], -12.0, 3), "");
    }

    #[test]
    fn magnitudes_are_short() {
        for (log10, text) in [
            (0.0, "1"),
            (-0.5, "0.32"),
            (-2.4, "0.0040"),
            (-8.7, "2e-9"),
            (1.5, "32"),
            (f64::NEG_INFINITY, "0"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(magnitude(log10), text);
        }
    }
}
