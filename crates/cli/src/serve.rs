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
//!
//! Its memory is bounded, whatever runs and clients do: see `connections`, `documents`, and `Reader` of the run's history.

mod caught;
mod connections;
mod documents;
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
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

use longspan_run::visible;

use crate::failure::{Failure, fail};
use crate::streams;
use guard::Guard;
use runs::Runs;

/// Time between two listings of the directory.
const BETWEEN: Duration = Duration::from_secs(1);

/// Threads that read files. They wait for each other while one document is made.
const READERS: usize = 8;

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
    /// Connections that may listen to events, which have no end: the others remain for pages.
    listeners: Arc<Semaphore>,
}

/// Serves until `cancel` is set.
///
/// # Errors
/// A message if the address cannot be listened on.
pub(crate) fn serve(options: Options, cancel: &AtomicBool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(READERS)
        .enable_all()
        .build()?;
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
    // The address is what the command is for.
    streams::tell(format_args!(
        "serving {} at http://{address}/{query} (stop with Ctrl-C)",
        visible::path(&directory)
    ));
    let (changes, _) = broadcast::channel(64);
    let most = connections::most();
    let listeners = Arc::new(Semaphore::new(most / 2));
    let shared = Arc::new(Shared { runs: Runs::new(directory), lang, changes, listeners });
    let guard = Arc::new(Guard::new(address, token));
    let app = Router::new()
        .route("/", get(page))
        .route("/assets/{name}", get(pages::asset))
        .route("/api/runs", get(list))
        .route("/api/run", get(document))
        .route("/api/events", get(events))
        .with_state(Arc::clone(&shared))
        .layer(middleware::from_fn_with_state(guard, guard::check));
    let server = tokio::spawn(connections::serve(listener, app, most));
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
    answer(shared.runs.list())
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

async fn document(State(shared): State<Arc<Shared>>, Query(Named { name }): Query<Named>) -> Response {
    // A document that is ready needs no thread.
    if let Some(ready) = shared.runs.ready(&name) {
        return answer(ready);
    }
    match tokio::task::spawn_blocking(move || shared.runs.document(&name)).await {
        Ok(Some(document)) => answer(document),
        Ok(None) => (StatusCode::NOT_FOUND, "no such run").into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response(),
    }
}

/// A response with a JSON document that is not cached. All responses share the bytes of the document.
fn answer(document: Bytes) -> Response {
    ([("content-type", "application/json"), ("cache-control", "no-store")], document).into_response()
}

async fn events(State(shared): State<Arc<Shared>>) -> Response {
    let Ok(listens) = Arc::clone(&shared.listeners).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open: close some of them")
            .into_response();
    };
    let changes = BroadcastStream::new(shared.changes.subscribe());
    let events = changes.map(move |changed| {
        let _until_the_end = &listens;
        // A receiver that missed changes gets an empty list and fetches everything.
        let names = changed.unwrap_or_default();
        Event::default().event("runs").json_data(names)
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
