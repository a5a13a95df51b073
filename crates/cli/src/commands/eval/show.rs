//! The output of `eval`: a text, or one JSON document.

use std::fmt::Write;

use longspan::model::OutputSpec;
use longspan::model::head::Unit;
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_data::series;
use longspan_data::series::{Accuracy, Naive};
use longspan_record::json_float::{self, value as number};
use longspan_run::assess::{Assessment, Compared, Errors, Forecasts, TargetErrors};
use longspan_run::dataset::{Baseline, best};
use longspan_run::metrics::classification::Confusion;
use longspan_run::units::{Detailed, Units};
use longspan_run::visible;
use serde_json::{Value, json};

use crate::progress::{below, counted, figure, grouped, loss, too_few};

/// With more classes than this, the most frequent confusions are listed instead of a table.
const TABLE: usize = 12;

/// With more classes than this, the JSON document lists the confusions that occur instead of the matrix.
const MATRIX: usize = 500;

/// An assessment, and what is needed to show it.
pub(super) struct Shown<'a> {
    pub(super) assessment: &'a Assessment,
    pub(super) schema: &'a Schema,
    pub(super) output: OutputSpec,
    /// The name of the data that were scored.
    pub(super) on: String,
    /// What makes the score doubtful.
    pub(super) warnings: Vec<String>,
    /// The baselines of these data.
    pub(super) baselines: &'a [Baseline],
    /// The most frequent class of the training part; that of these data if it is not known.
    pub(super) most_frequent_class: Option<u32>,
    pub(super) units: Units,
    /// The number of bytes of a text.
    pub(super) bytes: Option<usize>,
    /// The name of the checkpoint, and the steps that were taken before it.
    pub(super) checkpoint: String,
    pub(super) step: u64,
}

