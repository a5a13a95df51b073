//! Layers that are recomputed from a recording: gradients and observations are those of the model itself.

use longspan::batch::Batch;
use longspan::bptt::{BackwardStep, Observer, Pass, State};
use longspan::cell::CellKind;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan::telemetry::{Observe, Recorded, Replay, ReplaySpec, StepObserver};
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::{Context, InstructionSet};
use longspan_record::credit::Profile;
use longspan_record::{Snapshot, StepRecord};

const SEED: u64 = 9;
const WIDTH: usize = 3;
const HIDDEN: usize = 5;

/// Observes the steps of a model and keeps the gradient by the outputs of its layers.
struct Recording {
    inner: StepObserver<f64>,
    d_y: Vec<f64>,
}

impl Observer<f64> for Recording {
    fn begin(&mut self, batch: &Batch, state: &State<f64>) {
        self.inner.begin(batch, state);
    }
    fn output_gradients(&mut self, d_outputs: &[f64]) {
        self.d_y = d_outputs.to_vec();
    }
    fn backward_step(&mut self, ctx: &Context<f64>, step: &BackwardStep<'_, f64>) {
        self.inner.backward_step(ctx, step);
    }
}

fn batch(lengths: &[usize], pool: Pooling) -> Batch {
    let (mut batch, mut draw) = (Batch::default(), Key::new(SEED, Purpose::Task, 0, 0).stream(0, 0));
    batch.reshape_to(lengths);
    batch.numbers = (0..batch.shape.positions() * WIDTH).map(|_| draw.uniform() as f32 - 0.5).collect();
    let scored = if pool == Pooling::Last { batch.shape.positions() } else { lengths.len() };
    batch.targets = (0..scored).map(|_| draw.below(4)).collect();
    batch
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * (1.0 + a.abs())
}

fn same_profiles(a: &Profile, b: &Profile) -> bool {
    let pairs = [(&a.ln_p05, &b.ln_p05), (&a.ln_median, &b.ln_median), (&a.ln_p95, &b.ln_p95)];
    pairs.iter().all(|(a, b)| a.len() == b.len() && a.iter().zip(*b).all(|(&a, &b)| near(a, b)))
}

fn same_snapshots(a: &Snapshot, b: &Snapshot) {
    assert_eq!((&a.batch, &a.layers), (&b.batch, &b.layers));
    let (a, b) = (a.lag.as_ref().expect("a lag profile"), b.lag.as_ref().expect("a lag profile"));
    assert_eq!((a.rows, &a.lags, &a.rows_at), (b.rows, &b.lags, &b.rows_at));
    assert_eq!(a.horizon, b.horizon);
    assert!(same_profiles(&a.total, &b.total), "{a:?}\n{b:?}");
    assert!(a.layers.iter().zip(&b.layers).all(|(a, b)| same_profiles(a, b)), "{a:?}\n{b:?}");
    assert!(a.ln_layer_ratio.iter().zip(&b.ln_layer_ratio).all(|(&a, &b)| near(a, b)));
}

