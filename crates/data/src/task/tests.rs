//! Properties of every task, tested from outside: an independent solution derives the targets from the inputs.

use std::collections::HashSet;

use super::adding::ADDING;
use super::copy::COPY;
use super::definition::FIRST;
use super::matching::MATCH;
use super::memorise::MEMORISE;
use super::multiplication::MULTIPLICATION;
use super::order::{ORDER2, ORDER3};
use super::parity::PARITY;
use super::permutation::PERMUTATION;
use super::reversal::REVERSAL;
use super::*;
use longspan::batch::{Batch, IGNORE, Source};
use longspan::cell::CellKind;
use longspan::model::pooling::Pooling;
use longspan::model::{InputSpec, Model, ModelSpec, OutputSpec};
use longspan::params::Params;
use longspan_kernel::{Context, InstructionSet};

/// Solution by plain code: targets from inputs; None for inputs that no sample has.
type Solution = fn(&[u32]) -> Option<Vec<u32>>;

/// Tasks of symbols and their solutions.
const SYMBOLIC: [(&Task, Solution); 8] = [
    (&COPY, |x| {
        let (n, asked) = (x.len(), x.len() - 10);
        let fits = |t: usize| if t < 10 { x[t] < 8 } else { x[t] == if t == asked - 1 { 9 } else { 8 } };
        (0..n).all(fits).then(|| [vec![8; asked], x[..10].to_vec()].concat())
    }),
    (&MEMORISE, |x| {
        let asked = x.len() - 5;
        let fits = |t: usize| if t < 5 { x[t] < 2 } else { x[t] == if t == asked { 3 } else { 2 } };
        (0..x.len()).all(fits).then(|| [vec![IGNORE; asked], x[..5].to_vec()].concat())
    }),
    (&ORDER2, |x| order(x, 2)),
    (&ORDER3, |x| order(x, 3)),
    (&PERMUTATION, |x| (x[0] < 2 && x[1..].iter().all(|&s| s >= 2)).then(|| last(x, x[0]))),
    (&MATCH, |x| {
        let (end, between) = (x.len() - 1, &x[1..x.len() - 1]);
        let fits = x[0] < 8 && x[end] < 8 && between.iter().all(|&s| s >= 8);
        fits.then(|| last(x, u32::from(x[0] == x[end])))
    }),
    (&REVERSAL, |x| {
        let (symbols, blanks) = x.split_at(x.len() / 2);
        let fits = symbols.iter().all(|&s| s < 8) && blanks.iter().all(|&s| s == 8);
        let reversed: Vec<u32> = symbols.iter().rev().copied().collect();
        fits.then(|| [vec![IGNORE; symbols.len()], reversed].concat())
    }),
    (&PARITY, |x| Some(last(x, x.iter().sum::<u32>() % 2))),
];

/// Target as a function of the two marked numbers.
type Of = fn(f32, f32) -> f32;

/// Tasks of numbers, their solutions, and the best constant.
const NUMERIC: [(&Task, Of, f64); 2] = [(&ADDING, |a, b| a + b, 1.0), (&MULTIPLICATION, |a, b| a * b, 0.25)];

fn all() -> impl Iterator<Item = &'static Task> {
    SYMBOLIC.iter().map(|task| task.0).chain(NUMERIC.iter().map(|task| task.0))
}

fn last(x: &[u32], class: u32) -> Vec<u32> {
    [vec![IGNORE; x.len() - 1], vec![class]].concat()
}

fn order(x: &[u32], markers: usize) -> Option<Vec<u32>> {
    let found: Vec<u32> = x.iter().filter(|&&s| s >= 4).map(|s| s - 4).collect();
    (found.len() == markers).then(|| last(x, found.iter().fold(0, |class, m| 2 * class + m)))
}

fn lengths(text: &str) -> Lengths {
    text.parse().unwrap()
}

fn training(task: &'static Task, length: &str, rows: usize) -> Samples {
    Samples::new(task, lengths(length), rows, 1, 1_000_000, 0).unwrap()
}

/// One row of a batch.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
struct Sample {
    symbols: Vec<u32>,
    numbers: Vec<[f32; 2]>,
    targets: Vec<u32>,
    value: Option<f32>,
}

