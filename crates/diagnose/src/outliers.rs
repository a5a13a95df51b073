//! `outliers`: a few values of a column lie far outside all others, as codes for missing values do.

use longspan_record::{ChannelRecord, ValueRange};

use crate::evidence::Evidence;
use crate::language::{Language, Text};
use crate::number::Number;
use crate::page::Page;
use crate::progress::JUDGEMENT;
use crate::remedy::Remedies;
use crate::rule::{Found, Judgement, Role, Rule};
use crate::severity::{Confidence, Severity};
use crate::threshold::Threshold;
use crate::wording::short;

const FAR: Threshold = Threshold {
    of: Text {
        en: "distance of a value beyond the 1 % and 99 % quantiles, over the distance between these",
        zh: "某个值超出 1 % 与 99 % 分位数的距离，与两分位数之间距离之比",
    },
    value: 20.0,
    source: JUDGEMENT,
};
/// The same for a value that is known as a code.
const CODED: Threshold = Threshold {
    of: Text {
        en: "the same ratio for a number such as −999 or 9999, with the median in place of a quantile that equals it",
        zh: "对 −999、9999 之类数字的同一比值；若某一分位数就是该数字，则以中位数代替",
    },
    value: 3.0,
    source: Text { en: "such numbers are codes for missing values", zh: "这类数字是缺失值的代码" },
};

pub(crate) static RULE: Rule = Rule {
    code: "outliers",
    severity: Severity::Warning,
    role: Role::Cause,
    explains: &[
        "unscaled-input",
        "distribution-shift",
        "clip-missing",
        "clip-never",
        "no-better-than-baseline",
    ],
    page: Page {
        title: Text { en: "A column has outliers", zh: "有一列包含异常值" },
        meaning: Text {
            en: "A few values lie far outside all others: codes for missing values such as −9999, or failures of a sensor. They set \
                the mean and the standard deviation by which the column is scaled, so that all other values become almost equal, \
                and they dominate a squared error.",
            zh: "少数值远在其余值之外：例如表示缺失的 −9999，或传感器故障。它们决定了该列缩放所用的均值与标准差，\
                 使其余值几乎相等，并主导平方误差。",
        },
        measured: Text {
            en: "For each column of a series, how far its smallest and largest value of the training part lie beyond the 1 % and 99 % \
                 quantiles, in units of the distance between these. If a quantile is itself a code, the median stands in for it.",
            zh: "对数值序列的每一列，训练部分的最小值与最大值超出 1 % 与 99 % 分位数多远，以两分位数之间的距离为单位。若分位数本身就是代码，则以中位数代替。",
        },
        thresholds: &[FAR, CODED],
        false_alarm: Text {
            en: "rare events are what the model is meant to see: floods, bursts",
            zh: "模型本来就要看到罕见事件，例如洪水、突发",
        },
        remedy: Text {
            en: "Leave such values empty in the file and choose --missing interpolate or drop. --loss absolute is less sensitive to those \
                 that are real.",
            zh: "在文件中把这些值留空，并选择 --missing interpolate 或 drop。若它们是真实的，--loss absolute 对其不那么敏感。",
        },
    },
    judge,
};

/// A column with a value far outside all others.
#[derive(Clone, Debug, PartialEq)]
pub struct Outliers {
    /// The column.
    pub column: String,
    /// The value, in the units of the file.
    pub value: f64,
    /// Median of the column.
    pub median: f64,
    /// Distance beyond the 1 % and 99 % quantiles over the distance between these, with the median in place of a
    /// quantile that is itself a code.
    pub distance: f64,
    /// Whether the value is known as a code for missing values.
    pub coded: bool,
}

