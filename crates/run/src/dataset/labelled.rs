//! Labelled sequences as data of a run.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::baseline;
use super::baseline::Baseline;
use super::description::{boxed, decoded, name};
use super::error::DataError;
use super::frequencies::{Counted, Frequencies};
use super::held_out::HeldOut;
use super::parts::Dataset;
use super::record::{DataRecord, Parts};
use super::sample::{Sample, sample_rows};
use crate::config::{ClassWeights, Config, Missing};
use crate::units::Units;
use longspan::batch::Source;
use longspan::model::head::Unit;
use longspan_data::batches::{Order, SequenceBatches};
use longspan_data::categorical::{self, Categorical};
use longspan_data::inspect::notices;
use longspan_data::labelled;
use longspan_data::labelled::table::Columns;
use longspan_data::labelled::{
    Kind, Labelled, LabelledOptions, LabelledParts, Scaling, Split, TargetScaling,
};
use longspan_data::mask::LossMask;
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_data::series::value_range;
use longspan_data::table::TableOptions;
use longspan_record::ChannelRecord;

pub(super) fn open(config: &Config, path: &Path, learned: Option<&Schema>) -> Result<Dataset, DataError> {
    let options = options(config, path, learned);
    let (mut train, mut test) = match learned {
        None => {
            let parts = LabelledParts::load(&options)?;
            (parts.train, parts.test)
        }
        Some(schema) => {
            check_same(config, &options.columns.categorical)?;
            let (kind, classes) = learned_labels(schema)?;
            let of = |path: &Path, is_test| {
                let options = LabelledOptions { is_test, ..options.clone() };
                labelled::load_for(path, &options, &kind, classes)
            };
            let test = config.data.labelled_test.as_deref().map(|path| of(path, true));
            (of(path, false)?, test.transpose()?)
        }
    };
    // A trained model needs no notices about its data any more.
    let mut notices = match learned {
        None => {
            let filled = notices::of_lacking(train.missing(), options.missing);
            super::notices::all(notices::of_sequences(&train).into_iter().chain(filled))
        }
        Some(_) => Vec::new(),
    };
    let split = train.split(config.data.valid_fraction, config.data.test_fraction, config.run.seed)?;
    let categorical = match learned {
        Some(_) => options.columns.categorical.clone(),
        None => train.categories(&split.train)?,
    };
    for part in [Some(&mut train), test.as_mut()].into_iter().flatten() {
        part.encode(&categorical);
    }
    // With the names of the categories, whose codes depend on the order of the rows.
    let fingerprint = format!("{:016x}", train.fingerprint());
    if learned.is_none() {
        notices.extend(train.unknown().iter().chain(test.iter().flat_map(Labelled::unknown)).cloned());
    }
    let reads = match (train.kind(), learned) {
        (_, Some(schema)) => schema.reads.clone(),
        (Kind::Tokens { vocabulary }, None) => Reads::Tokens(vocabulary.clone()),
        (Kind::Values { channels }, None) => {
            let scaling = Scaling::of(&train, &split.train).expect("channels");
            Reads::Numbers { channels: channels.clone(), scaling, categorical }
        }
    };
    if let Reads::Numbers { scaling, .. } = &reads {
        for part in [Some(&mut train), test.as_mut()].into_iter().flatten() {
            scaling.apply(part)?;
        }
    }
    let predicts = match learned {
        Some(schema) => schema.predicts.clone(),
        None => match TargetScaling::of(&train, &split.train) {
            Some(scaling) => Predicts::Regression(scaling),
            None => Predicts::Classes(train.classes().to_vec()),
        },
    };
    let schema = Schema { reads, predicts };
    scale_targets(&schema, [Some(&mut train), test.as_mut()]);
    let description = describe(&name(path), &train);
    let tested = test.as_ref().map_or(split.test.len(), Labelled::len);
    let parts = Parts {
        items: "sequences".into(),
        train: split.train.len() as u64,
        valid: split.valid.len() as u64,
        test: tested as u64,
        by: by(config, &train, &split, test.is_some()),
    };
    let channels = channels(&schema, &train, &split);
    let rows = sample_rows(config, split.train.len(), split.valid.len());
    // Spread evenly, because a file may be sorted by class.
    let spread = (0..rows).map(|i| split.train[i * split.train.len() / rows]).collect();
    let balanced = config.data.class_weights == ClassWeights::Balanced;
    let frequencies = (train.targets().is_none())
        .then(|| Frequencies::new(Counted::Classes, &training_counts(config, &train, &split), balanced));
    let (baselines, test_baselines) = baselines(config, &train, &split, test.as_ref(), frequencies.as_ref());
    let best = baseline::best(&baselines).expect("a baseline").clone();
    let (train, test) = (Arc::new(train), test.map(Arc::new));
    let batches = |data: &Arc<Labelled>, sequences: Vec<usize>, order| {
        SequenceBatches::new(Arc::clone(data), sequences, config.data.batch, order, config.pool_of_rows())
    };
    let once = |sequences| batches(&train, sequences, Order::Once).map(boxed);
    let sample = batches(&train, spread, Order::Once);
    let (valid, own) = (once(split.valid), once(split.test));
    let test = match &test {
        None => own,
        Some(test) => batches(test, (0..test.len()).collect(), Order::Once).map(boxed),
    };
    let train = batches(&train, split.train, Order::Shuffled { seed: config.run.seed });
    let train = train
        .expect("the training part has a sequence")
        .scored(config.data.mask_loss.unwrap_or(LossMask::Last))?;
    let record = DataRecord {
        description,
        fingerprint,
        schema: schema.fingerprint(),
        parts,
        unknown_share: 0.0,
        unit: schema.output(config.model.loss, false).unit(),
        baseline_loss: best.loss,
        baseline: best.name.clone(),
        baselines,
        units: "sequences".into(),
        channels,
        notices,
    };
    let sample = Sample::whole(boxed(sample.expect("a sequence")), Units::Rows);
    Ok(Dataset {
        train: boxed(train),
        valid,
        test,
        sample,
        units: Units::Rows,
        schema,
        record,
        test_baselines,
        frequencies,
        series: None,
        group_baselines: Default::default(),
    })
}

