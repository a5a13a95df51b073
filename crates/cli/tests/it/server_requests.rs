//! Requests that are not what a browser sends: changed in every way, each is answered or refused, and the server goes on.
//!
//! `LONGSPAN_MUTATIONS` is the number of changed requests.
#![allow(missing_docs, reason = "a test file")]

#[path = "../../../run/tests/mutations/mutate.rs"]
mod mutate;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::serve::Server;
use crate::test_dir::TestDir;
use mutate::Mutator;

/// Changed requests, unless `LONGSPAN_MUTATIONS` says another number.
const MUTATIONS: usize = 3000;

/// Requests that the pages of the dashboard send, and some that they do not.
fn requests(port: u16) -> Vec<Vec<u8>> {
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let paths = [
        "/",
        "/?token=secret",
        "/api/runs",
        "/api/run?name=one",
        "/api/run?name=a%2Fb%00%ff&name=one",
        "/api/run?name=../one",
        "/assets/..%2f..%2fetc%2fpasswd",
    ];
    let mut requests: Vec<_> =
        paths.iter().map(|path| format!("GET {path} HTTP/1.1\r\n{host}\r\n").into_bytes()).collect();
    requests.push(format!("HEAD / HTTP/1.1\r\n{host}Cookie: token=secret; a=b\r\n\r\n").into_bytes());
    requests.push(format!("POST /api/run HTTP/1.1\r\n{host}Content-Length: 4\r\n\r\nname").into_bytes());
    let two =
        format!("GET /api/runs HTTP/1.1\r\n{host}\r\nGET / HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
    requests.push(two.into_bytes());
    let chunks =
        format!("GET /api/runs HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n");
    requests.push(chunks.into_bytes());
    requests.push(b"GET /api/runs HTTP/1.0\r\n\r\n".to_vec());
    requests
}

/// What the server answers before it ends the connection. After the request, another one asks it to.
fn answer(port: u16, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let last = format!("\r\n\r\nGET /last HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    // The server may refuse, and end the connection, before it has read everything.
    let _ = stream.write_all(&[request, last.as_bytes()].concat());
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset,
            "{error}: {:?}",
            String::from_utf8_lossy(request)
        );
    }
    answer
}

/// The status of each answer, in the order of the answers.
fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    let starts = text.match_indices("HTTP/1.").map(|(at, _)| &text[at..]);
    starts.filter_map(|rest| rest.get(9..12)?.parse().ok()).collect()
}

#[test]
fn changed_requests_are_answered_or_refused() {
    let dir = TestDir::new();
    dir.good("train --task parity --length 5 --hidden 4 --batch 4 --steps 5 --no-probe --out runs/one");
    let server = Server::start(&dir, "");
    let requests = requests(server.port);
    for (request, status) in requests.iter().zip([200, 200, 200, 200, 400, 404, 404, 200, 413]) {
        assert_eq!(
            statuses(&answer(server.port, request))[0],
            status,
            "{:?}",
            String::from_utf8_lossy(request)
        );
    }
    let count =
        std::env::var("LONGSPAN_MUTATIONS").map_or(MUTATIONS, |count| count.parse().expect("a number"));
    let mut mutator = Mutator::new("requests");
    let (mut answered, mut refused) = (0, 0);
    for number in 0..count {
        let (own, other) = (&requests[number % requests.len()], &requests[number / 7 % requests.len()]);
        let request = mutator.changed(own, other);
        let answer = answer(server.port, &request);
        let shown = String::from_utf8_lossy(&request);
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1."),
            "{shown:?}: {:?}",
            String::from_utf8_lossy(&answer)
        );
        for status in statuses(&answer) {
            assert!((200..500).contains(&status), "{status}: {shown:?}");
            *(if status < 300 { &mut answered } else { &mut refused }) += 1;
        }
        assert!(!answer.windows(8).any(|part| part == b"panicked"), "{shown:?}");
    }
    assert!(answered > 0 && refused > count / 4, "{answered} answered, {refused} refused");
    println!("{count} requests, {answered} answered, {refused} refused");
    assert!(server.get("/api/run?name=one").1.contains("\"problems\":[]"), "the server works as before");
}
