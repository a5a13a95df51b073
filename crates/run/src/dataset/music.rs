//! Piano rolls as data of a run: the keys of the next step are predicted.

use std::path::Path;

use super::baseline::Baseline;
use super::description::{boxed, name};
use super::error::DataError;
use super::frequencies::{Counted, Frequencies};
use super::held_out::HeldOut;
use super::parts::Dataset;
use super::record::{DataRecord, Parts};
use super::sample::{Sample, sample_rows};
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
    let frequencies = frequencies(&train);
    let keys = |part: &Pieces| independent_keys(&frequencies, part);
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
        frequencies: Some(frequencies),
        series: None,
        group_baselines: Default::default(),
    })
}

/// The test part of another file, else its validation part, else its training part. Its baseline predicts the key
/// frequencies `trained`, or its own if they are not known.
pub(super) fn whole_file(
    config: &Config,
    path: &Path,
    trained: Option<&Frequencies>,
) -> Result<HeldOut, DataError> {
    let Music { train, valid, test, .. } = Music::open(path)?;
    let nothing = || DataError::NoSteps { path: path.display().to_string(), part: "test" };
    let pieces = test.or(valid).unwrap_or(train);
    let frequencies = Frequencies::of_training_or(trained, frequencies(&pieces));
    let baseline = independent_keys(&frequencies, &pieces);
    Ok(HeldOut {
        source: whole(config, pieces).ok_or_else(nothing)?,
        units: Units::Rows,
        series: None,
        baselines: vec![baseline],
        most_frequent_class: None,
        shifts: Vec::new(),
    })
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

/// The steps that are predicted: all but the first one of each piece.
fn predicted(pieces: &Pieces) -> Vec<(usize, usize)> {
    let lengths = (0..pieces.len()).map(|piece| pieces.length(piece)).enumerate();
    lengths.flat_map(|(piece, steps)| (1..steps).map(move |step| (piece, step))).collect()
}

/// How often each key sounds at the steps that are predicted.
fn frequencies(pieces: &Pieces) -> Frequencies {
    let (mut counts, seen) = (vec![0; KEYS], predicted(pieces));
    for &(piece, step) in &seen {
        pieces.keys(piece, step).iter().for_each(|&key| counts[key as usize] += 1);
    }
    Frequencies { targets: seen.len() as u64, ..Frequencies::new(Counted::Keys, &counts, false) }
}

/// Loss in nats per step of 88 independent keys, each with its frequency. As if each had sounded once and been silent
/// once more, so that none has the frequency 0 or 1.
fn independent_keys(frequencies: &Frequencies, scored_part: &Pieces) -> Baseline {
    let share = |&count: &u64| (count + 1) as f64 / (frequencies.targets + 2) as f64;
    let shares: Vec<f64> = frequencies.counts.iter().map(share).collect();
    let silence: f64 = shares.iter().map(|share| -(1.0 - share).ln()).sum();
    let scored = predicted(scored_part);
    let sounding = scored.iter().flat_map(|&(piece, step)| scored_part.keys(piece, step));
    let extra: f64 =
        sounding.map(|&key| shares[key as usize]).map(|share| ((1.0 - share) / share).ln()).sum();
    Baseline::new(frequencies.name(), silence + extra / scored.len().max(1) as f64)
}
