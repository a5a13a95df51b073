//! The dashboard's server: it reads only, answers to its own name, knows its token, and shows what is damaged as damaged.
#![allow(missing_docs, reason = "a test file")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::test_dir::TestDir;

pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start(dir: &TestDir, more: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longspan"));
        command
            .current_dir(dir.path(""))
            .args(["serve", "runs", "--port", "0"])
            .args(more.split_whitespace());
        Self::of(command)
    }

    /// The same below limits of a shell: `ulimit -n 64`.
    #[cfg(unix)]
    pub(crate) fn limited(dir: &TestDir, limits: &str) -> Self {
        let mut command = Command::new("sh");
        let line = format!("{limits}; exec '{}' serve runs --port 0", env!("CARGO_BIN_EXE_longspan"));
        command.current_dir(dir.path("")).args(["-c", &line]);
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut process = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it serves");
        let mut line = String::new();
        BufReader::new(process.stderr.take().expect("a pipe")).read_line(&mut line).expect("its address");
        let port = line.split("http://").nth(1).and_then(|rest| rest.split(['/', ':']).nth(1));
        let port = port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port in {line}"));
        Self { process, port }
    }

    /// The status and the body of an answer.
    pub(crate) fn ask(&self, method: &str, path: &str, host: &str, more: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n")
            .expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status =
            answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer)
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask("GET", path, &format!("127.0.0.1:{}", self.port), "")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn dir() -> TestDir {
    let dir = TestDir::new();
    dir.good("train --task agreement --length 6 --hidden 8 --steps 25 --threads 1 --out runs/one");
    dir
}

#[test]
fn it_reads_only_and_answers_to_its_own_name() {
    let dir = dir();
    let server = Server::start(&dir, "");
    let (status, list) = server.get("/api/runs");
    assert!(status == 200 && list.contains(r#""name":"one""#), "{list}");
    let (status, page) = server.get("/");
    assert!(status == 200 && page.contains("content-security-policy") && !page.contains("http"), "{page}");
    let own = format!("127.0.0.1:{}", server.port);
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(server.ask(method, "/api/runs", &own, "").0, 405, "{method}");
    }
    // A page of another site that was pointed at this address.
    assert_eq!(server.ask("GET", "/api/runs", "evil.example", "").0, 403);
    assert_eq!(server.ask("GET", "/api/runs", &format!("localhost:{}", server.port), "").0, 200);
    for name in ["..", "../runs/one", "one/../one", "%2e%2e%2fetc", "/etc/passwd", ""] {
        assert_eq!(server.get(&format!("/api/run?name={name}")).0, 404, "{name}");
    }
    assert_eq!(server.get("/api/run").0, 400, "no name");
    assert_eq!(server.get("/assets/..%2f..%2fCargo.toml").0, 404);
    assert_eq!(server.get("/assets/dashboard.js").0, 200);
}

#[test]
fn who_does_not_know_the_token_is_not_answered() {
    let dir = dir();
    let server = Server::start(&dir, "--token abcdefgh1");
    assert_eq!(server.get("/api/runs").0, 403);
    assert_eq!(server.get("/?token=abcdefgh2").0, 403);
    let (status, answer) = server.get("/?token=abcdefgh1");
    assert!(
        status == 200 && answer.contains("set-cookie: token=abcdefgh1; HttpOnly; SameSite=Strict"),
        "{answer}"
    );
    let own = format!("127.0.0.1:{}", server.port);
    assert_eq!(server.ask("GET", "/api/runs", &own, "Cookie: a=b; token=abcdefgh1\r\n").0, 200);
    assert_eq!(server.ask("GET", "/api/runs", &own, "Cookie: token=abcdefgh\r\n").0, 403);

    dir.bad("serve runs --address 0.0.0.0", &["--token", "0.0.0.0"]);
    dir.bad("serve runs --token short", &["--token short"]);
    dir.bad("serve nowhere", &["nowhere"]);
}

#[test]
fn damaged_runs_are_shown_as_such() {
    let dir = dir();
    dir.good("train --task agreement --length 6 --hidden 8 --steps 25 --threads 1 --out runs/torn");
    dir.write("runs/broken/run.json", "{\"format\": 1, ");
    let metrics = dir.read("runs/torn/metrics.jsonl");
    let mut torn = b"\0\xff{\"type\":\"step\"}\n[[[[[[\n".to_vec();
    torn.extend(&metrics[..metrics.len() - 20]);
    dir.write("runs/torn/metrics.jsonl", torn);
    dir.write("runs/torn/summary.json", "not JSON");
    dir.write("runs/torn/flow/000009.safetensors", [0xff; 100]);
    dir.write("runs/torn/probe/7.json", "{}");
    let server = Server::start(&dir, "");
    for name in ["one", "torn", "broken"] {
        let (status, document) = server.get(&format!("/api/run?name={name}"));
        assert_eq!(status, 200, "{name}: {document}");
        let problems = document.split(r#""problems":["#).nth(1).unwrap_or_else(|| panic!("{document}"));
        assert_eq!(problems.starts_with(']'), name == "one", "{name}: {document}");
    }
    assert_eq!(server.get("/api/runs").0, 200);
}
