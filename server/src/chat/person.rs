//! Who somebody is: an account, or a guest by the session that they came with.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;

use super::code::Code;
use super::values::{Name, Sender, is_unseen};

/// Who somebody is, whichever connection they come by. In a database it is a text of at most [`Person::MAX_LEN`] characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Person {
    /// Whoever is signed in, on all of their devices.
    Account(AccountId),
    /// Whoever isn't: as long as they keep their session.
    Guest(Sender),
}

/// An account's number, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

/// An account, as those see it who meet it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its name, which nobody else may use.
    pub name: Name,
    /// Whether it may do everything everywhere.
    pub is_admin: bool,
}

/// What somebody may do in a room; each may what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Not signed in.
    Guest,
    /// Signed in.
    Member,
    /// Keeps order in this room.
    Moderator,
    /// Keeps order everywhere, and makes moderators.
    Admin,
}

/// Somebody as a room meets them: all that is known of who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The name that they use, if they said one.
    pub name: Option<Name>,
    /// The account that they are signed in to.
    pub account: Option<Account>,
    /// The public id of their session, if they have one.
    pub sender: Option<Sender>,
}

/// By what a name is the same as another: names that look the same to most people have the same key.
///
/// It is the name in Unicode's normal form KC without what nobody sees, in small letters, with one space where there is white space: much as `NFKC_Casefold`
/// has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameKey(String);

impl Person {
    /// Characters of a person as a text, at most: those of a sender.
    pub const MAX_LEN: usize = 22;
}

/// `@` and the account's number, or the sender: neither can be taken for the other.
impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(AccountId(id)) => write!(f, "@{id}"),
            Self::Guest(sender) => sender.fmt(f),
        }
    }
}

impl FromStr for Person {
    type Err = Code;

    fn from_str(text: &str) -> Result<Self, Code> {
        match text.strip_prefix('@') {
            Some(id) => id
                .parse()
                .map(|id| Self::Account(AccountId(id)))
                .map_err(|_| Code::SenderInvalid),
            None => text.parse().map(Self::Guest),
        }
    }
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Guest, Self::Member, Self::Moderator, Self::Admin];

    /// The role as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }
}

impl Who {
    /// Who that is, if they can be told from others.
    pub fn person(&self) -> Option<Person> {
        let account = self.account.as_ref().map(|account| Person::Account(account.id));
        account.or_else(|| self.sender.map(Person::Guest))
    }

    /// What they are where nobody has made them more.
    pub fn role(&self) -> Role {
        match &self.account {
            None => Role::Guest,
            Some(account) if account.is_admin => Role::Admin,
            Some(_) => Role::Member,
        }
    }
}

impl NameKey {
    /// Characters of a key; longer ones are cut. Some characters become many in the normal form, but hardly 40 of them.
    pub const MAX_LEN: usize = 160;

    /// The key of a name.
    pub fn of(name: &Name) -> Self {
        let mut key = String::new();
        let seen = |c: &char| c.is_whitespace() || !is_unseen(*c);
        let name: String = name.as_str().chars().filter(seen).nfkc().collect();
        for word in name.split_whitespace() {
            if !key.is_empty() {
                key.push(' ');
            }
            key.extend(word.chars().flat_map(char::to_lowercase));
        }
        Self(key.chars().take(Self::MAX_LEN).collect())
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Session;

    #[test]
    fn a_person_survives_being_written_and_fits() {
        let sender = Session::new(7).sender();
        for person in [
            Person::Account(AccountId(12)),
            Person::Account(AccountId(i64::MAX)),
            Person::Guest(sender),
        ] {
            let written = person.to_string();
            assert_eq!(written.parse(), Ok(person));
            assert!(written.len() <= Person::MAX_LEN, "{written}");
        }
        for wrong in ["", "@", "@x", "12", "@9223372036854775808"] {
            assert!(wrong.parse::<Person>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_that_look_the_same_have_one_key() {
        let key = |name: &str| NameKey::of(&name.parse().unwrap());
        for (one, other) in [
            ("Kim", "kIM"),
            ("Kim", "Ｋｉｍ"),
            ("김", "\u{1100}\u{1175}\u{11b7}"),
            ("Kim  Lee", "kim\u{3000}lee"),
            ("Kim", "K\u{200b}im\u{2060}"),
            ("Kim", "\u{3164}Kim\u{feff}"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        assert_ne!(key("Kim"), key("Kim1"));
        let longest = key(&"\u{fdfa}".repeat(40));
        assert_eq!(longest.as_str().chars().count(), NameKey::MAX_LEN);
    }

    #[test]
    fn an_account_is_who_somebody_is_whatever_their_session() {
        let sender = Session::new(7).sender();
        let account = Account {
            id: AccountId(1),
            name: "Kim".parse().unwrap(),
            is_admin: false,
        };
        let guest = Who {
            sender: Some(sender),
            ..Who::default()
        };
        assert_eq!(guest.person(), Some(Person::Guest(sender)));
        assert_eq!(guest.role(), Role::Guest);
        let member = Who {
            account: Some(account.clone()),
            ..guest
        };
        assert_eq!(member.person(), Some(Person::Account(AccountId(1))));
        assert_eq!(member.role(), Role::Member);
        assert_eq!(Who::default().person(), None);
        assert!(Role::ALL.is_sorted());
    }
}
