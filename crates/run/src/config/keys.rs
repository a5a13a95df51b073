//! The table of all settings, with the section, group, name, value and meaning of each.

use super::field::Field;
use super::settings::Config;

/// A section of the configuration: a table of a TOML file, a field of [`Config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The data and how they become batches.
    Data,
    /// The network.
    Model,
    /// How the weights are updated.
    Optimizer,
    /// Length, resources and records of a run.
    Run,
}

impl Section {
    /// All sections, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Data, Self::Model, Self::Optimizer, Self::Run];

    /// The name of the TOML table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Model => "model",
            Self::Optimizer => "optimizer",
            Self::Run => "run",
        }
    }

    /// The name as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Model => "Model",
            Self::Optimizer => "Optimizer",
            Self::Run => "Run",
        }
    }
}

/// One setting.
pub struct Key {
    /// The name in TOML; the flag has hyphens instead of underscores.
    pub name: &'static str,
    /// The kind of value that it takes.
    pub takes: &'static str,
    /// Its meaning, as a help text.
    pub help: &'static str,
    /// The section that it belongs to.
    pub section: Section,
    /// The heading above it in help texts and configuration files.
    pub group: &'static str,
    /// Its value in a configuration.
    pub field: fn(&mut Config) -> &mut dyn Field,
}

/// The field of a setting: the one with its name in its section, unless the table names another.
macro_rules! setting_field {
    ($config:ident.$section:ident.$name:ident) => {
        &mut $config.$section.$name
    };
    ($config:ident.$section:ident.$name:ident $field:ident) => {
        &mut $config.$section.$field
    };
}

macro_rules! keys {
    ($($variant:ident $section:ident $group:literal {
        $($name:ident $(($field:ident))? $takes:literal $help:literal;)*
    })*) => {
        /// All settings, section by section, in the order in which they are shown.
        pub const KEYS: &[Key] = &[$($(
            Key {
                name: stringify!($name),
                takes: $takes,
                help: $help,
                section: Section::$variant,
                group: $group,
                field: |config| setting_field!(config.$section.$name $($field)?),
            },
        )*)*];
    };
}

