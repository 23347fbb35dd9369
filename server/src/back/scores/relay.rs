//! One match that is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use madang_hub::Position;
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::timeout;

use super::{Answer, Denied};
use crate::back::rooms::{OpenRoom, Saying};
use crate::chat::{Code, HISTORY_LIMIT, Name};
use crate::scores::{Line, Match, MatchId, PLAYS_LIMIT, Play, Status, Told, What};
use crate::store::{Store, StoreError};

/// Plays that an answer lists: a half inning or two, so that a page has something to show at once, and few enough for 10,000 to ask.
const LINES_TOLD: usize = 20;

/// One match, told in a room of its own. Before its first play there is nothing to be asked for.
#[derive(Debug)]
pub(in crate::back) struct Relay {
    id: MatchId,
    room: Arc<OpenRoom>,
    store: Store,
    /// One play at a time.
    course: Mutex<Course>,
    answer: watch::Sender<Option<Arc<Answer>>>,
    looked_at: Notify,
}

/// How a match has gone so far.
#[derive(Debug, Default)]
struct Course {
    game: Match,
    /// The last plays.
    lines: VecDeque<Line>,
    offset: u64,
    /// Something was said in the room, and nobody knows whether it was stored: the room is to be read again.
    stale: bool,
}

impl Relay {
    /// A match as its room has it.
    pub(super) async fn new(id: MatchId, room: Arc<OpenRoom>, store: Store) -> Result<Self, StoreError> {
        let course = Course::read(&store, &room).await?;
        let answer = course.answer(&id, &room).map(Arc::new);
        Ok(Self {
            id,
            room,
            store,
            course: Mutex::new(course),
            answer: watch::Sender::new(answer),
            looked_at: Notify::new(),
        })
    }

    /// What everybody gets who asks now.
    pub(in crate::back) fn answer(&self) -> Option<Arc<Answer>> {
        self.answer.borrow().clone()
    }

    /// The same as soon as it is another one than `known`, at the latest after `wait`.
    pub(in crate::back) async fn news(&self, known: &Arc<Answer>, wait: Duration) -> Arc<Answer> {
        let mut answers = self.answer.subscribe();
        let other = |answer: &Option<Arc<Answer>>| answer.as_ref().is_some_and(|now| now.etag != known.etag);
        match timeout(wait, answers.wait_for(other)).await {
            Ok(Ok(answer)) => answer.clone().unwrap_or_else(|| known.clone()),
            _ => known.clone(),
        }
    }

    /// Tells a play, if the match is still as it was `seen`.
    ///
    /// # Errors
    /// It can't have happened now, something else has, or the store failed: then it may be in the room all the same, and what is asked for next says so.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the play is told or not; telling the next one finds out.
    pub(in crate::back) async fn tell(
        &self,
        play: Play,
        seen: Option<&HeaderValue>,
    ) -> Result<Arc<Answer>, Denied> {
        let mut course = self.course.lock().await;
        if course.stale {
            *course = Course::read(&self.store, &self.room).await?;
            self.answer
                .send_replace(course.answer(&self.id, &self.room).map(Arc::new));
        }
        let etag = self.answer().map(|answer| answer.etag.clone());
        if seen.is_some() && seen != etag.as_ref() {
            return Err(Denied::MovedOn);
        }
        let mut game = course.game.clone();
        let told = game.tell(play)?;
        let text = serde_json::to_string(&told)
            .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"));
        // The play of this number: should another have it, that one came first.
        let client_id = format!("play-{}", course.offset + 1);
        let saying = Saying {
            author: &author(),
            client_id: &client_id,
            text: &text,
            sender: None,
        };
        course.stale = true;
        let said = self
            .room
            .announce(saying)
            .await
            .map_err(|refusal| match refusal.code {
                Code::ClientIdUsed => Denied::MovedOn,
                _ => refusal.into(),
            })?;
        course.stale = false;
        course.game = game;
        course.add(&told, said.position.offset, said.at);
        let answer = course.answer(&self.id, &self.room).map(Arc::new);
        self.answer.send_replace(answer.clone());
        answer.ok_or(Denied::NotFound)
    }

    /// The plays that count.
    pub(super) async fn plays(&self) -> Vec<Play> {
        self.course.lock().await.game.plays().cloned().collect()
    }

    /// Somebody looks at it.
    pub(in crate::back) fn look(&self) {
        if self
            .answer
            .borrow()
            .as_ref()
            .is_some_and(|answer| answer.board.status == Status::Final)
        {
            self.looked_at.notify_one();
        }
    }

    /// Ready when somebody looks at it, or has since it's over.
    pub(super) async fn looked_at(&self) {
        self.looked_at.notified().await;
    }
}

impl Course {
    /// Reads back to where the last match begins.
    async fn read(store: &Store, room: &OpenRoom) -> Result<Self, StoreError> {
        let mut before = i64::MAX;
        let mut plays: Vec<(Told, u64, i64)> = Vec::new();
        let begins = |plays: &[(Told, u64, i64)]| {
            plays
                .last()
                .is_some_and(|(told, ..)| matches!(told.play.what, What::Open { .. }))
        };
        while !begins(&plays) && plays.len() <= PLAYS_LIMIT {
            let page = store.before(room.name(), before, HISTORY_LIMIT).await?;
            for row in page.messages.iter().rev() {
                if begins(&plays) {
                    break;
                }
                before = row.offset;
                match serde_json::from_str(&row.text) {
                    Ok(told) => plays.push((told, row.offset.cast_unsigned(), row.at)),
                    Err(error) => {
                        tracing::warn!(room = room.name(), offset = row.offset, %error, "that is no play");
                    }
                }
            }
            if !page.more {
                break;
            }
        }
        let mut course = Self::default();
        for (told, offset, at) in plays.into_iter().rev() {
            match course.game.apply(told.play.clone()) {
                Ok(()) => course.add(&told, offset, at),
                Err(refused) => {
                    tracing::warn!(room = room.name(), offset, %refused, "that play can't have happened");
                }
            }
        }
        Ok(course)
    }

    fn add(&mut self, told: &Told, offset: u64, at: i64) {
        self.offset = offset;
        // The plays of another match say nothing about this one.
        if matches!(told.play.what, What::Open { .. }) {
            self.lines.clear();
        }
        self.lines.push_back(told.line(offset, at));
        if self.lines.len() > LINES_TOLD {
            self.lines.pop_front();
        }
    }

    fn answer(&self, id: &MatchId, room: &OpenRoom) -> Option<Answer> {
        let position = Position {
            offset: self.offset,
            epoch: room.history().position().epoch,
        };
        let at = self.lines.back()?.at;
        let lines: Vec<_> = self.lines.iter().cloned().collect();
        Some(Answer::new(id, position, at, self.game.board()?, &lines))
    }
}

/// Who says what happens in a match.
fn author() -> Name {
    "scores".parse().unwrap_or_else(|code| unreachable!("{code:?}"))
}
