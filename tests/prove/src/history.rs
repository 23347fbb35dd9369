//! What clients asked, when, and what they were answered.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One operation: a command with its key, however often it was sent. It took effect, if it did, at one moment
/// between the first time that it was sent and the first answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The idempotency key; a read has one too, to be named by.
    pub key: String,
    /// The public id of whose command it is.
    pub holder: String,
    /// What was asked.
    pub command: Command,
    /// When it was sent first, in microseconds since the run began.
    pub invoked: u64,
    /// When it was answered first.
    pub returned: u64,
    /// What was answered.
    pub answer: Answer,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// All of these places, or none.
    Hold {
        /// Which.
        places: Vec<String>,
    },
    /// More time, once.
    Extend {
        /// For which hold.
        hold: String,
    },
    /// Its places are free again.
    Release {
        /// Which hold.
        hold: String,
    },
    /// Its places are sold.
    Confirm {
        /// Which hold.
        hold: String,
    },
    /// What is to be paid, and for which payment.
    Checkout {
        /// For which hold.
        hold: String,
    },
    /// The payment provider says that it was paid for: its places are sold, or the money goes back.
    Pay {
        /// Which hold.
        hold: String,
        /// Its places.
        places: Vec<String>,
        /// Which payment.
        payment: String,
        /// How much.
        amount: u64,
    },
    /// How one place is.
    Read {
        /// Which.
        place: String,
    },
    /// How all places are, at one moment.
    Map,
}

/// What can be answered. Times named `now` and `until` are the database's, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Answer {
    /// A hold was made or extended, confirmed, paid for or released.
    Done(Hold),
    /// This is to be paid.
    ToPay {
        /// For which payment.
        payment: String,
        /// How much.
        amount: u64,
    },
    /// What was paid for wasn't the hold's any more, or was paid for already.
    RefundDue {
        /// Then.
        now: u64,
    },
    /// Nothing was changed.
    Refused {
        /// Why, for programs: `seats_taken`, `hold_expired`, …
        code: String,
        /// The places that were taken.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        places: Vec<String>,
    },
    /// How places are.
    Places {
        /// At this time.
        now: u64,
        /// Each once.
        places: Vec<Place>,
    },
}

/// A hold after a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub hold: String,
    /// Its places, each with the number of its changes so far, this one included.
    pub versions: BTreeMap<String, u64>,
    /// Until when it holds.
    pub until: u64,
    /// When the command took effect.
    pub now: u64,
}

/// How a place is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its name.
    pub place: String,
    /// Its state.
    #[serde(flatten)]
    pub state: State,
}

/// The states of a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Nobody's.
    Free,
    /// Somebody's for a while. Whoever reads a map isn't told which hold it is.
    Held {
        /// Whose.
        holder: String,
        /// By which hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<String>,
        /// Until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<u64>,
    },
    /// Somebody's.
    Sold {
        /// Whose.
        holder: String,
        /// By which hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<String>,
    },
}

/// A history that can't be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file can't be.
    #[error("the history can't be read: {0}")]
    Io(#[from] io::Error),
    /// A line isn't an operation.
    #[error("line {line} is no operation: {error}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

/// Reads a history: one operation a line.
///
/// # Errors
/// [`ReadError`].
pub fn read(from: impl BufRead) -> Result<Vec<Operation>, ReadError> {
    let mut operations = Vec::new();
    for (n, line) in from.lines().enumerate() {
        let operation = serde_json::from_str(&line?);
        operations.push(operation.map_err(|error| ReadError::Line { line: n + 1, error })?);
    }
    Ok(operations)
}

/// Writes a history: one operation a line.
///
/// # Errors
/// It can't be written.
pub fn write(mut to: impl Write, operations: &[Operation]) -> io::Result<()> {
    for operation in operations {
        serde_json::to_writer(&mut to, operation)?;
        to.write_all(b"\n")?;
    }
    to.flush()
}

impl Operation {
    /// The hold that it made or changed.
    pub fn done(&self) -> Option<&Hold> {
        match &self.answer {
            Answer::Done(hold) => Some(hold),
            Answer::ToPay { .. }
            | Answer::RefundDue { .. }
            | Answer::Refused { .. }
            | Answer::Places { .. } => None,
        }
    }
}
