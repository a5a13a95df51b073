//! Observes the gradient at each time step of a training step: how much of it is left on the way back?
use longspan::prelude::*;

/// Predicts the first token of each row at its last step, so the gradient is needed at the first step.
struct First;

impl Source for First {
    fn windows(&self) -> u64 {
        1000
    }
    fn shape(&self) -> (usize, usize) {
        (20, 8)
    }
    fn fill(&self, _epoch: u64, window: u64, batch: &mut Batch) {
        batch.reshape(20, 8);
        let (rows, last) = (batch.rows(), batch.shape.offset(19));
        for index in 0..batch.shape.positions() {
            let (t, row) = batch.shape.position(index);
            batch.inputs[index] = if t == 0 { (window as usize + row) as u32 % 4 } else { 4 };
        }
        (0..rows).for_each(|row| batch.targets[last + row] = batch.inputs[row]);
    }
}

fn main() -> Result<(), Divergence> {
    let model = ModelSpec::language(CellKind::Rnn, 5, 8, 16, 1);
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 8));
    let mut seen = OnBackwardStep(|step: &BackwardStep<'_, f32>| {
        let norm = step.d_hidden.iter().map(|d| d * d).sum::<f32>().sqrt();
        println!("layer {}, step {:2}: gradient norm {norm:.2e}", step.layer, step.t);
    });
    trainer.step_observed_by(&First, 0.01, &mut seen)
}
