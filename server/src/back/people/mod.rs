//! People: accounts, who asks, and who keeps order.
//!
//! ```text
//! accounts  signing up, in and out; tokens for programs     asking      who asks, by cookie, token or session
//! recent    what was looked up a moment ago                 moderation  carrying out what moderators do
//! pass      by what connections came, while it holds
//! ```

mod accounts;
mod asking;
mod moderation;
mod pass;
mod recent;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub(super) use accounts::{COOKIE, Opened, SIGN_IN_TIME};
pub use accounts::{add_account, reset_password, set_admin};
pub(super) use asking::{Asking, shown};
pub(super) use moderation::{Moderated, moderate, report, role_in};
pub(super) use pass::Pass;
use pass::Passes;
use recent::Recent;

use super::limits::Caller;
use super::passwords::Passwords;
use super::rooms::unavailable;
use crate::chat::{Account, AccountId, Code, Name, NameKey, Objection, Refusal, SecretHash};
use crate::scores::Tries;
use crate::store::{Store, StoreError, StoredAccount};

/// Wrong passwords of one address before it waits for a minute: a class behind one address mistypes often. For each name it has
/// [`TRIES`](crate::scores::TRIES) of them: whoever tries somebody's name keeps nobody out who comes from elsewhere.
pub(super) const TRIES_PER_ADDRESS: u32 = 50;

/// New accounts of one address before it waits for a minute: again a class.
pub(super) const SIGN_UPS: u32 = 100;

/// Every account, and who is signed in.
#[derive(Debug)]
pub(super) struct People {
    store: Store,
    passwords: Passwords,
    /// Of names from an address each, whether they have an account or not.
    tries_of_name: Mutex<Tries<(NameKey, Caller)>>,
    tries_of_address: Mutex<Tries<Caller>>,
    sign_ups: Mutex<Tries<Caller>>,
    /// By what they show; nobody, if that is unknown.
    shown: Recent<SecretHash, Option<Account>>,
    /// By what connections came that are there.
    passes: Passes,
    /// Whether somebody has this name.
    taken: Recent<NameKey, bool>,
}

impl People {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            passwords: Passwords::default(),
            tries_of_name: Mutex::default(),
            tries_of_address: Mutex::new(Tries::at_most(TRIES_PER_ADDRESS)),
            sign_ups: Mutex::new(Tries::at_most(SIGN_UPS)),
            shown: Recent::default(),
            passes: Passes::default(),
            taken: Recent::default(),
        }
    }

    /// The name that somebody goes by who wants to be called so: their account's, or one that no account has.
    ///
    /// # Errors
    /// [`Code::NameReserved`], or the store failed.
    pub(super) async fn call(&self, name: Name, account: Option<&Account>) -> Result<Name, Refusal> {
        let key = NameKey::of(&name);
        if let Some(account) = account {
            let own = key == NameKey::of(&account.name);
            return own
                .then(|| account.name.clone())
                .ok_or_else(|| Code::NameReserved.into());
        }
        let taken = match self.taken.get(&key, Instant::now()) {
            Ok(taken) => taken,
            Err(asked) => {
                let found = self.store.account_named(key.as_str()).await;
                let taken = found.map_err(|error| unavailable(&error))?.is_some();
                self.taken.put(asked, key, taken, Instant::now());
                taken
            }
        };
        if taken {
            return Err(Code::NameReserved.into());
        }
        Ok(name)
    }

    /// The account of a name, if it has one.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn named(&self, name: &Name) -> Result<Option<Account>, Objection> {
        let found = self.store.account_named(NameKey::of(name).as_str()).await?;
        Ok(found.as_ref().and_then(account))
    }
}

/// An account as stored, as those see it who meet it.
fn account(stored: &StoredAccount) -> Option<Account> {
    Some(Account {
        id: AccountId(stored.id),
        name: Name::stored(&stored.name)?,
        is_admin: is_admin(&stored.role),
    })
}

/// Whether that is what an admin is, as it is stored.
fn is_admin(role: &str) -> bool {
    role == "admin"
}

impl From<StoreError> for Objection {
    fn from(error: StoreError) -> Self {
        unavailable(&error).into()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
