//! Reads the gradient profiles of a run.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};

use crate::plain_file;

use super::segment::{CURVES, ENTRY, FORMAT, Header, LAG, fingerprint, segments};
use crate::directory::{RunError, check_format};
use longspan_record::{Curve, LayerProfile, ProfileRecord};

/// The gradient profiles of a run.
#[derive(Debug, Default)]
pub struct Profiles {
    /// One for each observed step, in ascending order of steps.
    pub records: Vec<ProfileRecord>,
    /// Errors of the files that were skipped: [`RunError::Segment`], [`RunError::Format`], or [`RunError::Io`] if the
    /// directory cannot be read.
    pub skipped: Vec<RunError>,
}

impl Profiles {
    /// The profiles that can share one map: those with the layers of the longest one, and with its bins as far as they reach.
    /// The longest one comes first in the result; None if there are no profiles.
    pub fn of_one_map(&self) -> Option<(&ProfileRecord, Vec<&ProfileRecord>)> {
        let longest = self.records.iter().max_by_key(|record| record.edges.len())?;
        let same = |record: &&ProfileRecord| {
            let whole = record.edges.len().saturating_sub(1);
            record.layers.len() == longest.layers.len()
                && longest.edges.get(..whole) == record.edges.get(..whole)
        };
        Some((longest, self.records.iter().filter(same).collect()))
    }
}

/// Reads all profiles of a run. A step counts in its highest attempt. Damaged segments are skipped and
/// reported.
pub fn read(run: &Path) -> Profiles {
    read_some(run, usize::MAX)
}

/// Reads the profiles of a run, at most about `most`: each time that there are more, every second one is left out.
pub fn read_some(run: &Path, most: usize) -> Profiles {
    let mut flows = Profiles::default();
    let segments = segments(run).unwrap_or_else(|error| {
        flows.skipped.push(error);
        Vec::new()
    });
    let mut records: BTreeMap<u64, ProfileRecord> = BTreeMap::new();
    for (_, path) in segments {
        match of_file(&path) {
            Ok(segment) => {
                for record in segment {
                    let old = records.get(&record.step);
                    if old.is_none_or(|old| old.attempt <= record.attempt) {
                        records.insert(record.step, record);
                    }
                }
                while records.len() > most {
                    let mut at = 0;
                    records.retain(|_, _| {
                        at += 1;
                        at % 2 == 1
                    });
                }
            }
            Err(error) => flows.skipped.push(error),
        }
    }
    flows.records.extend(records.into_values());
    flows
}

/// The profiles of one segment.
fn of_file(path: &Path) -> Result<Vec<ProfileRecord>, RunError> {
    let invalid = |reason: String| RunError::Segment { path: path.into(), reason };
    let bytes = plain_file::read(path).map_err(|error| invalid(error.to_string()))?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| invalid(error.to_string()))?;
    let header = metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
    let header = header.ok_or_else(|| invalid("it has no header".into()))?;
    check_format(path, header.as_bytes(), FORMAT)?;
    segment(&bytes, header).map_err(invalid)
}

/// The profiles in the bytes of a segment with this header; the error says why it is not valid.
fn segment(bytes: &[u8], header: &str) -> Result<Vec<ProfileRecord>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let header: Header = serde_json::from_str(header).map_err(|error| format!("its header: {error}"))?;
    let mut names = file.names();
    names.sort_unstable();
    let views = names.iter().map(|name| Ok((*name, file.tensor(name).map_err(|e| e.to_string())?.data())));
    let views = views.collect::<Result<Vec<_>, String>>()?;
    if fingerprint(views.into_iter()) != header.fingerprint {
        return Err("its fingerprint does not match its numbers".into());
    }
    let numbers = |name: &str, count: Option<usize>| -> Result<Vec<u64>, String> {
        let view = file.tensor(name).map_err(|_| format!("it lacks {name}"))?;
        let numbers: Vec<u64> =
            view.data().as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let fits = view.dtype() == Dtype::U64 && count.is_none_or(|count| count == numbers.len());
        if fits { Ok(numbers) } else { Err(format!("{name} has another shape")) }
    };
    let step = numbers("step", None)?;
    let profiles = Some(step.len());
    let (attempt, steps) = (numbers("attempt", profiles)?, numbers("steps", profiles)?);
    let (decoder_start, edges) = (numbers("border", profiles)?, numbers("edges", None)?);
    let edges: Vec<usize> = edges.into_iter().map(|edge| edge as usize).collect();
    let reaches = steps.iter().all(|&steps| steps > 0 && edges.last().is_some_and(|&e| e as u64 >= steps));
    if !reaches || edges.first() != Some(&0) || !edges.is_sorted() {
        return Err("its bins do not cover its windows".into());
    }
    let (layers, bins) = (header.layers.len(), edges.len() - 1);
    // A record has the bins and the names of its segment, which a file has once: without curves of this size, a small file
    // would become many gigabytes.
    let names: usize = header.layers.iter().map(String::len).sum();
    if step.len().saturating_mul(bins + names) > bytes.len() {
        return Err(format!("{} profiles of {bins} bins are more than its numbers", step.len()));
    }
    // Curves that were not measured are missing, and files of earlier versions have no lag profiles.
    let curve = |name: &str, shape: &[usize]| -> Result<Option<Vec<f32>>, String> {
        let Ok(view) = file.tensor(name) else { return Ok(None) };
        if view.dtype() != Dtype::F32 || view.shape() != shape {
            return Err(format!("{name} has another shape"));
        }
        let numbers = view.data().as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number));
        Ok(Some(numbers.collect()))
    };
    let curves = CURVES.map(|(name, _)| curve(name, &[step.len(), layers, bins]));
    let curves = curves.into_iter().collect::<Result<Vec<_>, String>>()?;
    let lags = curve(LAG, &[step.len(), bins])?;
    let record = |p: usize| {
        let steps = steps[p] as usize;
        let reached = edges.partition_point(|&edge| edge < steps);
        let layer = |(l, name): (usize, &String)| {
            let [mean, max, cell_mean, cell_max, gamma_mean, gamma_max] = std::array::from_fn(|curve| {
                let all: &Option<Vec<f32>> = &curves[curve];
                let own = |all: &Vec<f32>| all[(p * layers + l) * bins..][..reached].to_vec();
                all.as_ref().map(own).unwrap_or_default()
            });
            LayerProfile {
                name: name.clone(),
                hidden: Curve { log10_mean: mean, log10_max: max },
                cell: Curve { log10_mean: cell_mean, log10_max: cell_max },
                gamma: Curve { log10_mean: gamma_mean, log10_max: gamma_max },
            }
        };
        ProfileRecord {
            step: step[p],
            attempt: attempt[p],
            steps,
            decoder_start: (decoder_start[p] > 0).then_some(decoder_start[p] as usize),
            edges: edges[..=reached].to_vec(),
            layers: header.layers.iter().enumerate().map(layer).collect(),
            log10_lag_median: {
                let own = lags.as_ref().map(|all| &all[p * bins..][..reached]);
                own.filter(|own| !own[0].is_nan()).map(<[f32]>::to_vec).unwrap_or_default()
            },
        }
    };
    Ok((0..step.len()).map(record).collect())
}
