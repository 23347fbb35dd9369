//! A replay on the terminal: how far it is, and what is wanted of it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::interval;

use super::now_ms;
use super::terminal::{Terminal, Typed};
use super::turn::{KEYS, LINES, Turn};
use crate::market::{PaceChange, PaceState, ReplayHandle, format_time};

/// How often the bar is drawn.
const STEP: Duration = Duration::from_millis(100);

/// Lets a replay begin, shows it and turns it as it's told, until somebody wants it to end.
pub(crate) async fn run(replay: &ReplayHandle, begin: &PaceChange, utc_offset_minutes: i16) {
    replay.change(begin, now_ms());
    let mut terminal = Terminal::open();
    let console = Console {
        bar: bar(),
        replay,
        utc_offset_minutes,
        has_keys: terminal.has_keys(),
    };
    console.say(if terminal.has_keys() { KEYS } else { LINES });
    let mut steps = interval(STEP);
    loop {
        tokio::select! {
            _ = steps.tick() => console.draw(),
            typed = terminal.next() => if console.take(typed).is_break() {
                return console.bar.finish_and_clear();
            },
        }
    }
}

struct Console<'a> {
    bar: ProgressBar,
    replay: &'a ReplayHandle,
    utc_offset_minutes: i16,
    has_keys: bool,
}

impl Console<'_> {
    fn draw(&self) {
        let state = self.replay.state(now_ms());
        let part = |ms: i64| u64::try_from(ms).unwrap_or(0);
        self.bar.set_length(part(state.to - state.from));
        self.bar.set_position(part(state.at - state.from));
        self.bar.set_message(self.words(&state));
    }

    fn take(&self, typed: Typed) -> std::ops::ControlFlow<()> {
        let state = self.replay.state(now_ms());
        let turns = match typed {
            Typed::Keys(keys) => Turn::keys(&keys),
            Typed::Line(line) => match Turn::read(&line, &state, self.utc_offset_minutes) {
                Ok(turn) => vec![turn],
                Err(why) => {
                    self.say(&why);
                    vec![]
                }
            },
        };
        for turn in turns {
            match turn {
                Turn::Quit => return std::ops::ControlFlow::Break(()),
                Turn::Help => self.say(if self.has_keys { KEYS } else { LINES }),
                _ => {
                    let now = now_ms();
                    let change = turn.change(&self.replay.state(now));
                    let state = self.replay.change(&change, now);
                    if self.has_keys {
                        self.draw();
                    } else {
                        self.say(&self.words(&state));
                    }
                }
            }
        }
        std::ops::ControlFlow::Continue(())
    }

    /// Such as `2026-03-02T09:30:00+09:00, 10x, paused`.
    fn words(&self, state: &PaceState) -> String {
        let at = format_time(state.at / 1_000 * 1_000, self.utc_offset_minutes);
        let how = match state {
            PaceState { paused: true, .. } => ", paused",
            PaceState { at, to, .. } if at == to => ", at its end",
            _ => "",
        };
        format!("{at}, {}x{how}", state.speed.times())
    }

    fn say(&self, words: &str) {
        if self.bar.is_hidden() {
            // Standard output has the log.
            eprintln!("replay: {words}");
        } else {
            self.bar.println(words);
        }
    }
}

fn bar() -> ProgressBar {
    // Drawn on standard error, and not at all where that is no terminal.
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} % {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
