//! The file of an SQLite database, which nobody else on the machine is to read: it has accounts in it.

use std::fs::OpenOptions;
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use crate::config::DatabaseUrl;

static ALONE: Mutex<()> = Mutex::new(());

/// Creates the file, for its owner alone, if it isn't there; SQLite gives its companions (`-wal`, `-shm`) the same permissions. One that is there stays as its
/// owner wants it.
///
/// Whatever is wrong with the place, SQLite says better when it opens the file.
pub(super) fn create(url: &DatabaseUrl) {
    let Ok(options) = SqliteConnectOptions::from_str(url.as_str()) else {
        return;
    };
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    // Whoever closes a file lets go of this process's locks on it: nobody here is to have opened it meanwhile.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = file.open(options.get_filename()) {
        tracing::trace!(%error, "the database's file isn't created anew");
    }
}