/// Checks that the settings name the columns of categories that the model was trained with, if they name any.
pub(super) fn check_same(config: &Config, learned: &[Categorical]) -> Result<(), DataError> {
    let (asked, learned) =
        (&config.data.categorical.0, learned.iter().map(|own| own.column.as_str()).collect::<Vec<_>>());
    let missing = asked.iter().any(|name| !learned.contains(&name.as_str()));
    if asked.is_empty() || asked.len() == learned.len() && !missing {
        return Ok(());
    }
    let learned = if learned.is_empty() { "no categorical column".to_owned() } else { learned.join(",") };
    Err(DataError::Learned { given: config.given("categorical"), learned })
}

/// All sequences of another file, for a trained model. Their baseline predicts the class frequencies `trained`, or their
/// own if those are not known. For targets it is the mean by which the model standardises, that of the training part.
///
/// # Errors
/// [`DataError`] with the file and the line, or that the model does not predict labels.
pub(super) fn whole(
    config: &Config,
    path: &Path,
    schema: &Schema,
    trained: Option<&Frequencies>,
) -> Result<HeldOut, DataError> {
    let (kind, classes) = learned_labels(schema)?;
    // --image-labels is the label file of the training images, not of this file.
    let options = LabelledOptions { labels: None, ..options(config, path, Some(schema)) };
    let mut labelled = labelled::load_for(path, &options, &kind, classes)?;
    labelled.encode(&options.columns.categorical);
    let shifts = scale(&mut labelled, schema)?;
    let targets = targets(&labelled, &mut (0..labelled.len()));
    let (all, labelled) = ((0..labelled.len()).collect(), Arc::new(labelled));
    let batches = SequenceBatches::new(labelled, all, config.data.batch, Order::Once, config.pool_of_rows());
    let batches = batches.expect("every reader refuses a file without sequences");
    let (baseline, most_frequent_class) = match targets {
        Some(targets) => (baseline::of_mean(0.0, &targets, config.model.loss.unit() == Unit::Mae), None),
        None => {
            let scored = batches.class_counts(classes.map_or(0, <[String]>::len));
            let own = Frequencies::new(Counted::Classes, &scored, false);
            let frequencies = Frequencies::of_training_or(trained, own);
            (frequencies.baseline(&scored), frequencies.most_frequent_class())
        }
    };
    Ok(HeldOut {
        source: boxed(batches),
        units: Units::Rows,
        series: None,
        baselines: vec![baseline],
        most_frequent_class,
        shifts,
    })
}

/// All sequences of a file that may lack labels, and how they differ from the training part. The label file of the training images does not belong to it.
pub(super) fn to_predict(
    config: &Config,
    path: &Path,
    input: Option<Box<dyn Read>>,
    learned: &Schema,
) -> Result<(Labelled, Vec<String>), DataError> {
    let (kind, classes) = learned_labels(learned)?;
    let options = LabelledOptions { labels: None, ..options(config, path, Some(learned)) };
    let mut labelled = labelled::load_to_predict(path, input, &options, &kind, classes)?;
    labelled.encode(&options.columns.categorical);
    let shifts = scale(&mut labelled, learned)?;
    Ok((labelled, shifts))
}

