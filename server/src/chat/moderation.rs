//! What moderators do, and what they may.

use std::time::Duration;

use super::objection::Objection;
use super::person::{AccountId, NameKey, Role, Who};
use super::values::{Name, Sender};
use super::words::Words;

/// How long somebody may be muted or banned at most, unless it is for ever.
pub const LONGEST_SANCTION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// How long everybody may have to wait between two messages in slow mode, at most.
pub const LONGEST_SLOW: Duration = Duration::from_secs(60 * 60);

/// Characters of a reason, at most: a sentence or two.
pub const REASON_LEN: usize = 200;

/// How many may be muted or banned in one room at a time: whoever says something is compared with each.
pub const SANCTIONS_LIMIT: u64 = 1000;

/// What a moderator does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody may not say anything for some time, or for ever.
    Mute(Name, Option<Duration>),
    /// Somebody may not be here for some time, or for ever.
    Ban(Name, Option<Duration>),
    /// Somebody may speak again.
    Unmute(Name),
    /// Somebody may come again.
    Unban(Name),
    /// Everybody waits so long between two messages; not at all if it is zero.
    Slow(Duration),
    /// Messages with these words aren't taken.
    Words(Words),
    /// The report of this number has been looked at.
    Resolve(i64),
    /// Somebody keeps order here from now on, or doesn't any more.
    Role(Name, bool),
}

/// Why somebody does something, for those who ask later: at most [`REASON_LEN`] characters, no control characters. May be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason(String);

/// What somebody may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SanctionKind {
    /// Say anything.
    Mute,
    /// Be here.
    Ban,
}

/// Somebody may not do something. It is about an account, or about a guest, who is known by a session and by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanction {
    /// What.
    pub kind: SanctionKind,
    /// Whom it is about, if that is an account.
    pub account: Option<AccountId>,
    /// The session of whom it is about, if it is known.
    pub sender: Option<Sender>,
    /// By what name they were known.
    pub name: NameKey,
    /// When it ends, in milliseconds since 1970-01-01 UTC; never, if it has no end.
    pub until: Option<i64>,
}

impl Action {
    /// What the log calls it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Mute(..) => "mute",
            Self::Ban(..) => "ban",
            Self::Unmute(_) => "unmute",
            Self::Unban(_) => "unban",
            Self::Slow(_) => "slow",
            Self::Words(_) => "words",
            Self::Resolve(_) => "resolve",
            Self::Role(..) => "role",
        }
    }

    /// Whom it is about.
    pub const fn about(&self) -> Option<&Name> {
        match self {
            Self::Mute(name, _) | Self::Ban(name, _) => Some(name),
            Self::Unmute(name) | Self::Unban(name) | Self::Role(name, _) => Some(name),
            Self::Slow(_) | Self::Words(_) | Self::Resolve(_) => None,
        }
    }

    /// When it ends that begins now, in milliseconds.
    pub fn until(&self, now: i64) -> Option<i64> {
        match self {
            Self::Mute(_, time) | Self::Ban(_, time) => {
                time.map(|time| now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
            }
            _ => None,
        }
    }

    /// Whether somebody of a role may do it, to somebody of a role if it is about anybody.
    ///
    /// Moderators keep order among those who may less than they; admins make moderators.
    ///
    /// # Errors
    /// [`Objection::NotAllowed`].
    pub fn allow(&self, by: Role, about: Option<Role>) -> Result<(), Objection> {
        let needed = match self {
            Self::Role(..) => Role::Admin,
            _ => Role::Moderator,
        };
        let reaches = about.is_none_or(|about| about < by);
        (by >= needed && reaches)
            .then_some(())
            .ok_or(Objection::NotAllowed)
    }

    /// For how long somebody is muted or banned.
    ///
    /// # Errors
    /// [`Objection::ModerationInvalid`]: not at all, or longer than [`LONGEST_SANCTION`].
    pub fn time(seconds: Option<u64>) -> Result<Option<Duration>, Objection> {
        match seconds.map(Duration::from_secs) {
            Some(time) if time.is_zero() || time > LONGEST_SANCTION => Err(Objection::ModerationInvalid),
            time => Ok(time),
        }
    }

    /// Slow mode of so many seconds.
    ///
    /// # Errors
    /// [`Objection::ModerationInvalid`]: longer than [`LONGEST_SLOW`], or nothing was said.
    pub fn slow(seconds: Option<u64>) -> Result<Self, Objection> {
        match seconds.map(Duration::from_secs) {
            Some(time) if time <= LONGEST_SLOW => Ok(Self::Slow(time)),
            _ => Err(Objection::ModerationInvalid),
        }
    }
}

