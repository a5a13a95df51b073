//! The server of the dashboard, which shows the pages of `report` while runs train.
//!
//! It only reads files, and answers only GET and HEAD requests that carry its own address as their host. It finds runs by listing the
//! directory, never by a path from a browser.
//!
//! ```text
//! /                  the page                  /api/runs           all runs, with state and findings
//! /assets/NAME       scripts, styles           /api/run?name=…     the document of one run
//!                                              /api/events         an event for each change
//! ```

mod guard;
mod pages;
mod runs;
mod timeline;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

use crate::failure::{Failure, fail};
use crate::streams;
use guard::Guard;
use runs::Runs;

/// Time between two listings of the directory.
const BETWEEN: Duration = Duration::from_secs(1);

/// The settings of the server.
pub(crate) struct Options {
    pub(crate) directory: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
    pub(crate) lang: String,
}

struct Shared {
    runs: Runs,
    lang: String,
    /// Sends the names of runs that have changed.
    changes: broadcast::Sender<Vec<String>>,
}

/// Serves until `cancel` is set.
///
/// # Errors
/// A message if the address cannot be listened on.
pub(crate) fn serve(options: Options, cancel: &AtomicBool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(options, cancel))?;
    // A normal shutdown would wait for the connections that listen to events.
    runtime.shutdown_background();
    Ok(())
}

async fn run(options: Options, cancel: &AtomicBool) -> Result<(), Failure> {
    let Options { directory, address, token, lang } = options;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        fail(format!("cannot listen on {address} ({error}): choose another --port or --address"))
    })?;
    let address = listener.local_addr()?;
    let query = token.as_ref().map_or_else(String::new, |token| format!("?token={token}"));
    streams::note(format_args!(
        "serving {} at http://{address}/{query} (stop with Ctrl-C)",
        directory.display()
    ));
    let (changes, _) = broadcast::channel(64);
    let shared = Arc::new(Shared { runs: Runs::new(directory), lang, changes });
    let guard = Arc::new(Guard::new(address, token));
    let app = Router::new()
        .route("/", get(page))
        .route("/assets/{name}", get(pages::asset))
        .route("/api/runs", get(list))
        .route("/api/run", get(document))
        .route("/api/events", get(events))
        .with_state(Arc::clone(&shared))
        .layer(middleware::from_fn_with_state(guard, guard::check));
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    while !cancel.load(Ordering::Relaxed) && !server.is_finished() {
        tokio::time::sleep(BETWEEN).await;
        let update = Arc::clone(&shared);
        let changed = tokio::task::spawn_blocking(move || {
            let mut changed = update.runs.update();
            changed.extend(update.runs.diagnose());
            changed
        })
        .await
        .unwrap_or_default();
        if !changed.is_empty() {
            // Sending fails if no browser is connected.
            let _ = shared.changes.send(changed);
        }
    }
    server.abort();
    Ok(())
}

async fn page(State(shared): State<Arc<Shared>>) -> Response {
    pages::page(&shared.lang)
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    answer(tokio::task::spawn_blocking(move || Some(shared.runs.list())).await)
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

async fn document(State(shared): State<Arc<Shared>>, Query(Named { name }): Query<Named>) -> Response {
    answer(tokio::task::spawn_blocking(move || shared.runs.document(&name)).await)
}

/// A response with a JSON document that is not cached.
fn answer(text: Result<Option<String>, tokio::task::JoinError>) -> Response {
    match text {
        Ok(Some(text)) => {
            ([("content-type", "application/json"), ("cache-control", "no-store")], text).into_response()
        }
        Ok(None) => (StatusCode::NOT_FOUND, "no such run").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn events(State(shared): State<Arc<Shared>>) -> Response {
    let changes = BroadcastStream::new(shared.changes.subscribe());
    let events = changes.map(|changed| {
        // A receiver that missed changes gets an empty list and fetches everything.
        let names = changed.unwrap_or_default();
        Event::default().event("runs").json_data(names)
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
