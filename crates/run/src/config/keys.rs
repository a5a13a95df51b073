//! The table of all settings: names, what they take, what they mean.

use super::{Config, Field};

/// What a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What is learned.
    Data,
    /// The network.
    Model,
    /// How it is run.
    Training,
    /// How the weights follow the gradient.
    Optimizer,
    /// What is looked at, kept and when it ends.
    Run,
}

impl Section {
    /// A heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Model => "Model",
            Self::Training => "Training",
            Self::Optimizer => "Optimizer",
            Self::Run => "Run",
        }
    }
}

/// One setting.
pub struct Key {
    /// Its name in TOML; the flag has hyphens.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What it means.
    pub help: &'static str,
    /// What it belongs to.
    pub section: Section,
    /// Its place in a configuration.
    pub field: fn(&mut Config) -> &mut dyn Field,
}

macro_rules! keys {
    ($($section:ident { $($name:ident $takes:literal $help:literal;)* })*) => {
        /// All settings, in the order in which they are shown.
        pub const KEYS: &[Key] = &[$($(
            Key {
                name: stringify!($name),
                takes: $takes,
                help: $help,
                section: Section::$section,
                field: |config| &mut config.$name,
            },
        )*)*];
    };
}

keys! {
    Data {
        text "FILE" "Text to learn: what comes next?";
        level "LEVEL" "What one token is: byte, char or word";
        valid "FILE" "Text to validate on, instead of the end of --text";
        test "FILE" "Text to test the best weights on at the end";
        valid_fraction "X" "Fraction that is held out to validate on, where no file is: the end of a text or series, a share of each class; 0 for none";
        test_fraction "X" "The same to test on at the end; for series and labelled sequences";
        vocab_size "N" "Words: the N most frequent tokens, <unk> and <eos> included; 0 for all";
        vocab "FILE" "Tokens of --text, instead of those that it has: a JSON array, an object of tokens and numbers, or a tokenizer.json. --from and --resume keep the model's own";
        labelled "FILE" "Labelled sequences to tell apart: .ts of the UCR/UEA archive, a table, a folder with a text a label, IDX images; or piano rolls (JSON) to go on with";
        labelled_test "FILE" "Labelled sequences to test on at the end";
        label_column "NAME" "Tables: the column of labels; label, class or target unless given";
        id_column "NAME" "Tables with a row a step: the column that says which sequence a row belongs to";
        image_labels "FILE" "Images: the file of labels, if its name is not the images' with labels-idx1 for images-idx3";
        image_steps "STEPS" "Images: what a step is: pixels, permuted[:SEED] or rows";
        series "FILE" "Numeric series (CSV, TSV) to forecast";
        columns "A,B" "Series: the columns to read; all that hold numbers unless given";
        target "A,B" "Series: the columns to forecast, of those that are read; the last of them unless given";
        window "N" "Series: rows that are read for a forecast";
        horizon "N" "Series: rows that are forecast";
        recursive "BOOL" "Series: learn one row ahead, and forecast further by reading the forecasts; every column that is read is a target then";
        time_column "NAME" "Series: the column of times, which must not decrease";
        group_column "NAME" "Series: the column that says which of several series a row belongs to";
        missing "WHAT" "Missing values: error, interpolate, drop (series: no window spans the gap) or zero (labelled: the channel's mean)";
        task "TASK" "Synthetic data: agreement, copy, memorise, order2, order3, permutation, match, reversal, parity, adding or multiplication";
        length "N" "How far a task's samples reach, as each defines it; A..B for every length from A to below B";
    }
    Model {
        cell "CELL" "rnn, relu, identity, residual, gru or lstm";
        layers "N" "Recurrent layers";
        hidden "N" "Units of each layer";
        embedding "N" "Width of the token embedding; 0 for the same as --hidden";
        dropout "P" "Probability that a unit is dropped after the embedding and each layer, never through time";
        dropout_mask "EACH" "What drops units of its own: each step, or each sequence, which drops the same ones at all its steps";
        bidirectional "BOOL" "Read whole sequences both ways; not for data whose next token is predicted";
        layer_residual "BOOL" "Layers above the first add their output to what they read";
        layer_norm "BOOL" "Normalise what layers above the first and the readout read, before dropout";
        learn_state "BOOL" "Learn the state that sequences begin with, instead of zero";
        pool "WHAT" "Labelled sequences and series: predict from the last state, which is one of each direction, or from the mean of all: last or mean";
        loss "NAME" "Series and tasks of numbers: squared or absolute";
        tie_weights "BOOL" "Use the embedding as the weight of the head";
        reset_after "BOOL" "gru: the reset gate acts after the recurrent product (PyTorch) or before it (Cho 2014)";
        peepholes "BOOL" "lstm: gates see the cell state";
        coupled "BOOL" "lstm: the forget gate is 1 - input gate";
        residual_step "X" "residual: the step of h + step * tanh(..)";
        residual_learned "BOOL" "residual: learn the step";
        encoder_decoder "BOOL" "--task reversal: an encoder reads the symbols, a decoder of the same size says them from its last state";
        init "NAME[:X]" "Recurrent weights: uniform, xavier, orthogonal[:gain], identity, gaussian[:gain] or chrono:T";
        forget_bias "X" "lstm: start value of the forget gate's bias";
    }
    Training {
        class_weights "NAME" "Weight of a class in the training loss: none, or balanced against its frequency in the training data. Evaluation weighs none";
        mask_loss "PLACES" "Places scored in training: last, one of each row, or all that the data score; a labelled sequence has its label at its last place unless all is given";
        unroll "N" "Steps that the gradient goes back through; the state is carried over";
        chunk "N" "Steps computed at once, part of the numerics; 0 for as many as suit the batch";
        batch "N" "Sequences side by side";
        bptt_memory "SIZE" "Memory for what the backward pass needs of a window (gates and states), such as 64MiB; 0 for all of it. Less costs time, and changes no bit";
        epochs "N" "Passes over the data";
        steps "N" "Train this many steps instead of --epochs; 0 for none";
        seed "N" "Start of every random number";
        threads "N" "Threads; 0 for one on each core. Any number gives the same bits";
    }
    Optimizer {
        optimizer "NAME" "sgd, adam, adamw, rmsprop or adagrad";
        lr "X" "Learning rate";
        schedule "NAME[:X]" "constant, step:E[:F], cosine[:W], halve_after:K or plateau:P[:F]";
        clip "RULE" "none, norm:C, value:V or tensor_norm:C";
        momentum "X" "sgd, rmsprop: momentum";
        nesterov "BOOL" "sgd: Nesterov's momentum";
        beta1 "X" "adam, adamw: decay of the mean";
        beta2 "X" "adam, adamw: decay of the mean square";
        smoothing "X" "rmsprop: decay of the mean square";
        eps "X" "Added to the root in adam, adamw, rmsprop, adagrad; PyTorch's value unless given";
        weight_decay "X" "Decay of matrices, never of biases";
    }
    Run {
        eval_every "N" "Validate every N steps too, not only after each epoch; 0 for no";
        early_stop "N" "Stop after N validations without a better one; 0 for never";
        stop_after "SECONDS" "Stop with a checkpoint after this time; 0 for never";
        checkpoint_every "SECONDS" "Time between checkpoints, beside one after each epoch";
        tensorboard "DIR" "Write events for TensorBoard into this directory, too";
        observe "TIER" "What is recorded of the gradient through time: off, norms or full. Changes no bit";
        observe_every "N" "Look closely, and store the profile along time, at step 1 and every N steps";
        no_probe "BOOL" "Leave out the small probe of the last weights that a run ends with, in up to 2 % of its time";
    }
}
