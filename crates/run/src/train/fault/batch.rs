//! A batch as a safetensors file: one tensor for each list of a [`Batch`], and a fingerprint.

use std::borrow::Cow;
use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use longspan::batch::{Batch, Encoded, IGNORE};
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, ModelSpec, OutputSpec};
use longspan_data::fingerprint::Fingerprint;
use longspan_kernel::packed_shape::PackedShape;

/// The version of the format of both files.
pub(super) const FORMAT: u32 = 1;

/// The metadata entry that holds the header.
const ENTRY: &str = "longspan";

/// The part of the file that is not tensors.
#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    carry: bool,
    first_sample: u64,
    /// FNV-1a of all tensors in the order of their names.
    fingerprint: String,
}

struct Tensor(Dtype, Vec<usize>, Vec<u8>);

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.0
    }
    fn shape(&self) -> &[usize] {
        &self.1
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.2)
    }
    fn data_len(&self) -> usize {
        self.2.len()
    }
}

fn tensor<T: Copy, const N: usize>(dtype: Dtype, values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Tensor {
    Tensor(dtype, vec![values.len()], values.iter().flat_map(|&value| bytes(value)).collect())
}

fn counts(values: impl Iterator<Item = usize>) -> Tensor {
    tensor(Dtype::U64, &values.map(|n| n as u64).collect::<Vec<_>>(), u64::to_le_bytes)
}

/// The file of a batch and the class weights of its loss.
pub(super) fn bytes(batch: &Batch, class_weights: &[f64]) -> Vec<u8> {
    let tokens = |tokens: &[u32]| tensor(Dtype::U32, tokens, u32::to_le_bytes);
    let numbers = |numbers: &[f32]| tensor(Dtype::F32, numbers, f32::to_le_bytes);
    let lengths = |shape: &PackedShape| counts((0..shape.rows()).map(|row| shape.length(row)));
    let encoded = &batch.encoded;
    let tensors = [
        ("class_weights", tensor(Dtype::F64, class_weights, f64::to_le_bytes)),
        ("encoded.inputs", tokens(&encoded.inputs)),
        ("encoded.lengths", lengths(&encoded.shape)),
        ("encoded.numbers", numbers(&encoded.numbers)),
        ("encoded.rows", counts(encoded.rows.iter().copied())),
        ("inputs", tokens(&batch.inputs)),
        ("items", counts(batch.items.iter().copied())),
        ("lengths", lengths(&batch.shape)),
        ("numbers", numbers(&batch.numbers)),
        ("targets", tokens(&batch.targets)),
        ("values.places", tokens(&batch.values.positions)),
        ("values.targets", numbers(&batch.values.targets)),
    ];
    let fingerprint = fingerprint(tensors.iter().map(|(name, tensor)| (*name, &tensor.2[..])));
    let header = Header { format: FORMAT, carry: batch.carry, first_sample: batch.first_sample, fingerprint };
    let header = serde_json::to_string(&header).expect("names and numbers");
    let views = tensors.iter().map(|(name, tensor)| (*name, tensor));
    safetensors::serialize(views, Some(HashMap::from([(ENTRY.to_owned(), header)])))
        .expect("lists of numbers")
}

fn fingerprint<'a>(tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut fingerprint = Fingerprint::default();
    for (name, bytes) in tensors {
        fingerprint.write(name.as_bytes());
        fingerprint.write(bytes);
    }
    format!("{:016x}", fingerprint.finish())
}

/// The text of the header, whose format may be another one.
///
/// # Errors
/// A sentence that says why the file is not valid.
pub(super) fn header(bytes: &[u8]) -> Result<String, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let header = metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
    header.cloned().ok_or_else(|| "it has no header".into())
}

