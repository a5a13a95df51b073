//! Lengths of samples: `20`, or `50..200` for 50 to 199.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The lengths of samples, all equally frequent: a single length or a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    shortest: usize,
    longest: usize,
}

impl Lengths {
    /// A single length.
    ///
    /// # Panics
    /// If it is 0.
    pub fn only(length: usize) -> Self {
        assert!(length > 0, "a length must be at least 1");
        Self { shortest: length, longest: length }
    }

    /// The shortest length.
    pub fn shortest(self) -> usize {
        self.shortest
    }

    /// The longest length.
    pub fn longest(self) -> usize {
        self.longest
    }

    /// All lengths.
    pub fn all(self) -> RangeInclusive<usize> {
        self.shortest..=self.longest
    }

    /// Number of lengths.
    pub fn count(self) -> usize {
        self.longest - self.shortest + 1
    }
}

impl FromStr for Lengths {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<usize>().ok().filter(|&n| n > 0);
        let lengths = match text.split_once("..") {
            None => number(text).map(|n| (n, n)),
            // The end is not part of the range, as in the papers and in Rust.
            Some((from, below)) => number(from).zip(number(below).map(|n| n - 1)),
        };
        lengths
            .filter(|(shortest, longest)| shortest <= longest)
            .map(|(shortest, longest)| Self { shortest, longest })
            .ok_or_else(|| {
                "needs an integer of at least 1, or a range such as 50..200, which is 50 to 199".into()
            })
    }
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => write!(f, "{}", self.shortest),
            _ => write!(f, "{}..{}", self.shortest, self.longest + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written_alike() {
        for (text, shortest, longest, written) in
            [("20", 20, 20, "20"), ("50..200", 50, 199, "50..200"), ("7..8", 7, 7, "7")]
        {
            let lengths: Lengths = text.parse().unwrap();
            assert_eq!(lengths.all(), shortest..=longest);
            assert_eq!(lengths.to_string(), written);
            assert_eq!(written.parse(), Ok(lengths));
        }
        for text in ["", "0", "-1", "1.5", "..", "5..", "..5", "0..5", "5..5", "9..5", "1..2..3", "1..=5"] {
            assert!(text.parse::<Lengths>().unwrap_err().contains("50..200"), "{text}");
        }
    }
}
