//! Cells of other crates: they compute like built-in ones, their wrong derivatives are found, and their names are kept.

use longspan::cell::elman::{Elman, TANH};
use longspan::cell::lstm::Lstm;
use longspan::cell::residual::Residual;
use longspan::cell::{
    Backward, Cell, CellKind, CustomCell, Equations, Forward, Linearise, MAX_GATES, Operand, Phase, Real,
    Tangent, Units, Vector,
};
use longspan::gradient_check::gradient_check;
use longspan::prelude::*;
use longspan::probe::credit::Watch;
use longspan::probe::{ProbeOptions, examine};
use longspan_record::StepRecord;

/// What is wrong with a cell.
const NOTHING: u8 = 0;
const DELTA: u8 = 1;
const DIRECT_PATH: u8 = 2;
const RECOMPUTED: u8 = 3;
const JACOBIAN: u8 = 4;
const TANGENT: u8 = 5;
const NAN: u8 = 6;

/// h' = ½ h + tanh(a), or what differs from its derivatives.
struct Halving<const WRONG: u8>;

fn half<R: Real, V: Vector<R>>(x: V) -> V {
    V::splat(R::from_f64(0.5)) * x
}

impl<R: Real, const WRONG: u8> Cell<R> for Halving<WRONG> {
    const GATES: usize = 1;
    const PHASES: &'static [Phase] = &[Phase { first_gate: 0, gates: 1, operand: Operand::Hidden, delta: 0 }];
}

impl<R: Real, const WRONG: u8> Equations<R> for Halving<WRONG> {
    const TAPE: usize = 1;
    const DELTAS: usize = 1;
    const JACOBIAN: usize = 1;

    fn forward<S: Units<R>>(&self, _: usize, sums: [S::V; MAX_GATES], mut at: Forward<'_, R, S>) {
        let n = (at.tape.get(0) + sums[0]).tanh();
        at.tape.set(0, n);
        at.next.set(0, half(at.prev.get(0)) + n);
    }

    fn recompute<S: Units<R>>(&self, mut at: Forward<'_, R, S>) {
        let kept = if WRONG == RECOMPUTED { at.prev.get(0) } else { half(at.prev.get(0)) };
        at.next.set(0, kept + at.tape.get(0));
    }

    fn backward<S: Units<R>>(&self, _: usize, mut at: Backward<'_, R, S>) {
        let (n, d_h) = (at.tape.get(0), at.d_next.get(0));
        let slope = match WRONG {
            DELTA => S::V::one(),
            NAN => S::V::splat(R::from_f64(f64::NAN)),
            _ => S::V::one() - n * n,
        };
        at.deltas.set(0, d_h * slope);
        if WRONG != DIRECT_PATH {
            at.d_prev.add(0, half(d_h));
        }
    }

    fn linearise<S: Units<R>>(&self, mut at: Linearise<'_, R, S>) {
        let n = at.tape.get(0);
        at.jacobian.set(0, if WRONG == JACOBIAN { S::V::one() } else { S::V::one() - n * n });
    }

    fn tangent<S: Units<R>>(&self, _: usize, sums: [S::V; MAX_GATES], mut at: Tangent<'_, R, S>) {
        let kept = if WRONG == TANGENT { at.prev.get(0) } else { half(at.prev.get(0)) };
        at.next.set(0, kept + at.jacobian.get(0) * (at.inflow.get(0) + sums[0]));
    }
}

const fn halving<const WRONG: u8>() -> CellKind {
    CellKind::Custom(CustomCell::new("halving", &Halving::<WRONG>))
}

#[test]
fn wrong_derivatives_are_found() {
    assert!(gradient_check(halving::<NOTHING>()).is_ok());
    let tensor = |cell| gradient_check(cell).expect_err("a wrong derivative").first.tensor;
    assert!(tensor(halving::<DELTA>()).starts_with("rnn.weight_ih_l0"));
    assert!(tensor(halving::<NAN>()).starts_with("rnn.weight_ih_l0"));
    assert!(tensor(halving::<DIRECT_PATH>()).starts_with("rnn.weight_ih_l0"));
    assert!(tensor(halving::<RECOMPUTED>()).starts_with("rnn."));
    assert_eq!(tensor(halving::<JACOBIAN>()), "tangents");
    assert_eq!(tensor(halving::<TANGENT>()), "tangents");
}

#[test]
fn all_cells_of_the_crate_pass() {
    for cell in CellKind::ALL {
        gradient_check(cell).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

/// The records of a few steps, and a probe of the weights after them.
fn trained(cell: CellKind) -> (Vec<StepRecord>, String) {
    let model = ModelSpec::language(cell, 5, 4, 6, 2);
    let x: Vec<Vec<u32>> = (0..12).map(|i| (0..14 + i % 3).map(|t| (i * t + t) % 5).collect()).collect();
    let y =
        Targets::ClassesByStep(x.iter().map(|x| x.iter().map(|token| (token + 1) % 5).collect()).collect());
    let order = Order::Shuffled { seed: 1 };
    let data = Sequences::new(&model, Inputs::Tokens(x), y, 4, order).expect("arrays that fit");
    let spec = TrainerSpec { observe: Observe::Full, observe_every: 2, ..TrainerSpec::new(model.clone(), 4) };
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec { forget_bias: 0.0, ..spec });
    let mut records = Vec::new();
    for _ in 0..6 {
        trainer.step(&data, 0.01).expect("a step");
        records.push(trainer.record().clone());
    }
    let options = ProbeOptions::light();
    let probe = examine(trainer.context(), &model, trainer.params(), &data, &options, &mut Watch::default());
    (records, serde_json::to_string(&probe.expect("a probe").spectrum).expect("a record"))
}

/// A built-in cell under another name trains to the same bits: also with two state parts, peepholes and a learned scalar.
/// The forget bias is 0, because it is an initial value of the built-in LSTM only.
#[test]
fn a_cell_of_another_crate_trains_like_a_built_in_one() {
    let custom = |cell| CellKind::Custom(cell);
    for (own, built_in) in [
        (custom(CustomCell::new("elman", &Elman::<TANH>)), CellKind::Rnn),
        (custom(CustomCell::new("residual", &Residual)), CellKind::Residual { step: 1.0, learned: true }),
        (
            custom(CustomCell::new("peepholes", &Lstm::<true, false>)),
            CellKind::Lstm { peepholes: true, coupled: false },
        ),
    ] {
        let ((own, probed), (expected, expected_probe)) = (trained(own), trained(built_in));
        for (own, expected) in own.iter().zip(&expected) {
            assert_eq!((own.loss, own.log10_global_norm), (expected.loss, expected.log10_global_norm));
            let layers =
                |record: &StepRecord| record.snapshot.as_ref().map(|snapshot| snapshot.layers.clone());
            assert_eq!(layers(own), layers(expected), "{built_in}: gates and activations");
        }
        assert_eq!(probed, expected_probe, "{built_in}: Lyapunov exponents");
    }
}

#[test]
fn a_specification_keeps_the_name_and_refuses_to_be_read() {
    let spec = ModelSpec::language(halving::<NOTHING>(), 5, 4, 6, 1);
    assert_eq!(spec.cell.to_string(), "halving");
    let text = serde_json::to_string(&spec).expect("a specification");
    assert!(text.contains(r#""cell":{"custom":"halving"}"#), "{text}");
    let error =
        serde_json::from_str::<ModelSpec>(&text).expect_err("equations are not in a file").to_string();
    assert!(error.starts_with(r#"the cell "halving" is defined in another program"#), "{error}");
}
