//! The server under load: clients that are slow, many or wrong, and long runs.
#![cfg(target_os = "linux")]
#![allow(missing_docs, reason = "a test file")]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::serve::Server;
use crate::test_dir::TestDir;

const TASK: &str = "train --task parity --length 5 --hidden 4 --batch 4 --steps 30 --eval-every 5 --no-probe";

fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port)).expect("it listens")
}

/// The largest resident memory of the server so far, in MB.
fn peak(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.process.id());
    let status = std::fs::read_to_string(path).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1000
}

/// Three runs in `runs`.
fn three() -> TestDir {
    let dir = TestDir::new();
    for name in ["a", "b", "deep/c"] {
        dir.good(&format!("{TASK} --out runs/{name}"));
    }
    dir
}

/// However few descriptors there are, connections leave enough of them to read the runs.
#[test]
fn runs_stay_in_the_list_when_all_connections_are_taken() {
    let dir = three();
    for descriptors in [16, 64] {
        let server = Server::limited(&dir, &format!("ulimit -n {descriptors}"));
        let idle: Vec<_> = (0..descriptors + 20).map(|_| connect(&server)).collect();
        // The directory is listed every second.
        std::thread::sleep(Duration::from_millis(2500));
        drop(idle);
        let (_, list) = server.get("/api/runs");
        assert_eq!(list.matches("\"name\":").count(), 3, "{list}");
        let (_, document) = server.get("/api/run?name=deep/c");
        assert!(document.contains("\"problems\":[]"), "{document}");
    }
}

/// A client that sends nothing, or too slowly, is disconnected; then the next one is served.
#[test]
fn slow_clients_are_disconnected() {
    let dir = three();
    let server = Server::limited(&dir, "ulimit -n 64");
    let began = Instant::now();
    let mut idle: Vec<_> = (0..16).map(|_| connect(&server)).collect();
    let mut slow: Vec<_> = (0..16).map(|_| connect(&server)).collect();
    let feed = std::thread::spawn(move || {
        for byte in b"GET /api/runs HTTP/1.1\r\nHost: 1" {
            // One that is disconnected takes no more.
            slow.retain_mut(|client| client.write_all(&[*byte]).is_ok());
            std::thread::sleep(Duration::from_millis(500));
        }
        slow.len()
    });
    // All 32 places are taken: this request waits until one is free.
    assert!(server.get("/api/runs").1.contains("\"name\":\"a\""));
    for client in &mut idle {
        client.set_read_timeout(Some(Duration::from_secs(40))).expect("a timeout");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("the server ends the connection");
    }
    assert!(began.elapsed() < Duration::from_secs(40));
    assert_eq!(
        feed.join().expect("it ends"),
        0,
        "clients that send a byte now and then are disconnected, too"
    );
}

