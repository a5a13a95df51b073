//! Numeric series as data of a run: the next rows are predicted.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::baseline;
use super::baseline::Baseline;
use super::description::{boxed, name};
use super::error::DataError;
use super::held_out::HeldOut;
use super::parts::Dataset;
use super::record::{DataRecord, Parts};
use super::sample::{Sample, sample_rows};
use crate::config::{Calendar, Config, Gaps, Missing, Scale};
use crate::units::Units;
use longspan::model::head::Unit;
use longspan_data::batches::{Order, WindowBatches};
use longspan_data::categorical;
use longspan_data::inspect::{Note, notices};
use longspan_data::schema::{Forecast, Predicts, Reads, Schema, Target};
use longspan_data::series;
use longspan_data::series::{
    Clock, Naive, Part, Series, SeriesOptions, longest_season, naive_losses, naive_mae, periods,
};
use longspan_data::table::join_names;

pub(super) fn open(config: &Config, path: &Path, learned: Option<&Schema>) -> Result<Dataset, DataError> {
    let once = if config.data.recursive { 1 } else { config.data.horizon };
    if let Some(schema) = learned {
        super::labelled::check_same(config, &config.data.categorical(learned))?;
        check_same(config, schema, once)?;
    }
    load(config, path, learned, once)
}

/// Checks that the settings ask for the rows and columns that the model was trained with.
fn check_same(config: &Config, schema: &Schema, once: usize) -> Result<(), DataError> {
    let (Predicts::Forecast(forecast), Reads::Numbers { channels, categorical, .. }) =
        (&schema.predicts, &schema.reads)
    else {
        return Ok(());
    };
    let columns = categorical::columns(measured(channels, forecast), categorical);
    let categories: Vec<String> = categorical.iter().map(|own| own.column.clone()).collect();
    // Categorical columns are read even if they are not named.
    let mut asked = config.data.columns.0.clone();
    let more: Vec<&String> = categories.iter().filter(|own| !asked.contains(own)).collect();
    if !asked.is_empty() {
        asked.extend(more.into_iter().cloned().collect::<Vec<_>>());
    }
    let targets: Vec<String> = forecast.targets.iter().map(|t| channels[t.channel].clone()).collect();
    let calendar = forecast.clock.as_ref().map_or(&[][..], Clock::calendar);
    let differs = |asked: &[String], learned: &[String]| !asked.is_empty() && asked != learned;
    let (key, learned) = if config.data.window != forecast.window {
        ("window", forecast.window.to_string())
    } else if once != forecast.horizon {
        ("horizon", forecast.horizon.to_string())
    } else if differs(&asked, &columns) {
        ("columns", join_names(&columns))
    } else if !config.data.recursive && differs(&config.data.target.0, &targets) {
        ("target", join_names(&targets))
    } else if ![&[][..], calendar].contains(&&config.data.calendar.0[..]) {
        let none = if calendar.is_empty() { "no calendar".into() } else { String::new() };
        ("calendar", none + &Calendar(calendar.to_vec()).to_string())
    } else {
        return Ok(());
    };
    Err(DataError::Learned { given: config.given(key), learned })
}

/// The channels that come from the file, without those of the calendar.
fn measured<'a>(channels: &'a [String], forecast: &Forecast) -> &'a [String] {
    &channels[..channels.len() - forecast.clock.as_ref().map_or(0, Clock::channels)]
}

/// The same as [`open`], except that targets reach as far ahead as the forecasts that are evaluated.
pub(super) fn to_judge(config: &Config, path: &Path, learned: &Schema) -> Result<Dataset, DataError> {
    load(config, path, Some(learned), config.data.horizon)
}

/// All windows of another file, for a trained model.
pub(super) fn whole(config: &Config, path: &Path, schema: &Schema) -> Result<HeldOut, DataError> {
    let options = SeriesOptions {
        valid_fraction: 0.0,
        test_fraction: 0.0,
        ..options(config, path, Some(schema), config.data.horizon)?
    };
    let series = Arc::new(Series::load(&options)?);
    let pool = config.pool_of_rows();
    let windows = WindowBatches::new(Arc::clone(&series), Part::Train, config.data.batch, Order::Once, pool);
    let clocks = series.clock().zip(options.clock.as_ref());
    let differs = clocks.and_then(|(own, learned)| own.differs(learned));
    let shifts = series.shifts().into_iter().chain(differs).collect();
    Ok(HeldOut {
        source: boxed(windows.expect("the reader refuses a series without a window")),
        units: Units::Windows(config.data.horizon),
        series: Some((series, Part::Train)),
        baselines: Vec::new(),
        most_frequent_class: None,
        shifts,
    })
}