fn samples(batch: &Batch) -> Vec<Sample> {
    let shape = &batch.shape;
    let sample = |row| {
        let positions: Vec<usize> = (0..shape.length(row)).map(|t| shape.offset(t) + row).collect();
        let end = *positions.last().unwrap() as u32;
        let value = batch.values.positions.iter().position(|&position| position == end);
        Sample {
            symbols: positions.iter().map(|&p| batch.inputs[p].wrapping_sub(FIRST)).collect(),
            numbers: match batch.numbers.is_empty() {
                true => Vec::new(),
                false => {
                    positions.iter().map(|&p| [batch.numbers[2 * p], batch.numbers[2 * p + 1]]).collect()
                }
            },
            targets: positions.iter().map(|&p| batch.targets[p]).collect(),
            value: value.map(|i| batch.values.targets[i]),
        }
    };
    (0..shape.rows()).map(sample).collect()
}

fn window(source: &Samples, epoch: u64, window: u64) -> (Batch, Vec<Sample>) {
    let mut batch = Batch { carry: true, ..Batch::default() };
    source.fill(epoch, window, &mut batch);
    assert!(!batch.carry);
    let rows = samples(&batch);
    (batch, rows)
}

#[test]
fn inputs_determine_the_targets_over_the_dependency_length_and_no_further() {
    for (task, solve) in SYMBOLIC {
        let symbols = task.words().unwrap().len() as u32 - FIRST;
        for length in [task.shortest, 13, 24] {
            let (batch, rows) = window(&training(task, &length.to_string(), 200), 0, 0);
            assert_eq!((batch.steps(), batch.scored()), (task.steps(length), 200 * task.scored(length)));
            let mut furthest = 0;
            for Sample { symbols: mut x, targets, .. } in rows {
                assert!(x.iter().all(|&s| s < symbols), "{}: {x:?}", task.name);
                assert_eq!(solve(&x).as_deref(), Some(&*targets), "{}: {x:?}", task.name);
                for read in 0..x.len() {
                    let own = x[read];
                    for other in 0..symbols {
                        x[read] = other;
                        let Some(changed) = solve(&x) else { continue };
                        let needed = (read..x.len()).rev().find(|&t| changed[t] != targets[t]);
                        furthest = needed.map_or(furthest, |t| furthest.max(t - read));
                    }
                    x[read] = own;
                }
            }
            assert_eq!(furthest, task.dependency_length(length), "{} of length {length}", task.name);
        }
    }
}

#[test]
fn marked_numbers_determine_the_target_over_the_dependency_length() {
    for (task, of, _) in NUMERIC {
        for length in [2, 3, 8] {
            let (_, rows) = window(&training(task, &length.to_string(), 500), 0, 0);
            let mut furthest = 0;
            for Sample { numbers, value, .. } in rows {
                assert!(
                    numbers.iter().all(|&[x, mark]| (0.0..1.0).contains(&x) && (mark == 0.0 || mark == 1.0))
                );
                let marked: Vec<usize> = (0..length).filter(|&t| numbers[t][1] == 1.0).collect();
                let &[a, b] = &marked[..] else { panic!("marks at {marked:?}") };
                assert!(a < length / 2 && b >= length / 2, "marks at {marked:?} of {length}");
                assert_eq!(value, Some(of(numbers[a][0], numbers[b][0])));
                furthest = furthest.max(length - 1 - a);
            }
            assert_eq!(furthest, task.dependency_length(length));
        }
    }
}

/// At each position all possible classes are equally frequent, so the best prediction without inputs gives each the
/// same probability. Its loss is the baseline loss.
#[test]
fn guessing_has_the_baseline_loss() {
    let n = 20_000;
    for (task, _) in SYMBOLIC {
        let (_, rows) = window(&training(task, "20", n), 0, 0);
        let OutputSpec::Classes { count, .. } = task.output() else { panic!("{} has no classes", task.name) };
        let (mut loss, mut scored, mut seen) = (0.0, 0, vec![false; count]);
        for t in 0..task.steps(20) {
            let mut counts = vec![0u32; count];
            let classes = rows.iter().map(|row| row.targets[t]).filter(|&class| class != IGNORE);
            classes.for_each(|class| counts[class as usize] += 1);
            let present: Vec<u32> = counts.iter().copied().filter(|&count| count > 0).collect();
            if present.is_empty() {
                continue;
            }
            assert_eq!(
                present.iter().sum::<u32>(),
                n as u32,
                "{}: the position is scored in some samples only",
                task.name
            );
            let p = 1.0 / present.len() as f64;
            for count in present {
                // Five standard errors of a frequency.
                let error = (f64::from(count) / n as f64 - p).abs();
                assert!(
                    error <= 5.0 * (p * (1.0 - p) / n as f64).sqrt(),
                    "{}, step {t}: {counts:?}",
                    task.name
                );
            }
            seen.iter_mut().zip(&counts).for_each(|(seen, &count)| *seen |= count > 0);
            loss -= p.ln();
            scored += 1;
        }
        let baseline = task.chance_loss(lengths("20"));
        assert!((loss / scored as f64 - baseline).abs() < 1e-12, "{}: {baseline}", task.name);
        assert!(seen.iter().all(|&seen| seen), "{}: some class does not occur", task.name);
    }
    for (task, _, constant) in NUMERIC {
        let (_, rows) = window(&training(task, "20", n), 0, 0);
        let errors = rows.iter().map(|row| f64::from(row.value.unwrap()) - constant);
        let near = |mean: f64, square: f64, wanted: f64| {
            (mean - wanted).abs() < 5.0 * ((square - mean * mean) / n as f64).sqrt()
        };
        let moment = |k| errors.clone().map(|e: f64| e.powi(k)).sum::<f64>() / n as f64;
        assert!(near(moment(1), moment(2), 0.0), "{}: {constant} is not the mean", task.name);
        assert!(near(moment(2), moment(4), task.chance_loss(lengths("20"))), "{}: {}", task.name, moment(2));
    }
}

