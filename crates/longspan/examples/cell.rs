//! A cell of your own, h' = ¾ h + ¼ tanh(W x + U h + b). Its derivatives are checked like those of all cells.
use longspan::cell::{Backward, Cell, CellKind, CustomCell, Equations, Forward, Linearise, MAX_GATES};
use longspan::cell::{Operand, Phase, Real, Tangent, Units, Vector};

struct Leaky;

fn quarter<R: Real, V: Vector<R>>(x: V) -> V {
    V::splat(R::from_f64(0.25)) * x
}

impl<R: Real> Cell<R> for Leaky {
    const GATES: usize = 1;
    const PHASES: &[Phase] = &[Phase { first_gate: 0, gates: 1, operand: Operand::Hidden, delta: 0 }];
}

impl<R: Real> Equations<R> for Leaky {
    const TAPE: usize = 1; // n = tanh(W x + U h + b)
    const DELTAS: usize = 1; // the gradient with respect to W x + U h + b
    const JACOBIAN: usize = 1; // ¼ (1 − n²)

    #[inline(always)]
    fn forward<S: Units<R>>(&self, _: usize, sums: [S::V; MAX_GATES], mut at: Forward<'_, R, S>) {
        at.tape.set(0, (at.tape.get(0) + sums[0]).tanh());
        self.recompute(at);
    }

    #[inline(always)]
    fn recompute<S: Units<R>>(&self, mut at: Forward<'_, R, S>) {
        at.next.set(0, at.prev.get(0) + quarter(at.tape.get(0) - at.prev.get(0)));
    }

    #[inline(always)]
    fn backward<S: Units<R>>(&self, _: usize, mut at: Backward<'_, R, S>) {
        let (n, d_h) = (at.tape.get(0), at.d_next.get(0));
        at.deltas.set(0, quarter(d_h) * (S::V::one() - n * n));
        at.d_prev.add(0, d_h - quarter(d_h));
    }

    #[inline(always)]
    fn linearise<S: Units<R>>(&self, mut at: Linearise<'_, R, S>) {
        at.jacobian.set(0, quarter(S::V::one() - at.tape.get(0) * at.tape.get(0)));
    }

    #[inline(always)]
    fn tangent<S: Units<R>>(&self, _: usize, sums: [S::V; MAX_GATES], mut at: Tangent<'_, R, S>) {
        let kept = at.prev.get(0) - quarter(at.prev.get(0));
        at.next.set(0, kept + at.jacobian.get(0) * (at.inflow.get(0) + sums[0]));
    }
}

const LEAKY: CellKind = CellKind::Custom(CustomCell::new("leaky", &Leaky));

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let compared = longspan::gradient_check::gradient_check(LEAKY)?;
    println!("{compared} derivatives of the cell {LEAKY} agree with central differences");
    Ok(())
}
