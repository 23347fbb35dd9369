//! The program as a process: its settings, its mistakes told in one line, its signals, its death.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use madang_server::store::Store;
use madang_ws::CloseCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinSet;

use crate::database::newest;
use crate::running::{Client, HANDSHAKE, PATIENCE, Running, get};

#[test]
fn check_shows_each_setting_and_where_it_comes_from() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("madang.toml"),
        "log_format = \"json\"\nfront_addr = \"127.0.0.1:4001\"\n",
    )
    .unwrap();
    let output = madang(&directory, &["check", "--back-addr", "127.0.0.1:4000"])
        .env("MADANG_FRONT_ADDR", "127.0.0.1:5001")
        .env("MADANG_DATABASE_URL", "mysql://u:secret@db/x")
        .env("MADANG_OPERATOR_PASSWORD", "another secret")
        .output()
        .unwrap();
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    for line in [
        "back_addr = 127.0.0.1:4000 (--back-addr)",
        "front_addr = 127.0.0.1:5001 (MADANG_FRONT_ADDR)",
        "back_url = ws://127.0.0.1:4000 (default)",
        "database_url = mysql://u:***@db/x (MADANG_DATABASE_URL)",
        "allowed_origin = http://127.0.0.1:5001, http://localhost:5001 (default)",
        "log_format = json (",
        "max_connections = 16384 (default)",
        "operator_password = *** (MADANG_OPERATOR_PASSWORD)",
        "replay_file = sample (default)",
    ] {
        assert!(shown.contains(line), "{line}\nin\n{shown}");
    }
    assert!(
        shown
            .lines()
            .any(|line| line.starts_with("log_format") && line.ends_with("madang.toml)")),
        "{shown}"
    );
}

#[tokio::test]
async fn accounts_are_made_and_changed_from_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let account = |arguments: &[&str], password: &str| {
        let mut child = madang(&directory, &[&["account"], arguments].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), password.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let add = |arguments: &[&str], password: &str| account(&[&["add"], arguments].concat(), password);
    let made = add(&["Kim", "--admin"], "correct horse\n");
    assert!(made.status.success(), "{made:?}");
    assert_eq!(
        String::from_utf8(made.stdout).unwrap(),
        "Kim can sign in now, as admin\n"
    );
    assert!(failed(&add(&["kim"], "correct horse\n")).contains("this name is taken"));
    assert!(failed(&add(&["Lee"], "short\n")).contains("a password has 8 to 200 characters"));
    assert!(failed(&add(&[" "], "correct horse\n")).contains("the name must have a visible character"));
    assert!(
        add(&["Lee"], "correct horse").status.success(),
        "without a line's end"
    );
    let store = Store::open(&database(&directory)).await.unwrap();
    let role = async |key: &str| {
        store
            .account_named(key)
            .await
            .unwrap()
            .map(|account| account.role)
    };
    assert_eq!(role("kim").await.as_deref(), Some("admin"));
    assert_eq!(role("lee").await.as_deref(), Some("member"));
    let kim = store.account_named("kim").await.unwrap().unwrap();
    assert!(kim.password.starts_with("$argon2id$"), "{}", kim.password);

    let said = |arguments: &[&str], password: &str| {
        let output = account(arguments, password);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(said(&["list"], ""), "Kim\tadmin\nLee\tmember\n");
    assert_eq!(
        said(&["role", "kim", "member"], ""),
        "kim is a member like others now\n"
    );
    assert_eq!(said(&["role", "Lee", "admin"], ""), "Lee is an admin now\n");
    assert_eq!(said(&["list"], ""), "Kim\tmember\nLee\tadmin\n");
    assert_eq!(
        said(&["password", "Kim"], "another horse\n"),
        "Kim can sign in with the new password now\n"
    );
    let other = store.account_named("kim").await.unwrap().unwrap();
    assert_ne!(other.password, kim.password);
    for unknown in [&["role", "Park", "admin"][..], &["password", "Park"]] {
        assert!(failed(&account(unknown, "another horse\n")).contains("nobody of this name is known"));
    }
    assert!(failed(&account(&["password", "Kim"], "short\n")).contains("a password has 8 to 200 characters"));
}

#[test]
fn an_api_key_is_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let shown = |key: &str| {
        let output = madang(&directory, &["check"])
            .env("MADANG_API_KEY", key)
            .output()
            .unwrap();
        let all = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(all).unwrap())
    };
    let (right, text) = shown("the-key-of-one-back-end,the-key-of-another-one");
    assert!(right);
    assert!(text.contains("api_key = ***, *** (MADANG_API_KEY)"), "{text}");
    let (right, text) = shown("the-key-that-is-short");
    assert!(!right);
    assert!(
        text.contains("api_key `***` is shorter than 22 characters"),
        "{text}"
    );
    assert!(!text.contains("the-key"), "{text}");
}

