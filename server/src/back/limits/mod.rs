//! Limits and manners: how much one address, one user, one API key and one room may ask for and say.
//!
//! ```text
//! rate     how often something may happen, for each key that it is counted by
//! caller   who asks, and by what it is known
//! manners  a connection that goes on and on although it's refused
//! ```
//!
//! Each limit is a number within [`RATE_WINDOW`]: so much at once, and again as it passes.

mod caller;
mod manners;
mod rate;

use std::num::NonZeroU32;
use std::time::Duration;

use madang_hub::RoomName;

pub(super) use caller::Caller;
pub(super) use manners::Manners;
pub use manners::REFUSALS;
use rate::Rate;

use crate::chat::{Code, Person, Refusal};
use crate::config::ApiKey;

/// What a limit is a number within: long enough that a page that comes back may send all that it has kept, short enough that nobody who is refused waits long.
pub const RATE_WINDOW: Duration = Duration::from_secs(10);

/// How many times as much as an address or a user a known API key may: it speaks for many.
pub const API_KEY_TIMES: u32 = 10;

/// How much may be asked for and said within [`RATE_WINDOW`]; nothing is limited unless told.
#[derive(Clone, Debug, Default)]
pub struct RateLimits {
    /// Requests and commands of one address.
    pub requests_per_address: Option<NonZeroU32>,
    /// Bytes of what one address sends.
    pub bytes_per_address: Option<NonZeroU32>,
    /// Messages of one user, which is an account with all its devices, a guest's session, and without one an address.
    pub messages_per_user: Option<NonZeroU32>,
    /// Messages of all users in one room.
    pub messages_per_room: Option<NonZeroU32>,
    /// The keys of other back ends.
    pub api_keys: Vec<ApiKey>,
}

/// Which limit was crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Limit {
    Requests,
    Bytes,
    User,
    Room,
    Seats,
}

/// A limit that was crossed, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crossed {
    pub(super) limit: Limit,
    pub(super) retry_after: Duration,
}

/// What everybody has used of what they may.
#[derive(Debug)]
pub(super) struct Limits {
    people: Class,
    programs: Class,
    rooms: Rate<RoomName>,
    api_keys: Vec<ApiKey>,
}

/// Those to whom the same numbers apply.
#[derive(Debug)]
struct Class {
    requests: Rate<Caller>,
    bytes: Rate<Caller>,
    messages: Rate<User>,
}

/// Whose messages are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum User {
    Person(Person),
    Caller(Caller),
}

impl Limits {
    pub(super) fn new(limits: &RateLimits) -> Self {
        Self {
            people: Class::new(limits, NonZeroU32::MIN),
            programs: Class::new(limits, const { NonZeroU32::new(API_KEY_TIMES).unwrap() }),
            rooms: Rate::new(limits.messages_per_room),
            api_keys: limits.api_keys.clone(),
        }
    }

    /// Which of the keys this is.
    ///
    /// # Errors
    /// None of them.
    pub(super) fn known(&self, key: &str) -> Result<Caller, Code> {
        // Hashes are compared: how long that takes says nothing about any key.
        let key = ApiKey::of(key);
        let place = self.api_keys.iter().position(|known| *known == key);
        place.map(Caller::Key).ok_or(Code::ApiKeyUnknown)
    }

    /// Counts a request, or a command of a socket, of so many bytes.
    ///
    /// # Errors
    /// It is one too many, or too large for now; it hasn't been counted then.
    pub(super) fn request(&self, caller: Caller, bytes: usize) -> Result<(), Crossed> {
        let class = self.class(caller);
        class
            .requests
            .check(&caller, 1)
            .map_err(|time| Limit::Requests.crossed(time))?;
        class
            .bytes
            .check(&caller, bytes)
            .map_err(|time| Limit::Bytes.crossed(time))
    }

    /// Counts a message.
    ///
    /// # Errors
    /// It is one too many.
    pub(super) fn message(
        &self,
        caller: Caller,
        person: Option<Person>,
        room: &RoomName,
    ) -> Result<(), Crossed> {
        let user = match (caller, person) {
            (Caller::Address(_), Some(person)) => User::Person(person),
            _ => User::Caller(caller),
        };
        // First, so that who says too much takes nothing from the others in the room.
        self.class(caller)
            .messages
            .check(&user, 1)
            .map_err(|time| Limit::User.crossed(time))?;
        self.rooms
            .check(room, 1)
            .map_err(|time| Limit::Room.crossed(time))
    }