/// The series to be forecast, as one part.
pub(super) fn to_predict(
    config: &Config,
    path: &Path,
    input: Option<Box<dyn Read>>,
    learned: &Schema,
) -> Result<Series, DataError> {
    Ok(Series::to_predict(&options(config, path, Some(learned), config.data.horizon)?, input)?)
}

fn load(
    config: &Config,
    path: &Path,
    learned: Option<&Schema>,
    horizon: usize,
) -> Result<Dataset, DataError> {
    let series = Series::load(&options(config, path, learned, horizon)?)?;
    let schema = learned.cloned().unwrap_or_else(|| schema(config, &series, horizon));
    let windows = |part| series.windows(part) as u64;
    let scored_part =
        [Part::Valid, Part::Test].into_iter().find(|&part| windows(part) > 0).unwrap_or(Part::Train);
    let targets: Vec<&str> = series.targets.iter().map(|&t| series.columns[t].name.as_str()).collect();
    let baselines = baselines_of(config, &series, scored_part);
    let best = baseline::best(&baselines).expect("a baseline").clone();
    let test_baselines =
        if windows(Part::Test) > 0 { baselines_of(config, &series, Part::Test) } else { Vec::new() };
    let group_baselines = [scored_part, Part::Test].map(|part| group_baselines(config, &series, part));
    let record = DataRecord {
        description: format!(
            "{}, {} row{} of {} column{}{} for the next {horizon} of {}",
            name(path),
            series.window,
            plural(series.window),
            series.measured().len(),
            plural(series.measured().len()),
            match series.clock().map(Clock::calendar) {
                None | Some([]) => String::new(),
                Some(calendar) => format!(" and the calendar ({})", Calendar(calendar.to_vec())),
            },
            targets.join(", ")
        ),
        fingerprint: series.description().fingerprint.clone(),
        schema: schema.fingerprint(),
        parts: Parts {
            items: "windows".into(),
            train: windows(Part::Train),
            valid: windows(Part::Valid),
            test: windows(Part::Test),
            by: by(config),
        },
        unknown_share: 0.0,
        unit: config.model.loss.unit(),
        baseline_loss: best.loss,
        baseline: best.name,
        baselines,
        units: if horizon > 1 { format!("blocks of {horizon} windows") } else { "windows".into() },
        channels: series::channels(&series),
        notices: if learned.is_some() { Vec::new() } else { notices_of(config, &series) },
    };
    let series = Arc::new(series);
    let windows = |part, order| {
        WindowBatches::new(Arc::clone(&series), part, config.data.batch, order, config.pool_of_rows())
            .map(boxed)
    };
    let train = windows(Part::Train, Order::Shuffled { seed: config.run.seed });
    let (valid, test) = (windows(Part::Valid, Order::Once), windows(Part::Test, Order::Once));
    let held_out = valid.as_ref().map_or(0, |_| series.windows(Part::Valid));
    let all = series.windows(Part::Train);
    let count = sample_rows(config, all, held_out);
    let (pool, batch) = (config.pool_of_rows(), config.data.batch);
    let sample = WindowBatches::spread(Arc::clone(&series), Part::Train, batch, count, pool);
    let units = Units::Windows(horizon);
    Ok(Dataset {
        train: train.expect("the reader refuses a series without a window"),
        sample: Sample::whole(boxed(sample.expect("a window")), units),
        units,
        valid,
        test,
        schema,
        record,
        test_baselines,
        frequencies: None,
        series: Some(series),
        group_baselines,
    })
}

/// Notices about the data of a new model.
fn notices_of(config: &Config, series: &Series) -> Vec<String> {
    let chosen = config.data.recursive || !config.data.target.0.is_empty();
    let found = series.description();
    let filled = notices::of_missing(found.missing, missing(config));
    let unknown = series.unknown().iter().map(|text| Note::from(text.as_str()));
    let all = notices::of_series(found, chosen, gaps(config)).into_iter().chain(filled);
    super::notices::all(all.chain(unknown))
}

fn gaps(config: &Config) -> series::Gaps {
    match config.data.gaps {
        Gaps::Split => series::Gaps::Split,
        Gaps::Error => series::Gaps::Error,
        Gaps::Ignore => series::Gaps::Ignore,
    }
}

fn missing(config: &Config) -> series::Missing {
    match config.data.missing {
        Missing::Error | Missing::Zero => series::Missing::Error,
        Missing::Interpolate => series::Missing::Interpolate,
        Missing::Drop => series::Missing::Drop,
    }
}

