//! Conversion from settings to the model, and from the model of a checkpoint to settings.

use super::{CellName, Config, KEYS, ModelConfig, OptimizerConfig, Section};
use longspan::bptt::chunk_for;
use longspan::cell::CellKind;
use longspan::model::head::ValueLoss;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};
use longspan::optim::Settings;
use longspan::option_syntax::Size;
use longspan::trainer::TrainerSpec;
use longspan_data::schema::{Predicts, Schema};
use longspan_data::task::{Task, TaskKind};

impl ModelConfig {
    /// The cell with its options.
    ///
    /// # Panics
    /// If it is a cell of another program, which [`Config::check`] refuses.
    pub fn cell_kind(&self) -> CellKind {
        match self.cell {
            CellName::Rnn => CellKind::Rnn,
            CellName::Relu => CellKind::Relu,
            CellName::Identity => CellKind::Identity,
            CellName::Residual => {
                CellKind::Residual { step: self.residual_step, learned: self.residual_learned }
            }
            CellName::Gru => CellKind::Gru { reset_after: self.reset_after },
            CellName::Lstm => CellKind::Lstm { peepholes: self.peepholes, coupled: self.coupled },
            CellName::Custom => panic!("the equations of a custom cell are in another program"),
        }
    }

    /// The settings of a model specification. Settings that a specification does not have (dropout, initial
    /// weights) are at their defaults.
    fn of(spec: &ModelSpec) -> Self {
        let mut model = Self { layers: spec.layers, hidden: spec.hidden, ..Self::default() };
        if let InputSpec::Tokens { embedding, .. } = spec.input {
            model.embedding = if embedding == spec.hidden { 0 } else { embedding };
        }
        model.tie_weights = matches!(spec.output, OutputSpec::Classes { tied: true, .. });
        // For a bidirectional model, the setting `last` means the last state of each direction.
        model.pool = if spec.pool == Pooling::BothEnds { Pooling::Last } else { spec.pool };
        model.bidirectional = spec.bidirectional;
        model.layer_residual = spec.layer_residual;
        model.layer_norm = spec.layer_norm;
        model.learn_state = spec.learned_state;
        if let OutputSpec::Values { loss: loss @ (ValueLoss::Squared | ValueLoss::Absolute), .. } =
            spec.output
        {
            model.loss = loss;
        }
        model.encoder_decoder = spec.encoder.is_some();
        match spec.cell {
            CellKind::Rnn => model.cell = CellName::Rnn,
            CellKind::Relu => model.cell = CellName::Relu,
            CellKind::Identity => model.cell = CellName::Identity,
            CellKind::Residual { step, learned } => {
                model.cell = CellName::Residual;
                (model.residual_step, model.residual_learned) = (step, learned);
            }
            CellKind::Gru { reset_after } => (model.cell, model.reset_after) = (CellName::Gru, reset_after),
            CellKind::Lstm { peepholes, coupled } => {
                model.cell = CellName::Lstm;
                (model.peepholes, model.coupled) = (peepholes, coupled);
            }
            CellKind::Custom(_) => model.cell = CellName::Custom,
        }
        model
    }
}

impl Config {
    /// The model specification for data of this schema.
    pub fn model_spec(&self, schema: &Schema) -> ModelSpec {
        let embedding = if self.model.embedding == 0 { self.model.hidden } else { self.model.embedding };
        let chunk = if self.run.chunk == 0 { chunk_for(self.data.batch) } else { self.run.chunk };
        // Predictions at every step are read from the state of that step.
        let pool = if schema.predicts == Predicts::Next { Pooling::Last } else { self.pool_of_rows() };
        let (input, output) =
            (schema.input(embedding), schema.output(self.model.loss, self.model.tie_weights));
        ModelSpec {
            chunk,
            pool,
            encoder: self.model.encoder_decoder.then_some(input),
            bidirectional: self.model.bidirectional,
            layer_residual: self.model.layer_residual,
            layer_norm: self.model.layer_norm,
            learned_state: self.model.learn_state,
            ..ModelSpec::new(self.model.cell_kind(), input, self.model.hidden, self.model.layers, output)
        }
    }

