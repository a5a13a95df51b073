//! Laws that hold exactly, or up to rounding, for any network: closed forms and equality of bits.

use crate::stack::instruction_sets;
use longspan::bptt::{Input, Keep, Pass, State, Window};
use longspan::cell::CellKind;
use longspan::cell::Real;
use longspan::gradient_check::{Case, Gradient, Problem};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};

fn bits<R: Real>(g: &Gradient<R>, layers: usize) -> Vec<u64> {
    let states = (0..layers).flat_map(|l| g.state.layer(l).iter());
    g.params.flat().iter().chain(&g.x).chain(states).map(|x| x.to_f64().to_bits()).collect()
}

/// A linear network with W_hh = a·I scales a gradient from the last step by a^τ.
#[test]
fn linear_network_decays_as_its_eigenvalue() {
    for a in [0.5, 0.97, 1.0, 1.1] {
        let case =
            Case { kind: CellKind::Identity, layers: 1, input: 2, hidden: 5, steps: 60, rows: 3, chunk: 16 };
        let ctx = Context::new(InstructionSet::detect(), 1);
        let mut problem: Problem<f64> = Problem::new(ctx.instruction_set(), case, 3);
        let weights = problem.params.named_mut("rnn.weight_hh_l0");
        (0..25).for_each(|i| weights[i] = if i % 6 == 0 { a } else { 0.0 });
        // The only loss is ⟨end, h_T⟩: the target is the output itself.
        problem.target = problem.outputs(&ctx).0;
        let flow = problem.gradient(&ctx).flow;
        let last = flow.iter().find(|f| f.1 == case.steps - 1).map(|f| f.2).unwrap();
        assert_eq!(flow.len(), case.steps);
        for (_, t, norm) in flow {
            let ratio = norm / last;
            let exact = f64::powi(a, (case.steps - 1 - t) as i32);
            assert!((ratio / exact - 1.0).abs() < 1e-10, "a = {a}, t = {t}: {ratio} against {exact}");
        }
    }
}

/// A gradient below the normal numbers is exactly 0, for any number of threads: its decay is visible down to
/// 1.2e-38, and no step is slower because of subnormal numbers.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_vanished_gradient_is_zero() {
    for isa in instruction_sets() {
        for threads in [1, 3] {
            let case = Case {
                kind: CellKind::Identity,
                layers: 1,
                input: 2,
                hidden: 5,
                steps: 160,
                rows: 3,
                chunk: 16,
            };
            let ctx = Context::new(isa, threads);
            let mut problem: Problem<f32> = Problem::new(isa, case, 3);
            let weights = problem.params.named_mut("rnn.weight_hh_l0");
            (0..25).for_each(|i| weights[i] = if i % 6 == 0 { 0.5 } else { 0.0 });
            problem.target = problem.outputs(&ctx).0;
            problem.end.layer_mut(0).fill(1.0);
            for (_, t, norm) in problem.gradient(&ctx).flow {
                let exact = f64::powi(0.5, (case.steps - 1 - t) as i32);
                let seen = if exact < f64::from(f32::MIN_POSITIVE) { 0.0 } else { exact };
                let all = (case.rows * case.hidden) as f64;
                assert!(
                    (norm - seen * all.sqrt()).abs() <= 1e-12 * norm,
                    "{norm:e} at {t}, {threads} threads on {isa}"
                );
            }
        }
    }
}

/// Rows of several tiles, a hidden size with a tail, several chunks: any number of threads gives the bits of
/// one thread.
#[test]
fn threads_change_no_bit() {
    for isa in instruction_sets() {
        for kind in CellKind::ALL {
            let case = Case { kind, layers: 2, input: 5, hidden: 37, steps: 9, rows: 11, chunk: 4 };
            let one = Problem::<f32>::new(isa, case, 1).gradient(&Context::new(isa, 1));
            for threads in [2, 3] {
                let more = Problem::<f32>::new(isa, case, 1).gradient(&Context::new(isa, threads));
                assert!(bits(&one, 2) == bits(&more, 2), "{kind} with {threads} threads on {isa}");
            }
        }
    }
}

/// The first rows of a large batch have the results of a small batch.
#[test]
fn rows_are_independent() {
    for isa in instruction_sets() {
        for kind in CellKind::ALL {
            let case = |rows| Case { kind, layers: 2, input: 5, hidden: 37, steps: 6, rows, chunk: 4 };
            let ctx = Context::new(isa, 1);
            let (large, _) = Problem::<f32>::new(isa, case(13), 1).outputs(&ctx);
            for rows in [1, 2, 7] {
                let (small, _) = Problem::<f32>::new(isa, case(rows), 1).outputs(&ctx);
                for t in 0..6 {
                    let (a, b) = (&large[t * 13 * 37..][..rows * 37], &small[t * rows * 37..][..rows * 37]);
                    assert!(
                        a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()),
                        "{kind}, {rows} rows, {isa}"
                    );
                }
            }
        }
    }
}

