//! Piano rolls as data of a run: the keys of the next step are predicted.

use std::path::Path;

use super::{Baseline, DataError, DataRecord, Dataset, Parts, Sample, boxed, name, sample_rows};
use crate::config::Config;
use crate::units::Units;
use longspan::batch::Source;
use longspan::model::head::Unit;
use longspan_data::batches::{MusicBatches, Order};
use longspan_data::fingerprint::Fingerprint;
use longspan_data::labelled::Scaling;
use longspan_data::labelled::music::{KEYS, LOWEST, Music, Pieces};
use longspan_data::schema::{Predicts, Reads, Schema};

/// Settings of labelled sequences that do not apply to piano rolls.
const NOT_OF_MUSIC: [&str; 9] = [
    "labelled_test",
    "valid_fraction",
    "test_fraction",
    "label_column",
    "id_column",
    "image_labels",
    "image_steps",
    "level",
    "missing",
];

pub(super) fn open(config: &Config, path: &Path) -> Result<Dataset, DataError> {
    let default = Config::default();
    if let Some(key) = NOT_OF_MUSIC.into_iter().find(|key| config.get(key) != default.get(key)) {
        return Err(DataError::OfMusic { given: config.given(key), path: path.display().to_string() });
    }
    let Music { train, valid, test, .. } = Music::open(path)?;
    let file = name(path);
    let nothing = |part| DataError::NoSteps { path: path.display().to_string(), part };
    let lengths = train.lengths().ok_or_else(|| nothing("train"))?;
    let scored_part = valid.as_ref().or(test.as_ref()).unwrap_or(&train);
    let keys = |part: &Pieces| Baseline::new("key frequencies", independent_keys(&train, part));
    let best = keys(scored_part);
    let test_baselines = test.iter().map(keys).collect();
    let record = DataRecord {
        description: format!("{file}, {} pieces of {} to {} steps", train.len(), lengths.min, lengths.max),
        fingerprint: fingerprint(&train),
        schema: schema().fingerprint(),
        parts: Parts {
            items: "pieces".into(),
            train: train.len() as u64,
            valid: valid.as_ref().map_or(0, |part| part.len() as u64),
            test: test.as_ref().map_or(0, |part| part.len() as u64),
            by: "the file's own parts".into(),
        },
        unknown_share: 0.0,
        unit: Unit::Nats,
        baseline_loss: best.loss,
        baseline: best.name.clone(),
        baselines: vec![best],
        units: "pieces".into(),
        channels: Vec::new(),
        notices: Vec::new(),
    };
    let once = |part: Option<Pieces>, name| {
        part.map(|part| whole(config, part).ok_or_else(|| nothing(name))).transpose()
    };
    let (valid, test) = (once(valid, "valid")?, once(test, "test")?);
    let order = Order::Shuffled { seed: config.run.seed };
    let held_out = valid.as_ref().map_or(0, |_| record.parts.valid as usize);
    let rows = sample_rows(config, train.len(), held_out);
    let source = whole(config, train.clone()).ok_or_else(|| nothing("train"))?;
    let windows = (rows.div_ceil(config.data.batch) as u64).min(source.windows());
    let sample = Sample { source, windows, units: Units::Rows };
    let train = MusicBatches::new(train, config.data.unroll, config.data.batch, order)
        .ok_or_else(|| nothing("train"))?;
    Ok(Dataset {
        train: boxed(train),
        valid,
        test,
        sample,
        units: Units::Rows,
        schema: schema(),
        record,
        test_baselines,
        series: None,
        group_baselines: Default::default(),
    })
}

/// The test part of another file, else its validation part, else its training part.
pub(super) fn whole_file(config: &Config, path: &Path) -> Result<Box<dyn Source>, DataError> {
    let Music { train, valid, test, .. } = Music::open(path)?;
    let nothing = || DataError::NoSteps { path: path.display().to_string(), part: "test" };
    whole(config, test.or(valid).unwrap_or(train)).ok_or_else(nothing)
}

/// All of the pieces as whole windows; None if no piece has a second step.
fn whole(config: &Config, pieces: Pieces) -> Option<Box<dyn Source>> {
    MusicBatches::new(pieces, usize::MAX, config.data.batch, Order::Once).map(boxed)
}

/// The schema of a model of music.
fn schema() -> Schema {
    let channels = (0..KEYS).map(|key| format!("key {}", key + LOWEST as usize)).collect();
    let reads = Reads::Numbers { channels, scaling: Scaling::identity(KEYS), categorical: Vec::new() };
    Schema { reads, predicts: Predicts::Next }
}

fn fingerprint(pieces: &Pieces) -> String {
    let mut fingerprint = Fingerprint::default();
    for piece in 0..pieces.len() {
        fingerprint.write_word(pieces.length(piece) as u64);
        for step in 0..pieces.length(piece) {
            let keys = pieces.keys(piece, step);
            fingerprint.write_word(keys.len() as u64);
            keys.iter().for_each(|&key| fingerprint.write_word(u64::from(key)));
        }
    }
    format!("{:016x}", fingerprint.finish())
}

/// Loss in nats per step of 88 independent keys, each with its frequency in the training part. The first step
/// of a piece is neither counted nor predicted.
fn independent_keys(train: &Pieces, scored_part: &Pieces) -> f64 {
    let steps = |pieces: &Pieces| {
        let lengths = (0..pieces.len()).map(|piece| pieces.length(piece)).enumerate();
        lengths.flat_map(|(piece, steps)| (1..steps).map(move |step| (piece, step))).collect::<Vec<_>>()
    };
    let (mut counts, seen) = ([1u32; KEYS], steps(train));
    for &(piece, step) in &seen {
        train.keys(piece, step).iter().for_each(|&key| counts[key as usize] += 1);
    }
    let shares = counts.map(|count| f64::from(count) / (seen.len() + 2) as f64);
    let silence: f64 = shares.iter().map(|share| -(1.0 - share).ln()).sum();
    let scored = steps(scored_part);
    let sounding = scored.iter().flat_map(|&(piece, step)| scored_part.keys(piece, step));
    let extra: f64 =
        sounding.map(|&key| shares[key as usize]).map(|share| ((1.0 - share) / share).ln()).sum();
    silence + extra / scored.len().max(1) as f64
}
