//! What is done to the database by hand: `madang migrate`, `madang backup`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use thiserror::Error;

use crate::config::DatabaseUrl;
use crate::store::{Step, Store, StoreError};

/// What was typed after `madang migrate`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Migrate {
    /// Say which steps the tables have taken, and which are still to come
    Status,
    /// Take the steps that are still to come; starting a server does it too
    Up {
        /// Only so many of them
        #[arg(long, value_name = "N")]
        steps: Option<u32>,
    },
    /// Take the last step back, before an older program is started
    Down {
        /// So many of them
        #[arg(long, default_value_t = 1, value_name = "N")]
        steps: u32,
        /// Do it, though what only those tables and columns can hold is lost
        #[arg(long)]
        yes: bool,
    },
}

/// What was typed after `madang backup`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Backup {
    /// Where the copy goes: an SQLite file, which must not be there yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Why it wasn't done.
#[derive(Debug, Error)]
pub enum UpkeepError {
    /// The database can't be used so.
    #[error("the database {url} can't be used: {error}")]
    Database {
        /// Its address, without the password.
        url: DatabaseUrl,
        /// What it said.
        error: StoreError,
    },
    /// Something would be lost.
    #[error(
        "taking back {0} loses what only its tables and columns can hold: make a backup first (`madang backup FILE`), then say --yes"
    )]
    WouldLose(String),
}

impl Migrate {
    /// Does it, and prints the steps as they are then.
    ///
    /// # Errors
    /// [`UpkeepError`].
    pub async fn run(&self, url: &DatabaseUrl) -> Result<(), UpkeepError> {
        let failed = |error| UpkeepError::Database {
            url: url.clone(),
            error,
        };
        let steps = match *self {
            Self::Status => Store::steps(url).await,
            Self::Up { steps } => Store::migrate_up(url, steps).await,
            Self::Down { steps, yes: true } => Store::migrate_down(url, steps).await,
            Self::Down { steps, yes: false } => {
                let taken = Store::steps(url).await.map_err(failed)?;
                return match names_of_last(&taken, steps) {
                    Some(names) => Err(UpkeepError::WouldLose(names)),
                    None => {
                        println!("there is nothing to take back");
                        Ok(())
                    }
                };
            }
        };
        for Step { name, taken } in steps.map_err(failed)? {
            println!("{name:<24} {}", if taken { "taken" } else { "to come" });
        }
        Ok(())
    }
}

impl Backup {
    /// Copies everything, showing how far it is, and prints what was copied.
    ///
    /// # Errors
    /// [`UpkeepError::Database`].
    pub async fn run(&self, url: &DatabaseUrl) -> Result<(), UpkeepError> {
        let style = ProgressStyle::with_template("{msg:<16} {bar:30} {pos} of {len} rows, {eta} to go");
        let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(100));
        let copied = Store::backup(url, &self.file, |progress| {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
            if bar.message() != progress.table {
                bar.set_message(progress.table.to_owned());
            }
        })
        .await;
        bar.finish_and_clear();
        let tables = copied.map_err(|error| UpkeepError::Database {
            url: url.clone(),
            error,
        })?;
        for (table, rows) in tables {
            println!("{table:<24} {rows:>12} rows");
        }
        let file = self.file.display();
        println!("{file} is complete: madang --database-url sqlite://{file} starts on it");
        Ok(())
    }
}

fn names_of_last(steps: &[Step], count: u32) -> Option<String> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let taken = steps.iter().rev().filter(|step| step.taken);
    let names: Vec<_> = taken.take(count).map(|step| step.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
