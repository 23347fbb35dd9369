//! A match written down: JSON lines, each a play and the seconds before it.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::game::Match;
use super::play::{Play, What};

/// Seconds before a play that doesn't say: between the 5 and the 10 that a text relay has.
pub const DEFAULT_PAUSE: Duration = Duration::from_secs(7);

/// Most seconds before a play: a break between innings, not a forgotten match.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Bytes of a file: far more than [`super::PLAYS_LIMIT`] plays with the longest texts.
pub const SCRIPT_BYTES: usize = 8 * 1024 * 1024;

/// A whole match, from `open` to its end: its plays are known to follow each other.
#[derive(Clone, Debug)]
pub struct Script {
    lines: Vec<Line>,
}

/// What is wrong with a file, and what to do about it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScriptError {
    /// A line isn't a play.
    #[error("line {line}: {problem}")]
    Line {
        /// Counted from 1, comments and empty lines too.
        line: usize,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// It has no plays.
    #[error(
        "there are no plays: the first line is to be {{\"what\":\"open\",\"away\":\"…\",\"home\":\"…\"}}"
    )]
    Empty,
    /// The match isn't over at its end.
    #[error(
        "the match isn't over after the last play: add the plays that are missing, or {{\"what\":\"end\"}}"
    )]
    Unfinished,
    /// More than [`SCRIPT_BYTES`].
    #[error("the file has more than {SCRIPT_BYTES} bytes: one file is one match")]
    TooLong,
}

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) pause: Duration,
    pub(super) play: Play,
}

#[derive(Deserialize)]
struct Written {
    after: Option<f64>,
    #[serde(flatten)]
    play: Play,
}

impl Script {
    /// Reads a file. Empty lines and lines that begin with `#` say nothing.
    ///
    /// # Errors
    /// The first [`ScriptError`] in it.
    pub fn read(text: &str) -> Result<Self, ScriptError> {
        if text.len() > SCRIPT_BYTES {
            return Err(ScriptError::TooLong);
        }
        let mut so_far = Match::default();
        let mut lines = Vec::new();
        // Editors of one system begin a file with a mark that isn't seen.
        for (n, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let line = n + 1;
            let wrong = |problem: String| ScriptError::Line { line, problem };
            let read = read_line(text).map_err(wrong)?;
            if !lines.is_empty() && matches!(read.play.what, What::Open { .. }) {
                return Err(wrong(
                    "`open` begins another match: put it into a file of its own".to_owned(),
                ));
            }
            let taken = so_far.apply(read.play.clone());
            taken.map_err(|refused| wrong(refused.to_string()))?;
            lines.push(read);
        }
        match (lines.is_empty(), so_far.is_over()) {
            (true, _) => Err(ScriptError::Empty),
            (_, false) => Err(ScriptError::Unfinished),
            (_, true) => Ok(Self { lines }),
        }
    }

    /// Its plays, in order.
    pub fn plays(&self) -> impl ExactSizeIterator<Item = &Play> {
        self.lines.iter().map(|line| &line.play)
    }

    pub(super) fn line(&self, n: usize) -> Option<&Line> {
        self.lines.get(n)
    }
}

fn read_line(text: &str) -> Result<Line, String> {
    let Written { after, play } = serde_json::from_str(text)
        .map_err(|error| format!("{error}; a line is a play such as {{\"after\":6,\"what\":\"single\"}}"))?;
    let pause = match after {
        None => DEFAULT_PAUSE,
        Some(seconds) => Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|pause| *pause <= LONGEST_PAUSE)
            .ok_or_else(|| {
                format!(
                    "`after` is {seconds}: give the seconds before the play, 0 to {}",
                    LONGEST_PAUSE.as_secs()
                )
            })?,
    };
    Ok(Line { pause, play })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = r#"{"what":"open","away":"a","home":"b"}"#;

    fn error(lines: &[&str]) -> String {
        Script::read(&lines.join("\n")).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_with_its_pauses() {
        let script = Script::read(&format!(
            "\u{feff}# a short one\r\n{OPEN}\r\n\r\n{{\"after\":2.5,\"what\":\"end\"}}\r\n"
        ))
        .unwrap();
        let pauses: Vec<_> = script.lines.iter().map(|line| line.pause).collect();
        assert_eq!(pauses, [DEFAULT_PAUSE, Duration::from_millis(2500)]);
        assert_eq!(script.plays().len(), 2);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (lines, line, hint) in [
            (vec!["# x", "", "nonsense"], "line 3:", "such as"),
            (vec![OPEN, r#"{"what":"dance"}"#], "line 2:", "unknown variant"),
            (vec![OPEN, r#"{"what":"single"}"#], "line 2:", "`start` it first"),
            (vec![OPEN, r#"{"what":"end","after":601}"#], "line 2:", "0 to 600"),
            (vec![OPEN, r#"{"what":"end","after":-1}"#], "line 2:", "0 to 600"),
            (
                vec![OPEN, r#"{"what":"end"}"#, OPEN],
                "line 3:",
                "file of its own",
            ),
            (vec![r#"{"what":"start"}"#], "line 1:", "the first play is `open`"),
            (vec!["# nothing"], "", "the first line is to be"),
            (
                vec![OPEN, r#"{"what":"start"}"#],
                "",
                "add the plays that are missing",
            ),
        ] {
            let error = error(&lines);
            assert!(
                error.starts_with(line) && error.contains(hint),
                "{lines:?}: {error}"
            );
        }
    }

    #[test]
    fn a_file_has_a_size() {
        let mut text = format!("{OPEN}\n{{\"what\":\"end\"}}\n#");
        text.extend(std::iter::repeat_n(' ', SCRIPT_BYTES - text.len()));
        assert!(Script::read(&text).is_ok());
        text.push(' ');
        assert_eq!(Script::read(&text).unwrap_err(), ScriptError::TooLong);
    }
}