/// Scales other sequences than the run's own, and says how they differ from the training part.
fn scale(labelled: &mut Labelled, learned: &Schema) -> Result<Vec<String>, DataError> {
    scale_targets(learned, [Some(&mut *labelled), None]);
    let Reads::Numbers { scaling, .. } = &learned.reads else { return Ok(Vec::new()) };
    let shifts = labelled.shifts(scaling);
    scaling.apply(labelled)?;
    Ok(shifts)
}

fn options(config: &Config, path: &Path, learned: Option<&Schema>) -> LabelledOptions {
    LabelledOptions {
        train: path.into(),
        test: config.data.labelled_test.clone(),
        is_test: false,
        columns: Columns {
            label: config.data.label_column.clone(),
            id: config.data.id_column.clone(),
            categorical: config.data.categorical(learned),
            time: config.data.time_column.clone(),
            sort_time: config.data.sort_time,
            day_first: config.data.day_first,
            table: TableOptions { known: known(learned), ..config.data.table() },
        },
        labels: config.data.image_labels.clone(),
        image_steps: config.data.image_steps,
        label_type: config.data.label_type,
        missing: match config.data.missing {
            Missing::Error | Missing::Drop => labelled::Missing::Refuse,
            Missing::Interpolate => labelled::Missing::Interpolate,
            Missing::Zero => labelled::Missing::Zero,
        },
        level: config.data.level,
        encoding: config.data.encoding,
    }
}

/// The columns that a trained model reads, of a table with one row per step.
fn known(learned: Option<&Schema>) -> Vec<String> {
    match learned.map(|schema| &schema.reads) {
        Some(Reads::Numbers { channels, categorical, .. }) => categorical::columns(channels, categorical),
        Some(Reads::Tokens(_)) | None => Vec::new(),
    }
}

/// Gives the targets of the sequences the scale that the model predicts.
fn scale_targets(schema: &Schema, parts: [Option<&mut Labelled>; 2]) {
    if let Predicts::Regression(scaling) = &schema.predicts {
        parts.into_iter().flatten().for_each(|part| part.scale_targets(*scaling));
    }
}

/// The kind of input of a trained model, and its classes; no classes if it predicts targets.
fn learned_labels(schema: &Schema) -> Result<(Kind, Option<&[String]>), DataError> {
    let kind = match &schema.reads {
        Reads::Tokens(vocabulary) => Kind::Tokens { vocabulary: vocabulary.clone() },
        Reads::Numbers { channels, categorical, .. } => {
            Kind::Values { channels: categorical::columns(channels, categorical) }
        }
    };
    match &schema.predicts {
        Predicts::Classes(classes) => Ok((kind, Some(classes))),
        Predicts::Regression(_) => Ok((kind, None)),
        _ => {
            let (found, needed) = ("predicts no labels", "predicts labels");
            Err(DataError::OtherKind { data: "labelled sequences", found, needed })
        }
    }
}

/// "JapaneseVowels_TRAIN.ts, 9 classes, 12 channels, 7 to 26 steps".
fn describe(name: &str, labelled: &Labelled) -> String {
    let lengths = labelled.describe().lengths;
    let steps = match lengths.min == lengths.max {
        true => format!("{} steps", lengths.max),
        false => format!("{} to {} steps", lengths.min, lengths.max),
    };
    let what = match labelled.kind() {
        Kind::Values { channels } if channels.len() == 1 => "1 channel".to_owned(),
        Kind::Values { channels } => format!("{} channels", channels.len()),
        Kind::Tokens { vocabulary } => format!("by {}, {} different", vocabulary.level(), vocabulary.len()),
    };
    let labels = match labelled.targets() {
        Some(_) => "targets".to_owned(),
        None => format!("{} classes", labelled.classes().len()),
    };
    format!("{name}, {labels}, {what}, {steps}{}", decoded(labelled.encoding()))
}

fn by(config: &Config, train: &Labelled, split: &Split, file: bool) -> String {
    let of = if train.targets().is_some() { "" } else { " of each class" };
    let share = |fraction: f64, what: &str| format!("{} %{of} {what}", 100.0 * fraction);
    let mut drawn = Vec::new();
    if !split.valid.is_empty() {
        drawn.push(share(config.data.valid_fraction, "for validation"));
    }
    if !split.test.is_empty() {
        drawn.push(share(config.data.test_fraction, "for test"));
    }
    let drawn = match drawn.is_empty() {
        true => "no split: all sequences are in the training part".to_owned(),
        false => format!("random with seed {}: {}", config.run.seed, drawn.join(", ")),
    };
    if file { format!("{drawn}; test: another file") } else { drawn }
}

