//! How much is observed.

/// What is recorded of the gradient. Every tier includes the tiers before it, and none changes a bit of the
/// weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observe {
    /// Nothing.
    Off,
    /// ‖∂ℒ/∂h_t‖ of every layer at every step. Snapshots store its profile along time, statistics of the
    /// batch, the share of each tensor in the gradient, and the relative change of its weights.
    Norms,
    /// In snapshots also the total ‖∂ℒ/∂c_t‖, the contribution ‖Γ_t‖ of each time step to the gradient of the
    /// recurrent weights, and gates and activations.
    Full,
}

crate::option_names!(Observe, "tier": Off = "off", Norms = "norms", Full = "full");