impl Reason {
    /// Checks a reason.
    ///
    /// # Errors
    /// [`Objection::ModerationInvalid`].
    pub fn new(text: &str) -> Result<Self, Objection> {
        let text = text.trim();
        if text.chars().count() > REASON_LEN || text.chars().any(char::is_control) {
            return Err(Objection::ModerationInvalid);
        }
        Ok(Self(text.to_owned()))
    }

    /// The reason.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SanctionKind {
    /// What it is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Ban => "ban",
        }
    }

    /// The kind that is called so.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Mute, Self::Ban]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

impl Sanction {
    /// Whether it is about somebody, by any of what they are known by.
    pub fn is_about(&self, who: &Who, key: Option<&NameKey>) -> bool {
        let account = who.account.as_ref().map(|account| account.id);
        let same_account = account.is_some() && self.account == account;
        let same_session = who.sender.is_some() && self.sender == who.sender;
        same_account || same_session || key == Some(&self.name)
    }

    /// Whether it goes on.
    pub fn goes_on(&self, now: i64) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        name.parse().unwrap()
    }

    #[test]
    fn moderators_keep_order_among_those_who_may_less() {
        let ban = Action::Ban(name("Kim"), None);
        for (by, about, allowed) in [
            (Role::Guest, None, false),
            (Role::Member, Some(Role::Guest), false),
            (Role::Moderator, None, true),
            (Role::Moderator, Some(Role::Guest), true),
            (Role::Moderator, Some(Role::Member), true),
            (Role::Moderator, Some(Role::Moderator), false),
            (Role::Moderator, Some(Role::Admin), false),
            (Role::Admin, Some(Role::Moderator), true),
            (Role::Admin, Some(Role::Admin), false),
        ] {
            assert_eq!(ban.allow(by, about).is_ok(), allowed, "{by:?} {about:?}");
        }
        let role = Action::Role(name("Kim"), true);
        assert_eq!(
            role.allow(Role::Moderator, Some(Role::Member)),
            Err(Objection::NotAllowed)
        );
        assert_eq!(role.allow(Role::Admin, Some(Role::Member)), Ok(()));
    }

    #[test]
    fn a_sanction_has_an_end_or_none() {
        assert_eq!(Action::time(None), Ok(None));
        assert_eq!(Action::time(Some(1)), Ok(Some(Duration::from_secs(1))));
        assert!(Action::time(Some(LONGEST_SANCTION.as_secs())).is_ok());
        for wrong in [0, LONGEST_SANCTION.as_secs() + 1, u64::MAX] {
            assert_eq!(Action::time(Some(wrong)), Err(Objection::ModerationInvalid));
        }
        let mute = Action::Mute(name("Kim"), Some(Duration::from_secs(60)));
        assert_eq!(mute.until(5), Some(60_005));
        assert_eq!(Action::Ban(name("Kim"), None).until(5), None);
    }

    #[test]
    fn slow_mode_has_a_bound_and_can_be_ended() {
        assert_eq!(Action::slow(Some(0)), Ok(Action::Slow(Duration::ZERO)));
        assert!(Action::slow(Some(LONGEST_SLOW.as_secs())).is_ok());
        for wrong in [None, Some(LONGEST_SLOW.as_secs() + 1)] {
            assert_eq!(Action::slow(wrong), Err(Objection::ModerationInvalid));
        }
    }

    #[test]
    fn a_reason_is_one_line_and_may_be_none() {
        assert_eq!(Reason::new("  spam ").unwrap().as_str(), "spam");
        assert!(Reason::new(&"가".repeat(REASON_LEN)).is_ok());
        for wrong in ["a\nb", &"가".repeat(REASON_LEN + 1)] {
            assert_eq!(Reason::new(wrong), Err(Objection::ModerationInvalid));
        }
    }
}
