//! The fingerprint of labelled sequences.

use super::sequences::{Kind, Labelled};
use crate::fingerprint::Fingerprint;

impl Labelled {
    /// Fingerprint of the values or tokens, the lengths, the labels and the names of classes and channels, for the
    /// record of a run.
    pub fn fingerprint(&self) -> u64 {
        let mut fingerprint = Fingerprint::default();
        let mut name = |name: &str| {
            // 0xff does not occur in UTF-8, so it separates the names.
            fingerprint.write(name.as_bytes());
            fingerprint.write(&[0xff]);
        };
        self.classes.iter().for_each(|class| name(class));
        match &self.kind {
            Kind::Values { channels } => channels.iter().for_each(|channel| name(channel)),
            Kind::Tokens { vocabulary } => fingerprint.write_word(vocabulary.fingerprint()),
        }
        self.offsets.iter().for_each(|&offset| fingerprint.write_word(offset as u64));
        self.labels.iter().for_each(|&label| fingerprint.write_word(u64::from(label)));
        self.values.iter().for_each(|value| fingerprint.write_word(u64::from(value.to_bits())));
        self.exact.iter().flatten().for_each(|value| fingerprint.write_word(value.to_bits()));
        self.tokens.iter().for_each(|&token| fingerprint.write_word(u64::from(token)));
        self.targets.iter().flatten().for_each(|target| fingerprint.write_word(target.to_bits()));
        fingerprint.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ts;

    #[test]
    fn fingerprints_differ_if_the_training_data_differ() {
        let of = |text: &str| ts::read(text.as_bytes(), Path::new("x.ts")).unwrap().fingerprint();
        let first = of("@classLabel true a b\n@data\n1,2,3:a\n4:b\n");
        assert_eq!(first, of("# note\n@classLabel true a b\n@data\n1.0,2,3:a\n4:b\n"));
        for other in [
            "a b\n@data\n1,2,3:a\n5:b\n",
            "a b\n@data\n1,2,3:b\n4:b\n",
            "a b\n@data\n1,2:a\n3,4:b\n",
            "a bb\n@data\n1,2,3:a\n4:bb\n",
            "ab b\n@data\n1,2,3:ab\n4:b\n",
        ] {
            assert_ne!(first, of(&format!("@classLabel true {other}")), "{other}");
        }
    }
}
