//! Accounts: signing up, in and out, and the tokens of programs.

use std::hash::Hash;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{People, account, lock};
use crate::back::limits::Caller;
use crate::back::passwords;
use crate::back::rooms::now;
use crate::chat::{
    Account, AccountId, Code, Label, Name, NameKey, Objection, Password, Secret, SecretHash, TOKENS_LIMIT,
};
use crate::random;
use crate::scores::Tries;
use crate::store::{Store, StoredAccount, StoredSignIn, StoredToken};

/// The cookie that says who is signed in.
pub(in crate::back) const COOKIE: &str = "madang_account";

/// How long a sign-in holds that isn't used: whoever comes once a month stays.
pub(in crate::back) const SIGN_IN_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A sign-in that is used holds for longer again when so much of its time is over: not at each request, since each time is a write.
const RENEWAL_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// To within what time it is noted when a token was used, for the same reason.
const USE_PRECISION: Duration = Duration::from_secs(60);

/// What an account's password is compared with where there is no account, so that it takes as long: the hash of nothing anybody has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ib2R5$5YPXV5mYQ3yN2IRrCE7kmOQ3Y5IQXNS8gHn1hXTZ1qk";

/// Somebody signed in, and what their browser is to show from then on.
#[derive(Debug)]
pub(in crate::back) struct Opened {
    pub(in crate::back) account: Account,
    pub(in crate::back) secret: Secret,
}