/// Reads a batch and its class weights from a file with this header. They must be `rows` rows for a model of the
/// specification `spec`.
///
/// # Errors
/// A sentence that says why the file is not valid.
pub(super) fn read(
    bytes: &[u8],
    header: &str,
    spec: &ModelSpec,
    rows: usize,
) -> Result<(Batch, Vec<f64>), String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let header: Header = serde_json::from_str(header).map_err(|error| format!("its header: {error}"))?;
    let mut names = file.names();
    names.sort_unstable();
    let data = |name: &str| file.tensor(name).map_or(&[][..], |view| view.data());
    if fingerprint(names.iter().map(|name| (*name, data(name)))) != header.fingerprint {
        return Err("its fingerprint does not match its numbers".into());
    }
    let list = |name: &str, dtype: Dtype| match file.tensor(name) {
        Ok(view) if view.dtype() == dtype => Ok(view.data()),
        _ => Err(format!("it has no tensor {name} of type {dtype:?}")),
    };
    let words = |name: &str| {
        Ok::<_, String>(
            list(name, Dtype::U32)?
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| u32::from_le_bytes(*b))
                .collect::<Vec<_>>(),
        )
    };
    let numbers = |name: &str| {
        Ok::<_, String>(
            list(name, Dtype::F32)?
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect::<Vec<_>>(),
        )
    };
    let counts = |name: &str| {
        Ok::<_, String>(
            list(name, Dtype::U64)?
                .as_chunks::<8>()
                .0
                .iter()
                .map(|b| u64::from_le_bytes(*b) as usize)
                .collect::<Vec<_>>(),
        )
    };
    let mut batch = Batch { carry: header.carry, first_sample: header.first_sample, ..Batch::default() };
    batch.inputs = words("inputs")?;
    batch.numbers = numbers("numbers")?;
    batch.targets = words("targets")?;
    batch.values.positions = words("values.places")?;
    batch.values.targets = numbers("values.targets")?;
    batch.items = counts("items")?;
    batch.encoded.inputs = words("encoded.inputs")?;
    batch.encoded.numbers = numbers("encoded.numbers")?;
    batch.encoded.rows = counts("encoded.rows")?;
    let positions = |input: InputSpec, tokens: &[u32], numbers: &[f32]| match input {
        InputSpec::Tokens { .. } => tokens.len(),
        InputSpec::Numbers { width } => numbers.len() / width,
    };
    let own = positions(spec.input, &batch.inputs, &batch.numbers);
    set_lengths(&mut batch.shape, &counts("lengths")?, own)?;
    let weights = list("class_weights", Dtype::F64)?.as_chunks::<8>().0;
    let weights: Vec<f64> = weights.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let encoded = counts("encoded.lengths")?;
    let before =
        spec.encoder.map_or(0, |input| positions(input, &batch.encoded.inputs, &batch.encoded.numbers));
    set_lengths(&mut batch.encoded.shape, &encoded, before)?;
    match fits(&batch, &weights, spec, rows) {
        true => Ok((batch, weights)),
        false => Err("it does not fit the model of the run".into()),
    }
}

/// Sets the lengths of rows after checking that they are valid and add up to `positions`.
fn set_lengths(shape: &mut PackedShape, lengths: &[usize], positions: usize) -> Result<(), String> {
    let sum = lengths.iter().try_fold(0usize, |sum, &length| sum.checked_add(length));
    let sorted = lengths.is_sorted_by(|a, b| a >= b) && !lengths.contains(&0);
    if !sorted || sum != Some(positions) {
        return Err("the lengths of its rows do not fit its input".into());
    }
    shape.set_lengths(lengths);
    Ok(())
}

/// Whether a model can take the batch: everything that its passes rely on.
fn fits(batch: &Batch, weights: &[f64], spec: &ModelSpec, rows: usize) -> bool {
    let input_fits = |input: InputSpec, positions: usize, tokens: &[u32], numbers: &[f32]| match input {
        InputSpec::Tokens { vocabulary, .. } => {
            tokens.len() == positions && tokens.iter().all(|&token| (token as usize) < vocabulary)
        }
        InputSpec::Numbers { width } => numbers.len() == positions * width,
    };
    let (positions, encoded) = (batch.shape.positions(), &batch.encoded);
    let readable = if spec.pool == Pooling::Last { positions } else { rows };
    let below = |&position: &u32| (position as usize) < readable;
    let targets_fit = match spec.output {
        OutputSpec::Classes { count, .. } => {
            let scored = || (0u32..).zip(&batch.targets).filter(|(_, target)| **target != IGNORE);
            batch.targets.len() >= readable
                && scored().all(|(position, &target)| below(&position) && (target as usize) < count)
                && (weights.is_empty() || weights.len() == count)
                && weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0)
        }
        OutputSpec::Values { width, .. } => {
            let positions = &batch.values.positions;
            weights.is_empty()
                && positions.is_sorted_by(|a, b| a < b)
                && positions.iter().all(below)
                && batch.values.targets.len() == positions.len() * width
        }
    };
    let encoder_fits = match spec.encoder {
        None => *encoded == Encoded::default(),
        Some(input) => {
            let mut order = encoded.rows.clone();
            order.sort_unstable();
            encoded.shape.rows() == rows
                && order.into_iter().eq(0..rows)
                && input_fits(input, encoded.shape.positions(), &encoded.inputs, &encoded.numbers)
        }
    };
    batch.rows() == rows
        && input_fits(spec.input, positions, &batch.inputs, &batch.numbers)
        && targets_fit
        && encoder_fits
        && !(batch.carry && spec.bidirectional)
}

#[cfg(test)]
mod tests {
    use super::*;
    use longspan::cell::CellKind;
    use longspan::model::head::ValueLoss;

    /// As [`super::read`], with the header of the file.
    fn read(bytes: &[u8], spec: &ModelSpec, rows: usize) -> Result<(Batch, Vec<f64>), String> {
        super::read(bytes, &header(bytes)?, spec, rows)
    }