    fn class(&self, caller: Caller) -> &Class {
        match caller {
            Caller::Address(_) => &self.people,
            Caller::Key(_) => &self.programs,
        }
    }
}

impl Class {
    fn new(limits: &RateLimits, times: NonZeroU32) -> Self {
        let times = |limit: Option<NonZeroU32>| limit.map(|limit| limit.saturating_mul(times));
        Self {
            requests: Rate::new(times(limits.requests_per_address)),
            bytes: Rate::new(times(limits.bytes_per_address)),
            messages: Rate::new(times(limits.messages_per_user)),
        }
    }
}

impl Limit {
    pub(super) const ALL: [Self; 5] = [Self::Requests, Self::Bytes, Self::User, Self::Room, Self::Seats];

    /// What metrics call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Bytes => "bytes",
            Self::User => "user",
            Self::Room => "room",
            Self::Seats => "seats",
        }
    }

    pub(super) fn crossed(self, retry_after: Duration) -> Crossed {
        Crossed {
            limit: self,
            retry_after,
        }
    }
}

impl From<Crossed> for Refusal {
    fn from(crossed: Crossed) -> Self {
        Self::rate_limited(crossed.retry_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Account, AccountId, Session, Who};

    const KIM: Caller = Caller::Address(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn limits() -> Limits {
        let some = NonZeroU32::new;
        Limits::new(&RateLimits {
            requests_per_address: some(3),
            bytes_per_address: some(1000),
            messages_per_user: some(2),
            messages_per_room: some(5),
            api_keys: vec![ApiKey::of("one"), ApiKey::of("two")],
        })
    }

    fn room(name: &str) -> RoomName {
        RoomName::try_from(name).unwrap()
    }

    #[test]
    fn who_says_too_much_takes_nothing_from_the_room() {
        let (limits, lobby) = (limits(), room("lobby"));
        let sender = |n| Some(Person::Guest(Session::new(n).sender()));
        let crossed = |n| {
            limits
                .message(KIM, sender(n), &lobby)
                .err()
                .map(|crossed| crossed.limit)
        };
        let of_one: Vec<_> = (0..20).map(|_| crossed(1)).collect();
        assert_eq!(of_one[..2], [None, None]);
        assert!(of_one[2..].iter().all(|limit| *limit == Some(Limit::User)));
        // Three are left for the others.
        assert_eq!([crossed(2), crossed(2), crossed(3)], [None; 3]);
        assert_eq!(crossed(4), Some(Limit::Room));
        assert_eq!(limits.message(KIM, sender(5), &room("other")), Ok(()));
    }

    #[test]
    fn without_a_session_the_address_is_the_user() {
        let (limits, lobby) = (limits(), room("lobby"));
        let said = || limits.message(KIM, None, &lobby).is_ok();
        assert_eq!([said(), said(), said()], [true, true, false]);
    }

    #[test]
    fn an_account_is_one_user_on_all_its_devices() {
        let (limits, lobby) = (limits(), room("lobby"));
        let said = |device| {
            let who = Who {
                name: None,
                account: Some(Account {
                    id: AccountId(1),
                    name: "Kim".parse().unwrap(),
                    is_admin: false,
                }),
                sender: Some(Session::new(device).sender()),
            };
            limits.message(KIM, who.person(), &lobby).is_ok()
        };
        assert_eq!([said(1), said(2), said(3)], [true, true, false]);
    }

    #[test]
    fn a_key_may_ten_times_as_much_and_is_counted_for_itself() {
        let limits = limits();
        let count = |caller| (0..100).filter(|_| limits.request(caller, 1).is_ok()).count();
        assert_eq!(count(limits.known("one").unwrap()), 30);
        assert_eq!(count(limits.known("two").unwrap()), 30);
        assert_eq!(count(KIM), 3);
        assert_eq!(limits.known("three"), Err(Code::ApiKeyUnknown));
    }
}