/// Windows with the state carried over compute the same as one long window.
#[test]
fn carried_state_continues_the_sequence() {
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 3, hidden: 8, steps: 12, rows: 2, chunk: 16 };
        let ctx = Context::new(InstructionSet::detect(), 1);
        let mut whole = Problem::<f64>::new(ctx.instruction_set(), case, 4);
        let (y, end) = whole.outputs(&ctx);
        let mut state = whole.state.clone();
        let mut pieces = Vec::new();
        for window in whole.x.clone().chunks(5 * 2 * 3) {
            let steps = window.len() / 6;
            let mut piece = vec![0.0; steps * 2 * 8];
            let window = Window { shape: &PackedShape::even(steps, 2), input: Input::Numbers(window) };
            let pass = &mut Pass::new(&ctx, &whole.params);
            whole.stack.forward(pass, window, Keep::Everything, &mut state, &mut piece);
            pieces.extend(piece);
        }
        // The same kernel computes the same rows step by step, so results are bitwise equal.
        assert_eq!(pieces, y, "{kind}");
        assert!((0..2).all(|l| state.layer(l) == end.layer(l)), "{kind}");
    }
}

/// f32 and f64 come from the same source: they agree to f32 rounding, over sums of some hundred terms.
#[test]
fn single_precision_follows_double() {
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 1, input: 5, hidden: 19, steps: 8, rows: 6, chunk: 3 };
        let single = Problem::<f32>::new(InstructionSet::detect(), case, 2)
            .gradient(&Context::new(InstructionSet::detect(), 1));
        let double = Problem::<f64>::new(InstructionSet::detect(), case, 2)
            .gradient(&Context::new(InstructionSet::detect(), 1));
        let pairs = single.params.flat().iter().zip(double.params.flat());
        let error: f64 = pairs.map(|(s, d)| (f64::from(*s) - d).powi(2)).sum();
        let size: f64 = double.params.flat().iter().map(|d| d * d).sum();
        assert!((error / size).sqrt() < 1e-5, "{kind}: {:e}", (error / size).sqrt());
    }
}

/// An observer that reads everything changes no bit.
#[test]
fn observing_changes_no_bit() {
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 5, hidden: 19, steps: 9, rows: 4, chunk: 4 };
        let ctx = Context::new(InstructionSet::detect(), 2);
        let mut problem = Problem::<f32>::new(ctx.instruction_set(), case, 6);
        let observed = problem.gradient(&ctx);
        assert_eq!(observed.flow.len(), 2 * 9, "one view per layer and step");
        let (y, _) = problem.outputs(&ctx);
        let d_y: Vec<f32> = y.iter().zip(&problem.target).map(|(y, t)| y - t).collect();
        let mut params = observed.params.clone();
        params.clear();
        let (mut state, mut x) = (problem.end.clone(), vec![0.0; problem.x.len()]);
        let window = Window { shape: &problem.shape, input: Input::Numbers(&problem.x) };
        let pass = &mut Pass::new(&ctx, &problem.params);
        problem.stack.backward(pass, window, &d_y, &mut state, &mut params, Some(&mut x));
        let unobserved = Gradient { params, x, state, flow: Vec::new() };
        assert!(bits(&observed, 2) == bits(&unobserved, 2), "{kind}");
    }
}

/// A memory limit recomputes what is not kept with the same bits, from everything kept down to one chunk; and
/// outputs for which nothing is kept are the same.
#[test]
fn a_memory_limit_changes_no_bit() {
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 5, hidden: 19, steps: 23, rows: 4, chunk: 4 };
        let ctx = Context::new(InstructionSet::detect(), 2);
        let mut problem = Problem::<f32>::new(ctx.instruction_set(), case, 6);
        let (whole, end) = problem.outputs(&ctx);
        let (mut alone, mut state) = (vec![0.0; whole.len()], problem.state.clone());
        let window = Window { shape: &PackedShape::even(23, 4), input: Input::Numbers(&problem.x) };
        let pass = &mut Pass::new(&ctx, &problem.params);
        problem.stack.forward(pass, window, Keep::Outputs, &mut state, &mut alone);
        assert!(alone == whole && (0..2).all(|l| state.layer(l) == end.layer(l)), "{kind}: outputs alone");
        let all = problem.stack.plan(23, 4, None).unwrap();
        let expected = problem.gradient(&ctx);
        let (mut limit, mut kept) = (all.bytes() - 1, Vec::new());
        while let Ok(plan) = problem.stack.plan(23, 4, Some(limit)) {
            problem.stack.limit_memory(Some(limit));
            let limited = problem.gradient(&ctx);
            assert!(bits(&limited, 2) == bits(&expected, 2), "{kind}: {plan}");
            assert_eq!(limited.flow, expected.flow, "{kind}: {plan}");
            kept.push(plan.kept());
            limit = plan.bytes() - 1;
        }
        assert_eq!(kept, [5, 4, 3, 2, 1], "{kind}: {all}");
    }
}

