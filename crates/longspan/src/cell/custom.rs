//! Cells that other crates define.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::interface::Cell;
use super::passes::Passes;
use longspan_kernel::recurrent::Equations;

/// A cell of another crate: its name, and its equations for both number types.
///
/// A program defines one from a type that implements [`Equations`] and [`Cell`], and uses it like any other cell, as
/// [`CellKind::Custom`](super::CellKind::Custom). [`gradient_check`](crate::gradient_check::gradient_check) compares its
/// derivatives with differences. Two cells of the same name count as equal.
///
/// A specification with such a cell can be written by serde, which keeps the name only, but not read: the equations are in
/// the program.
///
/// # Examples
/// A network whose candidate enters the state at a fixed rate, h' = ¾ h + ¼ tanh(W x + U h + b):
///
/// ```
#[doc = include_str!("../../examples/cell.rs")]
/// ```
#[derive(Clone, Copy)]
pub struct CustomCell {
    name: &'static str,
    single: &'static dyn Passes<f32>,
    double: &'static dyn Passes<f64>,
}

impl CustomCell {
    /// Names a cell: `const LEAKY: CellKind = CellKind::Custom(CustomCell::new("leaky", &Leaky));`.
    ///
    /// # Panics
    /// If the state has more than two parts, h and c. In a constant, this is an error of the compiler.
    pub const fn new<C: Cell<f32> + Cell<f64>>(name: &'static str, cell: &'static C) -> Self {
        assert!(<C as Equations<f32>>::PARTS <= 2, "the state of a cell has at most two parts, h and c");
        Self { name, single: cell, double: cell }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn single(self) -> &'static dyn Passes<f32> {
        self.single
    }

    pub(super) fn double(self) -> &'static dyn Passes<f64> {
        self.double
    }
}

impl PartialEq for CustomCell {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for CustomCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CustomCell").field(&self.name).finish()
    }
}

impl Serialize for CustomCell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CustomCell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Err(de::Error::custom(format!(
            "the cell {name:?} is defined in another program, which has its equations"
        )))
    }
}