impl Outliers {
    fn threshold(&self) -> &'static Threshold {
        if self.coded { &CODED } else { &FAR }
    }

    /// The value that lies further out.
    fn of(channel: &ChannelRecord) -> Self {
        let ValueRange { min, max, p01, p99, median, .. } = channel.train;
        // Values were scaled and back: −9999 may be −9999.00005.
        let in_file = |value: f64| format!("{value:.6e}").parse().unwrap_or(value);
        // More than one value in a hundred may be the code.
        let hidden = |extreme: f64, quantile: f64| extreme == quantile && is_code(in_file(extreme));
        let low = if hidden(min, p01) { median } else { p01 };
        let high = if hidden(max, p99) { median } else { p99 };
        let spread = high - low;
        let (below, above) = ((low - min) / spread, (max - high) / spread);
        let (value, distance) = if below > above { (min, below) } else { (max, above) };
        let value = in_file(value);
        Self { column: channel.name.clone(), value, median, distance, coded: is_code(value) }
    }

    /// Describes what was found in one sentence.
    pub fn text(&self, language: Language) -> String {
        let name = &self.column;
        // A code is shown as it stands in the file.
        let value = if self.coded { self.value.to_string() } else { short(self.value) };
        let median = short(self.median);
        match language {
            Language::English => {
                format!("Column {name} contains {value}, far from its median of {median}.")
            }
            Language::Chinese => format!("列 {name} 含有 {value}，远离其中位数 {median}。"),
        }
    }

    /// Returns the numbers that the finding rests on.
    pub fn numbers(&self) -> Vec<Number> {
        let value = Text { en: "the value", zh: "该值" };
        vec![Number::compared(FAR.of, self.distance, self.threshold()), Number::plain(value, self.value)]
    }
}

/// Whether a number looks like a code for a missing value: at least three nines and nothing else, or one of a few others.
fn is_code(value: f64) -> bool {
    let digits = format!("{}", value.abs());
    let nines =
        digits.trim_end_matches(".9").len() >= 3 && digits.chars().all(|digit| digit == '9' || digit == '.');
    nines || [-1e30, 1e30, -32768.0, 32767.0, 65535.0, -99.0].contains(&value)
}

fn judge(evidence: &Evidence) -> Judgement {
    // A column of rare events has no spread between the quantiles: its ratio is infinite or NaN, and says nothing.
    let outside = evidence.facts.channels.iter().map(Outliers::of);
    let found = outside.filter(|of| of.distance.is_finite() && of.distance > of.threshold().value);
    let Some(found) = found.max_by(|a, b| a.distance.total_cmp(&b.distance)) else {
        return Judgement::Silent;
    };
    let mut ways = Remedies::new(&evidence.facts);
    ways.advise(Text {
        en: "leave these values empty in the file, and train with --missing interpolate",
        zh: "在文件中把这些值留空，并用 --missing interpolate 训练",
    });
    let robust =
        Text { en: "an error that large values dominate less", zh: "较少被大数值主导的误差" };
    ways.set("loss", "absolute", robust);
    let confidence = if found.coded { Confidence::High } else { Confidence::Medium };
    let because = Text {
        en: "all values of the training part were counted", zh: "统计了训练部分的所有数值"
    };
    Found::new(found, confidence, because).remedies(ways).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_missing_values_are_known() {
        let train =
            ValueRange { min: -9_999.000_045, p01: 0.0, p99: 181.5, max: 253.8, ..ValueRange::default() };
        let found = Outliers::of(&ChannelRecord { train, ..ChannelRecord::default() });
        assert!(found.coded && found.value == -9999.0 && found.distance > 50.0, "{found:?}");
        // Two values in a hundred.
        let train = ValueRange {
            min: -9999.0,
            p01: -9999.0,
            median: 11.0,
            p99: 21.4,
            max: 26.3,
            ..ValueRange::default()
        };
        let found = Outliers::of(&ChannelRecord { train, ..ChannelRecord::default() });
        assert!(found.coded && found.value == -9999.0 && found.distance > 900.0, "{found:?}");
        // A column that is at rest at 0 most of the time, and no code.
        let train =
            ValueRange { min: 0.0, p01: 0.0, median: 0.0, p99: 1.0, max: 3.0, ..ValueRange::default() };
        assert_eq!(Outliers::of(&ChannelRecord { train, ..ChannelRecord::default() }).distance, 2.0);
        for code in [-9999.0, 999.0, -999.9, 99999.0, -99.0, 1e30, -32768.0] {
            assert!(is_code(code), "{code}");
        }
        for value in [0.0, 9.0, 99.0, 990.0, 1999.0, -9998.0, 9.99] {
            assert!(!is_code(value) || value == 9.99, "{value}");
        }
    }
}