/// The baselines of the part that is scored first, and those of the test part, if there is one.
fn baselines(
    config: &Config,
    train: &Labelled,
    split: &Split,
    test: Option<&Labelled>,
    frequencies: Option<&Frequencies>,
) -> (Vec<Baseline>, Vec<Baseline>) {
    let own = |part: &[usize]| targets(train, &mut part.iter().copied());
    let tested = test.map_or_else(|| own(&split.test), |test| targets(test, &mut (0..test.len())));
    if let (Some(fitted), Some(tested)) = (own(&split.train), tested) {
        let scored = match (split.valid.is_empty(), tested.is_empty()) {
            (false, _) => own(&split.valid).expect("targets"),
            (true, true) => fitted.clone(),
            (true, false) => tested.clone(),
        };
        let absolute = config.model.loss.unit() == Unit::Mae;
        let of = |scored: &[f64]| baseline::of_targets(&fitted, scored, absolute);
        return (of(&scored), if tested.is_empty() { Vec::new() } else { of(&tested) });
    }
    let frequencies = frequencies.expect("labels that are no targets are classes");
    let [scored, tested] = counts(train, split, test);
    let of = |scored: &[u64]| vec![frequencies.baseline(scored)];
    let has_test = tested.iter().sum::<u64>() > 0;
    (of(&scored), if has_test { of(&tested) } else { Vec::new() })
}

/// The standardised targets of these sequences; None if their labels are classes.
fn targets(labelled: &Labelled, part: &mut dyn Iterator<Item = usize>) -> Option<Vec<f64>> {
    part.map(|sequence| labelled.scaled_target(sequence).map(f64::from)).collect()
}

/// Number of scored positions of each class in the training part.
fn training_counts(config: &Config, train: &Labelled, split: &Split) -> Vec<u64> {
    let mut counts = vec![0; train.classes().len()];
    for &sequence in &split.train {
        let all = config.data.mask_loss == Some(LossMask::All);
        let positions = if all { train.length(sequence) } else { 1 };
        counts[train.labels()[sequence] as usize] += positions as u64;
    }
    counts
}

/// Number of sequences of each class: in the part that is scored first (the validation part, else the test part, else
/// the training part), and in the test part.
fn counts(train: &Labelled, split: &Split, test: Option<&Labelled>) -> [Vec<u64>; 2] {
    let of = |labels: &mut dyn Iterator<Item = u32>| {
        let mut counts = vec![0; train.classes().len()];
        labels.for_each(|label| counts[label as usize] += 1);
        counts
    };
    let own = |part: &[usize]| of(&mut part.iter().map(|&i| train.labels()[i]));
    let tested = test.map_or_else(|| own(&split.test), |test| of(&mut test.labels().iter().copied()));
    let scored = match (split.valid.is_empty(), tested.iter().sum::<u64>()) {
        (false, _) => own(&split.valid),
        (true, 0) => own(&split.train),
        (true, _) => tested.clone(),
    };
    [scored, tested]
}

/// Most channels that are described: the pixels of an image are not channels of a sensor.
const MOST_CHANNELS: usize = 64;

/// The input channels of numeric sequences, in the units of the file. They predict no next value, so they have no
/// correlation.
fn channels(schema: &Schema, data: &Labelled, split: &Split) -> Vec<ChannelRecord> {
    let Reads::Numbers { channels, scaling, .. } = &schema.reads else { return Vec::new() };
    if channels.len() > MOST_CHANNELS {
        return Vec::new();
    }
    let held_out = [&split.valid, &split.test].into_iter().find(|part| !part.is_empty());
    let channel = |(index, name): (usize, &String)| {
        let values = |part: &Vec<usize>| -> Vec<f64> {
            let values = part.iter().flat_map(|&i| data.sequence(i)[index..].iter().step_by(channels.len()));
            values.map(|&z| scaling.mean[index] + scaling.std[index] * f64::from(z)).collect()
        };
        let train = value_range(&mut values(&split.train)).unwrap_or_default();
        let mut held = held_out.map(values).unwrap_or_default();
        let outside = held.iter().filter(|x| !(train.min..=train.max).contains(*x)).count();
        ChannelRecord {
            name: name.clone(),
            target: false,
            outside_share: outside as f64 / held.len().max(1) as f64,
            held_out: value_range(&mut held),
            train,
            correlation: 0.0,
        }
    };
    channels.iter().enumerate().map(channel).collect()
}
