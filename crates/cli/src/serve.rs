//! The dashboard: what `report` shows, while runs train.
//!
//! It reads only. It answers GET alone, from the addresses that it was told to, to those who name it as it is named; runs are found
//! by listing, never by a path that a browser gives.
//!
//! ```text
//! /                  the page                  /api/runs           the runs, with state and verdict
//! /assets/NAME       scripts, styles           /api/run?name=…     the document of one
//!                                              /api/events         a line for each change, as it happens
//! ```

mod guard;
mod pages;
mod runs;
mod story;

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
use guard::Guard;
use runs::Runs;

/// Time between two looks at the directory.
const LOOK: Duration = Duration::from_secs(1);

/// What is served, and to whom.
pub(crate) struct Options {
    pub(crate) directory: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
    pub(crate) lang: String,
}

struct Shared {
    runs: Runs,
    lang: String,
    /// Names of runs that have changed.
    changes: broadcast::Sender<Vec<String>>,
}

/// Serves until `cancel`.
pub(crate) fn serve(options: Options, cancel: &AtomicBool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(options, cancel))?;
    // Who listens to events would be waited for.
    runtime.shutdown_background();
    Ok(())
}

async fn run(options: Options, cancel: &AtomicBool) -> Result<(), Failure> {
    let Options { directory, address, token, lang } = options;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        fail(format!("{address} cannot be listened on ({error}): choose another --port or --address"))
    })?;
    let address = listener.local_addr()?;
    let query = token.as_ref().map_or_else(String::new, |token| format!("?token={token}"));
    eprintln!("{}: http://{address}/{query}  (Ctrl-C ends it)", directory.display());
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
        tokio::time::sleep(LOOK).await;
        let looking = Arc::clone(&shared);
        let changed = tokio::task::spawn_blocking(move || {
            let mut changed = looking.runs.look();
            changed.extend(looking.runs.judge());
            changed
        })
        .await
        .unwrap_or_default();
        if !changed.is_empty() {
            // Nobody may be listening.
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

/// A JSON document that is not kept by anyone on the way.
fn answer(text: Result<Option<String>, tokio::task::JoinError>) -> Response {
    match text {
        Ok(Some(text)) => {
            ([("content-type", "application/json"), ("cache-control", "no-store")], text).into_response()
        }
        Ok(None) => (StatusCode::NOT_FOUND, "there is no such run").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn events(State(shared): State<Arc<Shared>>) -> Response {
    let changes = BroadcastStream::new(shared.changes.subscribe());
    let events = changes.map(|changed| {
        // Who was too slow to hear all looks at all.
        let names = changed.unwrap_or_default();
        Event::default().event("runs").json_data(names)
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