    /// The states from which a prediction for a whole sequence is read. In a bidirectional model, `last`
    /// means the last state of each direction, unless a task has predictions inside the sequence: those need
    /// the output of every step.
    pub fn pool_of_rows(&self) -> Pooling {
        let once = self.data.task.and_then(TaskKind::task).is_none_or(Task::predicts_once);
        match self.model.pool {
            Pooling::Last if self.model.bidirectional && once => Pooling::BothEnds,
            pool => pool,
        }
    }

    /// The settings of a trainer, the inverse of [`Config::trainer`]. What a trainer does not have is at its default: the
    /// data, the length of the run, and the learning rate, which each step has for itself.
    pub fn of_trainer(spec: &TrainerSpec) -> Self {
        let model = ModelConfig {
            init: spec.init,
            init_input: spec.init_parts.input,
            init_embedding: spec.init_parts.embedding,
            init_readout: spec.init_parts.readout,
            forget_bias: spec.forget_bias,
            dropout: spec.dropout,
            dropout_mask: spec.dropout_mask,
            ..ModelConfig::of(&spec.model)
        };
        let &Settings { rule, weight_decay, momentum, nesterov, beta1, beta2, smoothing, eps } =
            &spec.optimizer;
        let optimizer = OptimizerConfig {
            rule,
            clip: spec.clip,
            momentum,
            nesterov,
            beta1,
            beta2,
            smoothing,
            eps,
            weight_decay,
            ..OptimizerConfig::default()
        };
        let mut config = Self { model, optimizer, ..Self::default() };
        config.data.batch = spec.batch;
        config.run.seed = spec.seed;
        config.run.bptt_memory = Size(spec.memory_limit.unwrap_or(0));
        (config.run.observe, config.run.observe_every) = (spec.observe, spec.observe_every);
        config
    }

    /// Takes all settings that were not given from a model specification. A given setting is kept, even if it
    /// contradicts the specification.
    pub fn adopt(&mut self, spec: &ModelSpec) {
        self.take(spec, true);
    }

    /// Takes all settings from a model specification, even if they were given otherwise: those of the weights of a run
    /// decide how its data are read.
    pub fn follow(&mut self, spec: &ModelSpec) {
        self.take(spec, false);
    }

    fn take(&mut self, spec: &ModelSpec, keep_given: bool) {
        let mut source = Self { model: ModelConfig::of(spec), ..Self::default() };
        // Dropout and the initial weights are not part of a specification.
        let outside = |name: &str| {
            ["dropout", "dropout_mask", "forget_bias"].contains(&name) || name.starts_with("init")
        };
        for key in KEYS.iter().filter(|key| key.section == Section::Model && !outside(key.name)) {
            let keeps = keep_given && self.is_given(key.name);
            if let Some(value) = (key.field)(&mut source).get().text().filter(|_| !keeps) {
                (key.field)(self).set(&value).expect("a key reads the values that it writes");
            }
        }
    }

    /// Takes window, horizon, recursion and calendar from the schema of a forecaster, unless they were given.
    pub fn adopt_schema(&mut self, schema: &Schema) {
        let Predicts::Forecast(forecast) = &schema.predicts else { return };
        if !self.is_given("window") {
            self.data.window = forecast.window;
        }
        if !self.is_given("horizon") {
            self.data.horizon = forecast.ahead;
        }
        if !self.is_given("recursive") {
            self.data.recursive = forecast.ahead > forecast.horizon;
        }
        if !self.is_given("calendar") {
            let features = forecast.clock.as_ref().map(|clock| clock.calendar().to_vec());
            self.data.calendar.0 = features.unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    /// The settings of a run may contradict its weights: the data are read as the weights need them.
    #[test]
    fn the_model_of_the_weights_is_followed() {
        let numbers = InputSpec::Numbers { width: 1 };
        let values = OutputSpec::Values { width: 1, loss: ValueLoss::Squared };
        let mean = ModelSpec { pool: Pooling::Mean, ..ModelSpec::new(CellKind::Rnn, numbers, 4, 1, values) };
        let mut given = Config::default();
        given.set("pool", "last", Origin::Flag).expect("a setting");
        let (mut adopted, mut followed) = (given.clone(), given);
        adopted.adopt(&mean);
        followed.follow(&mean);
        assert_eq!((adopted.pool_of_rows(), followed.pool_of_rows()), (Pooling::Last, Pooling::Mean));
    }
}