fn lengths(lengths: &[usize]) -> PackedShape {
    let mut shape = PackedShape::default();
    shape.set_lengths(lengths);
    shape
}

/// A row of a ragged batch has the same bits as alone: outputs, last state, and the gradients with respect to
/// its input and its first state, for any number of threads. The weight gradients are the sum over rows, in
/// another order.
#[test]
fn rows_of_a_ragged_batch_are_independent() {
    let all = [23, 23, 17, 9, 8, 8, 3, 1];
    let shape = lengths(&all);
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 3, hidden: 19, steps: 23, rows: all.len(), chunk: 4 };
        let mut whole = Problem::<f64>::ragged(InstructionSet::detect(), case, shape.clone(), 6);
        let seen: Vec<_> = [1, 2, 3]
            .map(|threads| {
                let ctx = Context::new(InstructionSet::detect(), threads);
                let (y, state) = whole.outputs(&ctx);
                (y, state, whole.gradient(&ctx))
            })
            .into();
        for other in &seen[1..] {
            assert_eq!((&seen[0].0, seen[0].2.params.flat()), (&other.0, other.2.params.flat()), "{kind}");
            assert_eq!((&seen[0].2.x, &seen[0].2.flow), (&other.2.x, &other.2.flow), "{kind}");
        }
        let (y, state, gradient) = &seen[0];
        let ctx = Context::new(InstructionSet::detect(), 1);
        let mut sum = vec![0.0; gradient.params.flat().len()];
        for (row, &length) in all.iter().enumerate() {
            let one = Case { steps: length, rows: 1, ..case };
            let mut alone = Problem::<f64>::new(InstructionSet::detect(), one, 6);
            alone.params = whole.params.clone();
            let positions: Vec<usize> = (0..length).map(|t| shape.offset(t) + row).collect();
            let of = |data: &[f64], width: usize| -> Vec<f64> {
                positions.iter().flat_map(|&position| data[position * width..][..width].to_vec()).collect()
            };
            (alone.x, alone.target) = (of(&whole.x, 3), of(&whole.target, 19));
            let part = |state: &State<f64>, layer: usize| -> Vec<f64> {
                state.layer(layer).chunks(19).skip(row).step_by(all.len()).flatten().copied().collect()
            };
            for layer in 0..2 {
                alone.state.layer_mut(layer).copy_from_slice(&part(&whole.state, layer));
                alone.end.layer_mut(layer).copy_from_slice(&part(&whole.end, layer));
            }
            let (own_y, own_state) = alone.outputs(&ctx);
            let own = alone.gradient(&ctx);
            assert_eq!((own_y, &own.x), (of(y, 19), &of(&gradient.x, 3)), "{kind}, row {row}");
            for layer in 0..2 {
                assert_eq!(own_state.layer(layer), part(state, layer), "{kind}, row {row}");
                assert_eq!(own.state.layer(layer), part(&gradient.state, layer), "{kind}, row {row}");
            }
            sum.iter_mut().zip(own.params.flat()).for_each(|(sum, d)| *sum += d);
        }
        for (sum, d) in sum.iter().zip(gradient.params.flat()) {
            assert!((sum - d).abs() < 1e-12 * (1.0 + d.abs()), "{kind}: {sum} and {d}");
        }
    }
}

/// A memory limit also recomputes chunks in which rows end.
#[test]
fn a_memory_limit_changes_no_bit_of_ragged_rows() {
    let shape = lengths(&[23, 17, 9, 8, 8, 1]);
    for kind in CellKind::ALL {
        let case = Case { kind, layers: 2, input: 3, hidden: 9, steps: 23, rows: 6, chunk: 4 };
        let mut problem = Problem::<f64>::ragged(InstructionSet::detect(), case, shape.clone(), 8);
        let ctx = Context::new(InstructionSet::detect(), 2);
        let free = problem.gradient(&ctx);
        let least = problem.stack.plan(23, 6, Some(1)).unwrap_err().least();
        problem.stack.limit_memory(Some(least));
        let limited = problem.gradient(&ctx);
        assert_eq!((free.params.flat(), &free.x), (limited.params.flat(), &limited.x), "{kind}");
    }
}
