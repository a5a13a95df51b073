//! Properties of columns: ranges of the parts, and what a column says about the next value of a target.

use longspan_record::{ChannelRecord, ValueRange};

use super::part::Part;
use super::standardised::Series;

/// Describes the columns of the file of a series, in the units of the file. The held-out part is the validation part, else the test
/// part.
pub fn channels(series: &Series) -> Vec<ChannelRecord> {
    let held_out = [Part::Valid, Part::Test].into_iter().find(|&part| series.rows(part) > 0);
    let column = |index: usize| {
        let column = &series.columns[index];
        let original = |part| {
            let values = series.segments(part).iter().flat_map(|segment| {
                let original = |z| series.original(segment.group, index, f64::from(z));
                column_of(series, segment, index).map(original)
            });
            values.collect::<Vec<f64>>()
        };
        let train = value_range(&mut original(Part::Train)).unwrap_or_default();
        let mut held = held_out.map(original).unwrap_or_default();
        let outside = held.iter().filter(|x| !(train.min..=train.max).contains(*x)).count();
        ChannelRecord {
            name: column.name.clone(),
            target: series.targets.contains(&index),
            outside_share: outside as f64 / held.len().max(1) as f64,
            held_out: value_range(&mut held),
            train,
            correlation: correlation(series, index),
        }
    };
    (0..series.measured).map(column).collect()
}

fn column_of<'a>(
    series: &'a Series,
    segment: &super::Segment,
    index: usize,
) -> impl Iterator<Item = f32> + use<'a> {
    let values = series.values(segment);
    values.get(index..).unwrap_or_default().iter().step_by(series.columns.len()).copied()
}

/// The distribution of values, which are reordered; None if there are none.
pub fn value_range(values: &mut [f64]) -> Option<ValueRange> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count as f64;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
    let mut quantile = |share: f64| {
        let at = (share * (count - 1) as f64).round() as usize;
        *values.select_nth_unstable_by(at, f64::total_cmp).1
    };
    Some(ValueRange {
        count: count as u64,
        min: quantile(0.0),
        p01: quantile(0.01),
        median: quantile(0.5),
        p99: quantile(0.99),
        max: quantile(1.0),
        mean,
        std: variance.sqrt(),
    })
}

/// Largest |correlation| of a column with the next value of a target in the training part; 0 if one of them is constant.
fn correlation(series: &Series, index: usize) -> f64 {
    let of = |target: usize| {
        let pairs = || {
            series.segments(Part::Train).iter().flat_map(|segment| {
                let next = column_of(series, segment, target).skip(1);
                column_of(series, segment, index).zip(next).map(|(x, y)| (f64::from(x), f64::from(y)))
            })
        };
        let n = pairs().count().max(1) as f64;
        let (x_mean, y_mean) = pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
        let (xy, xx, yy) = pairs().fold((0.0, 0.0, 0.0), |(xy, xx, yy), (x, y)| {
            let (x, y) = (x - x_mean, y - y_mean);
            (xy + x * y, xx + x * x, yy + y * y)
        });
        if xx > 0.0 && yy > 0.0 { (xy / (xx * yy).sqrt()).abs() } else { 0.0 }
    };
    series.targets.iter().map(|&target| of(target)).fold(0.0, f64::max)
}
