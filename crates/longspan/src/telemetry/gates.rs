//! How open gates are and what is saturated, over the places of a batch at up to 16 of its steps; what counts as that:
//! [`cell::tape`](crate::cell::tape).
//!
//! Steps lie evenly in the window, its last one counted from 1 being a multiple of their distance: shares of some 10⁴ activations
//! and more are as good as those of all, at a part of the cost.

use crate::bptt::BackwardStep;
use crate::cell::CellKind;
use crate::cell::Real;
use crate::cell::tape::{EDGE, SATURATED, Slot, Squash, slots};
use longspan_kernel::{InstructionSet, Isa, Job, Vector};
use longspan_record::{ActivationRecord, GateRecord, LayerRecord};

/// Counts of each layer. An encoder's layer and its decoder's of the same number count together.
pub(super) struct GateCounts<R> {
    kind: CellKind,
    hidden: usize,
    /// From one counted step to the next.
    distance: usize,
    layers: Vec<Layer<R>>,
}

/// Steps of a window that are counted, at most.
const COUNTED: usize = 16;

struct Layer<R> {
    positions: usize,
    slots: Vec<Counts<R>>,
}

/// Of one slot of the tape.
struct Counts<R> {
    /// Σ p of a gate.
    sum: f64,
    /// Closed; saturated or silent.
    low: f64,
    /// Open.
    high: f64,
    /// 1 for each unit that has been saturated or silent at every counted place.
    always: Vec<R>,
}

impl<R: Real> GateCounts<R> {
    pub(super) fn new(kind: CellKind, layers: usize, hidden: usize) -> Self {
        let counts = || Counts { sum: 0.0, low: 0.0, high: 0.0, always: vec![R::ONE; hidden] };
        let layer = || Layer { positions: 0, slots: slots(kind).iter().map(|_| counts()).collect() };
        Self { kind, hidden, distance: 1, layers: (0..layers).map(|_| layer()).collect() }
    }

    /// Forgets what was counted, for a window of `steps`.
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

    pub(super) fn see(&mut self, isa: InstructionSet, flow: &BackwardStep<'_, R>) {
        if !(flow.t + 1).is_multiple_of(self.distance) {
            return;
        }
        let layer = &mut self.layers[flow.layer];
        let (width, hidden) = (flow.tape_width(self.hidden), self.hidden);
        layer.positions += flow.rows(hidden);
        isa.dispatch(Count {
            tape: flow.tape,
            width,
            hidden,
            slots: slots(self.kind),
            counts: &mut layer.slots,
        });
    }

    /// Writes the record of each layer, into the memory of those before.
    pub(super) fn write(&self, records: &mut Vec<LayerRecord>) {
        records.resize_with(self.layers.len(), LayerRecord::default);
        for (layer, (of, record)) in self.layers.iter().zip(records).enumerate() {
            record.layer = layer;
            self.write_layer(of, record);
        }
    }

    fn write_layer(&self, of: &Layer<R>, record: &mut LayerRecord) {
        let all = (of.positions * self.hidden) as f64;
        let counts = || slots(self.kind).iter().zip(&of.slots);
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

/// Counts all slots of all rows of a step, in the order in which they lie.
struct Count<'a, R> {
    tape: &'a [R],
    /// Between rows.
    width: usize,
    hidden: usize,
    slots: &'a [Slot],
    counts: &'a mut [Counts<R>],
}

/// Slots of a cell, at most.
const MOST: usize = 4;

// Plain indices: the compiler leaves iterators as calls.
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

/// Adds to the count where an activation of one row is saturated or silent, and takes 1 from `always` where it is not.
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

/// 1 in the first `count` lanes, else 0.
#[inline(always)]
fn there<R: Real, V: Vector<R>>(count: usize) -> V {
    if count == V::LANES { V::one() } else { V::load(&[R::ONE; LANES][..count]) }
}

/// Lanes of the widest vector.
const LANES: usize = 16;

/// The sum of the elements.
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
