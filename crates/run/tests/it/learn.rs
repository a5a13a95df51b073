//! Training on real data, found through `LONGSPAN_DATA`, with library calls alone. After a few seconds a
//! model is clearly better than the baseline.
#![allow(missing_docs, reason = "a test file")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::data;
use longspan::batch::Source;
use longspan::bptt::chunk_for;
use longspan::cell::CellKind;
use longspan::model::head::{Score, ValueLoss};
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};
use longspan::trainer::Trainer;
use longspan_data::batches::{MusicBatches, Order, SequenceBatches, WindowBatches};
use longspan_data::labelled::folder;
use longspan_data::labelled::folder::Tokens;
use longspan_data::labelled::music::{KEYS, Music, Pieces};
use longspan_data::labelled::{Kind, Labelled, LabelledOptions, LabelledParts, Scaling, ts};
use longspan_data::series::{Naive, Part, Series, SeriesOptions, naive};
use longspan_data::vocabulary::TokenLevel as Unit;
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};
use longspan_run::config::{Config, Observe};

const GRU: CellKind = CellKind::Gru { reset_after: true };
const LSTM: CellKind = CellKind::Lstm { peepholes: false, coupled: false };
const SHUFFLED: Order = Order::Shuffled { seed: 1 };

/// Trains for some epochs with a learning rate that decreases to zero, and scores the test part.
fn learn(spec: ModelSpec, train: &dyn Source, epochs: u64, rate: f64, test: &dyn Source) -> Score {
    let rows = train.shape().1;
    let mut config = Config::default();
    (config.data.batch, config.run.seed, config.run.observe) = (rows, 1, Observe::Off);
    let spec = ModelSpec { chunk: chunk_for(rows), ..spec };
    let mut trainer =
        Trainer::<f32>::new(Context::new(InstructionSet::detect(), 1), &config.trainer(spec.clone()));
    let steps = epochs * train.windows();
    for step in 0..steps {
        trainer.step(train, rate * (1.0 - step as f64 / steps as f64)).expect("no divergence");
    }
    trainer.evaluate(test)
}

/// The share of the most frequent class.
fn majority(labelled: &Labelled, sequences: &[usize]) -> f64 {
    let mut counts = vec![0; labelled.classes().len()];
    sequences.iter().for_each(|&i| counts[labelled.labels()[i] as usize] += 1);
    *counts.iter().max().expect("a class") as f64 / sequences.len() as f64
}

/// Accuracy on the test part of a data set of the UCR/UEA archive, and the accuracy of the majority class.
fn archive(train: PathBuf, test: &str, pool: Pooling, epochs: u64) -> (f64, f64) {
    let test = Some(train.with_file_name(test));
    let parts = LabelledParts::load(&LabelledOptions { test, ..LabelledOptions::new(train) });
    let LabelledParts { mut train, test } = parts.expect("a sound data set");
    let mut test = test.expect("a test part");
    let all = |labelled: &Labelled| (0..labelled.len()).collect::<Vec<_>>();
    let scaling = Scaling::of(&train, &all(&train)).expect("values");
    [&mut train, &mut test].into_iter().for_each(|part| scaling.apply(part).expect("finite values"));
    let baseline = majority(&test, &all(&test));
    let (width, count) = (train.width(), train.classes().len());
    let output = OutputSpec::Classes { count, tied: false };
    let spec = ModelSpec { pool, ..ModelSpec::new(GRU, InputSpec::Numbers { width }, 64, 1, output) };
    let batches = |part: Labelled, rows, order| {
        let sequences = all(&part);
        SequenceBatches::new(Arc::new(part), sequences, rows, order, pool).expect("sequences")
    };
    let sequences = test.len() as u64;
    let score = learn(spec, &batches(train, 16, SHUFFLED), epochs, 1e-2, &batches(test, 100, Order::Once));
    assert_eq!(score.scored, sequences);
    (score.accuracy(), baseline)
}

/// The last batch may have fewer rows, and no row counts twice.
#[test]
fn evaluation_does_not_depend_on_the_rows_of_a_batch() {
    let mut draw = Key::new(1, Purpose::Probe, 0, 0).stream(0, 0);
    let mut text = "@classLabel true a b\n@data\n".to_owned();
    for (class, length) in ["a", "b", "a", "a", "b"].into_iter().zip([3, 7, 1, 7, 4]) {
        let values: Vec<String> = (0..length).map(|_| draw.normal().to_string()).collect();
        text += &format!("{}:{class}\n", values.join(","));
    }
    let labelled = Arc::new(ts::read(text.as_bytes(), Path::new("x.ts")).expect("sound lines"));
    for pool in [Pooling::Last, Pooling::Mean] {
        let output = OutputSpec::Classes { count: 2, tied: false };
        let spec = ModelSpec { pool, ..ModelSpec::new(LSTM, InputSpec::Numbers { width: 1 }, 5, 1, output) };
        let scores: Vec<Score> = (1..7)
            .map(|rows| {
                let of = |rows, order| {
                    let labelled = Arc::clone(&labelled);
                    SequenceBatches::new(labelled, (0..5).collect(), rows, order, pool).expect("sequences")
                };
                learn(spec.clone(), &of(2, SHUFFLED), 1, 1e-2, &of(rows, Order::Once))
            })
            .collect();
        for score in &scores {
            assert_eq!((score.scored, score.correct), (5, scores[0].correct));
            assert!((score.loss - scores[0].loss).abs() < 1e-6 * scores[0].loss, "{scores:?}");
        }
    }
}

