//! Everything that is shown of a run, as serialisable values: HTML, Markdown, JSON, CSV and the dashboard render the same.

pub mod verdict;
