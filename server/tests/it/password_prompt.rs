//! The password that `madang account add` asks for on a terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr};
use tempfile::TempDir;

use crate::program::madang;
use crate::replay::terminal;

#[test]
fn a_password_is_asked_for_twice_and_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let (mut keyboard, screen) = terminal();
    let mut child = add(&directory, &screen);
    asked(&mut keyboard, &screen, "Password: ");
    keyboard.write_all(b"correct horse\n").unwrap();
    asked(&mut keyboard, &screen, "Again: ");
    keyboard.write_all(b"correct horse\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(shows(&screen), "as it was before");
}

#[test]
fn whoever_ends_it_while_a_password_is_asked_for_sees_what_they_type_again() {
    let directory = tempfile::tempdir().unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let (mut keyboard, screen) = terminal();
        let mut child = add(&directory, &screen);
        asked(&mut keyboard, &screen, "Password: ");
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{signal:?}");
        assert!(shows(&screen), "as it was before");
    }
}

fn add(directory: &TempDir, screen: &File) -> Child {
    madang(directory, &["account", "add", "Kim"])
        .stdin(screen.try_clone().unwrap())
        .stdout(Stdio::null())
        .stderr(screen.try_clone().unwrap())
        .spawn()
        .unwrap()
}

/// Waits for a question, at which nothing is shown any more.
fn asked(keyboard: &mut File, screen: &File, question: &str) {
    let (mut shown, mut byte) = (Vec::new(), [0]);
    while !shown.ends_with(question.as_bytes()) {
        keyboard.read_exact(&mut byte).unwrap();
        shown.push(byte[0]);
    }
    assert!(!shows(screen));
    let shown = String::from_utf8(shown).unwrap();
    assert!(!shown.contains("horse"), "{shown}");
}

/// Whether what is typed is shown.
fn shows(screen: &File) -> bool {
    tcgetattr(screen).unwrap().local_modes.contains(LocalModes::ECHO)
}