#[test]
fn baselines_equal_those_of_the_literature() {
    // 10 ln 8 / (T + 20): .0400 at T = 500.
    assert!((COPY.chance_loss(lengths("500")) - 10.0 * 8f64.ln() / 520.0).abs() < 1e-15);
    // All positions have the same weight, so longer samples weigh more.
    assert!((COPY.chance_loss(lengths("1..4")) - 30.0 * 8f64.ln() / (21.0 + 22.0 + 23.0)).abs() < 1e-15);
    assert!((ORDER3.chance_loss(lengths("50..200")) - 8f64.ln()).abs() < 1e-12);
}

#[test]
fn samples_are_pure_functions_of_their_index() {
    let sorted = |mut rows: Vec<Sample>| {
        rows.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
        rows
    };
    for task in all() {
        for length in ["23", "15..40"] {
            let (narrow, wide) = (training(task, length, 2), training(task, length, 8));
            let (batch, rows) = window(&wide, 0, 6);
            assert_eq!(batch.first_sample, 48);
            let parts = (24..28).flat_map(|w| window(&narrow, 0, w).1).collect();
            assert_eq!(sorted(rows.clone()), sorted(parts), "{}", task.name);
            assert_eq!(rows, window(&training(task, length, 8), 0, 6).1);
            let other = Samples::new(task, lengths(length), 8, 2, 10, 0).unwrap();
            assert_ne!(rows, window(&other, 0, 6).1, "{}: another seed", task.name);
        }
    }
}

#[test]
fn rows_of_several_lengths_are_sorted_and_all_lengths_occur() {
    for task in all() {
        let (wide, single) = (training(task, "20..33", 400), training(task, "20..33", 1));
        assert_eq!(wide.shape(), (task.steps(32), 400));
        let (batch, rows) = window(&wide, 0, 1);
        let mut order: Vec<u64> = (400..800).collect();
        // Stable: samples of the same length keep their order.
        order.sort_by_key(|&sample| std::cmp::Reverse(wide.length(sample)));
        for (row, &sample) in rows.iter().zip(&order) {
            assert_eq!(row.targets.len(), task.steps(wide.length(sample)));
            assert_eq!(row, &window(&single, 0, sample).1[0], "{}: sample {sample}", task.name);
        }
        let seen: HashSet<usize> = order.iter().map(|&sample| wide.length(sample)).collect();
        assert_eq!(seen, lengths("20..33").all().collect());
        assert!(batch.values.positions.is_sorted_by(|a, b| a < b));
        let few = Samples::new(task, lengths("20..33"), 4, 1, 5, 0).unwrap();
        let counted = (0..5).map(|w| window(&few, 0, w).0).map(|b| b.scored() + b.values.positions.len());
        assert_eq!(few.scored(), counted.sum::<usize>() as u64, "{}", task.name);
    }
}

#[test]
fn evaluation_is_fixed_and_disjoint_from_training() {
    for task in all() {
        let of = |first| Samples::new(task, lengths("40"), 8, 5, 3, first).unwrap();
        let (training, evaluation) = (of(0), of(EVALUATION_OFFSET).same_every_epoch());
        let indices = |source: &Samples, epoch| -> HashSet<u64> {
            let first = |w| window(source, epoch, w).0.first_sample;
            (0..3).flat_map(|w| first(w)..first(w) + 8).collect()
        };
        let evaluated = indices(&evaluation, 0);
        assert_eq!(evaluated.len(), 24);
        // No training reaches a billion epochs.
        for epoch in [0, 1, 1_000_000_000] {
            assert!(evaluated.is_disjoint(&indices(&training, epoch)));
        }
        assert_eq!(window(&evaluation, 0, 2).1, window(&evaluation, 9, 2).1);
        assert_ne!(window(&training, 0, 2).1, window(&training, 9, 2).1, "{}", task.name);
        let rows = |source| (0..3).flat_map(|w| window(source, 0, w).1).collect::<Vec<_>>();
        let (trained, evaluated) = (rows(&training), rows(&evaluation));
        // Memorisation has only 32 samples, so they repeat.
        let apart = evaluated.iter().all(|sample| !trained.contains(sample));
        assert!(apart || task.name == "memorise", "{}", task.name);
    }
}