/// Trains a model for one pass, and recomputes its layers from what was recorded.
fn replayed(cell: CellKind, layers: usize, pool: Pooling, bidirectional: bool) {
    let (input, output) =
        (InputSpec::Numbers { width: WIDTH }, OutputSpec::Classes { count: 4, tied: false });
    let spec = ModelSpec::new(cell, input, HIDDEN, layers, output);
    let spec = ModelSpec { pool, bidirectional, chunk: 8, ..spec };
    let ctx = Context::<f64>::new(InstructionSet::detect(), 1);
    let mut model = Model::new(ctx.instruction_set(), &spec);
    let mut params = Params::zeros(model.layout().clone());
    let mut draw = Key::new(SEED, Purpose::Task, 1, 0).stream(0, 0);
    let layout = model.layout().clone();
    for entry in layout.entries() {
        params.flat_mut()[entry.range()].iter_mut().for_each(|w| *w = draw.uniform() - 0.5);
    }
    let batch = batch(&[21, 20, 13, 4, 4, 1], pool);
    let (mut state, mut grads) = (model.zero_state(batch.rows()), params.clone());
    grads.clear();
    model.pack(&ctx, &params);
    let inner = StepObserver::new(spec.clone(), model.states(), Observe::Full, 1, SEED);
    let mut recording = Recording { inner, d_y: Vec::new() };
    recording.inner.begin_step(1);
    model.train(&mut Pass::new(&ctx, &params).observed_by(&mut recording), &batch, &mut state, &mut grads);
    recording.inner.follow_back(&batch, |lag, anchors| {
        model.follow_back(&mut Pass::new(&ctx, &params).observed_by(lag), &batch, anchors);
    });
    let mut expected = StepRecord::default();
    recording.inner.write(&mut expected, &layout, &vec![0.0; layout.entries().len()]);

    let of_layers = ReplaySpec { cell, input: WIDTH, hidden: HIDDEN, layers, bidirectional };
    let mut replay = Replay::new(ctx.instruction_set(), of_layers, 64, SEED);
    let names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
    let sides = if bidirectional { &["", "_reverse"][..] } else { &[""] };
    let tensors = || names.iter().flat_map(|name| sides.iter().map(move |side| (*name, *side)));
    for l in 0..layers {
        for (name, side) in tensors() {
            let from = params.named(&format!("rnn.{name}_l{l}{side}"));
            replay.params_mut(l).named_mut(&format!("rnn.{name}_l0{side}")).copy_from_slice(from);
        }
    }
    let x: Vec<f64> = batch.numbers.iter().map(|&x| f64::from(x)).collect();
    // A loss that reads the last states of both directions arrives as a gradient by states.
    let (width, rows) = (spec.width(), batch.rows());
    let mut d_y = recording.d_y.clone();
    let mut d_state = Vec::new();
    if pool == Pooling::BothEnds {
        let count = if matches!(cell, CellKind::Lstm { .. }) { 2 } else { 1 };
        d_state = vec![vec![0.0; count * rows * HIDDEN]; 2 * layers];
        for row in 0..rows {
            let at = |t: usize| (batch.shape.offset(t) + row) * width;
            let last = at(batch.shape.length(row) - 1);
            let of_row = row * HIDDEN..(row + 1) * HIDDEN;
            d_state[2 * layers - 2][of_row.clone()].copy_from_slice(&d_y[last..][..HIDDEN]);
            d_state[2 * layers - 1][of_row].copy_from_slice(&d_y[at(0) + HIDDEN..][..HIDDEN]);
        }
        d_y.fill(0.0);
    }
    let d_state: Vec<&[f64]> = d_state.iter().map(Vec::as_slice).collect();
    let recorded =
        Recorded { shape: &batch.shape, x: &x, state: &[], masks: &[], d_y: &d_y, d_state: &d_state };
    replay.run(&ctx, 1, &recorded);
    for l in 0..layers {
        for (name, side) in tensors() {
            let (own, found) = (
                grads.named(&format!("rnn.{name}_l{l}{side}")),
                replay.grads(l).named(&format!("rnn.{name}_l0{side}")),
            );
            assert!(own.iter().zip(found).all(|(&a, &b)| near(a, b)), "{cell:?} {name}_l{l}{side}");
        }
    }
    for (k, found) in replay.states().enumerate() {
        assert!(state.layer(k).iter().zip(found).all(|(&a, &b)| near(a, b)), "{cell:?} state {k}");
    }
    let mut found = StepRecord::default();
    replay.write(&mut found);
    let (a, b) = (&expected.log10_survival, &found.log10_survival);
    assert!(a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| near(a, b)), "{a:?} {b:?}");
    same_snapshots(&expected.snapshot.expect("a snapshot"), &found.snapshot.expect("a snapshot"));
}

#[test]
fn a_recorded_pass_is_observed_as_the_pass_itself() {
    let cells = [
        CellKind::Rnn,
        CellKind::Relu,
        CellKind::Gru { reset_after: true },
        CellKind::Lstm { peepholes: false, coupled: false },
    ];
    for cell in cells {
        for layers in [1, 3] {
            replayed(cell, layers, Pooling::Last, false);
            replayed(cell, layers, Pooling::Last, true);
            replayed(cell, layers, Pooling::BothEnds, true);
        }
    }
}

/// The gradient of a relu that is off everywhere, for example.
#[test]
fn a_pass_without_a_gradient_is_observed() {
    let ctx = Context::<f64>::new(InstructionSet::detect(), 1);
    let batch = batch(&[4, 2, 1], Pooling::Last);
    for bidirectional in [false, true] {
        let cell = CellKind::Gru { reset_after: true };
        let spec = ReplaySpec { cell, input: WIDTH, hidden: HIDDEN, layers: 2, bidirectional };
        let mut replay = Replay::new(ctx.instruction_set(), spec, 64, SEED);
        let x: Vec<f64> = batch.numbers.iter().map(|&x| f64::from(x)).collect();
        let d_y = vec![0.0; 7 * HIDDEN * if bidirectional { 2 } else { 1 }];
        let recorded =
            Recorded { shape: &batch.shape, x: &x, state: &[], masks: &[], d_y: &d_y, d_state: &[] };
        replay.run(&ctx, 1, &recorded);
        let mut found = StepRecord::default();
        replay.write(&mut found);
        let snapshot = found.snapshot.expect("a snapshot");
        assert_eq!(snapshot.batch.unscored_rows, 3);
        assert_eq!(snapshot.lag.expect("a lag profile").rows, 0);
    }
}
