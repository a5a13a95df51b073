//! The settings of a tour.

use serde::Serialize;

/// The smallest and the largest distance between subject and verb, in steps. Shorter sentences have no other noun of the subject's
/// kind between them.
pub(crate) const DISTANCES: [usize; 2] = [6, 200];

/// The smallest and the largest gain of the recurrent weights in acts 2 and 3.
pub(crate) const GAINS: [f64; 2] = [0.01, 100.0];

/// The settings of a tour.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Options {
    /// Steps between subject and verb in acts 1 to 6.
    pub(crate) distance: usize,
    /// Steps between subject and verb at which act 7 compares the networks.
    pub(crate) distances: Vec<usize>,
    /// Gain of the recurrent weights in acts 2 and 3.
    pub(crate) gain: f64,
    /// The gradient norm above which gradients are clipped.
    pub(crate) limit: f64,
    /// Training steps of each network.
    pub(crate) steps: u64,
    /// Units of each network.
    pub(crate) hidden: usize,
    /// The seed of all random numbers.
    pub(crate) seed: u64,
}
