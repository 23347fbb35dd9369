//! Who has read what in a room: told to the others, and stored, once a second at most.

use std::sync::Arc;
use std::time::Instant;

use super::guest::State;
use super::open::{OpenRoom, in_time, now};
use crate::chat::{Event, Marker, Person, READERS_LISTED};
use crate::store::{ReaderOf, StoreError, StoredMarker, Unread, seen_at};

/// How long nobody need know that a guest was seen again, in milliseconds: a day, so that who comes often is written down seldom.
const SEEN_AGAIN: i64 = 24 * 60 * 60 * 1000;

impl OpenRoom {
    /// Learns up to where somebody has read, and the others, if that isn't known yet.
    ///
    /// # Errors
    /// The store doesn't say.
    pub(in crate::back) async fn know_readers(&self, person: Person) -> Result<(), StoreError> {
        let Some(store) = self.store() else { return Ok(()) };
        let load = || async {
            let markers = store.markers(self.name(), READERS_LISTED as u64).await?;
            let mut state = self.state();
            markers
                .iter()
                .filter_map(known)
                .for_each(|marker| state.reading.know(marker));
            Ok::<_, StoreError>(())
        };
        in_time(self.readers.get_or_try_init(load)).await?;
        if self.state().reading.offset(person).is_some() {
            return Ok(());
        }
        let marker = store.marker(self.name(), &person.to_string()).await?;
        if let Some(marker) = marker.as_ref().and_then(known) {
            self.state().reading.know(marker);
        }
        Ok(())
    }

    /// Somebody has come: a guest's marker is kept for a while from now on.
    ///
    /// # Errors
    /// The store doesn't say when they were here last.
    pub(in crate::back) async fn see(&self, person: Person) -> Result<(), StoreError> {
        match (self.store(), person) {
            (Some(store), Person::Guest(sender)) => {
                let now = now();
                store
                    .see(self.name(), &sender.to_string(), now - SEEN_AGAIN, now)
                    .await
            }
            _ => Ok(()),
        }
    }

    /// Up to where somebody has read, what they haven't, and up to where the room goes.
    ///
    /// # Errors
    /// The store doesn't say.
    pub(in crate::back) async fn unread(
        &self,
        person: Person,
        reader: ReaderOf<'_>,
    ) -> Result<(u64, Unread, u64), StoreError> {
        self.know_readers(person).await?;
        let read = self.state().reading.offset(person).unwrap_or_default();
        let newest = self.history().position().offset;
        let between = (read.cast_signed(), newest.cast_signed());
        let unread = match self.store() {
            Some(store) => store.unread(self.name(), between, reader).await?,
            None => Unread::default(),
        };
        Ok((read, unread, newest))
    }

    /// Somebody has read up to an offset, or to the end if that comes first. Returns up to where they have read then.
    pub(in crate::back) fn read_up_to(self: &Arc<Self>, marker: Marker) -> u64 {
        let person = marker.person;
        let offset = marker.offset.min(self.history().position().offset);
        let state = &mut *self.state();
        state.reading.read(Marker { offset, ..marker }, Instant::now());
        self.keep_telling(state);
        state.reading.offset(person).unwrap_or_default()
    }

    /// Has a task tell who has read what, while there is something to tell.
    fn keep_telling(self: &Arc<Self>, state: &mut State) {
        if state.telling || state.reading.poll_timeout().is_none() {
            return;
        }
        state.telling = true;
        let room = self.clone();
        self.shared().tasks.spawn(async move {
            while let Some(deadline) = room.next_telling() {
                let (moved, stops) = tokio::select! {
                    biased;
                    // A server that stops has no such news, but remembers.
                    () = room.shared().stop.cancelled() => (room.state().reading.take_all(), true),
                    () = tokio::time::sleep_until(deadline.into()) => (room.tell_moved(), false),
                };
                if let Err(error) = room.mark(&moved).await {
                    tracing::warn!(%error, room = room.name(), "who has read what isn't stored");
                    if !stops {
                        room.state().reading.put_off(&moved, Instant::now());
                    }
                }
            }
        });
    }

    fn next_telling(&self) -> Option<Instant> {
        let mut state = self.state();
        let deadline = state.reading.poll_timeout();
        state.telling = deadline.is_some();
        deadline
    }

    fn tell_moved(&self) -> Vec<Marker> {
        let state = &mut *self.state();
        let moved = state.reading.handle_timeout(Instant::now());
        for marker in &moved {
            if !state.reading.is_news(marker) {
                continue;
            }
            let event = Event::Read {
                name: marker.name.as_str(),
                offset: marker.offset,
            };
            self.tell(&event, state.seats_of(marker.sender));
        }
        moved
    }

    async fn mark(&self, moved: &[Marker]) -> Result<(), StoreError> {
        let Some(store) = self.store().filter(|_| !moved.is_empty()) else {
            return Ok(());
        };
        let markers = moved.iter().map(|marker| StoredMarker {
            room: self.name().to_owned(),
            person: marker.person.to_string(),
            offset: marker.offset.cast_signed(),
            name: marker.name.as_str().to_owned(),
            seen_at: seen_at(&marker.person.to_string(), now()),
        });
        store.mark(&markers.collect::<Vec<_>>()).await
    }
}

fn known(marker: &StoredMarker) -> Option<Marker> {
    Some(Marker {
        person: marker.person.parse().ok()?,
        name: marker.name.parse().ok()?,
        offset: marker.offset.cast_unsigned(),
        sender: None,
    })
}
