//! A layer and its weights, packed for the matrix products of its passes.

use super::fault_injection::FaultInjection;
use crate::cell::Real;
use crate::cell::{CellKind, CellSpec, Passes};
use crate::params::{Group, Layout, Params};
use longspan_kernel::matrix::Mat;
use longspan_kernel::{Buffer, Context, InstructionSet, Packed, Weights};

/// Indices of a layer's tensors in the layout.
#[derive(Clone, Debug)]
pub(super) struct Tensors {
    pub(super) weight_ih: usize,
    pub(super) weight_hh: usize,
    pub(super) bias_ih: usize,
    pub(super) bias_hh: usize,
    pub(super) peephole: Option<usize>,
    pub(super) step: Option<usize>,
}

/// A recurrent layer with its packed weights.
pub struct Layer<R> {
    pub(super) kind: CellKind,
    pub(super) cell: CellSpec,
    pub(super) input: usize,
    pub(super) hidden: usize,
    pub(super) tensors: Tensors,
    pub(super) input_forward: Packed<R>,
    pub(super) input_backward: Packed<R>,
    pub(super) hidden_forward: Vec<Packed<R>>,
    pub(super) hidden_backward: Vec<Packed<R>>,
    pub(super) bias: Buffer<R>,
    pub(super) weights: Buffer<R>,
    pub(super) fault: Option<FaultInjection>,
}

impl<R: Real> Layer<R> {
    /// Adds a layer with `input` inputs and `hidden` units to the layout. The tensors have PyTorch's names
    /// with the suffix `suffix`: `l0`, or `l0_reverse`.
    pub fn new(
        isa: InstructionSet,
        kind: CellKind,
        suffix: &str,
        input: usize,
        hidden: usize,
        layout: &mut Layout,
    ) -> Self {
        let cell = kind.spec();
        let rows = cell.gates * hidden;
        let tensors = Tensors {
            weight_ih: layout.push(format!("rnn.weight_ih_{suffix}"), &[rows, input], Group::Input),
            weight_hh: layout.push(format!("rnn.weight_hh_{suffix}"), &[rows, hidden], Group::Recurrent),
            bias_ih: layout.push(format!("rnn.bias_ih_{suffix}"), &[rows], Group::Bias),
            bias_hh: layout.push(format!("rnn.bias_hh_{suffix}"), &[rows], Group::Bias),
            peephole: (!cell.peepholes.is_empty()).then(|| {
                layout.push(
                    format!("rnn.weight_peephole_{suffix}"),
                    &[cell.weights, hidden],
                    Group::Elementwise,
                )
            }),
            step: (cell.step_delta.is_some() && !matches!(kind, CellKind::Residual { learned: false, .. }))
                .then(|| layout.push(format!("rnn.residual_step_{suffix}"), &[1], Group::Elementwise)),
        };
        let phases = cell.phases.iter();
        Self {
            kind,
            cell,
            input,
            hidden,
            tensors,
            input_forward: Packed::new(isa, input, 1, rows),
            input_backward: Packed::new(isa, rows, 1, input),
            hidden_forward: phases.clone().map(|p| Packed::new(isa, hidden, p.gates, hidden)).collect(),
            hidden_backward: phases.map(|p| Packed::new(isa, p.gates * hidden, 1, hidden)).collect(),
            bias: Buffer::zeros(rows),
            weights: Buffer::zeros(cell.weights * hidden),
            fault: None,
        }
    }

    /// The passes of the cell.
    pub(super) fn passes(&self) -> &'static dyn Passes<R> {
        R::cell(self.kind)
    }

    /// The number of units H.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// The width of the input D.
    pub fn input(&self) -> usize {
        self.input
    }

    /// The number of state parts: 2 for the LSTM, otherwise 1.
    pub fn parts(&self) -> usize {
        self.cell.parts
    }

    /// The cell.
    pub fn kind(&self) -> CellKind {
        self.kind
    }

    /// Packs the weights for forward passes.
    pub fn pack_forward(&mut self, ctx: &Context<R>, params: &Params<R>) {
        let (gates, hidden) = (self.cell.gates, self.hidden);
        let ih = Mat::new(params.tensor(self.tensors.weight_ih), gates * hidden, self.input);
        self.input_forward.take_room(&mut self.input_backward);
        self.input_forward.pack(ctx, Weights::Transposed(ih));
        let hh = params.tensor(self.tensors.weight_hh);
        for (p, phase) in self.cell.phases.iter().enumerate() {
            let block = Mat::new(&hh[phase.first_gate * hidden * hidden..], phase.gates * hidden, hidden);
            self.hidden_forward[p].take_room(&mut self.hidden_backward[p]);
            self.hidden_forward[p].pack(ctx, Weights::Transposed(block));
        }
        let inner = self.cell.inner_bias;
        let (b_ih, b_hh) = (params.tensor(self.tensors.bias_ih), params.tensor(self.tensors.bias_hh));
        for j in 0..gates * hidden {
            let outside = inner != Some(j / hidden);
            self.bias[j] = if outside { b_ih[j] + b_hh[j] } else { b_ih[j] };
        }
        if let Some(gate) = inner {
            self.weights.copy_from_slice(&b_hh[gate * hidden..][..hidden]);
        }
        if let Some(peephole) = self.tensors.peephole {
            self.weights.copy_from_slice(params.tensor(peephole));
        }
        if let Some(step) = self.tensors.step {
            self.weights.fill(params.tensor(step)[0]);
        } else if let CellKind::Residual { step, .. } = self.kind {
            self.weights.fill(R::from_f64(step));
        }
    }

    /// Packs the weights for a backward pass, in the memory of those for the forward pass unless
    /// `keep_forward` is set.
    pub fn pack_backward(&mut self, ctx: &Context<R>, params: &Params<R>, keep_forward: bool) {
        let (gates, hidden) = (self.cell.gates, self.hidden);
        let ih = Mat::new(params.tensor(self.tensors.weight_ih), gates * hidden, self.input);
        if !keep_forward {
            self.input_backward.take_room(&mut self.input_forward);
        }
        self.input_backward.pack(ctx, Weights::Plain(ih));
        let hh = params.tensor(self.tensors.weight_hh);
        for (p, phase) in self.cell.phases.iter().enumerate() {
            let block = Mat::new(&hh[phase.first_gate * hidden * hidden..], phase.gates * hidden, hidden);
            if !keep_forward {
                self.hidden_backward[p].take_room(&mut self.hidden_forward[p]);
            }
            self.hidden_backward[p].pack(ctx, Weights::Plain(block));
        }
    }
}
