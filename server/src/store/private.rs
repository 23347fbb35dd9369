//! An SQLite file is for its owner alone: accounts, tokens and private data are in it.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Who makes a file. Whoever closes one lets go of this process's locks on it: nobody here is to have opened it meanwhile.
static MAKING: Mutex<()> = Mutex::new(());

/// Makes the file, empty, if it is missing: on Unix no other user may read it. SQLite takes an empty file for a new
/// database, and gives the files it keeps beside it (`-wal`, `-shm`, `-journal`) the same permissions.
///
/// A file that is there keeps the permissions that its owner chose.
pub(super) fn create(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    match options.open(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}
