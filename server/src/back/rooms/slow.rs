//! Slow mode: whose turn it is to say something.

use super::open::{OpenRoom, now, unavailable};
use crate::chat::{Code, NameKey, Refusal, Role, Turn, Who};
use crate::store::{Draft, SlowTurn, Store};

/// A turn that somebody has taken just now.
#[derive(Debug)]
pub(super) struct Taken {
    turn: SlowTurn,
    /// What was there before it.
    last: Option<SlowTurn>,
}

impl OpenRoom {
    /// Takes somebody's turn to say this, if the room is slow for them and they haven't taken it for the same already. Whatever else could refuse the message
    /// comes first, so that nobody waits for what wasn't said.
    ///
    /// # Errors
    /// [`Code::SlowMode`], and how long to wait; or the store failed.
    pub(super) async fn take_turn(
        &self,
        store: &Store,
        who: &Who,
        draft: &Draft,
    ) -> Result<Option<Taken>, Refusal> {
        let rules = self.rules();
        if rules.slow.is_off() || rules.role(who) >= Role::Moderator {
            return Ok(None);
        }
        let Some(key) = key(who) else { return Ok(None) };
        let turn = SlowTurn {
            room: self.name().to_owned(),
            name_key: key,
            client_id: draft.fingerprint(),
            at: now(),
        };
        let failed = |error| unavailable(&error);
        for _ in 0..Store::ATTEMPTS {
            let stored = store.slow_turn(&turn.room, &turn.name_key).await;
            let last = stored.map_err(failed)?;
            let known = last.as_ref().map(|last| Turn {
                at: last.at,
                message: last.client_id.clone(),
            });
            if let Err(wait) = rules.slow.allow(known.as_ref(), &turn.client_id, turn.at) {
                return Err(Refusal {
                    retry_after: Some(wait),
                    ..Code::SlowMode.into()
                });
            }
            if known.is_some_and(|known| known.message == turn.client_id) {
                return Ok(None);
            }
            let taken = store.take_slow_turn(last.as_ref(), &turn).await;
            if taken.map_err(failed)? {
                return Ok(Some(Taken { turn, last }));
            }
            // They have said something in the meantime, by another way.
        }
        Err(Code::StoreUnavailable.into())
    }

    /// Gives a turn back, since the message wasn't stored. If that fails, they wait for nothing once: no reason to tell them anything else than why the message
    /// wasn't stored.
    pub(super) async fn give_turn_back(&self, store: &Store, taken: Taken) {
        if let Err(error) = store.return_slow_turn(&taken.turn, taken.last.as_ref()).await {
            tracing::debug!(%error, "a turn wasn't given back");
        }
    }
}

/// By what a turn is somebody's: the person. Who can't be told from others has the turn of the name, which begins with a space, as no person does.
fn key(who: &Who) -> Option<String> {
    if let Some(person) = who.person() {
        return Some(person.to_string());
    }
    let name = NameKey::of(who.name.as_ref()?);
    Some(
        format!(" {}", name.as_str())
            .chars()
            .take(NameKey::MAX_LEN)
            .collect(),
    )
}
