//! Checks of a schema that was read from a file, before anything relies on it.

use super::{Forecast, Predicts, Reads, Schema};
use crate::categorical::{Categorical, MOST};
use crate::labelled::{GroupScaling, Scaling};
use longspan::model::head::ValueLoss;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};

/// The most rows that a forecast reads or predicts.
pub const MOST_ROWS: usize = 1 << 24;

/// A field of a schema that cannot be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct SchemaError {
    /// The field, for example `reads.numbers.scaling.std`.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

type Checked = Result<(), SchemaError>;

fn wrong(field: impl Into<String>, reason: impl Into<String>) -> Checked {
    Err(SchemaError { field: field.into(), reason: reason.into() })
}

/// Fails with the field and the reason if a condition does not hold.
fn need(holds: bool, field: &str, reason: &str) -> Checked {
    if holds { Ok(()) } else { wrong(field, reason) }
}

impl Schema {
    /// Checks that the fields of the schema fit together.
    ///
    /// # Errors
    /// [`SchemaError`] with the first field that does not fit.
    pub fn check(&self) -> Checked {
        let mut calendar = 0;
        if let Predicts::Forecast(forecast) = &self.predicts {
            calendar = forecast.clock.as_ref().map_or(0, |clock| clock.channels());
        }
        if let Reads::Numbers { channels, scaling, categorical } = &self.reads {
            need(!channels.is_empty(), "reads.numbers.channels", "there are none")?;
            check_scaling(scaling, channels.len())?;
            let Some(measured) = channels.len().checked_sub(calendar).filter(|&measured| measured > 0) else {
                return wrong("predicts.forecast.clock.calendar", "it has more channels than the model");
            };
            check_categorical(categorical, channels, measured)?;
        }
        match (&self.predicts, &self.reads) {
            (Predicts::Next | Predicts::Value, _) => Ok(()),
            (Predicts::Classes(names), _) => {
                need(!names.is_empty(), "predicts.classes", "there are none")?;
                unique(names, "predicts.classes")
            }
            (Predicts::Regression(scaling), _) => {
                need(scaling.mean.is_finite(), "predicts.regression.mean", "it is not finite")?;
                let positive = scaling.std > 0.0 && scaling.std.is_finite();
                need(positive, "predicts.regression.std", "it is not a finite number above 0")
            }
            (Predicts::Forecast(_), Reads::Tokens(_)) => {
                wrong("predicts.forecast", "a model that reads tokens does not forecast")
            }
            (Predicts::Forecast(forecast), Reads::Numbers { channels, .. }) => {
                check_forecast(forecast, channels.len() - calendar)
            }
        }
    }

    /// Checks that a model has the inputs, outputs, loss and readout of this schema.
    ///
    /// # Errors
    /// [`SchemaError`] with the first field of the model that does not fit.
    pub fn check_model(&self, spec: &ModelSpec) -> Checked {
        if let Predicts::Forecast(forecast) = &self.predicts {
            // The product of the sizes below must not overflow.
            let width = forecast.horizon.checked_mul(forecast.targets.len());
            need(width == Some(spec.output.width()), "model.output", "it does not fit the schema")?;
        }
        need(spec.input == self.input(spec_embedding(spec)), "model.input", "it does not fit the schema")?;
        need(self.fits(spec), "model.output", "it does not fit the schema")?;
        let next = self.predicts == Predicts::Next;
        if let OutputSpec::Values { loss, .. } = spec.output {
            let labels = loss == ValueLoss::Labels;
            need(labels == next, "model.output.values.loss", "it does not fit what is predicted")?;
        }
        need(
            !next || spec.pool == Pooling::Last,
            "model.pool",
            "a prediction at every step reads single steps",
        )?;
        need(!next || !spec.bidirectional, "model.bidirectional", "the model would see what it predicts")?;
        let own = spec.encoder.is_none_or(|input| next && input == spec.input);
        need(own, "model.encoder", "it does not read what the model reads")
    }
}

fn spec_embedding(spec: &ModelSpec) -> usize {
    match spec.input {
        InputSpec::Tokens { embedding, .. } => embedding,
        InputSpec::Numbers { .. } => 0,
    }
}

fn unique(names: &[String], field: &str) -> Checked {
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => wrong(field, format!("{name:?} occurs twice")),
        None => Ok(()),
    }
}

