//! What holds in a room: who is muted or banned, who keeps order, which words it doesn't want, how slow it is.

use std::collections::BTreeSet;
use std::time::Duration;

use super::code::{Code, Refusal};
use super::moderation::{Sanction, SanctionKind};
use super::person::{AccountId, NameKey, Role, Who};
use super::words::Words;

/// What holds in a room now. Time is an argument: milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Up to which entry of the moderation log this is what follows from it.
    pub number: i64,
    /// Who may not do what.
    pub sanctions: Vec<Sanction>,
    /// Who keeps order here.
    pub moderators: BTreeSet<AccountId>,
    /// What isn't to be said.
    pub words: Words,
    /// How slow it is.
    pub slow: Slow,
}

/// What somebody is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// Be here: come in, or stay, or read.
    Stay,
    /// Write something, or change what they have written to this.
    Write(&'a str),
    /// Let others know something without words: a reaction, say, or that they type.
    Gesture,
}

/// How long everybody waits between two messages; not at all if it is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slow(pub Duration);

/// Somebody's last message in slow mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When they began to say it, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// What tells it from others.
    pub message: String,
}

impl Rules {
    /// What somebody may do here.
    pub fn role(&self, who: &Who) -> Role {
        let made = who
            .account
            .as_ref()
            .is_some_and(|account| self.moderators.contains(&account.id));
        let role = who.role();
        if made { role.max(Role::Moderator) } else { role }
    }

    /// Whether somebody may do something now. Whoever keeps order here always may.
    ///
    /// # Errors
    /// [`Code::Banned`], [`Code::Muted`], and for how long; [`Code::WordFiltered`].
    pub fn allow(&self, who: &Who, act: Act<'_>, now: i64) -> Result<(), Refusal> {
        // Most rooms have neither.
        if (self.sanctions.is_empty() && self.words.as_slice().is_empty())
            || self.role(who) >= Role::Moderator
        {
            return Ok(());
        }
        self.free_of(SanctionKind::Ban, who, now)?;
        if act != Act::Stay {
            self.free_of(SanctionKind::Mute, who, now)?;
        }
        match act {
            Act::Write(text) if self.words.are_in(text) => Err(Code::WordFiltered.into()),
            _ => Ok(()),
        }
    }

    fn free_of(&self, kind: SanctionKind, who: &Who, now: i64) -> Result<(), Refusal> {
        let key = who.name.as_ref().map(NameKey::of);
        let of_kind = self.sanctions.iter().filter(|sanction| sanction.kind == kind);
        let about_them =
            of_kind.filter(|sanction| sanction.goes_on(now) && sanction.is_about(who, key.as_ref()));
        // No end is the latest of all.
        let Some(longest) = about_them.max_by_key(|sanction| sanction.until.unwrap_or(i64::MAX)) else {
            return Ok(());
        };
        let code = match kind {
            SanctionKind::Mute => Code::Muted,
            SanctionKind::Ban => Code::Banned,
        };
        Err(Refusal {
            retry_after: longest.until.map(|until| millis(until - now)),
            ..code.into()
        })
    }
}

impl Slow {
    /// Whether somebody may say something now who has said something before. The same again is no second message.
    ///
    /// # Errors
    /// How long to wait.
    pub fn allow(self, last: Option<&Turn>, message: &str, now: i64) -> Result<(), Duration> {
        let Some(last) = last.filter(|last| last.message != message) else {
            return Ok(());
        };
        let slow = i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX);
        // Where another server's clock is ahead, nobody waits longer for it.
        match last.at.saturating_add(slow).saturating_sub(now).min(slow) {
            wait @ 1.. => Err(millis(wait)),
            _ => Ok(()),
        }
    }

    /// Whether there is anything to wait for.
    pub fn is_off(self) -> bool {
        self.0.is_zero()
    }
}

