//! How much is looked at.

/// What is recorded of the gradient on its way back. Every tier has what the one before has, and none changes a bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observe {
    /// Nothing.
    Off,
    /// ‖∂ℒ/∂h_t‖ of every layer at every step. Every so many steps its profile along time is stored, with what was read, the share
    /// of each tensor in the gradient, and by how much its weights changed.
    Norms,
    /// At those steps also the total ‖∂ℒ/∂c_t‖, the contribution ‖Γ_t‖ of each time step to the gradient of the recurrent weights,
    /// and gates and activations.
    Full,
}

crate::option_names!(Observe, "tier": Off = "off", Norms = "norms", Full = "full");
