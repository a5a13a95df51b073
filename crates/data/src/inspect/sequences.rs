//! Labelled sequences: archives, tables, folders of texts, images.

use std::path::Path;

use super::beside;
use super::content::{Channel, Content, Form, Sequences};
use super::error::InspectError;
use super::found::Found;
use super::given::Given;
use super::notices;
use super::settings::{Note, Settings};
use crate::labelled;
use crate::labelled::idx::ImageSteps;
use crate::labelled::table::Columns;
use crate::labelled::{Kind, Labelled, LabelledError, LabelledOptions, Missing};
use crate::table::{TableOptions, join_names};
use crate::vocabulary::TokenLevel;

pub(super) fn inspect(path: &Path, form: Form, given: &Given) -> Result<Found, InspectError> {
    Ok(inspect_with(path, form, Columns::default(), given)?)
}

/// As [`inspect`], with the given columns of a table.
pub(super) fn inspect_with(
    path: &Path,
    form: Form,
    columns: Columns,
    given: &Given,
) -> Result<Found, LabelledError> {
    let mut options =
        LabelledOptions { columns, encoding: given.table.encoding, ..LabelledOptions::new(path) };
    if form == Form::Images {
        options.image_steps = ImageSteps::Rows;
    }
    let mut notes: Vec<Note> = Vec::new();
    let train = match labelled::read_as_it_stands(path, &options) {
        // Text that is not valid UTF-8 can be read as bytes.
        Err(LabelledError::Content { problem, .. })
            if matches!(form, Form::Folder | Form::Texts)
                && matches!(*problem, labelled::Problem::InvalidUtf8 { .. }) =>
        {
            notes.push("not all texts are valid UTF-8, so they are read as bytes".into());
            options.level = TokenLevel::Byte;
            labelled::read_as_it_stands(path, &options)?
        }
        read => read?,
    };
    let description = train.describe();
    let spreads = train.spreads();
    let channels = description.channels.into_iter().zip(&spreads);
    let channels = channels.enumerate().filter(|(channel, _)| !train.is_coded(*channel));
    let channels =
        channels.map(|(_, (c, &spread))| Channel { name: c.channel, range: c.range, spread }).collect();
    let content = Sequences {
        form,
        sequences: description.sequences,
        lengths: description.lengths,
        channels,
        vocabulary: description.vocabulary,
        missing: description.missing,
        classes: description.classes,
        targets: description.targets,
    };
    if form == Form::Images {
        let text = "reading pixel by pixel is a harder task and takes longer";
        notes.push(Note::new(text, Settings::of("image_steps", "pixels")));
    }
    notes.extend(notices::of_sequences(&train));
    let settings = settings(path, train, options, form, &mut notes);
    let found = Content::Labelled(content);
    Ok(Found { path: path.to_owned(), content: found, notes, settings, otherwise: None })
}

/// Returns settings that train on the sequences; None if training is impossible.
fn settings(
    path: &Path,
    train: Labelled,
    mut options: LabelledOptions,
    form: Form,
    notes: &mut Vec<Note>,
) -> Option<Settings> {
    if let Err(error) = train.check_training() {
        notes.push(error.to_string().into());
        return None;
    }
    let columns = &options.columns;
    let table = TableOptions { encoding: options.encoding, ..columns.table.clone() };
    let mut settings = Settings::data("labelled", path).with_table(&table);
    for (key, value) in [
        ("label_column", columns.label.clone()),
        ("id_column", columns.id.clone()),
        ("time_column", columns.time.clone()),
        ("sort_time", columns.sort_time.then(|| "true".to_owned())),
        ("day_first", columns.day_first.map(|first| first.to_string())),
    ] {
        if let Some(value) = value {
            settings = settings.with(key, value);
        }
    }
    if !options.columns.categorical.is_empty() {
        let names: Vec<&str> = options.columns.categorical.iter().map(|own| own.column.as_str()).collect();
        settings = settings.with("categorical", join_names(names));
    }
    if form == Form::Images {
        settings = settings.with("image_steps", "rows");
    }
    if matches!(train.kind(), Kind::Tokens { vocabulary } if vocabulary.level() == TokenLevel::Byte) {
        settings = settings.with("level", "byte");
    }
    let test = beside::test(path);
    let tested = test.as_ref().map(|test| labelled::read_beside(test, &options, &train));
    let lacking = train.missing() + tested.iter().flatten().map(Labelled::missing).sum::<usize>();
    if lacking > 0 {
        options.missing = Missing::Interpolate;
        let filled = [Some(train), tested.as_ref().and_then(|test| test.as_ref().ok()).cloned()];
        if filled.into_iter().flatten().any(|mut part| part.treat(Missing::Interpolate).is_err()) {
            options.missing = Missing::Zero;
        }
        settings = settings.with("missing", options.missing.to_string());
        notes.extend(notices::of_lacking(lacking, options.missing));
    }
    match (test, tested) {
        (Some(test), Some(Ok(_))) => settings = settings.with("labelled_test", test.to_string_lossy()),
        (Some(_), Some(Err(error))) => {
            notes.push(format!("the test data in the same folder cannot be used: {error}").into());
        }
        _ => {}
    }
    Some(settings)
}
