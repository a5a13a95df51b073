//! Whether labelled sequences are in the units of those that a model was trained on.

use super::scaling::Scaling;
use super::sequences::{Kind, Labelled};
use crate::shift::shift;

/// Most channels that are named.
const NAMED: usize = 5;

impl Labelled {
    /// Says which channels have another mean or spread than the training part, whose scaling is given, or categories that
    /// it does not have: one sentence each, for five channels at most. The sequences must not be scaled yet. Images have
    /// a fixed scale and are not compared.
    pub fn shifts(&self, scaling: &Scaling) -> Vec<String> {
        let Kind::Values { channels } = &self.kind else { return Vec::new() };
        let compared = (0..channels.len()).filter(|&d| !self.has_images() && !self.is_one_hot(d));
        let of = |d: usize| {
            let (mean, std) = (scaling.mean[d], scaling.std[d]);
            let all =
                || self.channel(0..self.values.len(), d).filter(|x| !x.is_nan()).map(|x| (x - mean) / std);
            shift(&format!("channel {}", channels[d]), (mean, std), all)
        };
        let mut found: Vec<String> = compared.filter_map(of).collect();
        let more = found.len().saturating_sub(NAMED);
        found.truncate(NAMED);
        if more > 0 {
            found.push(format!(
                "{more} more channels have another mean or standard deviation than in training"
            ));
        }
        found.extend(self.unknown.iter().cloned());
        found
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ts;
    use super::*;

    #[test]
    fn channels_in_other_units_are_named() {
        let of = |text: &str| {
            let text = format!("@classLabel true a b\n@data\n{text}");
            ts::read(text.as_bytes(), Path::new("x.ts")).unwrap()
        };
        let train = of("1,2,3:10,?,14:a\n2,3,4:12,10,14:b\n");
        let scaling = Scaling::of(&train, &[0, 1]).unwrap();
        assert!(train.shifts(&scaling).is_empty());
        let new = of("1000,2000:10,?:a\n");
        let found = new.shifts(&scaling);
        assert_eq!(found, ["channel 1: mean 1500, training mean 2.5: are the units the same?"]);
        let wide = of(&format!("{}:a\n", ["1,2"; 8].join(":")));
        let wide_scaling = Scaling::of(&wide, &[0]).unwrap();
        let found = of(&format!("{}:a\n", ["100,200"; 8].join(":"))).shifts(&wide_scaling);
        assert_eq!(found.len(), 6, "{found:?}");
        assert!(found[5].starts_with("3 more channels"), "{found:?}");
    }
}