fn options(
    config: &Config,
    path: &Path,
    learned: Option<&Schema>,
    horizon: usize,
) -> Result<SeriesOptions, DataError> {
    let (columns, target, scaling, clock) = match learned {
        None => (config.data.columns.0.clone(), config.data.target.0.clone(), None, None),
        Some(Schema {
            reads: Reads::Numbers { channels, scaling, categorical },
            predicts: Predicts::Forecast(forecast),
        }) => {
            let target = forecast.targets.iter().map(|target| channels[target.channel].clone()).collect();
            let columns = categorical::columns(measured(channels, forecast), categorical);
            (columns, target, Some(scaling.clone()), forecast.clock.clone())
        }
        Some(_) => {
            let (found, needed) = ("does not forecast", "forecasts a series");
            return Err(DataError::OtherKind { data: "series", found, needed });
        }
    };
    Ok(SeriesOptions {
        path: path.into(),
        table: config.data.table(),
        columns,
        categorical: config.data.categorical(learned),
        target,
        window: config.data.window,
        horizon,
        time_column: config.data.time_column.clone(),
        sort_time: config.data.sort_time,
        day_first: config.data.day_first,
        gaps: gaps(config),
        calendar: match (learned, &clock) {
            (Some(_), clock) => clock.as_ref().map_or(Vec::new(), |clock| clock.calendar().to_vec()),
            (None, _) => config.data.calendar.0.clone(),
        },
        clock,
        keep_times: false,
        reach_back: config.data.reach_back,
        group_column: config.data.group_column.clone(),
        missing: missing(config),
        valid_fraction: config.data.valid_fraction,
        test_fraction: config.data.test_fraction,
        all_targets: config.data.recursive,
        scaling,
        scale_groups: config.data.scale == Scale::Group,
    })
}

fn schema(config: &Config, series: &Series, horizon: usize) -> Schema {
    let reads = Reads::Numbers {
        channels: series.columns.iter().map(|column| column.name.clone()).collect(),
        scaling: series.scaling(),
        categorical: series.categorical().to_vec(),
    };
    let target = |&channel: &usize| Target { channel, naive_mae: naive_mae(series, channel) };
    let predicts = Predicts::Forecast(Forecast {
        window: series.window,
        horizon,
        ahead: config.data.horizon,
        targets: series.targets.iter().map(target).collect(),
        clock: series.clock().cloned(),
    });
    Schema { reads, predicts }
}

fn by(config: &Config) -> String {
    let share = |fraction: f64, what: &str| format!("{} % {what}", 100.0 * fraction);
    let parts = [(config.data.valid_fraction, "for validation"), (config.data.test_fraction, "for test")];
    let held: Vec<String> =
        parts.into_iter().filter(|part| part.0 > 0.0).map(|(part, what)| share(part, what)).collect();
    match held.is_empty() {
        true => "no split: all windows are in the training part".into(),
        false => {
            let windows = match config.data.reach_back {
                true => "their first windows read rows of the part before",
                false => "no window spans two parts",
            };
            format!("time: the last {} of each group; {windows}", held.join(", then "))
        }
    }
}

/// The losses of forecasts without a network, standardised as in training.
fn baselines_of(config: &Config, series: &Series, part: Part) -> Vec<Baseline> {
    let all = naive_forecasts(config, series, part);
    all.iter().map(|(forecast, losses)| Baseline::new(forecast.to_string(), losses[0])).collect()
}

/// The best of these forecasts for each group; empty if there are not several.
fn group_baselines(config: &Config, series: &Series, part: Part) -> Vec<Baseline> {
    if series.groups.len() < 2 || series.windows(part) == 0 {
        return Vec::new();
    }
    let all = naive_forecasts(config, series, part);
    let of = |group: usize| {
        let losses = all.iter().map(|(forecast, losses)| (forecast, losses[group + 1]));
        let best = losses.min_by(|a, b| a.1.total_cmp(&b.1)).expect("a forecast");
        Baseline::new(best.0.to_string(), best.1)
    };
    (0..series.groups.len()).map(of).collect()
}

/// Forecasts without a network: their losses over all windows of a part, then over those of each group.
fn naive_forecasts(config: &Config, series: &Series, part: Part) -> Vec<(Naive, Vec<f64>)> {
    let absolute = config.model.loss.unit() == Unit::Mae;
    let longest = longest_season(series);
    let mut forecasts = vec![Naive::Mean, Naive::Persistence];
    if absolute {
        forecasts.insert(1, Naive::Median);
    }
    let given = config.data.season;
    let found = periods(series).into_iter().filter(|&period| period != given);
    let seasons = std::iter::once(given).filter(|&given| given > 0).chain(found);
    forecasts.extend(seasons.filter(|&period| period <= longest).map(Naive::Seasonal));
    let losses = |forecast: Naive| (forecast, naive_losses(series, part, forecast, absolute));
    forecasts.into_iter().map(losses).collect()
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}
