//! All matches, found again after a start.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use http::HeaderValue;
use tokio::sync::{Mutex, OnceCell};

use super::{Answer, Denied, Relay};
use crate::back::app::App;
use crate::back::rooms::in_time;
use crate::chat::Room;
use crate::scores::{MatchId, Play, What, Words};
use crate::store::StoreError;

/// Matches there are at most: what a league plays in some weeks. Each may be followed by the next in the same room.
pub const MATCHES_LIMIT: usize = 100;

/// The match that a file is played in.
pub const YARD: &str = "yard";

/// Matches by id.
#[derive(Debug)]
pub(in crate::back) struct Matches {
    replay: bool,
    known: RwLock<HashMap<MatchId, Arc<Relay>>>,
    /// Set when those of the time before have been found.
    found: OnceCell<()>,
    /// One is opened at a time.
    opening: Mutex<()>,
}

impl Matches {
    /// `replay`: nobody tells plays of the match [`YARD`], since a file is played in it.
    pub(super) fn new(replay: bool) -> Self {
        Self {
            replay,
            known: RwLock::default(),
            found: OnceCell::new(),
            opening: Mutex::default(),
        }
    }

    /// The match of an id.
    pub(in crate::back) async fn find(&self, app: &App, id: &str) -> Result<Arc<Relay>, Denied> {
        self.find_those_before(app).await?;
        self.known(id).ok_or(Denied::NotFound)
    }

    /// All that have begun, by id, and whether a file is played in it.
    pub(in crate::back) async fn list(&self, app: &App) -> Result<Vec<(MatchId, bool, Arc<Answer>)>, Denied> {
        self.find_those_before(app).await?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<_> = known
            .iter()
            .filter_map(|(id, relay)| Some((id.clone(), self.is_replayed(id), relay.answer()?)))
            .collect();
        list.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        Ok(list)
    }

    /// Opens a match, a new one or one after another that is over.
    pub(in crate::back) async fn open(
        &self,
        app: &App,
        id: MatchId,
        away: Words,
        home: Words,
    ) -> Result<Arc<Answer>, Denied> {
        if self.is_replayed(&id) {
            return Err(Denied::Replayed);
        }
        self.find_those_before(app).await?;
        let _turn = self.opening.lock().await;
        let relay = match self.known(id.as_str()) {
            Some(relay) => relay,
            None if self.len() >= MATCHES_LIMIT => return Err(Denied::TooMany),
            None => relay(app, id.clone()).await?,
        };
        let answer = relay.tell(What::Open { away, home }.into(), None).await?;
        self.remember(id, relay);
        Ok(answer)
    }

    /// Tells a play of a match, if that is still as it was `seen`.
    pub(in crate::back) async fn tell(
        &self,
        app: &App,
        id: &str,
        play: Play,
        seen: Option<&HeaderValue>,
    ) -> Result<Arc<Answer>, Denied> {
        let relay = self.find(app, id).await?;
        if self.replay && id == YARD {
            return Err(Denied::Replayed);
        }
        relay.tell(play, seen).await
    }

    /// The match that a file is played in.
    pub(super) async fn yard(&self, app: &App) -> Result<Arc<Relay>, Denied> {
        self.find_those_before(app).await?;
        if let Some(relay) = self.known(YARD) {
            return Ok(relay);
        }
        let id: MatchId = YARD.parse().map_err(|_| Denied::IdInvalid)?;
        let relay = relay(app, id.clone()).await?;
        self.remember(id, relay.clone());
        Ok(relay)
    }

    async fn find_those_before(&self, app: &App) -> Result<(), StoreError> {
        let found = self.found.get_or_try_init(|| async {
            for name in app.store.rooms(Room::SCORES, MATCHES_LIMIT as u64).await? {
                // What was found before the time was up needn't be read again.
                if let Some(Ok(id)) = name.strip_prefix(Room::SCORES).map(str::parse::<MatchId>)
                    && self.known(id.as_str()).is_none()
                {
                    self.remember(id.clone(), relay(app, id).await?);
                }
            }
            Ok(())
        });
        in_time(found).await.copied()
    }

    fn known(&self, id: &str) -> Option<Arc<Relay>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(id).cloned()
    }

    fn len(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn remember(&self, id: MatchId, relay: Arc<Relay>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(id, relay);
    }

    fn is_replayed(&self, id: &MatchId) -> bool {
        self.replay && id.as_str() == YARD
    }
}

async fn relay(app: &App, id: MatchId) -> Result<Arc<Relay>, StoreError> {
    // At most 47 characters, all of them allowed.
    let name: Room = format!("{}{id}", Room::SCORES)
        .parse()
        .unwrap_or_else(|code| unreachable!("{code:?}"));
    let room = app.rooms.open(&name).await?;
    Ok(Arc::new(Relay::new(id, room, app.store.clone()).await?))
}
