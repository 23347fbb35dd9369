//! `madang account`: accounts in the database, made by whoever has it.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::thread;

use clap::{Subcommand, ValueEnum};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::back::{add_account, reset_password, set_admin};
use crate::chat::{Code, Name, Objection, Password};
use crate::config::DatabaseUrl;
use crate::run::{StartError, stop_signal};
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
    /// Give an account another password, for whoever has forgotten theirs; it is signed out everywhere
    Password {
        /// Its name
        name: String,
    },
    /// Make an account an admin, or one like others again
    Role {
        /// Its name
        name: String,
        /// What it is to be
        role: AccountRole,
    },
    /// Show all accounts, by name
    List,
}

/// What an account is everywhere; who is a moderator, each room says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AccountRole {
    /// It may do what anybody may
    Member,
    /// It may do everything in every room, and makes moderators
    Admin,
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
    /// Signals can't be waited for.
    #[error(transparent)]
    Signals(#[from] Box<StartError>),
    /// Somebody has ended it, with Ctrl-C say.
    #[error("interrupted")]
    Interrupted,
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
        let stop = stop_signal().map_err(Box::new)?;
        // Dropped in the middle, it leaves the terminal as it was.
        tokio::select! {
            biased;
            () = stop => Err(AccountError::Interrupted),
            done = Box::pin(self.carry_out(url)) => done,
        }
    }

    async fn carry_out(&self, url: &DatabaseUrl) -> Result<(), AccountError> {
        let database = |error| AccountError::Database {
            url: url.clone(),
            error,
        };
        let open = async || Store::open(url).await.map_err(database);
        let store = match self {
            Self::Add { name, admin } => {
                let name = named(name)?;
                let password = Password::new(read_password().await?)?;
                let store = open().await?;
                add_account(&store, &name, &password, *admin).await?;
                let role = if *admin { "admin" } else { "member" };
                println!("{} can sign in now, as {role}", name.as_str());
                store
            }
            Self::Password { name } => {
                let name = named(name)?;
                let password = Password::new(read_password().await?)?;
                let store = open().await?;
                reset_password(&store, &name, &password).await?;
                println!("{} can sign in with the new password now", name.as_str());
                store
            }
            Self::Role { name, role } => {
                let name = named(name)?;
                let store = open().await?;
                set_admin(&store, &name, *role == AccountRole::Admin).await?;
                let what = match role {
                    AccountRole::Admin => "an admin",
                    AccountRole::Member => "a member like others",
                };
                println!("{} is {what} now", name.as_str());
                store
            }
            Self::List => {
                let store = open().await?;
                list(&store).await.map_err(database)?;
                store
            }
        };
        store.close().await.map_err(database)?;
        Ok(())
    }
}

/// Accounts that are read at once.
const LISTED_AT_ONCE: u64 = 500;

async fn list(store: &Store) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let accounts = store.accounts_after(&after, LISTED_AT_ONCE).await?;
        let Some(last) = accounts.last() else {
            return Ok(());
        };
        after.clone_from(&last.name_key);
        for account in &accounts {
            println!("{}\t{}", account.name, account.role);
        }
    }
}

fn named(name: &str) -> Result<Name, AccountError> {
    name.parse().map_err(AccountError::Name)
}

/// From the terminal, twice and unseen, or the first line of what is piped in.
async fn read_password() -> Result<String, AccountError> {
    if !io::stdin().is_terminal() {
        return Ok(line().await?);
    }
    let first = ask("Password: ").await?;
    if ask("Again: ").await? != first {
        return Err(AccountError::Differ);
    }
    Ok(first)
}

async fn ask(question: &str) -> io::Result<String> {
    let _unseen = Unseen::begin()?;
    let mut terminal = io::stderr();
    terminal.write_all(question.as_bytes())?;
    terminal.flush()?;
    line().await
}

/// A line of standard input.
async fn line() -> io::Result<String> {
    let (sender, line) = oneshot::channel();
    // One of the runtime's own would keep the program from ending while nobody types.
    thread::Builder::new()
        .name("password".to_owned())
        .spawn(move || {
            // Whoever asked may be gone.
            let _ = sender.send(read_line());
        })?;
    line.await.unwrap_or_else(|gone| Err(io::Error::other(gone)))
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that doesn't show what is typed, until this is dropped.
#[derive(Debug)]
struct Unseen {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

impl Unseen {
    #[cfg(unix)]
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self { before })
    }

    #[cfg(not(unix))]
    fn begin() -> io::Result<Self> {
        Ok(Self {})
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // There's nobody to tell if it fails.
        #[cfg(unix)]
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.before);
        // The line that was typed has not been ended on the screen.
        let _ = io::stderr().write_all(b"\n");
    }
}
