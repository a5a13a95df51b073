//! Whether a field looks like a time, for telling columns of times from columns of text.
//!
//! [`stamps`](crate::stamps) decides for a column, from its first rows, and reads it.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Whether text that is not a number looks like a date or time of day, in any order of day and month.
pub(crate) fn looks_like_time(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let parts: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let digits = |part: &str| {
        let count = part.bytes().take_while(u8::is_ascii_digit).count();
        (1..=4).contains(&count)
    };
    let whole = |part: &str, digits: &[usize]| {
        digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    // 20100103 1705 and 20100103T170500.
    let compact = match parts[..] {
        [one] => one.split_once('t').is_some_and(|(date, clock)| whole(date, &[8]) && whole(clock, &[4, 6])),
        [date, clock, ..] => whole(date, &[8]) && whole(clock, &[4, 6]),
        [] => false,
    };
    if compact {
        return true;
    }
    let month = |part: &str| MONTHS.iter().any(|month| part.starts_with(month));
    parts.len() >= 2
        && parts.iter().take(2).all(|part| digits(part) || month(part))
        && parts.iter().any(|part| digits(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_other_text() {
        for text in [
            "1749-01",
            "2010/1/31 7:05",
            "31/12/1999",
            "3 Jan 2010",
            "Jan-2010",
            "17:05",
            "20100103 170500",
            "20100103T1705",
        ] {
            assert!(looks_like_time(text), "{text}");
        }
        for text in ["", "NW", "A-1", "sensor 3", "station-7", "123456-78", "rock and roll", "Jan"] {
            assert!(!looks_like_time(text), "{text}");
        }
    }
}
