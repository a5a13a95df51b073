//! Openness of gates and saturation of activations, over the positions of a batch at up to 16 of its steps.
//! See [`cell::tape`](crate::cell::tape) for the definitions.
//!
//! The steps are evenly spaced in the window; their numbers, counted from 1, are multiples of the spacing.
//! Shares of about 10⁴ activations or more are as accurate as those of all activations, at a fraction of the
//! cost.

use crate::bptt::BackwardStep;
use crate::cell::CellKind;
use crate::cell::Real;
use crate::cell::tape::{EDGE, SATURATED, Slot, Squash};
use longspan_kernel::{InstructionSet, Isa, Job, Vector};
use longspan_record::{ActivationRecord, GateRecord, LayerRecord};

/// Counts of each layer. An encoder's layer and the decoder's layer with the same number are counted
/// together.
pub(super) struct GateCounts<R> {
    kind: CellKind,
    hidden: usize,
    /// Distance from one counted step to the next.
    distance: usize,
    layers: Vec<Layer<R>>,
}

/// Largest number of counted steps of a window.
const COUNTED: usize = 16;

struct Layer<R> {
    positions: usize,
    slots: Vec<Counts<R>>,
}

/// The counts of one slot of the tape.
struct Counts<R> {
    /// Σ p of a gate.
    sum: f64,
    /// Number of closed gates, or of saturated or silent activations.
    low: f64,
    /// Number of open gates.
    high: f64,
    /// 1 for each unit that was saturated or silent at every counted position.
    always: Vec<R>,
}

impl<R: Real> GateCounts<R> {
    pub(super) fn new(kind: CellKind, layers: usize, hidden: usize) -> Self {
        let counts = || Counts { sum: 0.0, low: 0.0, high: 0.0, always: vec![R::ONE; hidden] };
        let layer =
            || Layer { positions: 0, slots: kind.spec().activations.iter().map(|_| counts()).collect() };
        Self { kind, hidden, distance: 1, layers: (0..layers).map(|_| layer()).collect() }
    }

    /// Resets the counts, for a window of `steps` steps.
    pub(super) fn clear(&mut self, steps: usize) {
        self.distance = steps.div_ceil(COUNTED).max(1);
        for layer in &mut self.layers {
            layer.positions = 0;
            for counts in &mut layer.slots {
                (counts.sum, counts.low, counts.high) = (0.0, 0.0, 0.0);
                counts.always.fill(R::ONE);
            }
        }
    }

    pub(super) fn add(&mut self, isa: InstructionSet, step: &BackwardStep<'_, R>) {
        if !(step.t + 1).is_multiple_of(self.distance) {
            return;
        }
        let layer = &mut self.layers[step.layer];
        let (width, hidden) = (step.tape_width(self.hidden), self.hidden);
        layer.positions += step.rows(hidden);
        isa.dispatch(Count {
            tape: step.tape,
            width,
            hidden,
            slots: self.kind.spec().activations,
            counts: &mut layer.slots,
        });
    }

    /// Writes the record of each layer into existing memory.
    pub(super) fn write(&self, records: &mut Vec<LayerRecord>) {
        records.resize_with(self.layers.len(), LayerRecord::default);
        for (layer, (of, record)) in self.layers.iter().zip(records).enumerate() {
            record.layer = layer;
            self.write_layer(of, record);
        }
    }

    fn write_layer(&self, of: &Layer<R>, record: &mut LayerRecord) {
        let all = (of.positions * self.hidden) as f64;
        let counts = || self.kind.spec().activations.iter().zip(&of.slots);
        let gates = counts().filter(|(slot, _)| slot.squash == Squash::Sigmoid);
        record.gates.resize_with(gates.clone().count(), GateRecord::default);
        for (gate, (slot, counts)) in record.gates.iter_mut().zip(gates) {
            write_name(&mut gate.gate, slot.name);
            gate.mean_openness = counts.sum / all;
            (gate.closed_share, gate.open_share) = (counts.low / all, counts.high / all);
        }
        let activations = counts().filter(|(slot, _)| slot.squash != Squash::Sigmoid);
        record.activations.resize_with(activations.clone().count(), ActivationRecord::default);
        for (activation, (slot, counts)) in record.activations.iter_mut().zip(activations) {
            write_name(&mut activation.activation, slot.name);
            activation.saturated_share = counts.low / all;
            activation.saturated_units = counts.always.iter().filter(|&&always| always > R::ZERO).count();
        }
    }
}

