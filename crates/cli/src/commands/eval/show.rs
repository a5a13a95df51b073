//! The output of `eval`: a text, or one JSON document.

use std::fmt::Write;

use longspan::model::OutputSpec;
use longspan::model::head::{Score, Unit};
use longspan_data::schema::{Predicts, Reads, Schema};
use longspan_data::series;
use longspan_data::series::Accuracy;
use longspan_record::json_float::value as number;
use longspan_run::assess::{Assessment, Forecasts};
use longspan_run::metrics::classification::Confusion;
use serde_json::{Value, json};

use crate::progress::{counted, grouped, loss};

/// With more classes than this, the most frequent confusions are listed instead of a table.
const TABLE: usize = 12;

/// An assessment, and what is needed to show it.
pub(super) struct Shown<'a> {
    pub(super) assessment: &'a Assessment,
    pub(super) schema: &'a Schema,
    pub(super) output: OutputSpec,
    /// The name of the data that were scored.
    pub(super) on: String,
    /// The number of bytes of a text.
    pub(super) bytes: Option<usize>,
    pub(super) step: u64,
    pub(super) season: Option<usize>,
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
        let mut document = json!({"on": self.on, "step": self.step});
        let fields = match self.assessment {
            Assessment::Score(score) => self.score(score),
            Assessment::Classes(score, confusion) => {
                let mut fields = self.score(score);
                merge(&mut fields, classes(confusion, self.names()));
                fields
            }
            Assessment::Forecasts(forecasts) => self.forecasts(forecasts),
        };
        merge(&mut document, fields);
        document
    }

    pub(super) fn text(&self) -> String {
        match self.assessment {
            Assessment::Score(score) => self.score_text(score),
            Assessment::Classes(score, confusion) => {
                let share = |x: Option<f64>| x.map_or("-".into(), |x| format!("{:.2} %", 100.0 * x));
                let balance = (0..confusion.classes() as u32).map(|class| confusion.actual(class)).max();
                let most = balance.unwrap_or(0) as f64 / confusion.total() as f64;
                format!(
                    "data         {}, {} predictions\naccuracy     {} (baseline: {:.2} %, the most frequent class)\n\
                     macro F1     {:.4}\nloss         {}\n\n{}",
                    self.on,
                    grouped(confusion.total()),
                    share(confusion.accuracy()),
                    100.0 * most,
                    confusion.macro_f1().unwrap_or(f64::NAN),
                    loss(score.mean_loss(), Unit::Nats),
                    classes_text(confusion, self.names())
                )
            }
            Assessment::Forecasts(forecasts) => self.forecasts_text(forecasts),
        }
    }

    fn score(&self, score: &Score) -> Value {
        let (mean, unit) = (score.mean_loss(), self.output.unit());
        let mut fields = json!({});
        fields[format!("loss_{unit}")] = number(mean);
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
        fields
    }

    fn score_text(&self, score: &Score) -> String {
        let (mean, unit) = (score.mean_loss(), self.output.unit());
        if !matches!(self.output, OutputSpec::Classes { .. }) {
            let per = if unit == Unit::Nats { " per step" } else { "" };
            return format!(
                "data         {}, {} predictions\nloss         {}{per}\n",
                self.on,
                grouped(score.scored),
                loss(mean, unit)
            );
        }
        let mut text = format!(
            "loss         {} per token\nperplexity   {:.3}\naccuracy     {:.2} %\ntokens       {}\n",
            loss(mean, unit),
            mean.exp(),
            100.0 * score.accuracy(),
            grouped(score.scored)
        );
        if let Some(bytes) = self.bytes {
            text += &format!("per byte     {:.4} bits\n", score.loss / std::f64::consts::LN_2 / bytes as f64);
        }
        text
    }

    /// The errors of the model and of the baselines, with their names.
    fn compared<'f>(&self, forecasts: &'f Forecasts) -> Vec<(String, &'f Accuracy)> {
        let mut compared =
            vec![("model".to_owned(), &forecasts.model), ("persistence".to_owned(), &forecasts.persistence)];
        if let (Some(season), Some(seasonal)) = (self.season, &forecasts.seasonal) {
            compared.push((format!("seasonal:{season}"), seasonal));
        }
        compared
    }

    fn ahead(&self) -> usize {
        match &self.schema.predicts {
            Predicts::Forecast(forecast) => forecast.ahead,
            _ => 0,
        }
    }

    fn forecasts(&self, forecasts: &Forecasts) -> Value {
        let score = |score: Option<series::Score>| {
            score.map_or(
                Value::Null,
                |s| json!({"mae": number(s.mae), "rmse": number(s.rmse), "mase": s.mase.map(number)}),
            )
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
        let mut document = json!({"forecasts": forecasts.model.forecasts(), "ahead": self.ahead()});
        for (name, accuracy) in self.compared(forecasts) {
            document[name] = of(accuracy);
        }
        document
    }

    fn forecasts_text(&self, forecasts: &Forecasts) -> String {
        let ahead = self.ahead();
        let mut text = format!(
            "data         {}, {} forecasts of {}, errors in the units of the file\n",
            self.on,
            grouped(forecasts.model.forecasts()),
            counted(ahead, "row")
        );
        for (target, name) in self.targets().iter().enumerate() {
            let _ = writeln!(text, "\n{name:<16} {:>12} {:>12} {:>8}", "MAE", "RMSE", "MASE");
            for (forecast, accuracy) in self.compared(forecasts) {
                let Some(score) = accuracy.overall(target) else { continue };
                let mase = score.mase.map_or("-".into(), |mase| format!("{mase:.3}"));
                let _ = writeln!(text, "  {forecast:<14} {:>12.4} {:>12.4} {mase:>8}", score.mae, score.rmse);
            }
            if ahead > 1 {
                let steps = [0, ahead / 2, ahead - 1];
                for step in steps {
                    let of = |accuracy: &Accuracy| accuracy.step(step, target).map_or(f64::NAN, |s| s.mae);
                    let _ = writeln!(
                        text,
                        "  row {:<10} {:>12.4}   (persistence {:.4})",
                        step + 1,
                        of(&forecasts.model),
                        of(&forecasts.persistence)
                    );
                }
            }
        }
        text
    }
}

/// Adds the fields of `from` to the object `to`.
fn merge(to: &mut Value, from: Value) {
    if let (Some(to), Value::Object(from)) = (to.as_object_mut(), from) {
        to.extend(from);
    }
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
    let most = (0..count).map(|class| confusion.actual(class)).max().unwrap_or(0);
    json!({
        "macro_f1": confusion.macro_f1(),
        "majority_accuracy": most as f64 / confusion.total() as f64,
        "classes": each.collect::<Value>(),
        "confusion": (0..count).map(row).collect::<Vec<Value>>(),
    })
}

/// A line for each class. Few classes have their confusions beside it, many have the most frequent ones below.
fn classes_text(confusion: &Confusion, names: &[String]) -> String {
    let count = confusion.classes() as u32;
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
        let mut mistakes: Vec<(u64, u32, u32)> = (0..count)
            .flat_map(|actual| (0..count).map(move |predicted| (actual, predicted)))
            .filter(|(actual, predicted)| actual != predicted)
            .map(|(actual, predicted)| (confusion.count(actual, predicted), actual, predicted))
            .filter(|mistake| mistake.0 > 0)
            .collect();
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