#[test]
fn speakers_of_vowels() {
    let Some(train) = data("ts_classification/JapaneseVowels/JapaneseVowels_TRAIN.ts") else { return };
    let (accuracy, baseline) = archive(train, "JapaneseVowels_TEST.ts", Pooling::Last, 20);
    eprintln!("JapaneseVowels: accuracy {accuracy:.3}, most frequent class {baseline:.3}");
    assert!(accuracy > 0.85);
}

#[test]
fn seasons_of_power_demand() {
    let Some(train) = data("ts_classification/ItalyPowerDemand/ItalyPowerDemand_TRAIN.ts") else { return };
    let (accuracy, baseline) = archive(train, "ItalyPowerDemand_TEST.ts", Pooling::Mean, 60);
    eprintln!("ItalyPowerDemand: accuracy {accuracy:.3}, most frequent class {baseline:.3}");
    assert!(accuracy > 0.85);
}

#[test]
fn languages_of_names() {
    let Some(folder) = data("names") else { return };
    let names = folder::open_folder(&folder, Tokens::Build(Unit::Char)).expect("sound files");
    let split = names.split(0.1, 0.0, 1).expect("a fraction");
    let Kind::Tokens { vocabulary } = names.kind() else { panic!("letters") };
    let input = InputSpec::Tokens { vocabulary: vocabulary.len(), embedding: 32 };
    let output = OutputSpec::Classes { count: names.classes().len(), tied: false };
    let (baseline, names) = (majority(&names, &split.valid), Arc::new(names));
    let batches = |sequences, rows, order| {
        SequenceBatches::new(Arc::clone(&names), sequences, rows, order, Pooling::Last).expect("sequences")
    };
    let train = batches(split.train, 64, SHUFFLED);
    let score = learn(
        ModelSpec::new(GRU, input, 64, 1, output),
        &train,
        4,
        5e-3,
        &batches(split.valid, 128, Order::Once),
    );
    eprintln!("names: accuracy {:.3}, most frequent class {baseline:.3}", score.accuracy());
    assert!(score.accuracy() > baseline + 0.25);
}

#[test]
fn sunspots_one_month_ahead() {
    let Some(path) = data("series/monthly-sunspots.csv") else { return };
    let options = SeriesOptions { test_fraction: 0.2, ..SeriesOptions::new(path, 24, 1) };
    let series = Arc::new(Series::load(&options).expect("a series"));
    let batches = |part, rows, order| {
        WindowBatches::new(Arc::clone(&series), part, rows, order, Pooling::Last).expect("windows")
    };
    let output = OutputSpec::Values { width: 1, loss: ValueLoss::Absolute };
    let spec = ModelSpec::new(GRU, InputSpec::Numbers { width: 1 }, 32, 1, output);
    let train = batches(Part::Train, 32, SHUFFLED);
    let score = learn(spec, &train, 20, 5e-3, &batches(Part::Test, 100, Order::Once));
    assert_eq!(score.scored as usize, series.windows(Part::Test));
    let mae = score.mean_loss() * series.columns[0].std;
    let persistence = naive(&series, Part::Test, Naive::Persistence).expect("a window");
    let persistence = persistence.overall(0).expect("forecasts").mae;
    eprintln!("sunspots: mean absolute error {mae:.2}, persistence {persistence:.2}");
    assert!(mae < 0.95 * persistence);
}

/// Nats per step of 88 independent keys, each with its frequency in the training part. The first step of a
/// piece is neither counted nor predicted.
fn independent_keys(train: &Pieces, test: &Pieces) -> f64 {
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
    let scored = steps(test);
    let sounding = scored.iter().flat_map(|&(piece, step)| test.keys(piece, step));
    let extra: f64 =
        sounding.map(|&key| shares[key as usize]).map(|share| ((1.0 - share) / share).ln()).sum();
    silence + extra / scored.len() as f64
}

#[test]
fn chorales_step_by_step() {
    let Some(path) = data("poly_music/JSB_Chorales.json") else { return };
    let music = Music::open(&path).expect("sound pieces");
    let test = music.test.expect("a test part");
    let baseline = independent_keys(&music.train, &test);
    let predictions = test.lengths().expect("pieces").total - test.len();
    let output = OutputSpec::Values { width: KEYS, loss: ValueLoss::Labels };
    let spec = ModelSpec::new(LSTM, InputSpec::Numbers { width: KEYS }, 128, 1, output);
    let train = MusicBatches::new(music.train, 64, 16, SHUFFLED).expect("steps");
    let test = MusicBatches::new(test, usize::MAX, 16, Order::Once).expect("steps");
    let score = learn(spec, &train, 30, 1e-2, &test);
    assert_eq!(score.scored as usize, predictions);
    eprintln!("chorales: {:.3} nats per step, independent keys {baseline:.3}", score.mean_loss());
    assert!(score.mean_loss() < 0.85 * baseline);
}