#[test]
fn check_gives_every_reason_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = "back-addr = \"127.0.0.1:1\"\nmax_conections = 5\nallowed_origin = [\"*\"]\nlog_format = 7\nnonsense = 1\n";
    fs::write(directory.path().join("madang.toml"), file).unwrap();
    let output = madang(&directory, &["check", "--front-addr", "localhost"])
        .output()
        .unwrap();
    let reasons = failed(&output);
    for reason in [
        "unknown key `back-addr`; did you mean `back_addr`?",
        "unknown key `max_conections`; did you mean `max_connections`?",
        "unknown key `nonsense`; the keys are back_addr,",
        "allowed_origin `*` isn't an origin",
        "log_format `7` must be text or json",
        "front_addr `localhost` isn't an IP address with a port",
        "(from --front-addr)",
    ] {
        assert!(reasons.contains(reason), "{reason}\nin\n{reasons}");
    }
    assert_eq!(reasons.lines().count(), 6);
}

#[test]
fn each_wrong_value_is_one_line_and_exit_code_1() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("broken.toml"), "back_addr = ").unwrap();
    for (arguments, reason) in [
        (&["--back-addr", "3000"][..], "back_addr `3000`"),
        (
            &["back", "--database-url", "oracle://u:secret@db"],
            "database_url `oracle://u:***@db` must start with",
        ),
        (
            &["--max-connections", "0"],
            "max_connections `0` must be at least 1",
        ),
        (
            &["--max-connections-per-address", "some"],
            "max_connections_per_address `some`",
        ),
        (
            &["--max-messages-per-user", "many"],
            "max_messages_per_user `many` isn't a whole number",
        ),
        (&["--slow-readers", "lobby"], "slow_readers `lobby` isn't a room"),
        (&["--back-url", "http://a"], "back_url `http://a`"),
        (
            &["--back-addr", "0.0.0.0:0"],
            "back_url is needed because back_addr 0.0.0.0:0",
        ),
        (
            &["--config", "none.toml"],
            "none.toml can't be read: no such file",
        ),
        (&["--config", "broken.toml"], "broken.toml can't be read:"),
    ] {
        let output = madang(&directory, arguments).output().unwrap();
        let reasons = failed(&output);
        assert!(reasons.contains(reason), "{reason}\nin\n{reasons}");
        assert_eq!(reasons.lines().count(), 1, "{reasons}");
        assert!(!reasons.contains("secret"));
    }
}

#[tokio::test]
async fn a_port_in_use_is_one_line_and_exit_code_1() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for (command, flag) in [("back", "--back-addr"), ("front", "--front-addr")] {
        let output = madang(&directory, &[command, flag, &addr]).output().unwrap();
        let reason = format!("madang: the {command} can't listen on {addr}: the port is in use\n");
        assert_eq!(failed(&output), reason);
    }
}

#[test]
fn an_unreadable_database_is_one_line_and_exit_code_1() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("notes.db"),
        "These are notes, and no database. ".repeat(100),
    )
    .unwrap();
    for url in ["sqlite://nowhere/madang.db", "sqlite://notes.db"] {
        let arguments = ["back", "--back-addr", "127.0.0.1:0", "--database-url", url];
        let reasons = failed(&madang(&directory, &arguments).output().unwrap());
        assert!(
            reasons.starts_with(&format!("madang: the database {url} can't be used: ")),
            "{reasons}"
        );
        assert_eq!(reasons.lines().count(), 1, "{reasons}");
    }
}

#[tokio::test]
async fn sigterm_and_ctrl_c_end_with_1001_and_exit_code_0() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::start(&[]).await;
        assert!(get(program.front, "/chat", "").await.starts_with("HTTP/1.1 200"));
        let mut kim = Client::connect(program.back, "/ws/lobby").await;
        kim.join("Kim").await;
        let begun = Instant::now();
        program.signal(signal);
        assert_eq!(kim.closed().await.code, CloseCode::GOING_AWAY);
        let status = tokio::time::timeout(PATIENCE, program.child.wait())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