/// Checks the means and standard deviations of `width` channels, and those of each group.
fn check_scaling(scaling: &Scaling, width: usize) -> Checked {
    let mut all = vec![("reads.numbers.scaling".to_owned(), &scaling.mean, &scaling.std)];
    for (index, GroupScaling { mean, std, .. }) in scaling.groups.iter().enumerate() {
        all.push((format!("reads.numbers.scaling.groups[{index}]"), mean, std));
    }
    for (field, mean, std) in all {
        for (name, values) in [("mean", mean), ("std", std)] {
            if values.len() != width {
                return wrong(
                    format!("{field}.{name}"),
                    format!("it has {} numbers for {width} channels", values.len()),
                );
            }
        }
        if let Some(channel) = mean.iter().position(|mean| !mean.is_finite()) {
            return wrong(format!("{field}.mean[{channel}]"), "it is not finite");
        }
        if let Some(channel) = std.iter().position(|&std| !(std > 0.0 && std.is_finite())) {
            return wrong(format!("{field}.std[{channel}]"), "it is not a finite number above 0");
        }
    }
    let names: Vec<String> = scaling.groups.iter().map(|group| group.name.clone()).collect();
    unique(&names, "reads.numbers.scaling.groups")
}

/// Checks that each column of categories has channels of its own, which are called by its categories.
fn check_categorical(categorical: &[Categorical], channels: &[String], measured: usize) -> Checked {
    let mut taken = vec![false; measured];
    for (index, column) in categorical.iter().enumerate() {
        let field = format!("reads.numbers.categorical[{index}]");
        let count = column.categories.len();
        if !(1..=MOST).contains(&count) {
            return wrong(format!("{field}.categories"), format!("a column has 1 to {MOST} of them"));
        }
        let range = column.channel.checked_add(count).and_then(|end| taken.get_mut(column.channel..end));
        let Some(range) = range.filter(|range| !range.contains(&true)) else {
            return wrong(format!("{field}.channel"), "it does not have the channels of its categories");
        };
        range.fill(true);
        if !column.channels().eq(channels[column.channel..][..count].iter().cloned()) {
            return wrong(field, "its channels have other names");
        }
    }
    let columns: Vec<String> = categorical.iter().map(|column| column.column.clone()).collect();
    unique(&columns, "reads.numbers.categorical")
}

/// Checks a forecast of some of the `measured` channels.
fn check_forecast(forecast: &Forecast, measured: usize) -> Checked {
    let Forecast { window, horizon, ahead, targets, .. } = forecast;
    for (field, rows) in [
        ("predicts.forecast.window", window),
        ("predicts.forecast.horizon", horizon),
        ("predicts.forecast.ahead", ahead),
    ] {
        if !(1..=MOST_ROWS).contains(rows) {
            return wrong(field, format!("it is {rows}, not 1 to {MOST_ROWS}"));
        }
    }
    need(ahead >= horizon, "predicts.forecast.ahead", "it is below the horizon")?;
    need(!targets.is_empty(), "predicts.forecast.targets", "there are none")?;
    let mut taken = vec![false; measured];
    for (index, target) in targets.iter().enumerate() {
        let field = format!("predicts.forecast.targets[{index}]");
        match taken.get_mut(target.channel) {
            Some(taken) if !*taken => *taken = true,
            Some(_) => return wrong(field + ".channel", format!("{} occurs twice", target.channel)),
            None => {
                let reason = format!("it is {} of {measured} channels", target.channel);
                return wrong(field + ".channel", reason);
            }
        }
        need(target.naive_mae >= 0.0, &(field + ".naive_mae"), "it is not a number of at least 0")?;
    }
    // Forecasts that are read again are the inputs of the next pass, in their order.
    let all = targets.len() == measured && targets.iter().enumerate().all(|(i, target)| target.channel == i);
    need(
        ahead == horizon || all,
        "predicts.forecast.ahead",
        "forecasts that are read again need every channel as a target, in order",
    )?;
    forecast.clock.as_ref().map_or(Ok(()), |clock| {
        clock.problem().map_or(Ok(()), |reason| wrong("predicts.forecast.clock", reason))
    })
}

#[cfg(test)]
mod tests;
