//! By what connections were let in: a sign-in or a token, for as long as it holds.
//!
//! Whoever signs out ends theirs at once. What ends otherwise, or in another process, is found in the database, where all that connections hold is looked for
//! again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Asking, People, is_admin};
use crate::back::rooms::now;
use crate::chat::{Account, AccountId, Code, Refusal, SecretHash};
use crate::store::StoreError;

/// How often it is looked whether what connections came by still holds: what was ended in another process ends here within two seconds, and thousands of
/// connections cost a handful of queries.
pub(in crate::back) const LOOK_TIME: Duration = Duration::from_secs(1);

/// How many are looked for by one query: no database minds so many arguments.
pub(in crate::back) const LOOKED_FOR_AT_ONCE: usize = 500;

/// What a connection came by, for as long as it holds. A guest's is empty, and never ends.
#[derive(Clone, Debug, Default)]
pub(in crate::back) struct Pass(Option<Arc<Held>>);

impl Pass {
    /// Whom the connection is signed in as.
    pub(in crate::back) fn account(&self) -> Option<&Account> {
        self.0.as_ref().map(|held| &held.account)
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// [`Code::SignedOut`].
    pub(in crate::back) fn allow(&self) -> Result<(), Refusal> {
        match &self.0 {
            Some(held) if held.over.is_cancelled() => Err(Code::SignedOut.into()),
            _ => Ok(()),
        }
    }

    /// Ready when it doesn't hold any more.
    ///
    /// # Cancel safety
    /// Safe: what is over stays over.
    pub(in crate::back) async fn over(&self) -> Refusal {
        match &self.0 {
            Some(held) => held.over.cancelled().await,
            None => std::future::pending().await,
        }
        Code::SignedOut.into()
    }
}

/// A secret by which connections came that are still there, and whose it was then.
#[derive(Debug)]
struct Held {
    shown: SecretHash,
    account: Account,
    over: CancellationToken,
}

/// Every secret by which a connection came: as many as there are connections of accounts, at most.
#[derive(Debug, Default)]
pub(super) struct Passes(Mutex<HashMap<SecretHash, Weak<Held>>>);

impl Passes {
    fn hold(&self, shown: &SecretHash, account: &Account) -> Arc<Held> {
        let mut passes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = passes.get(shown).and_then(Weak::upgrade) {
            if held.account == *account {
                return held;
            }
            // Those who came before are let in anew too, as what they are now.
            held.over.cancel();
        }
        let held = Arc::new(Held {
            shown: shown.clone(),
            account: account.clone(),
            over: CancellationToken::new(),
        });
        passes.insert(shown.clone(), Arc::downgrade(&held));
        held
    }

    /// Ends one.
    pub(super) fn end(&self, shown: &SecretHash) {
        let passes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = passes.get(shown).and_then(Weak::upgrade) {
            held.over.cancel();
        }
    }

    /// Those that aren't known to be over, of one account or of all. Those that nobody holds any more are forgotten.
    fn held(&self, whose: Option<AccountId>) -> Vec<Arc<Held>> {
        let mut passes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        passes.retain(|_, held| held.strong_count() > 0);
        let held = passes.values().filter_map(Weak::upgrade);
        held.filter(|held| !held.over.is_cancelled() && whose.is_none_or(|whose| held.account.id == whose))
            .collect()
    }
}

impl People {
    /// What a connection comes by that is opened so.
    pub(in crate::back) fn pass(&self, asking: &Asking) -> Pass {
        let shown = asking.cookie.as_ref().or(asking.token.as_ref());
        let member = asking.account.as_ref().zip(shown);
        Pass(member.map(|(account, shown)| self.passes.hold(shown, account)))
    }