fn write_name(to: &mut String, name: &str) {
    to.clear();
    to.push_str(name);
}

/// Counts all slots of all rows of a step, in memory order.
struct Count<'a, R> {
    tape: &'a [R],
    /// Distance between rows.
    width: usize,
    hidden: usize,
    slots: &'a [Slot],
    counts: &'a mut [Counts<R>],
}

/// Largest number of slots of a cell.
const MOST: usize = 4;

// Indices, because the compiler does not inline the iterators here.
#[allow(clippy::needless_range_loop, reason = "see above")]
impl<R: Real> Job for Count<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { tape, width, hidden, slots, counts } = self;
        let mut sums = [[I::V::<R>::zero(); 3]; MOST];
        let mut row = 0;
        while row < tape.len() {
            for s in 0..slots.len() {
                let (values, sums) = (&tape[row + slots[s].at * hidden..][..hidden], &mut sums[s]);
                let always = &mut counts[s].always[..hidden];
                match slots[s].squash {
                    Squash::Sigmoid => gate::<I, R>(values, sums),
                    Squash::Tanh => activation::<I, R, false>(values, always, &mut sums[1]),
                    Squash::Relu => activation::<I, R, true>(values, always, &mut sums[1]),
                }
            }
            row += width;
        }
        for s in 0..slots.len() {
            let of = &mut counts[s];
            of.sum += fold::<R, I::V<R>>(sums[s][0]);
            of.low += fold::<R, I::V<R>>(sums[s][1]);
            of.high += fold::<R, I::V<R>>(sums[s][2]);
        }
    }
}

/// Adds a gate of one row to [Σ p, closed, open].
#[inline(always)]
fn gate<I: Isa, R: Real>(values: &[R], sums: &mut [I::V<R>; 3]) {
    let (lanes, len, zero) = (I::V::<R>::LANES, values.len(), I::V::<R>::zero());
    let below = I::V::<R>::splat(R::from_f64(EDGE));
    let above = I::V::<R>::splat(R::from_f64(1.0 - EDGE));
    let ([mut sum, mut low, mut high], mut at) = (*sums, 0);
    while at < len {
        let end = len.min(at + lanes);
        let p = I::V::<R>::load(&values[at..end]);
        let there = there::<R, I::V<R>>(end - at);
        sum = sum + p;
        low = low + (below - p).select_positive(there, zero);
        high = high + (p - above).select_positive(there, zero);
        at = end;
    }
    *sums = [sum, low, high];
}

/// Counts the activations of one row that are saturated or silent, and clears `always` for the others.
#[inline(always)]
fn activation<I: Isa, R: Real, const RELU: bool>(values: &[R], always: &mut [R], sum: &mut I::V<R>) {
    let (lanes, len) = (I::V::<R>::LANES, values.len());
    let (zero, one) = (I::V::<R>::zero(), I::V::<R>::one());
    let bound = I::V::<R>::splat(R::from_f64(SATURATED));
    let (mut count, mut at) = (*sum, 0);
    while at < len {
        let end = len.min(at + lanes);
        let p = I::V::<R>::load(&values[at..end]);
        let here = if RELU {
            p.select_positive(zero, there::<R, I::V<R>>(end - at))
        } else {
            (p - bound).select_positive(one, (-p - bound).select_positive(one, zero))
        };
        count = count + here;
        let always = &mut always[at..end];
        (I::V::<R>::load(always) * here).store(always);
        at = end;
    }
    *sum = count;
}

/// 1 in the first `count` lanes, otherwise 0.
#[inline(always)]
fn there<R: Real, V: Vector<R>>(count: usize) -> V {
    if count == V::LANES { V::one() } else { V::load(&[R::ONE; LANES][..count]) }
}

/// Number of lanes of the widest vector.
const LANES: usize = 16;

/// Returns the sum of the elements.
#[inline(always)]
fn fold<R: Real, V: Vector<R>>(vector: V) -> f64 {
    let mut elements = [R::ZERO; LANES];
    vector.store(&mut elements[..V::LANES]);
    let mut sum = 0.0;
    for element in elements {
        sum += element.to_f64();
    }
    sum
}