impl Shown<'_> {
    /// The names of the forecast columns.
    pub(super) fn targets(&self) -> Vec<&str> {
        match (&self.schema.predicts, &self.schema.reads) {
            (Predicts::Forecast(forecast), Reads::Numbers { channels, .. }) => {
                forecast.targets.iter().map(|target| channels[target.channel].as_str()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn names(&self) -> &[String] {
        match &self.schema.predicts {
            Predicts::Classes(names) => names,
            _ => &[],
        }
    }

    pub(super) fn document(&self) -> Value {
        let mut document = json!({"on": self.on, "checkpoint": self.checkpoint, "step": self.step});
        let fields = match self.assessment {
            Assessment::Score(scored) => self.score(scored),
            Assessment::Targets(scored, errors) => {
                let mut fields = self.score(scored);
                merge(&mut fields, targets(errors));
                fields
            }
            Assessment::Forecasts(forecasts) => self.forecasts(forecasts),
        };
        merge(&mut document, fields);
        if !self.warnings.is_empty() {
            document["warnings"] = json!(self.warnings);
        }
        json_float::document(document)
    }

    pub(super) fn text(&self) -> String {
        match self.assessment {
            Assessment::Score(scored) => self.score_text(scored),
            Assessment::Targets(scored, errors) => self.score_text(scored) + &targets_text(errors),
            Assessment::Forecasts(forecasts) => self.forecasts_text(forecasts),
        }
    }

    /// The checkpoint, for people.
    fn weights(&self) -> String {
        format!("checkpoint   {}, after {}\n", self.checkpoint, counted(self.step, "step"))
    }

    fn score(&self, scored: &Detailed) -> Value {
        let (score, unit) = (&scored.score, self.output.unit());
        let mean = score.mean_loss();
        let mut fields = json!({});
        fields["unit"] = unit.to_string().into();
        fields["loss"] = number(mean);
        let error = scored.units.mean().map(|mean| mean.standard_error).filter(|error| error.is_finite());
        fields["standard_error"] = error.map_or(Value::Null, number);
        fields["units"] = scored.units.units().into();
        if let Some(baseline) = best(self.baselines) {
            fields["baseline"] = baseline.name.clone().into();
            fields["baseline_loss"] = number(baseline.loss);
            fields["baselines"] = self.baselines.iter().map(|b| json!(b)).collect();
        }
        match (&self.schema.predicts, self.output) {
            (Predicts::Next, OutputSpec::Classes { .. }) => {
                fields["perplexity"] = number(mean.exp());
                fields["bits_per_token"] = number(mean / std::f64::consts::LN_2);
                fields["tokens"] = score.scored.into();
                fields["accuracy"] = number(score.accuracy());
            }
            (Predicts::Classes(_), _) => {
                fields["scored"] = score.scored.into();
                // The key of language models, which tasks of tokens have had too.
                fields["tokens"] = score.scored.into();
                fields["accuracy"] = number(score.accuracy());
            }
            _ => fields["scored"] = score.scored.into(),
        }
        if let Some(bytes) = self.bytes {
            fields["bits_per_byte"] = number(score.loss / std::f64::consts::LN_2 / bytes as f64);
        }
        if let Some(confusion) = &scored.confusion {
            merge(&mut fields, classes(confusion, self.names()));
            fields["majority_accuracy"] = number(self.majority_accuracy(confusion));
        }
        fields
    }

    fn score_text(&self, scored: &Detailed) -> String {
        let (score, unit) = (&scored.score, self.output.unit());
        let mean = score.mean_loss();
        let tokens =
            matches!((&self.schema.predicts, self.output), (Predicts::Next, OutputSpec::Classes { .. }));
        let per = match unit {
            _ if tokens => " per token",
            Unit::Nats if scored.confusion.is_none() => " per step",
            _ => "",
        };
        let units = scored.units.units();
        let counted_as = match self.units {
            Units::Blocks(_) => format!(" in {}", many(units, "block")),
            Units::Rows if units != score.scored => format!(" in {}", many(units, "sequence")),
            _ => String::new(),
        };
        let what = if tokens { "token" } else { "prediction" };
        let mut text =
            format!("data         {}, {}{counted_as}\n{}", self.on, many(score.scored, what), self.weights());
        if let Some(confusion) = &scored.confusion {
            let whose = if self.most_frequent_class.is_some() { "in training" } else { "of these data" };
            let _ = write!(
                text,
                "accuracy     {} (baseline: {:.2} %, the most frequent class {whose})\nmacro F1     {:.4}\n",
                confusion.accuracy().map_or("-".into(), |x| format!("{:.2} %", 100.0 * x)),
                100.0 * self.majority_accuracy(confusion),
                confusion.macro_f1().unwrap_or(f64::NAN),
            );
        }
        let error = scored.units.mean().map(|mean| mean.standard_error).filter(|error| error.is_finite());
        let error = error.map_or(String::new(), |error| format!(", standard error {}", figure(error)));
        let _ = writeln!(text, "loss         {}{per}{error}", loss(mean, unit));
        if let Some(baseline) = best(self.baselines) {
            let of = format!("{}, {}", loss(baseline.loss, unit), baseline.name);
            let _ = writeln!(text, "baseline     {of}; {}", below(mean, baseline.loss, "the loss"));
        }
        for reference in self.baselines.iter().filter(|baseline| baseline.reference) {
            let _ = writeln!(text, "reference    {}, {}", loss(reference.loss, unit), reference.name);
        }
        if tokens {
            let _ = writeln!(
                text,
                "perplexity   {:.3}\naccuracy     {:.2} %",
                mean.exp(),
                100.0 * score.accuracy()
            );
        }
        if let Some(bytes) = self.bytes {
            let bits = score.loss / std::f64::consts::LN_2 / bytes as f64;
            let _ = writeln!(text, "per byte     {bits:.4} bits");
        }
        text += &too_few(units);
        if let Some(confusion) = &scored.confusion {
            text += &format!("\n{}", classes_text(confusion, self.names()));
        }
        text
    }

    /// The accuracy of predicting the most frequent class for every input.
    fn majority_accuracy(&self, confusion: &Confusion) -> f64 {
        let largest = || (0..confusion.classes() as u32).map(|class| confusion.actual(class)).max();
        let right = self.most_frequent_class.map(|class| confusion.actual(class)).or_else(largest);
        right.unwrap_or(0) as f64 / confusion.total() as f64
    }

    fn ahead(&self) -> usize {
        match &self.schema.predicts {
            Predicts::Forecast(forecast) => forecast.ahead,
            _ => 0,
        }
    }

    fn forecasts(&self, forecasts: &Forecasts) -> Value {
        let mut document = json!({
            "forecasts": forecasts.all.model.forecasts(),
            "units": forecasts.all.model.units(),
            "ahead": self.ahead(),
        });
        merge(&mut document, self.compared(&forecasts.all));
        if !forecasts.groups.is_empty() {
            let groups = forecasts.groups.iter().map(|(name, group)| {
                let mut fields = json!({"forecasts": group.model.forecasts(), "units": group.model.units()});
                merge(&mut fields, self.compared(group));
                (name.clone(), fields)
            });
            document["groups"] = Value::Object(groups.collect());
        }
        document
    }

    /// The accuracy of the model and of the forecasts without a network, each for every target.
    fn compared(&self, compared: &Compared) -> Value {
        let score = |score: Option<series::Score>| {
            score.map_or(Value::Null, |s| {
                json!({
                    "mae": number(s.mae),
                    "standard_error": s.standard_error.map(number),
                    "rmse": number(s.rmse),
                    "mase": s.mase.map(number),
                })
            })
        };
        let targets = self.targets();
        let of = |accuracy: &Accuracy| -> Value {
            let each = targets.iter().enumerate().map(|(target, name)| {
                let mut fields = score(accuracy.overall(target));
                if self.ahead() > 1 {
                    let steps = (0..self.ahead()).map(|step| score(accuracy.step(step, target)));
                    fields["steps"] = steps.collect();
                }
                ((*name).to_owned(), fields)
            });
            Value::Object(each.collect())
        };
        let rows = rows(compared).map(|(name, accuracy)| (name, of(accuracy)));
        Value::Object(rows.collect())
    }

    fn forecasts_text(&self, forecasts: &Forecasts) -> String {
        let (ahead, model) = (self.ahead(), &forecasts.all.model);
        let blocks = if ahead > 1 {
            format!(" ({} that do not overlap)", grouped(model.units()))
        } else {
            String::new()
        };
        let mut text = format!(
            "data         {}, {}{blocks} of {}, errors in the units of the file\n{}",
            self.on,
            many(model.forecasts(), "forecast"),
            counted(ahead, "row"),
            self.weights()
        );
        text += &too_few(model.units());
        for (target, name) in self.targets().iter().enumerate() {
            let _ = writeln!(
                text,
                "\n{name:<16} {:>12} {:>12} {:>12} {:>8}",
                "MAE", "std. error", "RMSE", "MASE"
            );
            for (forecast, accuracy) in rows(&forecasts.all) {
                let Some(score) = accuracy.overall(target) else { continue };
                let _ = writeln!(text, "  {forecast:<14} {}", errors(&score));
            }
            if ahead > 1 {
                let persistence = rows(&forecasts.all).find(|(name, _)| name == "persistence");
                for step in [0, ahead / 2, ahead - 1] {
                    let of = |accuracy: &Accuracy| accuracy.step(step, target).map_or(f64::NAN, |s| s.mae);
                    let naive = persistence.as_ref().map_or(f64::NAN, |(_, accuracy)| of(accuracy));
                    let _ = writeln!(
                        text,
                        "  row {:<10} {:>12}   (persistence {})",
                        step + 1,
                        figure(of(model)),
                        figure(naive)
                    );
                }
            }
            text += &groups(forecasts, target);
        }
        text
    }
}

/// A number with separators, and a noun.
fn many(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// The names and accuracies of the model and of the forecasts without a network.
fn rows(compared: &Compared) -> impl Iterator<Item = (String, &Accuracy)> {
    let name = |naive: &Naive| match naive {
        Naive::Mean | Naive::ScalingMean => "mean".to_owned(),
        Naive::Median => "median".to_owned(),
        Naive::Persistence => "persistence".to_owned(),
        Naive::Seasonal(period) => format!("seasonal:{period}"),
    };
    let naive = compared.naive.iter().map(move |(naive, accuracy)| (name(naive), accuracy));
    std::iter::once(("model".to_owned(), &compared.model)).chain(naive)
}

/// The columns of a score.
fn errors(score: &series::Score) -> String {
    let mase = score.mase.map_or("-".into(), |mase| format!("{mase:.3}"));
    let error = score.standard_error.map_or("-".into(), figure);
    format!("{:>12} {error:>12} {:>12} {mase:>8}", figure(score.mae), figure(score.rmse))
}

/// Most groups that are listed: those whose errors are largest beside the best forecast without a network.
const MOST_GROUPS: usize = 20;

/// Most characters of the name of a group in a table.
const LONGEST_NAME: usize = 40;

/// The error of the model in each group beside that of the best forecast without a network; empty without groups.
fn groups(forecasts: &Forecasts, target: usize) -> String {
    let mut lines: Vec<(f64, String)> = Vec::new();
    let names = || forecasts.groups.iter().map(|(name, _)| name.chars().count());
    let width = names().max().unwrap_or(0).clamp(14, LONGEST_NAME);
    for (name, group) in &forecasts.groups {
        let Some(own) = group.model.overall(target) else { continue };
        let naive =
            group.naive.iter().filter_map(|(naive, accuracy)| Some((naive, accuracy.overall(target)?.mae)));
        let Some((naive, least)) = naive.min_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        let ratio = own.mae / least;
        let name = without_middle(&visible::line(name));
        let forecasts = grouped(group.model.forecasts());
        let line = format!(
            "  {name:<width$} {:>12} {:>12} {ratio:>8.2} {forecasts:>10}  {naive}\n",
            figure(own.mae),
            figure(least)
        );
        lines.push((ratio, line));
    }
    if lines.is_empty() {
        return String::new();
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    let more = lines.len().saturating_sub(MOST_GROUPS);
    let mut text = format!(
        "\n  {:<width$} {:>12} {:>12} {:>8} {:>10}  baseline\n",
        "group", "model MAE", "baseline MAE", "ratio", "forecasts"
    );
    text.extend(lines.into_iter().take(MOST_GROUPS).map(|(_, line)| line));
    if more > 0 {
        let _ = writeln!(text, "  and {} with smaller ratios (all: --json)", counted(more, "group"));
    }
    text
}

/// A name of at most [`LONGEST_NAME`] characters. Its end stays: names of several columns may differ there only.
fn without_middle(name: &str) -> String {
    let all: Vec<char> = name.chars().collect();
    match all.len() > LONGEST_NAME {
        true => {
            let end = LONGEST_NAME / 2;
            let begin = LONGEST_NAME - end - 1;
            all[..begin].iter().chain(&['…']).chain(&all[all.len() - end..]).collect()
        }
        false => name.to_owned(),
    }
}

/// Adds the fields of `from` to the object `to`.
fn merge(to: &mut Value, from: Value) {
    if let (Some(to), Value::Object(from)) = (to.as_object_mut(), from) {
        to.extend(from);
    }
}

fn targets(errors: &TargetErrors) -> Value {
    let of = |errors: &Errors| json!({"mae": number(errors.mae), "rmse": number(errors.rmse), "r2": errors.r2.map(number)});
    json!({"model": of(&errors.model), "mean": of(&errors.mean)})
}

/// The errors of the model and of the training mean, in the units of the file.
fn targets_text(errors: &TargetErrors) -> String {
    let mut text = format!("\n{:<16} {:>12} {:>12} {:>8}\n", "target", "MAE", "RMSE", "R²");
    for (name, errors) in [("model", &errors.model), ("training mean", &errors.mean)] {
        let r2 = errors.r2.map_or("-".into(), |r2| format!("{r2:.3}"));
        let _ = writeln!(text, "  {name:<14} {:>12} {:>12} {r2:>8}", figure(errors.mae), figure(errors.rmse));
    }
    text
}

fn classes(confusion: &Confusion, names: &[String]) -> Value {
    let count = confusion.classes() as u32;
    let each = (0..count).map(|class| {
        json!({
            "class": names[class as usize],
            "examples": confusion.actual(class),
            "recall": confusion.recall(class),
            "precision": confusion.precision(class),
            "f1": confusion.f1(class),
        })
    });
    let row = |actual: u32| (0..count).map(|predicted| json!(confusion.count(actual, predicted))).collect();
    let mut document = json!({ "macro_f1": confusion.macro_f1(), "classes": each.collect::<Value>() });
    if count as usize <= MATRIX {
        document["confusion"] = (0..count).map(row).collect::<Vec<Value>>().into();
    } else {
        document["confusion"] = Value::Null;
        document["confusion_pairs"] = confusion.pairs().map(|pair| json!(pair)).collect();
    }
    document
}

/// A line for each class. Few classes have their confusions beside it, many have the most frequent ones below.
fn classes_text(confusion: &Confusion, names: &[String]) -> String {
    let count = confusion.classes() as u32;
    let names: Vec<_> = names.iter().map(|name| visible::line(name)).collect();
    let cut = |name: &str, width: usize| -> String { name.chars().take(width).collect() };
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(5, 24);
    let percent = |x: Option<f64>| x.map_or("-".into(), |x| format!("{:.1} %", 100.0 * x));
    let table = count as usize <= TABLE;
    let mut text = format!("{:width$} {:>8} {:>8} {:>9}", "class", "examples", "recall", "precision");
    if table {
        text += "   predicted as";
        names.iter().for_each(|name| {
            let _ = write!(text, " {:>6}", cut(name, 6));
        });
    }
    text += "\n";
    for class in 0..count {
        let _ = write!(
            text,
            "{:width$} {:>8} {:>8} {:>9}",
            cut(&names[class as usize], width),
            confusion.actual(class),
            percent(confusion.recall(class)),
            percent(confusion.precision(class))
        );
        if table {
            text += &" ".repeat(15);
            for predicted in 0..count {
                let _ = write!(text, " {:>6}", confusion.count(class, predicted));
            }
        }
        text += "\n";
    }
    if !table {
        let mistakes = confusion.pairs().filter(|(actual, predicted, _)| actual != predicted);
        let mut mistakes: Vec<(u64, u32, u32)> =
            mistakes.map(|(actual, predicted, count)| (count, actual, predicted)).collect();
        mistakes.sort_by_key(|&(n, actual, predicted)| (std::cmp::Reverse(n), actual, predicted));
        if !mistakes.is_empty() {
            text += "\nmost frequent confusions\n";
        }
        for (n, actual, predicted) in mistakes.into_iter().take(10) {
            let _ = writeln!(
                text,
                "{n:>6}  {} predicted as {}",
                names[actual as usize], names[predicted as usize]
            );
        }
    }
    text
}
