//! Settings as lines of PyTorch.

use longspan_diagnose::Setting;

use crate::config::ModelConfig;
use crate::directory::Watched;

/// What the code of a watched model calls its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The observed module in the model: "encoder.lstm"; empty if it is the model itself.
    pub module: String,
    /// Its class: "LSTM", "LSTMCell".
    pub class: String,
    /// Number of units H.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
}

impl Names {
    /// The names in a PyTorch program, of which `watched` is the observed module.
    pub(super) fn of(model: &ModelConfig, watched: &Watched) -> Self {
        let class = match (watched.class.as_str(), model.cell.to_string().as_str()) {
            // Runs of earlier versions do not have it.
            ("", "lstm") => "LSTM",
            ("", "gru") => "GRU",
            ("", _) => "RNN",
            (class, _) => class,
        };
        let (module, hidden, layers) = (watched.module.clone(), model.hidden, model.layers);
        Self { module, class: class.into(), hidden, layers }
    }

    /// Whether the module is one step, which the program repeats.
    fn is_cell(&self) -> bool {
        self.class.ends_with("Cell")
    }

    /// A tensor of each layer as an expression: `model.lstm.bias_hh_l0`.
    fn tensors(&self, name: &str) -> Vec<String> {
        let suffixes =
            (0..self.layers).map(|l| if self.is_cell() { String::new() } else { format!("_l{l}") });
        suffixes.map(|suffix| format!("{}.{name}{suffix}", self.path())).collect()
    }

    /// The module as an expression: `model.encoder.lstm`.
    fn path(&self) -> String {
        match self.module.is_empty() {
            true => "model".into(),
            false => format!("model.{}", self.module),
        }
    }
}

/// The lines that make a change, or a comment where PyTorch has no short form.
pub fn pytorch(settings: &[Setting], names: &Names) -> String {
    let cell = settings.iter().find(|setting| setting.key == "cell").map(|setting| setting.value.as_str());
    let lines: Vec<_> = settings.iter().map(|setting| line(setting, names, cell)).collect();
    lines.join("\n")
}

fn line(Setting { key, value }: &Setting, names: &Names, cell: Option<&str>) -> String {
    let (module, hidden) = (names.path(), names.hidden);
    let each = |name: &str, line: &dyn Fn(String) -> String| {
        names.tensors(name).into_iter().map(line).collect::<Vec<_>>().join("\n")
    };
    match *key {
        "clip" => match pair(value) {
            ("norm", limit) => format!("torch.nn.utils.clip_grad_norm_(model.parameters(), {limit})"),
            ("value", limit) => format!("torch.nn.utils.clip_grad_value_(model.parameters(), {limit})"),
            _ => "# no clipping of gradients".into(),
        },
        "lr" => format!("for group in optimizer.param_groups: group[\"lr\"] = {value}"),
        "weight_decay" => format!("for group in optimizer.param_groups: group[\"weight_decay\"] = {value}"),
        "momentum" => format!("for group in optimizer.param_groups: group[\"momentum\"] = {value}"),
        "optimizer" => match value.as_str() {
            "sgd" => "optimizer = torch.optim.SGD(model.parameters(), lr=…)".into(),
            "adam" => "optimizer = torch.optim.Adam(model.parameters())".into(),
            "adamw" => "optimizer = torch.optim.AdamW(model.parameters())".into(),
            other => format!("# optimizer: {other}"),
        },
        "cell" => match value.as_str() {
            "lstm" | "gru" => {
                let class = value.to_uppercase() + if names.is_cell() { "Cell" } else { "" };
                format!("# replace {module}: torch.nn.{class} instead of torch.nn.{}", names.class)
            }
            other => format!("# replace {module} by a cell of the kind {other}"),
        },
        // Where the cell is replaced too, the bias is that of the new one.
        "forget_bias" if cell == Some("lstm") || names.class.starts_with("LSTM") => {
            each("bias_hh", &|bias| format!("{bias}.data[{hidden}:{}] = {value}", 2 * hidden))
        }
        "init" => match pair(value) {
            ("orthogonal", "") => each("weight_hh", &|weight| format!("torch.nn.init.orthogonal_({weight})")),
            ("chrono", lag) => {
                let is_lstm = cell.unwrap_or(&names.class).to_lowercase().starts_with("lstm");
                each("bias_hh", &|bias| chrono(&format!("{bias}.data"), hidden, is_lstm, lag))
            }
            _ => format!("# initial weights: {value}"),
        },
        "dropout" => format!("# dropout={value} in {module}"),
        "hidden" => format!("# hidden_size={value} in {module}"),
        "layers" => format!("# num_layers={value} in {module}"),
        "window" | "unroll" if names.is_cell() => {
            format!("# detach the state every {value} steps: h = h.detach()")
        }
        "window" | "unroll" => format!("# windows of {value} steps"),
        "batch" => format!("# batches of {value} rows"),
        _ => format!("# {}: {value}", key.replace('_', " ")),
    }
}

/// NAME and the rest of NAME:REST.
fn pair(value: &str) -> (&str, &str) {
    value.split_once(':').unwrap_or((value, ""))
}

/// Forgetting times up to a lag: the forget gate's bias is ln u with u uniform from 1 to the lag, the input gate's is
/// −ln u. The update gate of a GRU keeps as the forget gate does. (Tallec and Ollivier, ICLR 2018.)
fn chrono(bias: &str, hidden: usize, is_lstm: bool, lag: &str) -> String {
    let keep = format!("{bias}[{hidden}:{}] = torch.empty({hidden}).uniform_(1, {lag}).log_()", 2 * hidden);
    match is_lstm {
        true => format!("{keep}\n{bias}[:{hidden}] = -{bias}[{hidden}:{}]", 2 * hidden),
        false => keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_code() {
        let names = Names { module: "lstm".into(), class: "LSTM".into(), hidden: 32, layers: 2 };
        let one = |key, value: &str| pytorch(&[Setting { key, value: value.into() }], &names);
        assert_eq!(one("clip", "norm:1"), "torch.nn.utils.clip_grad_norm_(model.parameters(), 1)");
        let forget = "model.lstm.bias_hh_l0.data[32:64] = 3\nmodel.lstm.bias_hh_l1.data[32:64] = 3";
        assert_eq!(one("forget_bias", "3"), forget);
        assert_eq!(one("lr", "0.001"), "for group in optimizer.param_groups: group[\"lr\"] = 0.001");
        assert_eq!(one("init", "orthogonal").lines().count(), 2);
        let chrono = one("init", "chrono:60");
        let keep = "model.lstm.bias_hh_l0.data[32:64] = torch.empty(32).uniform_(1, 60).log_()";
        assert_eq!((chrono.lines().next(), chrono.lines().count()), (Some(keep), 4));
    }
    #[test]
    fn the_tensors_of_a_cell_have_no_number() {
        let names = Names { module: "cell".into(), class: "LSTMCell".into(), hidden: 4, layers: 1 };
        let one = |key, value: &str| pytorch(&[Setting { key, value: value.into() }], &names);
        assert_eq!(one("forget_bias", "3"), "model.cell.bias_hh.data[4:8] = 3");
        assert_eq!(one("unroll", "20"), "# detach the state every 20 steps: h = h.detach()");
        assert_eq!(one("cell", "gru"), "# replace model.cell: torch.nn.GRUCell instead of torch.nn.LSTMCell");
        assert_eq!(
            one("init", "chrono:9").lines().last(),
            Some("model.cell.bias_hh.data[:4] = -model.cell.bias_hh.data[4:8]")
        );
    }
}
