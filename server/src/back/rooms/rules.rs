//! What holds in a room, as the database says: learnt when it is opened, and anew when a moderator has done something, here or in another process.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::open::{OpenRoom, now};
use super::{Rooms, Shared};
use crate::back::people::Pass;
use crate::chat::{
    AccountId, Act, Event, Name, NameKey, Refusal, Role, Rules, Sanction, SanctionKind, Sender, Slow, Who,
    Words,
};
use crate::store::{Moderation, ModerationEntry, Store, StoreError, StoredSanction};

/// How often it is looked whether another process has moderated: a banned reader is to be gone within a second.
const LOOK_TIME: Duration = Duration::from_millis(500);

/// Somebody's leave to be in a room: what they may do there, and when it ends.
#[derive(Debug)]
pub(in crate::back) struct Permit {
    who: Who,
    rules: watch::Receiver<Arc<Rules>>,
    pass: Pass,
}

impl Permit {
    /// It ends when this pass does.
    pub(in crate::back) fn by(self, pass: Pass) -> Self {
        Self { pass, ..self }
    }

    pub(in crate::back) fn who(&self) -> &Who {
        &self.who
    }

    /// What they may do now.
    pub(in crate::back) fn role(&self) -> Role {
        self.rules.borrow().role(&self.who)
    }

    /// Whether they may do something now.
    ///
    /// # Errors
    /// As [`Rules::allow`], or [`Code::SignedOut`].
    pub(in crate::back) fn allow(&self, act: Act<'_>) -> Result<(), Refusal> {
        self.pass.allow()?;
        self.rules.borrow().allow(&self.who, act, now())
    }

    /// Ready when they may not be here any more.
    ///
    /// # Cancel safety
    /// Safe: whoever may not be here may not be here when asked again.
    pub(in crate::back) async fn withdrawn(&mut self) -> Refusal {
        loop {
            let stay = self.rules.borrow_and_update().allow(&self.who, Act::Stay, now());
            if let Err(refusal) = stay {
                return refusal;
            }
            tokio::select! {
                biased;
                signed_out = self.pass.over() => return signed_out,
                changed = self.rules.changed() => if changed.is_err() {
                    // The room outlives whoever is in it.
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// The same, to wait for it elsewhere.
impl Clone for Permit {
    fn clone(&self) -> Self {
        Self {
            who: self.who.clone(),
            rules: self.rules.clone(),
            pass: self.pass.clone(),
        }
    }
}

impl OpenRoom {
    /// What holds here now.
    pub(in crate::back) fn rules(&self) -> Arc<Rules> {
        self.rules.borrow().clone()
    }

    /// Leave to be here, for somebody who may.
    ///
    /// # Errors
    /// [`Code::Banned`].
    pub(in crate::back) fn permit(&self, who: Who) -> Result<Permit, Refusal> {
        let rules = self.rules.subscribe();
        let pass = Pass::default();
        let permit = Permit { who, rules, pass };
        permit.allow(Act::Stay)?;
        Ok(permit)
    }

    /// The session of somebody who is here under a name: of an account, or of a guest.
    pub(in crate::back) fn sender_named(&self, name: &Name, account: Option<AccountId>) -> Option<Sender> {
        self.state().sender_named(&NameKey::of(name), account)
    }

    /// What holds, as the database says.
    pub(super) async fn learn_rules(&self) -> Result<(), StoreError> {
        if let Some(store) = self.moderated() {
            let rules = rules(store.moderation(self.name(), now()).await?);
            self.rules.send_replace(Arc::new(rules));
        }
        Ok(())
    }

    /// Learns what moderators have done since, and tells everybody.
    async fn learn_news(&self) -> Result<(), StoreError> {
        let Some(store) = self.moderated() else {
            return Ok(());
        };
        let known = self.rules().number;
        let rules = rules(store.moderation(self.name(), now()).await?);
        // Read after the rules, so that none is missed; those that are newer than the rules are told with the next.
        let mut entries = store.moderation_entries(self.name(), known).await?;
        entries.retain(|entry| entry.number <= rules.number);
        self.rules.send_replace(Arc::new(rules));
        let _state = self.state();
        for entry in &entries {
            if let Some(event) = moderated(entry) {
                self.tell(&event, None);
            }
        }
        Ok(())
    }

    /// Where it's written what holds here. Where only the server says something, nothing does.
    fn moderated(&self) -> Option<&Store> {
        self.store().filter(|_| !self.is_read_only())
    }
}

impl Rooms {
    /// Learns what moderators have done, in this process or another, since this was asked last: one query, if they have done nothing.
    ///
    /// # Errors
    /// The store failed; what wasn't learnt is learnt the next time.
    pub(in crate::back) async fn keep_order(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let mut seen = shared.seen.lock().await;
        let number = shared.store.moderation_number().await?;
        if *seen == Some(number) {
            return Ok(());
        }
        let moderated = match *seen {
            Some(seen) => Some(shared.store.moderated_after(seen).await?),
            None => None,
        };
        for room in shared.open_rooms() {
            let concerned = moderated
                .as_ref()
                .is_none_or(|moderated| moderated.iter().any(|name| name == room.name()));
            if concerned {
                room.prepare().await?;
                room.learn_news().await?;
            }
        }
        *seen = Some(number);
        Ok(())
    }

    /// Does so again and again, while there are rooms.
    pub(in crate::back) async fn keep_watch(&self) {
        loop {
            tokio::select! {
                () = self.shared.stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_TIME) => {}
            }
            if self.shared.open_rooms().is_empty() {
                continue;
            }
            if let Err(error) = self.keep_order().await {
                tracing::debug!(%error, "what moderators did is looked for again");
            }
        }
    }
}

impl Shared {
    /// The rooms that somebody holds now.
    fn open_rooms(&self) -> Vec<Arc<OpenRoom>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().filter_map(Weak::upgrade).collect()
    }
}

/// What follows from what is stored. A row that another version has written is passed over.
fn rules(stored: Moderation) -> Rules {
    let words: Vec<String> = serde_json::from_str(&stored.words).unwrap_or_default();
    Rules {
        number: stored.number,
        sanctions: stored.sanctions.iter().filter_map(sanction).collect(),
        moderators: stored.moderators.into_iter().map(AccountId).collect(),
        words: Words::new(&words).unwrap_or_default(),
        slow: Slow(Duration::from_secs(stored.slow_seconds.max(0).cast_unsigned())),
    }
}

fn sanction(stored: &StoredSanction) -> Option<Sanction> {
    let name = Name::stored(&stored.name)?;
    Some(Sanction {
        kind: SanctionKind::named(&stored.kind)?,
        account: stored.account.map(AccountId),
        sender: stored.sender.as_deref().and_then(|sender| sender.parse().ok()),
        name: NameKey::of(&name),
        until: stored.until,
    })
}

/// What everybody hears of an entry of the log: not what only moderators need to know.
fn moderated(entry: &ModerationEntry) -> Option<Event<'_>> {
    let detail = entry.detail.as_deref();
    let role =
        (entry.action == "role").then(|| detail.filter(|role| *role == "moderator").map(|_| "moderator"));
    (entry.action != "resolve").then(|| Event::Moderated {
        action: &entry.action,
        name: entry.name.as_deref(),
        until: entry.until,
        seconds: (entry.action == "slow")
            .then(|| detail.and_then(|seconds| seconds.parse().ok()).unwrap_or(0)),
        role,
    })
}
