//! Checks of a model specification, before anything is built from it.

use super::{InputSpec, ModelSpec, OutputSpec};
use crate::cell::CellKind;
use crate::model::pooling::Pooling;

/// The largest size of a specification. Products of sizes stay far from the limits of 64 bits.
const LARGEST: usize = 1 << 31;
/// The most numbers that all tensors of a model may have together: as many as 48 bits address.
const MOST_NUMBERS: u128 = 1 << 46;

/// A field of a model specification that no model can be built from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}, but {need}")]
pub struct SpecError {
    /// The field, for example `input.tokens.vocabulary`.
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// What the model needs.
    pub need: &'static str,
}

fn wrong(field: &'static str, value: impl ToString, need: &'static str) -> SpecError {
    SpecError { field, value: value.to_string(), need }
}

impl ModelSpec {
    /// Checks that a model can be built: every size is at least 1, no product of sizes overflows, and the parts
    /// fit together.
    ///
    /// # Errors
    /// [`SpecError`] with the first field that does not fit.
    pub fn check(&self) -> Result<(), SpecError> {
        let input = |input: InputSpec, fields: [&'static str; 3]| match input {
            InputSpec::Tokens { vocabulary, embedding } => {
                vec![(fields[0], vocabulary), (fields[1], embedding)]
            }
            InputSpec::Numbers { width } => vec![(fields[2], width)],
        };
        let mut sizes = vec![("hidden", self.hidden), ("layers", self.layers), ("chunk", self.chunk)];
        sizes.extend(input(
            self.input,
            ["input.tokens.vocabulary", "input.tokens.embedding", "input.numbers.width"],
        ));
        sizes.push(match self.output {
            OutputSpec::Classes { count, .. } => ("output.classes.count", count),
            OutputSpec::Values { width, .. } => ("output.values.width", width),
        });
        let fields = ["encoder.tokens.vocabulary", "encoder.tokens.embedding", "encoder.numbers.width"];
        sizes.extend(self.encoder.into_iter().flat_map(|encoder| input(encoder, fields)));
        for (field, size) in sizes {
            if size == 0 {
                return Err(wrong(field, size, "must be at least 1"));
            }
            if size > LARGEST {
                return Err(wrong(field, size, "must be at most 2147483648"));
            }
        }
        if self.numbers() > MOST_NUMBERS {
            return Err(wrong("hidden", self.hidden, "the tensors of such a model are too large to address"));
        }
        self.check_parts()
    }

    /// Checks that the parts of the model fit together.
    fn check_parts(&self) -> Result<(), SpecError> {
        match self.cell {
            CellKind::Residual { step, .. } if !step.is_finite() => {
                return Err(wrong("cell.residual.step", step, "must be finite"));
            }
            _ => {}
        }
        if let OutputSpec::Classes { count, tied: true } = self.output {
            let own = InputSpec::Tokens { vocabulary: count, embedding: self.width() };
            if self.input != own {
                let need =
                    "tied weights need as many tokens as classes, and embeddings as wide as the layers";
                return Err(wrong("output.classes.tied", true, need));
            }
        }
        if self.pool == Pooling::BothEnds && !self.bidirectional {
            return Err(wrong("pool", "ends", "pooling both directions needs a bidirectional model"));
        }
        if self.encoder.is_some() {
            let need = "a model with an encoder cannot have it";
            let extras = [
                ("bidirectional", self.bidirectional),
                ("layer_residual", self.layer_residual),
                ("layer_norm", self.layer_norm),
                ("learned_state", self.learned_state),
            ];
            if let Some((field, value)) = extras.into_iter().find(|extra| extra.1) {
                return Err(wrong(field, value, need));
            }
        }
        Ok(())
    }

    /// About how many numbers the tensors have together; at least as many as they have.
    fn numbers(&self) -> u128 {
        let read = |input: InputSpec| match input {
            InputSpec::Tokens { vocabulary, embedding } => (vocabulary as u128, embedding as u128),
            InputSpec::Numbers { width } => (0, width as u128),
        };
        let (hidden, layers, width) = (self.hidden as u128, self.layers as u128, self.width() as u128);
        // A gate has 2 biases and at most 1 peephole; a layer also has norms and a state.
        let gates = self.cell.spec().gates.max(4) as u128;
        let stack = |input: InputSpec| {
            let (tokens, wide) = read(input);
            tokens * wide
                + gates * width * (wide + hidden + 8)
                + (layers - 1) * gates * width * (width + hidden + 8)
        };
        let outputs = self.output.width() as u128 * (width + 1);
        stack(self.input) + self.encoder.map_or(0, stack) + outputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_that_does_not_fit_is_named() {
        let good = ModelSpec::language(CellKind::Rnn, 5, 4, 4, 2);
        good.check().expect("a model");
        let of = |change: &dyn Fn(&mut ModelSpec)| {
            let mut spec = good.clone();
            change(&mut spec);
            spec.check().expect_err("not a model").field
        };
        assert_eq!(of(&|spec| spec.hidden = 0), "hidden");
        assert_eq!(of(&|spec| spec.layers = 1 << 62), "layers");
        assert_eq!(of(&|spec| (spec.hidden, spec.layers) = (1 << 31, 1 << 31)), "hidden");
        assert_eq!(of(&|spec| spec.input = InputSpec::Numbers { width: 0 }), "input.numbers.width");
        assert_eq!(
            of(&|spec| spec.cell = CellKind::Residual { step: f64::NAN, learned: true }),
            "cell.residual.step"
        );
        assert_eq!(of(&|spec| spec.pool = Pooling::BothEnds), "pool");
        assert_eq!(of(&|spec| (spec.encoder, spec.layer_norm) = (Some(spec.input), true)), "layer_norm");
        let tied = |spec: &mut ModelSpec| spec.output = OutputSpec::Classes { count: 6, tied: true };
        assert_eq!(of(&tied), "output.classes.tied");
    }
}
