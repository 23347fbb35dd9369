//! Who waits for which acknowledgement.

use std::collections::HashMap;
use std::fmt;

/// Acknowledgements that one socket may owe. Default 1,000: more unanswered questions mean that the client doesn't answer, and each holds a waiter.
pub const DEFAULT_MAX_PENDING_ACKS: usize = 1_000;

/// The acknowledgements that a client owes, by their ids; `W` is whoever waits for one.
///
/// ```
/// use madang_socketio::proto::Acks;
///
/// let mut acks = Acks::default();
/// acks.insert(7, "who asked")?;
/// assert_eq!(acks.take(7), Some("who asked"));
/// assert_eq!(acks.take(7), None, "answered once");
/// # Ok::<(), madang_socketio::proto::TooManyAcks>(())
/// ```
pub struct Acks<W> {
    /// Most sockets owe none.
    #[allow(clippy::box_collection)] // 8 bytes of every socket rather than 48
    waiting: Option<Box<HashMap<u64, W>>>,
    max: usize,
}

/// A socket owes as many acknowledgements as it may.
///
/// ```
/// use madang_socketio::proto::{Acks, TooManyAcks};
///
/// let mut acks = Acks::new(1);
/// assert_eq!(acks.insert(1, "kim"), Ok(()));
/// assert_eq!(acks.insert(2, "lee"), Err(TooManyAcks(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} acknowledgements are pending already")]
pub struct TooManyAcks(pub usize);

impl<W> Default for Acks<W> {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_PENDING_ACKS)
    }
}

impl<W> Acks<W> {
    /// For at most so many.
    pub fn new(max: usize) -> Self {
        Self { waiting: None, max }
    }

    /// Somebody waits for this id, which is in use nowhere else.
    ///
    /// ```
    /// use madang_socketio::proto::Acks;
    ///
    /// let mut acks = Acks::new(2);
    /// acks.insert(1, "kim")?;
    /// acks.insert(2, "lee")?;
    /// assert!(acks.insert(3, "one too many").is_err());
    /// # Ok::<(), madang_socketio::proto::TooManyAcks>(())
    /// ```
    ///
    /// # Errors
    /// When as many are pending as may be.
    pub fn insert(&mut self, id: u64, waiter: W) -> Result<(), TooManyAcks> {
        if self.len() >= self.max {
            return Err(TooManyAcks(self.max));
        }
        self.waiting.get_or_insert_default().insert(id, waiter);
        Ok(())
    }

    /// The acknowledgement has come, or isn't waited for any longer. `None` for an id that nobody waits for, whoever made it up.
    pub fn take(&mut self, id: u64) -> Option<W> {
        let waiting = self.waiting.as_mut()?;
        let waiter = waiting.remove(&id);
        if waiting.is_empty() {
            self.waiting = None;
        }
        waiter
    }

    /// Everybody who waits, in no order: none of them will be answered.
    ///
    /// ```
    /// use madang_socketio::proto::Acks;
    ///
    /// let mut acks = Acks::default();
    /// acks.insert(1, "kim")?;
    /// acks.insert(2, "lee")?;
    /// assert_eq!((acks.len(), acks.is_empty()), (2, false));
    /// assert_eq!(acks.drain().count(), 2); // the client is gone
    /// assert!(acks.is_empty());
    /// # Ok::<(), madang_socketio::proto::TooManyAcks>(())
    /// ```
    pub fn drain(&mut self) -> impl Iterator<Item = W> + use<W> {
        self.waiting
            .take()
            .into_iter()
            .flat_map(|waiting| waiting.into_values())
    }

    /// How many are pending.
    pub fn len(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.len())
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_none()
    }
}

impl<W> fmt::Debug for Acks<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acks")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
