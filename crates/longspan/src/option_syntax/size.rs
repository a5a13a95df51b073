//! Amounts of memory, such as `64MiB`, `2G` or plain bytes.

use std::fmt;
use std::str::FromStr;

/// An amount of memory in bytes. k, M and G are powers of 1000, as are KB, MB and GB; KiB, MiB and GiB are
/// powers of 1024.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size(pub usize);

/// The unit names, in any case, and their sizes in bytes.
const UNITS: [(&str, u64); 11] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1_000),
    ("B", 1),
    ("", 1),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()));
        match (unit, number.is_empty()) {
            (Some((_, bytes)), false) => {
                let size = number.parse::<u64>().ok().and_then(|n| n.checked_mul(*bytes));
                let size = size.and_then(|size| usize::try_from(size).ok());
                size.map(Self).ok_or_else(|| "is more than a machine can address".into())
            }
            _ => Err("needs a whole number of bytes, or one with a unit, such as 64MiB, 500KB or 2G".into()),
        }
    }
}

impl fmt::Display for Size {
    /// Writes the amount in the largest unit that divides it, so that it can be read back exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as u64;
        let whole = UNITS.iter().filter(|(_, unit)| bytes.is_multiple_of(*unit) && bytes > 0);
        match whole.max_by_key(|(name, unit)| (*unit, name.len())) {
            Some((name, unit)) if *unit > 1 => write!(f, "{}{name}", bytes / unit),
            _ => write!(f, "{bytes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_every_unit_and_written_in_the_largest_that_divides() {
        for (text, bytes, written) in [
            ("0", 0, "0"),
            ("1234", 1234, "1234"),
            ("100B", 100, "100"),
            ("5k", 5_000, "5KB"),
            ("5K", 5_000, "5KB"),
            ("5 kb", 5_000, "5KB"),
            ("64MiB", 64 << 20, "64MiB"),
            ("65536kib", 64 << 20, "64MiB"),
            ("1536MiB", 1536 << 20, "1536MiB"),
            ("2G", 2_000_000_000, "2GB"),
            ("2048GiB", 2048 << 30, "2048GiB"),
            ("1024000", 1_024_000, "1000KiB"),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.0, size.to_string().as_str()), (bytes, written), "{text}");
            assert_eq!(written.parse(), Ok(size));
        }
    }

    #[test]
    fn invalid_sizes_are_refused_with_a_reason() {
        for text in ["", "MiB", "-1", "-64MiB", "1.5GiB", "12 parsecs", "64Mi", "1e6", "NaN", "+5", "5MiB5"] {
            assert!(text.parse::<Size>().unwrap_err().contains("such as 64MiB"), "{text}");
        }
        for text in ["18446744073709551616", "20000000000000GiB", "18446744073709551615k"] {
            assert!(text.parse::<Size>().unwrap_err().contains("more than a machine"), "{text}");
        }
    }
}