impl People {
    /// Makes an account and signs it in.
    ///
    /// # Errors
    /// [`Objection::NameTaken`], [`Objection::TooManyTries`], what is wrong with the password, or the store failed.
    pub(in crate::back) async fn sign_up(
        &self,
        from: Caller,
        name: Name,
        password: Password,
    ) -> Result<Opened, Objection> {
        begin(&self.sign_ups, from)?;
        // Before the password is hashed, which takes long.
        if self.named(&name).await?.is_some() {
            return Err(Objection::NameTaken);
        }
        let hash = self.passwords.hash(password.reveal().to_owned()).await?;
        let stored = new_account(&name, hash, false);
        if !self.store.create_account(&stored).await? {
            return Err(Objection::NameTaken);
        }
        self.taken.forget();
        self.open(&stored).await
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// [`Objection::PasswordWrong`], [`Objection::TooManyTries`] of this address, or of it for this name: then it wasn't looked at; or the store failed.
    pub(in crate::back) async fn sign_in(
        &self,
        from: Caller,
        name: &Name,
        password: String,
    ) -> Result<Opened, Objection> {
        let stored = self.prove(from, name, password).await?;
        self.open(&stored).await
    }

    /// Gives an account another password. It stays signed in where that is done, and nowhere else.
    ///
    /// # Errors
    /// As [`Self::sign_in`].
    pub(in crate::back) async fn change_password(
        &self,
        from: Caller,
        whose: &Account,
        (old, new): (String, Password),
        here: &SecretHash,
    ) -> Result<(), Objection> {
        let proved = self.prove(from, &whose.name, old).await?.password;
        let hash = self.passwords.hash(new.reveal().to_owned()).await?;
        let set = self
            .store
            .set_password(whose.id.0, Some(&proved), &hash, here.as_str())
            .await?;
        self.shown.forget();
        self.look_at(whose.id).await;
        set.then_some(()).ok_or(Objection::PasswordWrong)
    }

    /// Ends a sign-in.
    ///
    /// # Errors
    /// The store failed.
    pub(in crate::back) async fn sign_out(&self, shown: &SecretHash) -> Result<(), Objection> {
        self.store.sign_out(shown.as_str()).await?;
        self.shown.forget();
        self.passes.end(shown);
        Ok(())
    }

    /// Whose cookie this is. Its time begins anew.
    ///
    /// # Errors
    /// The store failed.
    pub(in crate::back) async fn of_cookie(&self, shown: &SecretHash) -> Result<Option<Account>, Objection> {
        let asked = match self.shown.get(shown, Instant::now()) {
            Ok(known) => return Ok(known),
            Err(asked) => asked,
        };
        let now = now();
        let found = self.store.signed_in(shown.as_str(), now).await?;
        if let Some((_, expires_at)) = &found
            && *expires_at < now + millis(SIGN_IN_TIME - RENEWAL_TIME)
        {
            let later = now + millis(SIGN_IN_TIME);
            self.store.extend_sign_in(shown.as_str(), later).await?;
        }
        let found = found.and_then(|(stored, _)| account(&stored));
        self.shown
            .put(asked, shown.clone(), found.clone(), Instant::now());
        Ok(found)
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// [`Objection::TokenUnknown`], or the store failed.
    pub(in crate::back) async fn of_token(&self, shown: &SecretHash) -> Result<Account, Objection> {
        let known = match self.shown.get(shown, Instant::now()) {
            Ok(known) => known,
            Err(asked) => {
                let owner = self
                    .store
                    .token_owner(shown.as_str(), now(), millis(USE_PRECISION));
                let found = owner.await?.as_ref().and_then(account);
                self.shown
                    .put(asked, shown.clone(), found.clone(), Instant::now());
                found
            }
        };
        known.ok_or(Objection::TokenUnknown)
    }

    /// Gives an account a token, and returns it with its secret, which nobody can be told again.
    ///
    /// # Errors
    /// [`Objection::TooManyTokens`], or the store failed.
    pub(in crate::back) async fn give_token(
        &self,
        to: AccountId,
        label: &Label,
    ) -> Result<(StoredToken, Secret), Objection> {
        let secret = Secret::new(random::bytes());
        let token = StoredToken {
            id: secret.hash().id(),
            token_hash: secret.hash().as_str().to_owned(),
            account: to.0,
            label: label.as_str().to_owned(),
            created_at: now(),
            last_used_at: None,
        };
        let given = self.store.add_token(&token, TOKENS_LIMIT).await?;
        given.then_some((token, secret)).ok_or(Objection::TooManyTokens)
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// [`Objection::NoSuchToken`], or the store failed.
    pub(in crate::back) async fn take_token(&self, of: AccountId, id: &str) -> Result<(), Objection> {
        let taken = self.store.remove_token(of.0, id).await?;
        self.shown.forget();
        self.look_at(of).await;
        taken.then_some(()).ok_or(Objection::NoSuchToken)
    }

    /// Ends what doesn't hold any more of an account's.
    async fn look_at(&self, account: AccountId) {
        if let Err(error) = self.look(Some(account)).await {
            // It is stored: it ends with the next look.
            tracing::warn!(%error, "what an account has ended is ended a little later");
        }
    }

    /// The account of this name, if this is its password.
    async fn prove(&self, from: Caller, name: &Name, password: String) -> Result<StoredAccount, Objection> {
        let key = NameKey::of(name);
        let name_from_there = (key.clone(), from);
        // First the address, so that one address fills no table of names.
        begin(&self.tries_of_address, from)?;
        begin(&self.tries_of_name, name_from_there.clone())?;
        let found = self.store.account_named(key.as_str()).await?;
        let hash = found.as_ref().map_or(NOBODY, |found| &found.password).to_owned();
        let right = self.passwords.are_one(hash, password).await?;
        let found = found.filter(|_| right).ok_or(Objection::PasswordWrong)?;
        lock(&self.tries_of_address).succeeded(&from);
        lock(&self.tries_of_name).succeeded(&name_from_there);
        Ok(found)
    }

    /// Signs an account in whose password was proved to be the one that was read with it.
    async fn open(&self, stored: &StoredAccount) -> Result<Opened, Objection> {
        let account = account(stored).ok_or(Code::NameInvalid)?;
        let secret = Secret::new(random::bytes());
        let now = now();
        let sign_in = StoredSignIn {
            token_hash: secret.hash().as_str().to_owned(),
            account: stored.id,
            expires_at: now + millis(SIGN_IN_TIME),
        };
        let signed_in = self.store.sign_in(&sign_in, &stored.password, now).await?;
        // Another password came in between.
        signed_in
            .then_some(Opened { account, secret })
            .ok_or(Objection::PasswordWrong)
    }
}

/// Makes an account in a database, as the command `madang account add` does. It need not be running.
///
/// # Errors
/// [`Objection::NameTaken`], or the store failed.
pub async fn add_account(
    store: &Store,
    name: &Name,
    password: &Password,
    is_admin: bool,
) -> Result<(), Objection> {
    let stored = new_account(name, passwords::hash(password.reveal()), is_admin);
    let made = store.create_account(&stored).await?;
    made.then_some(()).ok_or(Objection::NameTaken)
}

/// Gives an account another password, as the command `madang account password` does: for whoever has forgotten theirs. All its sign-ins end, also in servers that run.
///
/// # Errors
/// [`Objection::PersonUnknown`], or the store failed.
pub async fn reset_password(store: &Store, name: &Name, password: &Password) -> Result<(), Objection> {
    let found = store.account_named(NameKey::of(name).as_str()).await?;
    let found = found.ok_or(Objection::PersonUnknown)?;
    let hash = passwords::hash(password.reveal());
    // Whatever it was before; and no sign-in has the hash of nothing.
    let set = store.set_password(found.id, None, &hash, "").await?;
    set.then_some(()).ok_or(Objection::PersonUnknown)
}

/// Makes an account an admin, or one like others, as the command `madang account role` does.
///
/// # Errors
/// [`Objection::PersonUnknown`], or the store failed.
pub async fn set_admin(store: &Store, name: &Name, is_admin: bool) -> Result<(), Objection> {
    let found = store
        .set_account_role(NameKey::of(name).as_str(), role(is_admin))
        .await?;
    found.then_some(()).ok_or(Objection::PersonUnknown)
}

/// An account that isn't stored yet, with a number that nobody has.
fn new_account(name: &Name, password: String, is_admin: bool) -> StoredAccount {
    StoredAccount {
        // Positive, so that it is one in every database and program.
        id: i64::from_ne_bytes(random::bytes()) & i64::MAX,
        name: name.as_str().to_owned(),
        name_key: NameKey::of(name).as_str().to_owned(),
        password,
        role: role(is_admin).to_owned(),
        created_at: now(),
    }
}

/// As it is stored.
fn role(is_admin: bool) -> &'static str {
    if is_admin { "admin" } else { "member" }
}

fn begin<A: Clone + Eq + Hash>(tries: &Mutex<Tries<A>>, who: A) -> Result<(), Objection> {
    lock(tries)
        .begin(who, Instant::now())
        .map_err(Objection::TooManyTries)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::back::passwords::is_right;
    use crate::back::people::{SIGN_UPS, TRIES_PER_ADDRESS};
    use crate::scores::TRIES;

    const HERE: Caller = Caller::Key(0);

    async fn people() -> People {
        People::new(&Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap())
    }

    fn name(name: &str) -> Name {
        name.parse().unwrap()
    }

    async fn sign_up(people: &People, who: &str) -> Opened {
        let password = Password::new("correct horse".to_owned()).unwrap();
        people.sign_up(HERE, name(who), password).await.unwrap()
    }

    #[tokio::test]
    async fn nobody_has_nobody_s_password_which_takes_as_long_as_anybody_s() {
        assert!(!is_right(NOBODY, "") && !is_right(NOBODY, "nobody"));
        let somebody = passwords::hash("correct horse");
        let cost = |hash: &str| {
            let hash = argon2::password_hash::PasswordHash::new(hash).unwrap();
            let cost = (hash.algorithm.to_string(), hash.version, hash.params.to_string());
            (cost, hash.hash.map(|output| output.len()))
        };
        assert_eq!(cost(NOBODY), cost(&somebody));
    }

    #[tokio::test]
    async fn a_stranger_s_wrong_passwords_keep_nobody_out_who_comes_from_elsewhere() {
        let people = people().await;
        sign_up(&people, "Kim").await;
        sign_up(&people, "Lee").await;
        let sign_in = async |from: Caller, who: &str, password: &str| {
            people.sign_in(from, &name(who), password.to_owned()).await
        };
        let stranger = Caller::Key(1);
        // Whether somebody has the name can't be told from it.
        for who in ["kim", "nobody"] {
            for _ in 0..TRIES {
                let refused = sign_in(stranger, who, "guess").await.unwrap_err();
                assert_eq!(refused, Objection::PasswordWrong, "{who}");
            }
            let waits = sign_in(stranger, who, "correct horse").await.unwrap_err();
            assert!(matches!(waits, Objection::TooManyTries(_)), "{who}");
        }
        assert!(sign_in(stranger, "Lee", "correct horse").await.is_ok());
        assert!(sign_in(HERE, "Kim", "correct horse").await.is_ok());
    }

    #[tokio::test]
    async fn after_too_many_wrong_passwords_an_address_waits() {
        let people = people().await;
        lock(&people.tries_of_address)
            .begin(Caller::Key(1), Instant::now())
            .unwrap();
        for n in 0..TRIES_PER_ADDRESS {
            begin(&people.tries_of_address, HERE).unwrap_or_else(|_| panic!("{n}"));
        }
        let waits = people
            .sign_in(HERE, &name("Kim"), "x".to_owned())
            .await
            .unwrap_err();
        assert!(matches!(waits, Objection::TooManyTries(_)));
        let elsewhere = people.sign_in(Caller::Key(1), &name("Kim"), "x".to_owned()).await;
        assert_eq!(elsewhere.unwrap_err(), Objection::PasswordWrong);
    }

    #[tokio::test]
    async fn an_address_makes_so_many_accounts() {
        let people = people().await;
        sign_up(&people, "Kim").await;
        for _ in 1..SIGN_UPS {
            begin(&people.sign_ups, HERE).unwrap();
        }
        let password = Password::new("correct horse".to_owned()).unwrap();
        let refused = people.sign_up(HERE, name("Lee"), password).await.unwrap_err();
        assert!(matches!(refused, Objection::TooManyTries(_)));
    }

    #[tokio::test]
    async fn a_cookie_is_whose_it_is_until_they_sign_out() {
        let people = people().await;
        let opened = sign_up(&people, "Kim").await;
        let shown = opened.secret.hash();
        assert_eq!(people.of_cookie(&shown).await.unwrap(), Some(opened.account));
        people.sign_out(&shown).await.unwrap();
        assert_eq!(people.of_cookie(&shown).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_name_is_its_account_s_alone_however_it_is_written() {
        let people = people().await;
        let kim = sign_up(&people, "Kim").await.account;
        let lee = sign_up(&people, "Lee").await.account;
        assert_eq!(people.call(name("kim"), Some(&kim)).await.unwrap(), name("Kim"));
        for (wanted, account) in [
            ("Kim", None),
            ("ＫＩＭ", None),
            ("Kim", Some(&lee)),
            ("Free", Some(&lee)),
        ] {
            let refused = people.call(name(wanted), account).await.unwrap_err();
            assert_eq!(refused.code, Code::NameReserved, "{wanted}");
        }
        assert_eq!(people.call(name("Free"), None).await.unwrap(), name("Free"));
        sign_up(&people, "Free").await;
        assert!(people.call(name("Free"), None).await.is_err(), "at once");
    }

    #[tokio::test]
    async fn an_account_has_so_many_tokens() {
        let people = people().await;
        let kim = sign_up(&people, "Kim").await.account;
        let label = Label::new("bot").unwrap();
        let (token, secret) = people.give_token(kim.id, &label).await.unwrap();
        assert_eq!(people.of_token(&secret.hash()).await.unwrap(), kim);
        for _ in 1..TOKENS_LIMIT {
            people.give_token(kim.id, &label).await.unwrap();
        }
        let refused = people.give_token(kim.id, &label).await.unwrap_err();
        assert_eq!(refused, Objection::TooManyTokens);
        people.take_token(kim.id, &token.id).await.unwrap();
        let unknown = people.of_token(&secret.hash()).await.unwrap_err();
        assert_eq!(unknown, Objection::TokenUnknown);
        assert_eq!(
            people.take_token(kim.id, &token.id).await,
            Err(Objection::NoSuchToken)
        );
    }
}