    fn numbers(width: usize, output: OutputSpec) -> ModelSpec {
        ModelSpec::new(CellKind::Rnn, InputSpec::Numbers { width }, 4, 1, output)
    }

    const CLASSES: OutputSpec = OutputSpec::Classes { count: 5, tied: false };

    /// Rows of 3, 2 and 1 numbers.
    fn batch() -> Batch {
        let mut batch = Batch::default();
        batch.reshape_for([7, 2, 9].into_iter(), |item| [0, 0, 2, 0, 0, 0, 0, 3, 0, 1][item]);
        batch.numbers = vec![0.5, f32::NAN, f32::INFINITY, 1e38, -0.0, 1.0];
        batch.targets[4] = 4;
        (batch.carry, batch.first_sample) = (true, u64::MAX);
        batch
    }

    #[test]
    fn a_batch_reads_back_with_the_same_bits() {
        let (batch, weights) = (batch(), [0.0, 1.0, 0.1 + 0.2, 2.0, 1e300]);
        let (back, classes) = read(&bytes(&batch, &weights), &numbers(1, CLASSES), 3).unwrap();
        let bits = |batch: &Batch| batch.numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!((bits(&back), &back.targets, &back.items), (bits(&batch), &batch.targets, &batch.items));
        assert_eq!((&back.shape, back.carry, back.first_sample), (&batch.shape, true, u64::MAX));
        assert_eq!(classes, weights);

        let mut spec = ModelSpec::language(CellKind::Rnn, 9, 4, 4, 1);
        spec.encoder = Some(InputSpec::Numbers { width: 2 });
        let mut batch = Batch::default();
        batch.reshape(2, 2);
        batch.inputs = vec![8, 0, 3, 1];
        batch.targets = vec![IGNORE, 8, 0, 0];
        batch.encoded.shape.set_lengths(&[3, 1]);
        (batch.encoded.numbers, batch.encoded.rows) = (vec![1.0; 8], vec![1, 0]);
        let (back, _) = read(&bytes(&batch, &[]), &spec, 2).unwrap();
        assert_eq!((&back.encoded, &back.inputs), (&batch.encoded, &batch.inputs));
    }

    #[test]
    fn a_batch_that_does_not_fit_the_model_is_rejected() {
        let file = bytes(&batch(), &[]);
        let rejected = |spec: &ModelSpec, rows| read(&file, spec, rows).is_err();
        let values = OutputSpec::Values { width: 2, loss: ValueLoss::Squared };
        assert!(!rejected(&numbers(1, CLASSES), 3));
        // A batch without targets fits any model with values.
        assert!(!rejected(&numbers(1, values), 3));
        let few = OutputSpec::Classes { count: 4, tied: false };
        let pooled = ModelSpec { pool: Pooling::Mean, ..numbers(1, CLASSES) };
        let both = ModelSpec { bidirectional: true, ..numbers(1, CLASSES) };
        let encoder = ModelSpec { encoder: Some(InputSpec::Numbers { width: 1 }), ..numbers(1, CLASSES) };
        for spec in [numbers(2, CLASSES), numbers(1, few), pooled, both, encoder] {
            assert!(rejected(&spec, 3), "{spec:?}");
        }
        assert!(rejected(&numbers(1, CLASSES), 2));
        type Change = fn(&mut Batch);
        let changes: [Change; 5] = [
            |batch| batch.numbers.truncate(5),
            |batch| batch.numbers.push(0.0),
            |batch| batch.values.positions = vec![1, 1],
            |batch| batch.encoded.rows = vec![0],
            |batch| batch.encoded.inputs = vec![0],
        ];
        let spec = numbers(1, OutputSpec::Values { width: 1, loss: ValueLoss::Squared });
        for (i, change) in changes.into_iter().enumerate() {
            let mut batch = batch();
            change(&mut batch);
            let with_rows = read(&bytes(&batch, &[]), &spec, 3);
            assert!(with_rows.is_err(), "change {i}: {with_rows:?}");
        }
        for weights in [&[1.0][..], &[1.0, 1.0, 1.0, 1.0, f64::NAN]] {
            assert!(read(&bytes(&batch(), weights), &numbers(1, CLASSES), 3).is_err(), "{weights:?}");
        }
    }

    /// Every truncated file is rejected. A file with one changed bit is rejected, or still has a valid batch.
    #[test]
    fn damage_is_detected() {
        let (file, spec) = (bytes(&batch(), &[1.0; 5]), numbers(1, CLASSES));
        for at in 0..file.len() {
            assert!(read(&file[..at], &spec, 3).is_err(), "{at} bytes");
            let mut other = file.clone();
            other[at] ^= 4;
            if let Ok((batch, _)) = read(&other, &spec, 3) {
                assert_eq!(
                    (batch.rows(), batch.shape.positions(), batch.numbers.len()),
                    (3, 6, 6),
                    "byte {at}"
                );
            }
        }
    }
}
