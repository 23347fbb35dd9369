//! `madang market replay`: a recorded market on the command line.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr};

use crate::program::{failed, listening, madang};
use crate::running::{PATIENCE, get};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/replays/market.csv");

/// A replay in a process of its own, which is told lines.
struct Playing {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
    back: std::net::SocketAddr,
    _directory: TempDir,
}

impl Playing {
    async fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ports = [
            "--back-addr",
            "127.0.0.1:0",
            "--front-addr",
            "127.0.0.1:0",
            "--log-format",
            "json",
        ];
        let command = madang(
            &directory,
            &[&["market", "replay", SAMPLE], arguments, &ports].concat(),
        );
        let mut child = tokio::process::Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let back = listening(&mut log, "back").await;
        listening(&mut log, "front").await;
        // Else it would have nobody to log to.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut playing = Self {
            child,
            said,
            back,
            _directory: directory,
        };
        assert!(playing.hear().await.starts_with("replay: say one of: pause, go,"));
        playing
    }

    /// Says a line, and hears the answer.
    async fn say(&mut self, line: &str) -> String {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        self.hear().await
    }

    async fn hear(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.said.next_line()).await;
        line.expect("a line in time").unwrap().expect("it's still there")
    }

    async fn state(&self) -> Value {
        let answer = get(self.back, "/api/market/replay", "").await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

#[tokio::test]
async fn a_replay_is_turned_by_lines() {
    let mut playing = Playing::start(&["--speed", "1000", "--from", "09:30"]).await;
    assert_eq!(playing.state().await["feed"], "replay");
    assert_eq!(playing.state().await["speed"], 1000);
    assert!(playing.say("pause").await.ends_with(", 1000x, paused"));
    assert_eq!(
        playing.say("speed 60").await.split_once(", ").unwrap().1,
        "60x, paused"
    );
    let at = playing.say("seek 09:10:05").await;
    assert_eq!(at, "replay: 2026-03-02T09:10:05+09:00, 60x, paused");
    let at = playing.say("seek -5m").await;
    assert_eq!(at, "replay: 2026-03-02T09:05:05+09:00, 60x, paused");
    assert_eq!(playing.state().await["paused"], true);
    assert_eq!(
        playing.say("speed 0").await,
        "replay: a speed must be a whole number of 1 to 1000"
    );
    assert!(playing.say("dance").await.starts_with("replay: say one of: "));
    let at = playing.say("seek +99h").await;
    assert!(at.ends_with(", 60x, paused"), "{at}");
    assert!(playing.say("go").await.ends_with(", at its end"));
    let stdin = playing.child.stdin.as_mut().unwrap();
    stdin.write_all(b"quit\n").await.unwrap();
    let status = tokio::time::timeout(PATIENCE, playing.child.wait()).await;
    assert!(status.expect("an end in time").unwrap().success());
}

/// A terminal: who types, and what the program sees as its own.
pub fn terminal() -> (fs::File, fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
    let mut screen = fs::OpenOptions::new();
    screen
        .read(true)
        .write(true)
        .custom_flags(OpenptFlags::NOCTTY.bits() as i32);
    (fs::File::from(keyboard), screen.open(name).unwrap())
}

#[test]
fn on_a_terminal_a_replay_is_turned_by_keys_and_shows_a_bar() {
    let (mut keyboard, screen) = terminal();
    let size = Winsize {
        ws_row: 24,
        ws_col: 160,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&screen, size).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "market",
        "replay",
        SAMPLE,
        "--back-addr",
        "127.0.0.1:0",
        "--front-addr",
        "127.0.0.1:0",
    ];
    let mut child = madang(&directory, &arguments)
        .env("TERM", "xterm")
        .stdin(screen.try_clone().unwrap())
        .stdout(Stdio::null())
        .stderr(screen.try_clone().unwrap())
        .spawn()
        .unwrap();
    let mut shows = keyboard.try_clone().unwrap();
    let (sender, screens) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = shows.read(&mut bytes) {
            let _ = sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
    });
    let mut shown = String::new();
    // Each key when what it's about can be seen.
    for (key, awaited) in [
        ("", "space: pause or go on"),
        (" ", ", 1x, paused"),
        ("\x1b[A", ", 2x, paused"),
        ("5", " 50 % 2026-03-02T09:29:"),
        ("9", " 90 % 2026-03-02T09:53:"),
        ("q", ""),
    ] {
        keyboard.write_all(key.as_bytes()).unwrap();
        while !shown.contains(awaited) {
            let more = screens.recv_timeout(PATIENCE);
            shown.push_str(&more.unwrap_or_else(|_| panic!("no {awaited:?} in {shown:?}")));
        }
        shown.clear();
    }
    assert!(child.wait().unwrap().success());
    let modes = tcgetattr(&screen).unwrap().local_modes;
    assert!(
        modes.contains(LocalModes::ICANON | LocalModes::ECHO),
        "as it was before"
    );
}

#[tokio::test]
async fn a_replay_goes_on_when_nobody_says_anything() {
    let mut playing = Playing::start(&["--speed", "1000"]).await;
    drop(playing.child.stdin.take());
    // An hour, in less than four seconds.
    let state = async {
        loop {
            let state = playing.state().await;
            if state["at"] == state["to"] {
                return state;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let state = tokio::time::timeout(PATIENCE, state)
        .await
        .expect("an end in time");
    assert!(state["from"].as_u64() < state["to"].as_u64());
}

#[test]
fn a_file_can_be_looked_at_alone() {
    let directory = tempfile::tempdir().unwrap();
    let output = madang(&directory, &["market", "replay", SAMPLE, "--check"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let shown = String::from_utf8(output.stdout).unwrap();
    for words in [
        "ticks from 2026-03-02T09:00:00.034+09:00 to ",
        "HANEL ",
        "KRW Hanok Electronics",
        "USD ",
    ] {
        assert!(shown.contains(words), "{words} in\n{shown}");
    }
    assert!(
        !directory.path().join("madang.db").exists(),
        "nothing was started"
    );
}

#[test]
fn each_mistake_is_one_line() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("none"),
        "time,symbol,price,volume\n1,A,0,1\n",
    )
    .unwrap();
    let check = |arguments: &[&str]| {
        let arguments = [&["market", "replay"], arguments].concat();
        failed(&madang(&directory, &arguments).output().unwrap())
    };
    for (arguments, why) in [
        (
            &["none", "--check"][..],
            "madang: none: line 2, column 3 (price): `0`: give a price",
        ),
        (
            &["none"],
            "madang: market_feed `./none` can't be played: line 2, column 3 (price)",
        ),
        (&["gone.csv", "--check"], "madang: gone.csv: No such file"),
        (
            &[SAMPLE, "--check", "--from", "08:00"],
            "madang: --from `08:00` isn't a time in ",
        ),
        (
            &[SAMPLE, "--from", "11:00"],
            "madang: --from `11:00` isn't a time in ",
        ),
    ] {
        let told = check(arguments);
        assert!(
            told.starts_with(why) && told.lines().count() == 1,
            "{arguments:?}: {told}"
        );
    }
}