    /// Looks which of the passes still hold, of one account or of all, and ends the others: also those of whoever came with another role than they have now.
    ///
    /// # Errors
    /// The store failed: it is looked again.
    pub(super) async fn look(&self, whose: Option<AccountId>) -> Result<(), StoreError> {
        for held in self.passes.held(whose).chunks(LOOKED_FOR_AT_ONCE) {
            let shown = held.iter().map(|held| held.shown.as_str().to_owned());
            let roles = self.store.still_hold(shown.collect(), now()).await?;
            let holds = |held: &Held| {
                let role = roles.get(held.shown.as_str());
                role.is_some_and(|role| is_admin(role) == held.account.is_admin)
            };
            for over in held.iter().filter(|held| !holds(held)) {
                over.over.cancel();
            }
        }
        Ok(())
    }

    /// Looks again and again, until the server stops.
    pub(in crate::back) async fn keep_watch(&self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_TIME) => {}
            }
            if let Err(error) = self.look(None).await {
                tracing::debug!(%error, "who is still signed in is looked for again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::chat::Secret;

    fn shown(n: u8) -> SecretHash {
        Secret::new([n; 32]).hash()
    }

    fn account(id: i64, is_admin: bool) -> Account {
        Account {
            id: AccountId(id),
            name: "Kim".parse().unwrap(),
            is_admin,
        }
    }

    #[test]
    fn whoever_came_by_one_secret_ends_with_it_and_nobody_else() {
        let passes = Passes::default();
        let (tab, other_tab) = (
            passes.hold(&shown(1), &account(1, false)),
            passes.hold(&shown(1), &account(1, false)),
        );
        let phone = passes.hold(&shown(2), &account(1, false));
        passes.end(&shown(1));
        for over in [&tab, &other_tab] {
            let pass = Pass(Some(over.clone()));
            assert_eq!(pass.allow().unwrap_err().code, Code::SignedOut);
            assert!(pass.over().now_or_never().is_some());
        }
        let phone = Pass(Some(phone));
        assert!(phone.allow().is_ok());
        assert!(phone.over().now_or_never().is_none());
        assert!(Pass::default().over().now_or_never().is_none(), "a guest's");
    }

    #[test]
    fn whoever_comes_with_another_role_ends_what_came_before_by_the_same_secret() {
        let passes = Passes::default();
        let admin = Pass(Some(passes.hold(&shown(1), &account(1, true))));
        let member = Pass(Some(passes.hold(&shown(1), &account(1, false))));
        assert_eq!(admin.allow().unwrap_err().code, Code::SignedOut);
        assert!(member.allow().is_ok());
    }

    #[tokio::test]
    async fn an_admin_who_is_none_any_more_comes_anew() {
        use crate::back::people::{add_account, set_admin};
        use crate::chat::{Name, Password};
        use crate::store::Store;

        let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
        let kim: Name = "Kim".parse().unwrap();
        let password = Password::new("correct horse".to_owned()).unwrap();
        add_account(&store, &kim, &password, true).await.unwrap();
        let people = People::new(&store);
        let opened = people
            .sign_in(
                crate::back::limits::Caller::Key(0),
                &kim,
                "correct horse".to_owned(),
            )
            .await
            .unwrap();
        let shown = opened.secret.hash();
        let asking = Asking {
            account: Some(opened.account),
            cookie: Some(shown),
            ..Asking::default()
        };
        let pass = people.pass(&asking);
        people.look(None).await.unwrap();
        assert!(pass.allow().is_ok());
        set_admin(&store, &kim, false).await.unwrap();
        people.look(None).await.unwrap();
        assert_eq!(pass.allow().unwrap_err().code, Code::SignedOut);
    }

    #[test]
    fn what_nobody_holds_is_forgotten() {
        let passes = Passes::default();
        let kim = passes.hold(&shown(1), &account(1, false));
        let lee = passes.hold(&shown(2), &account(2, false));
        assert_eq!(passes.held(None).len(), 2);
        let held = passes.held(Some(AccountId(2)));
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].shown, shown(2));
        drop((kim, held));
        passes.end(&shown(2));
        assert!(passes.held(None).is_empty(), "it is over");
        drop(lee);
        passes.held(None);
        assert!(passes.0.lock().unwrap().is_empty());
    }
}
