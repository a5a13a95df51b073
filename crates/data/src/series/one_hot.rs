//! From the codes of categories to one-hot columns.

use super::error::SeriesError;
use super::segment::Segments;
use super::table::{Table, TableColumn};
use crate::categorical::Categorical;

/// The categorical columns of a series.
#[derive(Clone, Debug, Default)]
pub(super) struct OneHot {
    pub(super) columns: Vec<Categorical>,
    /// Notices about categories that the training part does not have.
    pub(super) unknown: Vec<String>,
}

impl OneHot {
    /// Replaces the codes of a table by one-hot columns. The categories are those of `learned`, or else those of the
    /// training part.
    pub(super) fn encode(
        table: &mut Table,
        train: &Segments,
        learned: &[Categorical],
    ) -> Result<Self, SeriesError> {
        let mut encoded = Self::default();
        if table.columns.iter().all(|column| column.codes.is_none()) {
            return Ok(encoded);
        }
        let width = table.columns.len();
        let (mut columns, mut encoders, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        // The columns of the calendar have no field.
        let mut fields = Vec::new();
        for (index, column) in table.columns.iter().enumerate() {
            starts.push(columns.len());
            let Some(codes) = &column.codes else {
                columns.push(column.clone());
                encoders.push(None);
                fields.extend(table.layout.values.get(index));
                continue;
            };
            let known = learned.iter().find(|own| own.column == column.name && !own.categories.is_empty());
            let training = train.all.iter().flat_map(|segment| {
                let rows = segment.rows.start * width..segment.rows.end * width;
                table.groups[segment.group].values[rows].iter().skip(index).step_by(width).copied()
            });
            let found = known.cloned().map_or_else(|| codes.find(training), Ok);
            let found = found.map_err(|problem| SeriesError::Category {
                path: table.path.clone(),
                line: None,
                problem,
            })?;
            let found = Categorical { channel: columns.len(), ..found };
            columns.extend(found.channels().map(TableColumn::one_hot));
            encoders.push(Some(codes.encoder(&found)));
            let field = table.layout.values[index];
            fields.extend(found.categories.iter().map(|_| field));
            encoded.columns.push(found);
        }
        for group in &mut table.groups {
            let codes = std::mem::take(&mut group.values);
            group.values.reserve_exact(codes.len() / width * columns.len());
            for row in codes.chunks_exact(width) {
                for (&value, encoder) in row.iter().zip(&mut encoders) {
                    match encoder {
                        None => group.values.push(value),
                        Some(encoder) => encoder.write(value, |x| group.values.push(x)),
                    }
                }
            }
        }
        encoded.unknown = encoders.iter().flatten().filter_map(|encoder| encoder.notice()).collect();
        table.layout.targets.iter_mut().for_each(|target| *target = starts[*target]);
        (table.columns, table.layout.values) = (columns, fields);
        Ok(encoded)
    }
}