#[test]
fn requests_have_limits() {
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --out runs/a"));
    let server = Server::start(&dir, "");
    let own = format!("127.0.0.1:{}", server.port);
    let long = format!("X: {}\r\n", "x".repeat(20_000));
    let many: String = (0..80).fold(String::new(), |mut text, i| {
        let _ = write!(text, "X-{i}: 1\r\n");
        text
    });
    for header in [long, many] {
        assert_eq!(server.ask("GET", "/api/runs", &own, &header).0, 431);
    }
    for body in ["Content-Length: 3000000000\r\n", "Transfer-Encoding: chunked\r\n"] {
        assert_eq!(server.ask("GET", "/api/runs", &own, body).0, 413, "{body}");
    }
    assert_eq!(server.ask("GET", "/api/runs", &own, "Content-Length: 0\r\n").0, 200);
    let mut client = connect(&server);
    client.write_all(b"\x16\x03\x01\x02\0\x01\xfc\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

/// Many pages of a long run share one document, and reading it takes little memory, also when the run grows.
#[test]
fn a_long_run_takes_little_memory() {
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --out runs/long"));
    let metrics = dir.read_text("runs/long/metrics.jsonl");
    let step = metrics.lines().find(|line| line.contains("\"step\":7,")).expect("a step");
    let lines = |from: u64, to: u64| {
        (from..to)
            .map(|i| step.replacen("\"step\":7,", &format!("\"step\":{i},"), 1) + "\n")
            .collect::<String>()
    };
    dir.write("runs/long/metrics.jsonl", lines(1, 80_000));
    let size = dir.read("runs/long/metrics.jsonl").len() as u64 >> 20;
    assert!(size >= 16, "{size} MB");
    let server = Server::start(&dir, "");
    server.get("/api/runs");
    let before = peak(&server);
    let document = || server.get("/api/run?name=long").1;
    let pages: Vec<String> = std::thread::scope(|scope| {
        let pages: Vec<_> = (0..10).map(|_| scope.spawn(document)).collect();
        pages.into_iter().map(|page| page.join().expect("a page")).collect()
    });
    let body = |page: &str| page.split("\r\n\r\n").nth(1).map(str::to_owned).expect("a body");
    assert!(pages.iter().all(|page| body(page) == body(&pages[0])));
    assert!(body(&pages[0]).len() < 500_000, "{} bytes", body(&pages[0]).len());
    assert!(pages[0].contains("training steps is shown here"), "{}", &pages[0][..2000]);
    assert!(pages[0].contains("\"step\":79999"), "the last step is there");
    // What is appended, and what replaces the file, is shown.
    let changed = |last: u64| {
        let shows = || document().contains(&format!("\"summary\":{{\"step\":{last},"));
        assert!(
            (0..100).any(|_| shows() || {
                std::thread::sleep(Duration::from_millis(100));
                false
            }),
            "{last}"
        );
    };
    let file = std::fs::OpenOptions::new().append(true).open(dir.path("runs/long/metrics.jsonl"));
    file.expect("a file").write_all(lines(80_000, 80_010).as_bytes()).expect("written");
    changed(80_009);
    dir.write("runs/long/metrics.jsonl", lines(1, 12));
    changed(11);
    let grown = peak(&server) - before;
    // The records of lines of 8 MB, as they are read and as they are judged.
    assert!(grown < 64, "{grown} MB for a file of {size} MB");
}

/// Five hundred connections of all kinds change no bit of a run beside them, and the server lives on in little memory.
#[test]
fn many_clients_change_no_bit_of_a_run() {
    let dir = TestDir::new();
    dir.good(&format!("{TASK} --out alone"));
    dir.good(&format!("{TASK} --out runs/first"));
    let server = Server::start(&dir, "");
    let own = format!("Host: 127.0.0.1:{}\r\n\r\n", server.port);
    let begin = |i: usize| match i % 5 {
        0 => String::new(),
        1 => "GET /api/runs HTTP/1.1\r\nHos".to_owned(),
        2 => "\x16\x03\x01 GET\r\n\r\n".to_owned(),
        3 => format!("GET /api/events HTTP/1.1\r\n{own}"),
        // Its answer is not read.
        _ => format!("GET /assets/plotly.js HTTP/1.1\r\n{own}"),
    };
    let clients: Vec<TcpStream> = (0..500)
        .map(|i| {
            let mut client = connect(&server);
            client.write_all(begin(i).as_bytes()).expect("it reads");
            client
        })
        .collect();
    dir.good(&format!("{TASK} --out runs/beside"));
    for name in ["checkpoints/last.safetensors", "checkpoints/best.safetensors"] {
        assert!(dir.read(&format!("alone/{name}")) == dir.read(&format!("runs/beside/{name}")), "{name}");
    }
    let (status, list) = server.get("/api/runs");
    assert!(status == 200 && list.contains("\"name\":\"first\""), "{list}");
    assert_eq!(server.get("/api/run?name=first").0, 200);
    assert!(peak(&server) < 100, "{} MB", peak(&server));
    drop(clients);
}
