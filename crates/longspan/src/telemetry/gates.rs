//! How open gates are and what is saturated, over all places of a batch; what counts as that: [`cell::tape`](crate::cell::tape).

use super::{ActivationRecord, GateRecord, LayerRecord};
use crate::bptt::Flow;
use crate::cell::CellKind;
use crate::cell::tape::{EDGE, SATURATED, Squash, slots};
use crate::kernel::{Isa, Job, Level, Vector};
use crate::real::Real;

/// Counts of each layer. An encoder's layer and its decoder's of the same number count together.
pub(super) struct GateCounts<R> {
    kind: CellKind,
    hidden: usize,
    layers: Vec<Layer<R>>,
}

struct Layer<R> {
    places: usize,
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
    /// 1 for each unit that has been saturated or silent at every place.
    always: Vec<R>,
}

impl<R: Real> GateCounts<R> {
    pub(super) fn new(kind: CellKind, layers: usize, hidden: usize) -> Self {
        let counts = || Counts { sum: 0.0, low: 0.0, high: 0.0, always: vec![R::ONE; hidden] };
        let layer = || Layer { places: 0, slots: slots(kind).iter().map(|_| counts()).collect() };
        Self { kind, hidden, layers: (0..layers).map(|_| layer()).collect() }
    }

    /// Forgets what was counted.
    pub(super) fn clear(&mut self) {
        for layer in &mut self.layers {
            layer.places = 0;
            for counts in &mut layer.slots {
                (counts.sum, counts.low, counts.high) = (0.0, 0.0, 0.0);
                counts.always.fill(R::ONE);
            }
        }
    }

    pub(super) fn see(&mut self, level: Level, flow: &Flow<'_, R>) {
        let layer = &mut self.layers[flow.layer];
        layer.places += flow.rows(self.hidden);
        for (slot, counts) in slots(self.kind).iter().zip(&mut layer.slots) {
            let (tape, width) = (&flow.tape[slot.at * self.hidden..], flow.tape_width(self.hidden));
            level.dispatch(Count { tape, width, squash: slot.squash, counts });
        }
    }

    pub(super) fn records(&self) -> Vec<LayerRecord> {
        let layers = self.layers.iter().enumerate();
        layers.map(|(layer, of)| self.record(layer, of)).collect()
    }

    fn record(&self, layer: usize, of: &Layer<R>) -> LayerRecord {
        let all = (of.places * self.hidden) as f64;
        let mut record = LayerRecord { layer, ..LayerRecord::default() };
        for (slot, counts) in slots(self.kind).iter().zip(&of.slots) {
            if slot.squash == Squash::Sigmoid {
                record.gates.push(GateRecord {
                    gate: slot.name.into(),
                    mean_openness: counts.sum / all,
                    closed_share: counts.low / all,
                    open_share: counts.high / all,
                });
            } else {
                record.activations.push(ActivationRecord {
                    activation: slot.name.into(),
                    saturated_share: counts.low / all,
                    saturated_units: counts.always.iter().filter(|&&always| always > R::ZERO).count(),
                });
            }
        }
        record
    }
}

/// Counts one slot of all rows of a step.
struct Count<'a, R> {
    /// From the slot of the first row on.
    tape: &'a [R],
    /// Between rows.
    width: usize,
    squash: Squash,
    counts: &'a mut Counts<R>,
}

impl<R: Real> Job for Count<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (zero, one) = (I::V::<R>::zero(), I::V::<R>::one());
        let below = I::V::<R>::splat(R::from_f64(EDGE));
        let above = I::V::<R>::splat(R::from_f64(1.0 - EDGE));
        let bound = I::V::<R>::splat(R::from_f64(SATURATED));
        match self.squash {
            Squash::Sigmoid => self.gate::<I>(|p| {
                [(below - p).select_positive(one, zero), (p - above).select_positive(one, zero)]
            }),
            Squash::Tanh => self.activation::<I>(|h| {
                let negative = (-h - bound).select_positive(one, zero);
                (h - bound).select_positive(one, negative)
            }),
            Squash::Relu => self.activation::<I>(|h| h.select_positive(zero, one)),
        }
    }
}

impl<R: Real> Count<'_, R> {
    #[inline(always)]
    fn gate<I: Isa>(self, ends: impl Fn(I::V<R>) -> [I::V<R>; 2]) {
        let (lanes, units) = (I::V::<R>::LANES, self.counts.always.len());
        for at in (0..units).step_by(lanes) {
            let end = units.min(at + lanes);
            let mut sums = [I::V::<R>::zero(); 3];
            for row in self.tape.chunks(self.width) {
                let p = I::V::<R>::load(&row[at..end]);
                let [low, high] = ends(p);
                sums = [sums[0] + p, sums[1] + low, sums[2] + high];
            }
            let totals = [&mut self.counts.sum, &mut self.counts.low, &mut self.counts.high];
            for (total, sum) in totals.into_iter().zip(sums) {
                *total += fold(sum, end - at);
            }
        }
    }

    #[inline(always)]
    fn activation<I: Isa>(self, saturated: impl Fn(I::V<R>) -> I::V<R>) {
        let (lanes, units) = (I::V::<R>::LANES, self.counts.always.len());
        for at in (0..units).step_by(lanes) {
            let end = units.min(at + lanes);
            let mut count = I::V::<R>::zero();
            let mut always = I::V::<R>::load(&self.counts.always[at..end]);
            for row in self.tape.chunks(self.width) {
                let here = saturated(I::V::<R>::load(&row[at..end]));
                count = count + here;
                always = always * here;
            }
            always.store(&mut self.counts.always[at..end]);
            self.counts.low += fold(count, end - at);
        }
    }
}

/// The sum of the first `count` elements.
#[inline(always)]
fn fold<R: Real, V: Vector<R>>(vector: V, count: usize) -> f64 {
    let mut elements = [R::ZERO; 16];
    vector.store(&mut elements[..count]);
    elements[..count].iter().map(|x| x.to_f64()).sum()
}