/// A peer that doesn't answer the close, and one in the middle of a request, hold the end up for a bounded time.
#[tokio::test]
async fn a_stop_takes_10_seconds_at_most() {
    let mut program = Program::start(&[]).await;
    let mut mute = TcpStream::connect(program.back).await.unwrap();
    mute.write_all(format!("GET /ws/lobby HTTP/1.1\r\nHost: a\r\n{HANDSHAKE}\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = [0; 12];
    mute.read_exact(&mut answer).await.unwrap();
    let mut half = TcpStream::connect(program.back).await.unwrap();
    half.write_all(b"GET /readyz HT").await.unwrap();
    let begun = Instant::now();
    program.signal("TERM");
    let status = tokio::time::timeout(PATIENCE, program.child.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(11), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_kill_9() {
    let mut program = Program::start(&[]).await;
    let mut kim = Client::connect(program.back, "/ws/lobby").await;
    kim.join("Kim").await;
    // Many on their way; the program dies when the tenth has been acknowledged.
    for n in 0..200 {
        kim.send(&format!("c{n}"), &format!("text {n}")).await;
    }
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 10 {
        let ack = kim.expect("ack").await;
        acknowledged.push((ack["offset"].as_i64().unwrap(), ack["client_id"].clone()));
    }
    program.child.start_kill().unwrap();
    program.child.wait().await.unwrap();
    // What was still on its way to us counts as acknowledged too.
    while let Some(Ok(message)) = kim.ws.recv().await {
        let ack: Value = serde_json::from_slice(message.as_bytes()).unwrap();
        acknowledged.push((ack["offset"].as_i64().unwrap(), ack["client_id"].clone()));
    }

    let program = program.again(&[]).await;
    let mut kim = Client::connect(program.back, "/ws/lobby").await;
    let last = kim.join("Kim").await["offset"].as_i64().unwrap();
    assert!(last >= acknowledged.len() as i64);
    kim.say(&json!({"type": "history", "after": 0, "limit": 200}))
        .await;
    let page = kim.expect("history").await;
    let rows = page["messages"].as_array().unwrap();
    for (offset, client_id) in acknowledged {
        let row = &rows[usize::try_from(offset).unwrap() - 1];
        assert_eq!((&row["offset"], &row["client_id"]), (&json!(offset), &client_id));
    }
    kim.send("c0", "text 0").await;
    let again = kim.expect("ack").await;
    assert_eq!((&again["offset"], &again["duplicate"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn back_and_front_also_run_apart() {
    let directory = tempfile::tempdir().unwrap();
    let mut back = spawn(&directory, &["back", "--back-addr", "127.0.0.1:0"]);
    let mut back_lines = BufReader::new(back.stdout.take().unwrap()).lines();
    let apart = [
        "front",
        "--front-addr",
        "127.0.0.1:0",
        "--back-url",
        "ws://127.0.0.1:9",
    ];
    let mut front = spawn(&directory, &apart);
    let mut front_lines = BufReader::new(front.stdout.take().unwrap()).lines();
    let back_addr = listening(&mut back_lines, "back").await;
    let front_addr = listening(&mut front_lines, "front").await;
    assert!(get(back_addr, "/readyz", "").await.starts_with("HTTP/1.1 200"));
    assert!(
        get(front_addr, "/chat", "")
            .await
            .contains("connect-src 'self' ws://127.0.0.1:9 ")
    );
    assert!(newest(&Store::open(&database(&directory)).await.unwrap(), "lobby").await == 0);
}

/// From 127.0.0.9, where all of the crowd comes from, only 20 get in; everybody else is told to wait, and neither the
/// room nor the memory notices.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_connections_from_one_address_are_held_to_the_limit() {
    const LIMIT: usize = 20;
    const CROWD: usize = 10_000;
    const AT_ONCE: usize = 200;
    let program = Program::start(&["--max-connections-per-address", &LIMIT.to_string()]).await;
    let mut kim = Client::connect(program.back, "/ws/lobby").await;
    kim.join("Kim").await;
    let mut lee = Client::connect(program.back, "/ws/lobby").await;
    lee.join("Lee").await;
    kim.expect("joined").await;

    let addr = program.back;
    let knock = move || async move {
        let socket = TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9)), 0))
            .unwrap();
        let mut stream = socket.connect(addr).await.unwrap();
        let request = format!("GET /ws/lobby HTTP/1.1\r\nHost: a\r\n{HANDSHAKE}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        if answer == b"HTTP/1.1 429" {
            stream.read_to_end(&mut answer).await.unwrap();
        }
        (String::from_utf8(answer).unwrap(), stream)
    };
    let mut let_in = Vec::new();
    for _ in 0..LIMIT {
        let (answer, stream) = knock().await;
        assert_eq!(answer, "HTTP/1.1 101");
        let_in.push(stream);
    }
    let before = program.resident_kib();
    let mut crowd = JoinSet::new();
    let mut refused = 0;
    for n in 0..CROWD {
        if crowd.len() == AT_ONCE {
            check_refusal(crowd.join_next().await, &mut refused);
        }
        crowd.spawn(knock());
        if n % 1000 == 0 {
            kim.send(&format!("c{n}"), "anybody hurt?").await;
            assert_eq!(lee.expect("message").await["client_id"], format!("c{n}"));
            kim.expect("ack").await;
        }
    }
    while let joined @ Some(_) = crowd.join_next().await {
        check_refusal(joined, &mut refused);
    }
    assert_eq!(refused, CROWD);
    let grown = program.resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB");
    drop(let_in);
}

fn check_refusal(joined: Option<Result<(String, TcpStream), tokio::task::JoinError>>, refused: &mut usize) {
    let (answer, _) = joined.unwrap().unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: "),
        "{answer}"
    );
    *refused += 1;
}

/// Both servers as a process on free ports, in a directory of its own. Killed when dropped.
struct Program {
    child: Child,
    _lines: Lines<BufReader<ChildStdout>>,
    back: SocketAddr,
    front: SocketAddr,
    directory: TempDir,
}

impl Program {
    async fn start(arguments: &[&str]) -> Self {
        Self::in_directory(tempfile::tempdir().unwrap(), arguments).await
    }

    /// The same again on the same database.
    async fn again(self, arguments: &[&str]) -> Self {
        Self::in_directory(self.directory, arguments).await
    }

    async fn in_directory(directory: TempDir, arguments: &[&str]) -> Self {
        let ports = [
            "serve",
            "--back-addr",
            "127.0.0.1:0",
            "--front-addr",
            "127.0.0.1:0",
        ];
        let mut child = spawn(&directory, &[&ports, arguments].concat());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let back = listening(&mut lines, "back").await;
        let front = listening(&mut lines, "front").await;
        Self {
            child,
            _lines: lines,
            back,
            front,
            directory,
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    fn resident_kib(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

fn spawn(directory: &TempDir, arguments: &[&str]) -> Child {
    let command = madang(directory, &[arguments, &["--log-format", "json"]].concat());
    tokio::process::Command::from(command)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Where a server listens, from the log.
pub async fn listening(lines: &mut Lines<BufReader<ChildStdout>>, server: &str) -> SocketAddr {
    let found = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let entry: Value = serde_json::from_str(&line).unwrap();
            if entry["message"]
                .as_str()
                .is_some_and(|text| text.starts_with(&format!("{server} listening")))
            {
                return entry["addr"].as_str().unwrap().parse().unwrap();
            }
        }
        panic!("the program ended");
    };
    tokio::time::timeout(PATIENCE, found)
        .await
        .expect("it listens in time")
}

#[tokio::test]
async fn a_killed_server_leaves_no_ghosts() {
    let mut program = Program::start(&[]).await;
    let mut kim = Client::connect(program.back, "/ws/lobby").await;
    kim.join("Kim").await;
    kim.send("c1", "I was here").await;
    kim.expect("ack").await;
    program.signal("KILL");
    program.child.wait().await.unwrap();
    let program = program.again(&[]).await;
    let mut lee = Client::connect(program.back, "/ws/lobby").await;
    assert_eq!(lee.join("Lee").await["members"], serde_json::json!(["Lee"]));
}

#[tokio::test]
async fn the_load_tool_tells_what_its_readers_heard() {
    let server = Running::start().await;
    let directory = tempfile::tempdir().unwrap();
    let url = format!("http://{}", server.addr);
    let flags = ["--clients", "3", "--seconds", "2", "--rate", "20", "--json"];
    for via in ["polling", "long-polling", "sse", "websocket", "socketio"] {
        let arguments = [
            &["load", &*url, "--room", via, "--via", via, "--interval", "100"],
            &flags[..],
        ]
        .concat();
        let mut command = madang(&directory, &arguments);
        // The server that it talks to has this thread.
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let figures = &report["figures"];
        assert_eq!(
            (&report["via"], &figures["connected"]),
            (&via.into(), &3.into()),
            "{report}"
        );
        assert!(figures["events"].as_u64() >= Some(30), "{report}");
        for wrong in ["missed", "duplicates", "out_of_order", "failures"] {
            assert_eq!(figures[wrong], 0, "{report}");
        }
        assert!(figures["latency"]["p50_us"].as_u64() > Some(0), "{report}");
    }
    let read_only = ["load", &*url, "--room", "lab-1", "--rate", "1", "--clients", "1"];
    let mut command = madang(&directory, &read_only);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert_eq!(
        failed(&output),
        "madang: the room can't be published to: status 403 Forbidden\n"
    );
}

/// The program in a directory, with none of our own environment's settings.
pub fn madang(directory: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
    command.current_dir(directory.path()).args(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MADANG_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command
}

/// What a failed start wrote to standard error; standard output stays empty but for `check`.
pub fn failed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn database(directory: &TempDir) -> madang_server::config::DatabaseUrl {
    format!("sqlite://{}", directory.path().join("madang.db").display())
        .parse()
        .unwrap()
}
