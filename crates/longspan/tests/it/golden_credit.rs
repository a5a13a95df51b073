//! Parity with PyTorch of reach measurements: gradients of single losses through time, and the effect of
//! truncation. `tools/golden.py` writes the files.
#![allow(missing_docs, reason = "a test file")]

use std::sync::Arc;

use longspan::batch::{Batch, IGNORE, Source};
use longspan::bptt::{BackwardStep, Observer, OnBackwardStep, Pass};
use longspan::cell::CellKind;
use longspan::model::{Model, ModelSpec};
use longspan::params::Params;
use longspan::probe::credit::{Recorder, Stage, Watch, measure};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};
use longspan_record::credit::CreditOptions;
use safetensors::SafeTensors;

const STEPS: usize = 12;
const ROWS: usize = 3;
const HIDDEN: usize = 6;

struct Golden<'a> {
    file: SafeTensors<'a>,
    spec: ModelSpec,
}

/// A source that repeats one window.
struct Window(Batch);

impl Source for Window {
    fn windows(&self) -> u64 {
        1
    }
    fn fill(&self, _epoch: u64, _window: u64, batch: &mut Batch) {
        batch.clone_from(&self.0);
    }
    fn shape(&self) -> (usize, usize) {
        (STEPS, ROWS)
    }
}

