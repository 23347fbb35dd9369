//! The log against the tables: whether they say the same.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use super::clock::{SOLD, taken};
use super::read::log;
use super::turn::{Turn, parsed};
use crate::seats::{Entry, Event, ORGANISER, PlaceId, PlaceState, Standing, rebuild};
use crate::store::entity::{seat_claim, seat_hold};
use crate::store::{Store, StoreError};

/// Entries read at once.
const PAGE: u64 = 5000;

impl Store {
    /// Rebuilds an event's map from its log and compares it with its claims: what differs, in words. Nothing should.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn compare_seats(&self, event: &Event) -> Result<Vec<String>, StoreError> {
        self.in_turn(|| async {
            // With its lock, so that nothing changes meanwhile.
            let turn = Turn::begin(self, event).await?;
            let mut entries: Vec<Entry> = Vec::new();
            loop {
                let after = entries.last().map_or(0, |entry| entry.number);
                let page = log(&turn.transaction, event.id(), after, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                entries.extend(page);
            }
            let claims = turn.all_claims().await?;
            turn.transaction.rollback().await?;
            Ok(match rebuild(event.id(), &entries) {
                Ok(map) => differences(&map, &claims),
                Err(broken) => vec![broken.to_string()],
            })
        })
        .await
    }
}

/// What the tables say of a place that isn't free: state, holder, hold, until.
type Claimed = (PlaceState, String, String, Option<i64>);

impl Turn<'_> {
    async fn all_claims(&self) -> Result<Vec<(PlaceId, Claimed)>, DbErr> {
        let claims = seat_claim::Entity::find()
            .filter(seat_claim::Column::Event.eq(self.event.id().as_str()))
            .filter(taken())
            .all(&self.transaction)
            .await?;
        let holds = seat_hold::Entity::find()
            .filter(seat_hold::Column::Event.eq(self.event.id().as_str()))
            .all(&self.transaction)
            .await?;
        let until: BTreeMap<_, _> = holds
            .into_iter()
            .map(|hold| (hold.hold, hold.expires_at))
            .collect();
        let claimed = |claim: seat_claim::Model| {
            let (state, until) = match claim.state == SOLD {
                true if claim.holder == ORGANISER => (PlaceState::Blocked, None),
                true => (PlaceState::Sold, None),
                false => (PlaceState::Held, until.get(&claim.hold).copied()),
            };
            Ok((parsed(&claim.place)?, (state, claim.holder, claim.hold, until)))
        };
        claims.into_iter().map(claimed).collect()
    }
}

fn differences(map: &BTreeMap<PlaceId, Standing>, claims: &[(PlaceId, Claimed)]) -> Vec<String> {
    let mut differences = Vec::new();
    let mut logged: BTreeMap<&PlaceId, Claimed> = BTreeMap::new();
    for (place, standing) in map {
        // Whether its time is up is for both to say in the same way, so it doesn't matter here.
        let state = standing.state(i64::MIN);
        if let (Some(holder), Some(hold)) = (standing.holder, standing.hold) {
            logged.insert(
                place,
                (state, holder.to_string(), hold.to_string(), standing.until),
            );
        }
    }
    for (place, claimed) in claims {
        match logged.remove(place) {
            Some(log) if log == *claimed => {}
            Some(log) => differences.push(format!("{place} is {claimed:?}, and {log:?} by its log")),
            None => differences.push(format!("{place} is {claimed:?}, and free by its log")),
        }
    }
    differences.extend(
        logged
            .iter()
            .map(|(place, log)| format!("{place} is free, and {log:?} by its log")),
    );
    differences
}
