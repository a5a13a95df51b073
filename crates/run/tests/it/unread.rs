//! Data that can no longer be read: the training step is not taken.
#![allow(missing_docs, reason = "a test file")]

use std::io;
use std::sync::OnceLock;

use longspan::batch::{Batch, Source};
use longspan::cell::CellKind;
use longspan::model::ModelSpec;
use longspan::trainer::Trainer;
use longspan_kernel::{Context, InstructionSet};
use longspan_run::config::Config;

/// Three windows, of which the second cannot be read.
struct Unreadable(OnceLock<io::Error>);

impl Source for Unreadable {
    fn windows(&self) -> u64 {
        3
    }

    fn fill(&self, _epoch: u64, window: u64, batch: &mut Batch) {
        batch.reshape(5, 2);
        batch.carry = window > 0;
        if window == 1 {
            self.0.get_or_init(|| io::Error::other("the disk is gone"));
        } else {
            batch.targets.fill(1);
        }
    }

    fn shape(&self) -> (usize, usize) {
        (5, 2)
    }

    fn failure(&self) -> Option<&io::Error> {
        self.0.get()
    }
}

#[test]
fn no_step_is_taken_on_a_window_that_cannot_be_read() {
    let mut config = Config::default();
    config.data.batch = 2;
    let spec = ModelSpec::language(CellKind::Lstm { peepholes: false, coupled: false }, 10, 8, 8, 1);
    let source = Unreadable(OnceLock::new());
    let mut trainer =
        Trainer::new(Context::<f32>::new(InstructionSet::detect(), 1), &config.trainer(spec.clone()));
    trainer.step(&source, 0.1).expect("a window that can be read");
    assert!(source.failure().is_none());
    let (position, weights) = (trainer.position(), trainer.params().flat().to_vec());
    assert!(trainer.step(&source, 0.1).is_err());
    assert!(source.failure().is_some());
    assert_eq!(trainer.position(), position);
    assert!(trainer.params().flat().iter().zip(&weights).all(|(a, b)| a.to_bits() == b.to_bits()));
}
