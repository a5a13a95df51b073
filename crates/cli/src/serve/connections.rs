//! The connections of the server: how many there may be, how much a request may have, and how long a client may take.
//!
//! The limits hold for clients that are slow or send what is no request. While all connections are taken, others wait in the
//! queue of the system until one ends; each of them ends, because a client that is not served in time is disconnected. Only
//! pages that listen to events stay, and they may take half of the connections.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep, sleep};

/// Upper limit of the connections.
const MOST: usize = 512;
/// Time in which a client must send the next request, from the first moment to the last byte of the header.
const HEADER: Duration = Duration::from_secs(10);
/// Time in which a client must read some of what it is sent.
const STALLED: Duration = Duration::from_secs(30);
/// Upper limits of the bytes and the fields of a header.
const HEADER_BYTES: usize = 16 << 10;
const HEADER_FIELDS: usize = 64;

/// The number of connections: half of the file descriptors that the process may have, so that files can always be opened.
pub(super) fn most() -> usize {
    #[cfg(unix)]
    let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let descriptors: Option<u64> = None;
    descriptors.map_or(MOST, |most| (most / 2).clamp(2, MOST as u64) as usize)
}

/// Serves at most `most` connections at a time.
pub(super) async fn serve(listener: TcpListener, app: Router, most: usize) {
    let free = Arc::new(Semaphore::new(most));
    loop {
        let place = Arc::clone(&free).acquire_owned().await.expect("the semaphore is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // The client is gone, or the system has no more descriptors.
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let _place = place;
            let mut settings = http1::Builder::new();
            settings.timer(TokioTimer::new()).header_read_timeout(HEADER);
            settings.max_buf_size(HEADER_BYTES).max_headers(HEADER_FIELDS);
            // An error ends this connection only.
            let _ = settings.serve_connection(TokioIo::new(Patient::new(stream)), service).await;
        });
    }
}

/// A stream that fails if the other side reads nothing for [`STALLED`].
struct Patient {
    stream: TcpStream,
    until: Pin<Box<Sleep>>,
    waits: bool,
}

impl Patient {
    fn new(stream: TcpStream) -> Self {
        Self { stream, until: Box::pin(sleep(STALLED)), waits: false }
    }

    /// Passes on the result of a write, and fails if it has been pending for too long.
    fn limited<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = false;
            return written;
        }
        if !self.waits {
            self.waits = true;
            self.until.as_mut().reset(Instant::now() + STALLED);
        }
        ready!(self.until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, to)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.limited(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.limited(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.limited(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.limited(cx, ended)
    }
}
