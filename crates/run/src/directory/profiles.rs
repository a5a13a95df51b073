//! Gradient profiles of a run: the directory `flow/`.
//!
//! The profiles are in segments `000001.safetensors`, `000002.safetensors` and so on, in ascending order. A
//! segment has P profiles of the same L layers and K bins. The last segment is rewritten with more profiles
//! until it is full. A new segment begins after a full one, with each attempt, and if a longer window needs
//! other bins or other curves are measured. A segment has the tensors
//!
//! ```text
//! step, attempt, steps, border   [P] u64     as in ProfileRecord; border is decoder_start, 0 for none
//! edges                          [K + 1] u64 of the bins; a profile has those that its window reaches
//! hidden_mean, hidden_max        [P, L, K] f32: log10, NaN beyond the window
//! cell_mean, cell_max, gamma_mean, gamma_max   the same, where they were measured
//! lag_median                     [P, K] f32: log10 of the median of G(τ), NaN where it was not measured; missing if it
//!                                was measured at no step of the segment
//! ```
//!
//! and the metadata entry `longspan_flow`, a JSON document with version, names of the layers and fingerprint.
//! Segments are written before each checkpoint, so a kill never loses the profile of a step that a checkpoint
//! contains. A step counts in its highest attempt.

mod read;
mod segment;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, View};

use super::{RunError, io_error};
use crate::whole_file;
use longspan::telemetry::GradientProfile;
use longspan_record::{BINS, LagSnapshot, ProfileRecord, bin_edges};

pub use read::{Profiles, read, read_some};

use segment::{CURVES, ENTRY, FORMAT, Header, LAG, directory, fingerprint, measured, segments};

/// Profiles in a segment: 100 KB to 600 KB for each layer.
const PROFILES: usize = 200;

/// Writes the profiles of one attempt.
#[derive(Debug)]
pub struct ProfileWriter {
    run: PathBuf,
    attempt: u64,
    layers: Vec<String>,
    /// The number of the current segment.
    number: u64,
    edges: Vec<usize>,
    records: Vec<ProfileRecord>,
    /// Whether there are profiles that are not yet in a file.
    unsaved: bool,
}

impl ProfileWriter {
    /// Continues after the existing segments. `layers` are the names of the layers.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn open(run: &Path, attempt: u64, layers: Vec<String>) -> Result<Self, RunError> {
        let number = segments(run)?.last().map_or(1, |(number, _)| number + 1);
        let edges = bin_edges(BINS);
        Ok(Self { run: run.into(), attempt, layers, number, edges, records: Vec::new(), unsaved: false })
    }

    /// Sets the attempt of the next profiles.
    pub(crate) fn set_attempt(&mut self, attempt: u64) {
        self.attempt = attempt;
    }

    /// Adds the profile of a step, with its lag profile if that was measured.
    ///
    /// # Errors
    /// [`RunError::Io`] if a full segment cannot be written.
    pub fn push(
        &mut self,
        step: u64,
        profile: &GradientProfile,
        lag: Option<&LagSnapshot>,
    ) -> Result<(), RunError> {
        let longer = profile.steps() > self.edges.last().copied().unwrap_or_default();
        if longer {
            self.next()?;
            self.edges = bin_edges(profile.steps());
        }
        let mut record = profile.to_record((step, self.attempt), &self.edges, &self.layers);
        record.log10_lag_median = lag.map(|lag| lag.log10_median(&record.edges)).unwrap_or_default();
        let others = self.records.last().is_some_and(|last| measured(last) != measured(&record));
        if others || self.records.len() == PROFILES {
            self.next()?;
        }
        self.records.push(record);
        self.unsaved = true;
        Ok(())
    }

    /// Starts the next segment.
    fn next(&mut self) -> Result<(), RunError> {
        self.flush()?;
        if !self.records.is_empty() {
            self.records.clear();
            self.number += 1;
        }
        Ok(())
    }

    /// Writes the current segment if it has new profiles.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn flush(&mut self) -> Result<(), RunError> {
        if !self.unsaved {
            return Ok(());
        }
        let directory = directory(&self.run);
        let path = directory.join(format!("{:06}.safetensors", self.number));
        let failed = io_error(&path, "written");
        let bytes = self.segment().map_err(|error| failed(io::Error::other(error)))?;
        super::make_folder(&directory)?;
        whole_file::replace(&path, &bytes).map_err(failed)?;
        self.unsaved = false;
        Ok(())
    }

    /// The current segment as a file.
    fn segment(&self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let (profiles, layers, bins) = (self.records.len(), self.layers.len(), self.edges.len() - 1);
        let numbers =
            |of: &dyn Fn(&ProfileRecord) -> u64| Tensor::of_u64(vec![profiles], self.records.iter().map(of));
        let edges = self.edges.iter().map(|&edge| edge as u64);
        let mut tensors = vec![
            ("step", numbers(&|record| record.step)),
            ("attempt", numbers(&|record| record.attempt)),
            ("steps", numbers(&|record| record.steps as u64)),
            ("border", numbers(&|record| record.decoder_start.unwrap_or_default() as u64)),
            ("edges", Tensor::of_u64(vec![bins + 1], edges)),
        ];
        let filled = |curve: &[f32]| {
            (0..bins).map(|bin| curve.get(bin).copied().unwrap_or(f32::NAN)).collect::<Vec<_>>()
        };
        let lags = || self.records.iter().map(|record| &record.log10_lag_median[..]);
        if lags().any(|lag| !lag.is_empty()) {
            let bytes = lags().flat_map(filled).flat_map(f32::to_le_bytes).collect();
            tensors.push((LAG, Tensor { dtype: Dtype::F32, shape: vec![profiles, bins], bytes }));
        }
        for (name, curve) in CURVES {
            let curves = || self.records.iter().flat_map(|record| &record.layers).map(curve);
            if curves().any(|curve| !curve.is_empty()) {
                let shape = vec![profiles, layers, bins];
                let bytes = curves().flat_map(filled).flat_map(f32::to_le_bytes).collect();
                tensors.push((name, Tensor { dtype: Dtype::F32, shape, bytes }));
            }
        }
        tensors.sort_by_key(|(name, _)| *name);
        let header = Header {
            format: FORMAT,
            layers: self.layers.clone(),
            fingerprint: fingerprint(tensors.iter().map(|(name, tensor)| (*name, &tensor.bytes[..]))),
        };
        let metadata = HashMap::from([(ENTRY.to_owned(), serde_json::to_string(&header)?)]);
        let views = tensors.iter().map(|(name, tensor)| (*name, tensor));
        Ok(safetensors::serialize(views, Some(metadata))?)
    }
}

/// A tensor as safetensors writes it.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    fn of_u64(shape: Vec<usize>, values: impl Iterator<Item = u64>) -> Self {
        Self { dtype: Dtype::U64, shape, bytes: values.flat_map(u64::to_le_bytes).collect() }
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        (&self.bytes).into()
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
