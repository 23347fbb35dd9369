//! `madang seats`: events of reservation in the database, which need not be running.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use thiserror::Error;

use crate::config::DatabaseUrl;
use crate::market::format_time;
use crate::seats::{
    DESCRIPTION_BYTES, Description, Event, EventId, PaymentState, REFUNDS_LIMIT, Refund, RefundPage, Refused,
};
use crate::store::{Store, StoreError};

/// What was typed after `madang seats`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum SeatsCommand {
    /// Add the event that a file describes; servers on the database sell it at once
    Add {
        /// A file of JSON: docs/seats.md describes it
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Only read such a file, and print what is in it; exit code 1 and the reason if it's wrong
    Check {
        /// A file of JSON
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the events
    List,
    /// Print the payments whose money goes back
    Refunds,
}

/// Why it wasn't done. Each is one line.
#[derive(Debug, Error)]
pub enum OrganiserError {
    /// The file can't be read, or describes no event.
    #[error("{}: {why}", .file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The event can't be added.
    #[error("{0}")]
    Refused(Refused),
    /// The database can't be used.
    #[error("the database {url} can't be used: {error}")]
    Database {
        /// Its address, without the password.
        url: DatabaseUrl,
        /// What it said.
        error: StoreError,
    },
}

impl SeatsCommand {
    /// Does it, and says so.
    ///
    /// # Errors
    /// [`OrganiserError`].
    pub async fn run(&self, url: &DatabaseUrl) -> Result<(), OrganiserError> {
        // A file that is wrong makes no database.
        let described = match self {
            Self::Add { file } | Self::Check { file } => Some(read(file)?),
            Self::List | Self::Refunds => None,
        };
        if let (Self::Check { .. }, Some(event)) = (self, &described) {
            println!("{}", line(event));
            return Ok(());
        }
        let failed = |error| OrganiserError::Database {
            url: url.clone(),
            error,
        };
        let store = Store::open(url).await.map_err(failed)?;
        match (self, described) {
            (Self::Refunds, _) => {
                let events = store.seat_events().await.map_err(failed)?;
                let events = events.iter().map(|event| (event.id().clone(), event)).collect();
                for refund in owed(&store).await.map_err(failed)? {
                    println!("{}", line_of_refund(&refund, &events));
                }
            }
            (_, Some(event)) => {
                let added = store.found_seat_event(&event).await.map_err(failed)?;
                added.map_err(OrganiserError::Refused)?;
                println!("{}", line(&event));
            }
            (_, None) => {
                for event in store.seat_events().await.map_err(failed)? {
                    println!("{}", line(&event));
                }
            }
        }
        store.close().await.map_err(failed)
    }
}

fn read(file: &Path) -> Result<Event, OrganiserError> {
    let wrong = |why: String| OrganiserError::File {
        file: file.to_owned(),
        why,
    };
    let mut text = String::new();
    // One byte more shows that there are too many.
    File::open(file)
        .and_then(|file| file.take(DESCRIPTION_BYTES as u64 + 1).read_to_string(&mut text))
        .map_err(|error| wrong(error.to_string()))?;
    Description::read(&text).map_err(|error| wrong(error.to_string()))
}

async fn owed(store: &Store) -> Result<Vec<Refund>, StoreError> {
    let mut owed: Vec<Refund> = Vec::new();
    let mut after = None;
    loop {
        let page = store
            .refunds(PaymentState::RefundDue, after, REFUNDS_LIMIT)
            .await?;
        // The payment before is there: none is ever deleted.
        let Ok(RefundPage { refunds, next }) = page else {
            return Ok(owed);
        };
        owed.extend(refunds);
        after = next;
        if after.is_none() {
            return Ok(owed);
        }
    }
}

fn line(event: &Event) -> String {
    let about = event.about();
    let (mode, offset) = match event.opening() {
        None => ("seats", 0),
        Some(opening) => ("tables", opening.utc_offset_minutes),
    };
    let closed = if about.closed { ", closed" } else { "" };
    format!(
        "{:<24} {:>6} {mode:<6} {}  {}, {}{closed}",
        event.id().as_str(),
        event.spots().len(),
        format_time(about.starts_at, offset),
        about.title.en,
        about.venue.en,
    )
}

fn line_of_refund(refund: &Refund, events: &HashMap<EventId, &Event>) -> String {
    let currency = events
        .get(&refund.event)
        .map_or("", |event| event.about().currency.as_str());
    format!(
        "{}  {:>12} {currency}  {}  {}",
        refund.payment,
        refund.amount,
        format_time(refund.due_at, 0),
        refund.event,
    )
}