impl Golden<'_> {
    fn tensor(&self, name: &str) -> Vec<f64> {
        let view = self.file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    }

    fn whole(&self, name: &str) -> Vec<u32> {
        let view = self.file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        view.data().as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect()
    }

    fn params(&self, model: &Model<f64>) -> Params<f64> {
        let mut params = Params::zeros(Arc::clone(model.layout()));
        for (index, entry) in model.layout().entries().iter().enumerate() {
            params.tensor_mut(index).copy_from_slice(&self.tensor(&format!("init.{}", entry.name)));
        }
        params
    }

    fn batch(&self) -> Batch {
        let (inputs, targets) = (self.whole("inputs"), self.whole("targets"));
        Batch { shape: PackedShape::even(STEPS, ROWS), inputs, targets, ..Batch::default() }
    }

    /// Computes ‖·‖ of one row at one step of a tensor `[T, B, width]`.
    fn norm(&self, names: &[String], width: usize, (t, row): (usize, usize)) -> f64 {
        let squares = names.iter().map(|name| {
            let all = self.tensor(name);
            all[(t * ROWS + row) * width..][..width].iter().map(|x| x * x).sum::<f64>()
        });
        squares.sum::<f64>().sqrt()
    }

    fn profiles(&self) {
        let (ctx, layers) = (Context::new(InstructionSet::detect(), 1), self.spec.layers);
        let mut model = Model::new(ctx.instruction_set(), &self.spec);
        let params = self.params(&model);
        let anchors: Vec<usize> = self.whole("anchors").iter().map(|&t| t as usize).collect();
        let of_rows: Vec<Option<usize>> = anchors.iter().copied().map(Some).collect();
        let mut batch = self.batch();
        for position in 0..STEPS * ROWS {
            if anchors[position % ROWS] != position / ROWS {
                batch.targets[position] = IGNORE;
            }
        }
        // The shortest distance from an anchor to the first step.
        let window = 7;
        let shape = (self.spec.cell, layers, HIDDEN);
        let mut recorder = Recorder::new(ctx.instruction_set(), shape, &params, &of_rows, window, None);
        let mut grads = Params::zeros(Arc::clone(model.layout()));
        let (mut totals, mut state) = (Vec::new(), model.zero_state(ROWS));
        model.pack(&ctx, &params);
        let mut seen = OnBackwardStep(|step: &BackwardStep<'_, f64>| {
            recorder.backward_step(&ctx, step);
            let mut total = [0.0; ROWS * HIDDEN];
            if step.total_cell(ctx.instruction_set(), self.spec.cell, HIDDEN, &mut total) {
                let rows = total.as_chunks::<HIDDEN>().0.iter().enumerate();
                totals.extend(rows.map(|(row, d)| (step.layer, step.t, row, d.map(|d| d * ROWS as f64))));
            }
        });
        let pass = &mut Pass::new(&ctx, &params).observed_by(&mut seen);
        model.train(pass, &batch, &mut state, &mut grads);
        // The tolerance allows the rounding of sums of some dozen terms through twelve steps.
        let close = |what: &str, ours: f64, theirs: f64| {
            assert!((ours - theirs).abs() < 1e-13 + 1e-11 * theirs, "{what}: {ours:e} against {theirs:e}");
        };
        for sample in recorder.finish() {
            for (layer, series) in sample.layers.iter().enumerate() {
                for lag in 0..=window {
                    let at = (sample.anchor - lag, sample.row);
                    let (h, c) = (format!("d_h.l{layer}"), format!("s_c.l{layer}"));
                    close("h", series.hidden[lag].exp(), self.norm(std::slice::from_ref(&h), HIDDEN, at));
                    if !series.cell.is_empty() {
                        close("c", series.cell[lag].exp(), self.norm(std::slice::from_ref(&c), HIDDEN, at));
                        close("state", series.state()[lag].exp(), self.norm(&[h, c], HIDDEN, at));
                    }
                }
            }
            let theirs = self.norm(&["d_x".into()], 5, (sample.anchor, sample.row));
            close("x", sample.ln_input.exp(), theirs);
        }
        for (layer, t, row, total) in totals {
            let theirs = self.tensor(&format!("d_c.l{layer}"));
            for (unit, ours) in total.into_iter().enumerate() {
                let theirs = theirs[(t * ROWS + row) * HIDDEN + unit];
                assert!(
                    (ours - theirs).abs() < 1e-13,
                    "total gradient with respect to c at {t}: {ours:e} against {theirs:e}"
                );
            }
        }
    }

    fn truncation(&self) {
        let ctx = Context::new(InstructionSet::detect(), 1);
        let params = self.params(&Model::new(ctx.instruction_set(), &self.spec));
        let options = CreditOptions {
            truncations: vec![5, 1, 4, 12],
            lag: false,
            used: false,
            sensitivity_sequences: 0,
            ..CreditOptions::default()
        };
        let mut watch = Watch { progress: &mut |_: Stage, _, _| (), cancelled: &|| false, late: &|| false };
        let source = Window(self.batch());
        let report = measure(&ctx, &self.spec, &params, &source, &options, &mut watch).expect("not stopped");
        let found = report.truncation.known().expect("truncations");
        // Twelve steps are the whole window, so that length is not reported.
        assert_eq!(found.iter().map(|bias| bias.truncation_steps).collect::<Vec<_>>(), [1, 4, 5]);
        for bias in found {
            let theirs = self.tensor(&format!("bias.{}", bias.truncation_steps));
            for (ours, theirs) in [bias.norm_ratio, bias.relative_error, bias.cosine].into_iter().zip(theirs)
            {
                assert!((ours - theirs).abs() < 1e-12, "{bias:?}: {theirs}");
            }
        }
    }
}

macro_rules! golden {
    ($($test:ident: $kind:expr, $layers:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let bytes = include_bytes!(concat!("../golden/reach/", stringify!($test), ".safetensors"));
                let file = SafeTensors::deserialize(bytes).expect("a golden file");
                let spec = ModelSpec { chunk: 5, ..ModelSpec::language($kind, 11, 5, HIDDEN, $layers) };
                let golden = Golden { file, spec };
                golden.profiles();
                golden.truncation();
            }
        )*
    };
}

golden! {
    rnn_tanh_1: CellKind::Rnn, 1;
    rnn_tanh_2: CellKind::Rnn, 2;
    rnn_relu_1: CellKind::Relu, 1;
    rnn_relu_2: CellKind::Relu, 2;
    gru_1: CellKind::Gru { reset_after: true }, 1;
    gru_2: CellKind::Gru { reset_after: true }, 2;
    lstm_1: CellKind::Lstm { peepholes: false, coupled: false }, 1;
    lstm_2: CellKind::Lstm { peepholes: false, coupled: false }, 2;
}
