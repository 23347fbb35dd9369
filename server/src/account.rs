//! `madang account`: accounts in the database, made by whoever has it.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Subcommand;
use thiserror::Error;

use crate::back::add_account;
use crate::chat::{Code, Name, Objection, Password};
use crate::config::DatabaseUrl;
use crate::store::{Store, StoreError};

/// What was typed after `madang account`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Account {
    /// Make an account; its password is asked for, or read from standard input
    Add {
        /// Its name, which nobody else may use from then on
        name: String,
        /// It may do everything in every room, and makes moderators
        #[arg(long)]
        admin: bool,
    },
}

/// Why it wasn't done. Each is one line.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The name is none.
    #[error("{}", .0.message())]
    Name(Code),
    /// The password is none, or the name is taken, or the database failed.
    #[error("{0}")]
    Objection(Objection),
    /// The password can't be read.
    #[error("the password can't be read: {0}")]
    Password(#[from] io::Error),
    /// The second time it was typed it was another.
    #[error("the two passwords differ")]
    Differ,
    /// The database can't be used.
    #[error("the database {url} can't be used: {error}")]
    Database {
        /// Its address, without the password.
        url: DatabaseUrl,
        /// What it said.
        error: StoreError,
    },
}

impl From<Objection> for AccountError {
    fn from(objection: Objection) -> Self {
        Self::Objection(objection)
    }
}

impl Account {
    /// Does it, and says so.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn run(&self, url: &DatabaseUrl) -> Result<(), AccountError> {
        let Self::Add { name, admin } = self;
        let name: Name = name.parse().map_err(AccountError::Name)?;
        let password = Password::new(read_password()?)?;
        let database = |error| AccountError::Database {
            url: url.clone(),
            error,
        };
        let store = Store::open(url).await.map_err(database)?;
        add_account(&store, &name, &password, *admin).await?;
        store.close().await.map_err(database)?;
        let role = if *admin { "admin" } else { "member" };
        println!("{} can sign in now, as {role}", name.as_str());
        Ok(())
    }
}

/// From the terminal, twice and unseen, or the first line of what is piped in.
fn read_password() -> Result<String, AccountError> {
    if !io::stdin().is_terminal() {
        return Ok(read_line()?);
    }
    let first = ask("Password: ")?;
    if ask("Again: ")? != first {
        return Err(AccountError::Differ);
    }
    Ok(first)
}

fn ask(question: &str) -> io::Result<String> {
    let mut terminal = io::stderr();
    terminal.write_all(question.as_bytes())?;
    terminal.flush()?;
    let line = unseen(read_line);
    terminal.write_all(b"\n")?;
    line
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Reads while the terminal doesn't show what is typed.
#[cfg(unix)]
fn unseen(read: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let terminal = io::stdin();
    let shown = tcgetattr(&terminal)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
    let line = read();
    tcsetattr(&terminal, OptionalActions::Now, &shown)?;
    line
}

#[cfg(not(unix))]
fn unseen(read: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    read()
}