fn millis(time: i64) -> Duration {
    Duration::from_millis(time.max(0).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Account, Session};

    const NOW: i64 = 1_000_000;

    fn guest(name: &str, session: u128) -> Who {
        Who {
            name: Some(name.parse().unwrap()),
            sender: Some(Session::new(session).sender()),
            account: None,
        }
    }

    fn member(name: &str, id: i64) -> Who {
        Who {
            account: Some(Account {
                id: AccountId(id),
                name: name.parse().unwrap(),
                is_admin: false,
            }),
            ..guest(name, id.unsigned_abs().into())
        }
    }

    fn sanction(kind: SanctionKind, who: &Who, until: Option<i64>) -> Sanction {
        Sanction {
            kind,
            account: who.account.as_ref().map(|account| account.id),
            sender: who.sender,
            name: NameKey::of(who.name.as_ref().unwrap()),
            until,
        }
    }

    fn code(allowed: Result<(), Refusal>) -> Option<Code> {
        allowed.err().map(|refusal| refusal.code)
    }

    #[test]
    fn who_is_muted_stays_and_says_nothing_until_it_is_over() {
        let kim = guest("Kim", 1);
        let rules = Rules {
            sanctions: vec![sanction(SanctionKind::Mute, &kim, Some(NOW + 60_000))],
            ..Rules::default()
        };
        assert_eq!(rules.allow(&kim, Act::Stay, NOW), Ok(()));
        let refusal = rules.allow(&kim, Act::Write("hello"), NOW).unwrap_err();
        assert_eq!(refusal.code, Code::Muted);
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(60)));
        assert_eq!(code(rules.allow(&kim, Act::Gesture, NOW)), Some(Code::Muted));
        assert_eq!(rules.allow(&kim, Act::Write("hello"), NOW + 60_000), Ok(()));
        assert_eq!(rules.allow(&guest("Lee", 2), Act::Write("hello"), NOW), Ok(()));
    }

    #[test]
    fn a_banned_guest_is_known_by_session_and_by_name() {
        let rules = Rules {
            sanctions: vec![sanction(SanctionKind::Ban, &guest("Kim", 1), None)],
            ..Rules::default()
        };
        for who in [guest("Kim", 1), guest("Other", 1), guest("kim", 2)] {
            let refusal = rules.allow(&who, Act::Stay, NOW).unwrap_err();
            assert_eq!((refusal.code, refusal.retry_after), (Code::Banned, None));
        }
        assert_eq!(rules.allow(&guest("Lee", 2), Act::Stay, NOW), Ok(()));
        assert_eq!(
            rules.allow(&Who::default(), Act::Stay, NOW),
            Ok(()),
            "who says nothing of themselves reads as everybody may"
        );
    }

    #[test]
    fn a_banned_account_is_banned_on_every_device() {
        let rules = Rules {
            sanctions: vec![sanction(SanctionKind::Ban, &member("Kim", 7), None)],
            ..Rules::default()
        };
        let elsewhere = Who {
            sender: Some(Session::new(99).sender()),
            ..member("Kim", 7)
        };
        assert_eq!(code(rules.allow(&elsewhere, Act::Stay, NOW)), Some(Code::Banned));
        assert_eq!(rules.allow(&member("Lee", 8), Act::Stay, NOW), Ok(()));
    }

    #[test]
    fn of_several_sanctions_the_longest_counts() {
        let kim = guest("Kim", 1);
        let mute = |until| sanction(SanctionKind::Mute, &kim, until);
        let rules = |sanctions| Rules {
            sanctions,
            ..Rules::default()
        };
        let wait = |rules: &Rules| rules.allow(&kim, Act::Gesture, NOW).unwrap_err().retry_after;
        assert_eq!(
            wait(&rules(vec![
                mute(Some(NOW + 5)),
                mute(Some(NOW + 9)),
                mute(Some(NOW - 1))
            ])),
            Some(Duration::from_millis(9))
        );
        assert_eq!(wait(&rules(vec![mute(None), mute(Some(NOW + 9))])), None);
    }

    #[test]
    fn words_are_kept_out_but_not_of_those_who_keep_order() {
        let (kim, keeper) = (guest("Kim", 1), member("Park", 3));
        let mut rules = Rules {
            words: Words::new(&["darn".to_owned()]).unwrap(),
            ..Rules::default()
        };
        assert_eq!(
            code(rules.allow(&kim, Act::Write("Darn!"), NOW)),
            Some(Code::WordFiltered)
        );
        assert_eq!(rules.allow(&kim, Act::Write("dear"), NOW), Ok(()));
        assert_eq!(
            code(rules.allow(&keeper, Act::Write("darn"), NOW)),
            Some(Code::WordFiltered)
        );
        assert_eq!(rules.role(&keeper), Role::Member);
        rules.moderators.insert(AccountId(3));
        assert_eq!(rules.role(&keeper), Role::Moderator);
        assert_eq!(rules.allow(&keeper, Act::Write("darn"), NOW), Ok(()));
        rules.sanctions.push(sanction(SanctionKind::Ban, &keeper, None));
        assert_eq!(rules.allow(&keeper, Act::Stay, NOW), Ok(()));
    }

    #[test]
    fn in_slow_mode_there_is_time_between_two_messages() {
        let slow = Slow(Duration::from_secs(10));
        let last = Turn {
            at: NOW,
            message: "c1".to_owned(),
        };
        assert_eq!(slow.allow(None, "c1", NOW), Ok(()));
        assert_eq!(
            slow.allow(Some(&last), "c2", NOW + 1),
            Err(Duration::from_millis(9999))
        );
        assert_eq!(slow.allow(Some(&last), "c1", NOW + 1), Ok(()), "the same again");
        assert_eq!(slow.allow(Some(&last), "c2", NOW + 10_000), Ok(()));
        assert_eq!(
            slow.allow(Some(&last), "c2", NOW - 60_000),
            Err(Duration::from_secs(10)),
            "another server's clock is ahead"
        );
        assert!(Slow::default().is_off());
        assert_eq!(Slow::default().allow(Some(&last), "c2", NOW), Ok(()));
    }
}