#[test]
fn tasks_have_distinct_names_and_random_numbers() {
    let layers: HashSet<u32> = all().map(|task| task.layer).chain([0]).collect();
    assert_eq!(layers.len(), all().count() + 1, "agreement uses layer 0");
    assert_eq!(TaskKind::ALL.len(), all().count() + 1);
    for kind in TaskKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        if let Some(task) = kind.task() {
            assert!(all().any(|other| std::ptr::eq(other, task)), "{kind}");
        }
    }
    let error = |name: &str| name.parse::<TaskKind>().unwrap_err().to_string();
    assert_eq!(error("pairty"), "there is no task \"pairty\": did you mean parity?");
    assert!(error("sorting").ends_with(
        ": choose agreement, copy, memorise, order2, order3, permutation, match, reversal, parity, \
         adding or multiplication"
    ));
}

#[test]
fn invalid_lengths_are_refused() {
    for task in all() {
        let of = |text: &str| Samples::new(task, lengths(text), 4, 1, 10, 0).err().map(|e| e.to_string());
        assert_eq!(of(&format!("{}..1000001", task.shortest)), None);
        assert!(of("1000001").unwrap().contains("length 1000001: choose --length from"));
        assert!(of("20..1000002").unwrap().contains("to 1000000"));
    }
    assert!(Samples::new(&ORDER2, lengths("9..20"), 4, 1, 10, 0).is_err());
}

#[test]
fn a_model_with_the_specification_of_a_task_scores_it() {
    for task in all() {
        let spec = ModelSpec::new(CellKind::Rnn, task.input(6), 5, 1, task.output());
        if let InputSpec::Tokens { vocabulary, .. } = spec.input {
            assert_eq!(vocabulary, task.words().unwrap().len());
        }
        let ctx = Context::<f64>::new(InstructionSet::Portable, 1);
        let mut model = Model::new(ctx.instruction_set(), &spec);
        // With zero weights every class has the same probability, and a predicted number is 0.
        let params = Params::zeros(model.layout().clone());
        model.pack(&ctx, &params);
        let (batch, rows) = window(&training(task, "10..20", 7), 0, 3);
        let score = model.evaluate(&ctx, &params, &batch, &mut model.zero_state(7));
        let loss = match task.output() {
            OutputSpec::Classes { count, .. } => batch.scored() as f64 * (count as f64).ln(),
            OutputSpec::Values { .. } => rows.iter().map(|row| f64::from(row.value.unwrap()).powi(2)).sum(),
        };
        assert_eq!(score.scored as usize, batch.scored() + batch.values.positions.len());
        assert!((score.loss - loss).abs() < 1e-9 * loss, "{}: {} for {loss}", task.name, score.loss);
    }
}

#[test]
fn with_pooling_each_row_has_the_target_of_its_last_step() {
    let mut once = Vec::new();
    for task in all().filter(|task| task.predicts_once()) {
        once.push(task.name);
        let of = |pool| training(task, "12..30", 40).pooled(pool);
        let (steps, rows) = window(&of(Pooling::Last), 0, 3);
        let mut batch = Batch::default();
        of(Pooling::BothEnds).fill(0, 3, &mut batch);
        assert_eq!((&batch.inputs, &batch.numbers), (&steps.inputs, &steps.numbers), "{}", task.name);
        match task.words() {
            Some(_) => {
                let last: Vec<u32> = rows.iter().map(|row| *row.targets.last().unwrap()).collect();
                assert_eq!(batch.targets, last, "{}", task.name);
            }
            None => {
                let values: Vec<f32> = rows.iter().map(|row| row.value.unwrap()).collect();
                assert_eq!(batch.values.targets, values, "{}", task.name);
                assert!(batch.values.positions.iter().copied().eq(0..40), "{}", task.name);
            }
        }
    }
    let wanted = ["order2", "order3", "permutation", "match", "parity", "adding", "multiplication"];
    assert!(once.len() == wanted.len() && wanted.iter().all(|name| once.contains(name)), "{once:?}");
}