keys! {
    Data data "Text" {
        text "FILE" "Train a language model on a text: predict the next token";
        level "LEVEL" "Unit of a token: byte, char or word";
        encoding "NAME" "Encoding of texts and tables, such as utf-16le, windows-1252 or gbk [default: recognised in each file, and reported if it is not UTF-8]";
        valid "FILE" "Validate on this text instead of the end of --text";
        test "FILE" "Test the best weights on this text after training";
        vocab_size "N" "Words: size of the vocabulary, including <unk> and <eos>; rarer words become <unk>; 0 means no limit";
        vocab "FILE" "Read the vocabulary from a file instead of building it from --text: a JSON array of tokens, a JSON object of tokens and indices, or a tokenizer.json. --from and --resume keep the vocabulary of the model";
    }
    Data data "Labelled sequences, images and music" {
        labelled "FILE" "Train on sequences with a class or a target value each (.ts of the UCR/UEA and TSER archives, a table, a folder with one text file per label, arrays X and y in an .npz file of NumPy, IDX images) or on music (piano rolls in JSON)";
        labelled_test "FILE" "Test the best weights on these sequences after training";
        label_column "NAME" "Tables: column of the label [default: the column called label, class or target]";
        id_column "NAME" "Tables with one row per step: column, or columns A,B, that name the sequence of a row";
        label_type "TYPE" "What the labels are: class, or number (a target value for each sequence) [default: as the data say: number for .ts files with @targetlabel true and for an array y of floats that are not all whole, otherwise class]";
        image_labels "FILE" "Images: file of the labels [default: the file of images with labels-idx1 instead of images-idx3 in its name]";
        image_steps "STEPS" "Images: what one step reads: pixels, permuted[:SEED] (pixels in a fixed random order) or rows";
    }
    Data data "Series" {
        series "FILE" "Forecast a numeric series: a table (CSV, TSV), or arrays [T, D] or [T] of NumPy";
        columns "A,B" "Columns to read [default: all columns of numbers]";
        target "A,B" "Columns to forecast, among those that are read [default: the last one]";
        window "N" "Rows that a forecast reads";
        horizon "N" "Rows that a forecast predicts";
        recursive "BOOL" "Learn to forecast one row, and reach the horizon by feeding forecasts back. Every column that is read is then a target";
        season "N" "Rows in a season: one more period that the baseline tries, beside those that the time stamps and the autocorrelation suggest; 0 means none";
        time_column "NAME" "Column of times, or columns A,B of date and time of day; none if no column is the time, unless a column has this name [default: recognised]";
        sort_time "WHETHER" "Sort the rows of each group by time; otherwise times must not decrease";
        day_first "WHETHER" "Whether 02/04/2021 is 2 April, where the first 1,000 rows do not show it";
        gaps "WHAT" "Gaps in the times: split (no window spans one), error, or ignore (the rows are neighbours)";
        calendar "A,B" "What to read of the time of each row beside the columns: hour, weekday, month or yearday (position in the day, week or year), each as sine and cosine. It is known of the rows ahead, too, and never forecast";
        reach_back "BOOL" "Whether windows of the validation and test parts may read the last rows of the part before; what they predict is always in their own part";
        group_column "NAME" "Column, or columns A,B, that tell several series in one file apart";
        scale "WHAT" "Standardise each group by its own mean and standard deviation (group), or all groups by the same (all), which also forecasts unknown groups";
    }
    Data data "Tables" {
        separator "CHAR" "Separator of the fields of a table: one character such as , ; or |, or tab or space (runs of spaces) [default: as the first rows show]";
        decimal "MARK" "Decimal mark of the numbers of a table: . or , [default: as the numbers show]";
        no_header "BOOL" "The first row of a table has values, not names; the columns are called column 1, column 2 and so on [default: as the first rows show]";
        header "BOOL" "The first row of a table has names, even if they are numbers [default: as the first rows show]";
        categorical "A,B" "Columns of categories to read as inputs: one input for each category of the training part, COLUMN=CATEGORY, which is 1 or 0; a missing or new category sets all of them to 0 (series, and labelled tables with one row per step)";
        na "A,B" "More spellings of a missing value in a table, beside an empty field, ?, ., -, NA, N/A, #N/A, NaN, null and None";
    }
    Data data "Synthetic tasks" {
        task "TASK" "Train on generated samples: agreement, copy, memorise, order2, order3, permutation, match, reversal, parity, adding or multiplication";
        length "N" "Length of the samples, as the task defines it; A..B draws lengths from A to B-1";
    }
    Data data "Splits and batches" {
        missing "WHAT" "Missing values: error, interpolate, drop (series: no window spans the gap) or zero (labelled sequences: the channel's mean)";
        valid_fraction "X" "Fraction held out for validation where no file is given: the end of a text or series, a share of each class; 0 means no validation";
        test_fraction "X" "Fraction held out for testing; series and labelled sequences only";
        batch "N" "Sequences in a batch";
        unroll "N" "Steps in a window of text, which is as far as the gradient flows back; the state is carried to the next window";
        mask_loss "MASK" "Positions that the training loss counts: last (one per sequence) or all [default: as the data say; a labelled sequence has its label at its last position]";
        class_weights "NAME" "Weight of each class in the training loss: none, or balanced (inverse to its frequency). Evaluation is unweighted";
    }
    Model model "Model" {
        cell "CELL" "Recurrent cell: rnn, relu, identity, residual, gru or lstm";
        layers "N" "Recurrent layers";
        hidden "N" "Units in each layer";
        embedding "N" "Width of the token embedding; 0 means as wide as --hidden";
        dropout "P" "Probability of dropping a unit after the embedding and after each layer, never through time";
        dropout_mask "EACH" "Draw a dropout mask for each step, or one for each sequence (the same units at all its steps)";
        bidirectional "BOOL" "Read sequences in both directions; not for data whose next token is predicted";
        layer_residual "BOOL" "Add the input of each layer above the first to its output";
        layer_norm "BOOL" "Normalise the input of the readout and of each layer above the first, before dropout";
        learn_state "BOOL" "Learn the initial state instead of starting at zero";
        pool "WHAT" "Labelled sequences and series: what the readout sees: last (the last state; with --bidirectional the last one of each direction), mean (the mean over all steps) or ends (the last state of each direction; needs --bidirectional)";
        loss "NAME" "Loss of series, targets and tasks of numbers: squared or absolute error";
        tie_weights "BOOL" "Share one weight matrix between the token embedding and the readout";
        encoder_decoder "BOOL" "Task reversal: an encoder reads the symbols, and a decoder of the same size, starting from the encoder's last state, writes them";
        init "NAME[:X]" "Initial recurrent weights: uniform, xavier, orthogonal[:GAIN], identity, gaussian[:GAIN] or chrono:STEPS; or every weight and bias of the network from one distribution, with --forget-bias apart: uniform:BOUND or normal:DEVIATION";
        init_input "NAME:X" "Initial input weights of every layer: uniform:BOUND or normal:DEVIATION [default: as --init says]";
        init_embedding "NAME:X" "Initial embedding: uniform:BOUND or normal:DEVIATION [default: as --init says, otherwise normal:1, or normal:1/sqrt(width) with --tie-weights]";
        init_readout "NAME:X" "Initial weights of the readout: uniform:BOUND or normal:DEVIATION [default: as --init says, otherwise uniform:1/sqrt(width)]";
    }
    Model model "Options of single cells" {
        reset_after "BOOL" "gru: apply the reset gate after the recurrent product (as PyTorch) or before it (Cho et al. 2014)";
        peepholes "BOOL" "lstm: let the gates see the cell state";
        coupled "BOOL" "lstm: forget gate = 1 - input gate";
        forget_bias "X" "lstm: initial bias of the forget gate";
        residual_step "X" "residual: step size in h + step * tanh(..)";
        residual_learned "BOOL" "residual: learn the step size";
    }
    Optimizer optimizer "Optimizer" {
        optimizer (rule) "NAME" "Update rule: sgd, adam, adamw, rmsprop or adagrad";
        lr "X" "Learning rate";
        schedule "NAME[:X]" "Learning-rate schedule: constant, step:EPOCHS[:FACTOR], cosine[:WARMUP_STEPS], halve_after:EPOCHS, decay_after:EPOCHS:FACTOR or plateau:VALIDATIONS[:FACTOR]";
        warmup "STEPS" "Raise the learning rate linearly over this many steps; a cosine begins after them, and schedules by epoch count from the first epoch; 0 means no warm-up";
        clip "RULE" "Gradient clipping: none, norm:LIMIT (global norm), value:LIMIT (each element) or tensor_norm:LIMIT (norm of each tensor)";
        momentum "X" "sgd, rmsprop: momentum";
        nesterov "BOOL" "sgd: use Nesterov momentum";
        beta1 "X" "adam, adamw: decay rate of the mean gradient";
        beta2 "X" "adam, adamw: decay rate of the mean squared gradient";
        smoothing "X" "rmsprop: decay rate of the mean squared gradient";
        eps "X" "adam, adamw, rmsprop, adagrad: constant added to the denominator [default: 1e-8, adagrad 1e-10 (as PyTorch)]";
        weight_decay "X" "Weight decay of matrices; biases have none";
    }
    Run run "Length of the run" {
        epochs "N" "Passes over the training data";
        steps "N" "Training steps, instead of --epochs; 0 means --epochs decides";
        eval_every "N" "Validate every N steps as well as after each epoch; 0 means only after each epoch";
        early_stop "N" "Stop after N validations without improvement; 0 means never";
        stop_after "SECONDS" "Stop with a checkpoint after this many seconds; 0 means never";
    }
    Run run "Resources" {
        seed "N" "Seed of all random numbers";
        threads "N" "Threads; any number gives the same bits; 0 means one per core";
        bptt_memory "SIZE" "Memory limit for the gates and states that the backward pass needs of a window, such as 64MiB; less memory takes more time and gives the same bits; 0 means no limit";
        chunk "N" "Steps that are computed in one matrix product; changes how sums are rounded; 0 means chosen by the batch size";
    }
    Run run "Faults and full disks" {
        on_fault "POLICY" "What follows a loss, gradient or update that is not finite: stop (the run ends as diverged), skip (the batch is left out) or rewind (training goes back to earlier weights with half the learning rate; a batch that fails again is left out)";
        max_faults "N" "Faults after which the run ends as diverged, with --on-fault skip or rewind; 5 in a row end it too";
        on_full_disk "POLICY" "What follows when the disk is full or read-only: stop (the run ends), or wait (training continues in memory and tries again; at its end, it waits until the disk can be written)";
    }
    Run run "Records" {
        observe "TIER" "What to record of the gradient through time: off, norms or full; the weights stay the same";
        observe_every "N" "Record the gradient at every time step, at training step 1 and every N training steps";
        no_probe "BOOL" "Skip the short probe of the last weights, which takes up to 2 % of the run's time";
        checkpoint_every "SECONDS" "Seconds between checkpoints; there is also one after each epoch";
        keep "N" "Last checkpoints to keep; if the newest is damaged, the one before it is used";
        tensorboard "DIR" "Also write TensorBoard events into this directory";
    }
}
