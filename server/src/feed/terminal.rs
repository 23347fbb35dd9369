//! Keys as they are pressed, where there is a terminal; else lines.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::thread;

use tokio::sync::mpsc;

/// What somebody has typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Keys, as the terminal sends them.
    Keys(Vec<u8>),
    /// A line, from where there are no keys.
    Line(String),
}

/// Standard input. While this lives, a terminal sends keys at once, and shows none.
#[derive(Debug)]
pub(super) struct Terminal {
    typed: mpsc::Receiver<Typed>,
    keys: Option<Keys>,
}

impl Terminal {
    pub(super) fn open() -> Self {
        let keys = Keys::begin();
        let has_keys = keys.is_some();
        let (sender, typed) = mpsc::channel(16);
        // One of the runtime's own would keep the program from ending while nobody types.
        let reader = move || {
            if has_keys {
                read_keys(&sender);
            } else {
                read_lines(&sender);
            }
        };
        if is_ours()
            && let Err(error) = thread::Builder::new().name("keys".to_owned()).spawn(reader)
        {
            tracing::warn!(%error, "the replay can't be turned from here");
        }
        Self { typed, keys }
    }

    /// Whether keys are read, not lines.
    pub(super) fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// What is typed next. Waits for ever when there is no more.
    pub(super) async fn next(&mut self) -> Typed {
        match self.typed.recv().await {
            Some(typed) => typed,
            None => std::future::pending().await,
        }
    }
}

fn read_keys(sender: &mpsc::Sender<Typed>) {
    let mut keys = [0; 64];
    while let Ok(count @ 1..) = io::stdin().read(&mut keys) {
        let keys = keys.get(..count).unwrap_or_default();
        if sender.blocking_send(Typed::Keys(keys.to_vec())).is_err() {
            return;
        }
    }
}

fn read_lines(sender: &mpsc::Sender<Typed>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        if sender.blocking_send(Typed::Line(line)).is_err() {
            return;
        }
    }
}

/// Whether standard input may be read: a program in the background that reads from its terminal is stopped.
#[cfg(unix)]
fn is_ours() -> bool {
    // What isn't this program's terminal, a file or a pipe, has nobody in the foreground.
    let foreground = rustix::termios::tcgetpgrp(io::stdin());
    foreground.is_err() || foreground == Ok(rustix::process::getpgrp())
}

#[cfg(not(unix))]
fn is_ours() -> bool {
    true
}

/// A terminal that sends keys, until this is dropped.
#[derive(Debug)]
struct Keys {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Keys {
    fn begin() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        if !io::stdin().is_terminal() || !is_ours() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        let mut keys = before.clone();
        // Ctrl-C still ends the program.
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &keys).ok()?;
        Some(Self { before })
    }
}

#[cfg(unix)]
impl Drop for Keys {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // There's nobody to tell.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(not(unix))]
impl Keys {
    fn begin() -> Option<Self> {
        None
    }
}
