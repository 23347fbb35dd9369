//! Rooms and fan-out for real-time servers: who gets a message, once, in order, encoded once, and never its sender.
//!
//! The crate knows no protocol, no socket and no runtime. A connection [enters](Hub::enter) as a [`Recipient`] and joins rooms; a
//! [`Publication`] goes to the members of a [`Target`]; the [`Flusher`] hands every recipient what one turn brought, in one call.
//!
//! ```text
//! publish / join / leave -> turn log -> Flusher -> who gets it, except whom -> Recipient::deliver(&Batch) -> socket, or Outbox
//!
//! id           SessionId, MemberId, RoomName
//! publication  Publication: a payload, encoded at most once per WireForm; Key
//! hub          Hub: enter, publish, ask      target: to, except      membership: join, leave
//! log, shard   the turn log (joins and leaves stand in it too); the two locks of a shard; flusher: one wake per turn
//! history      History: numbered, remembered, missed and joined in one step      position: Epoch, Position
//! members      dense tables of members and rooms        fanout: who gets what, in as few calls as recipients
//! recipient    Recipient, and the Batch it is handed    outbox: bytes that wait for a slow socket, bounded
//! policy       what happens to slow readers, per room   tally: how that is counted, and told   limits, error, stats
//! ```
//!
//! # Example
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use bytes::Bytes;
//! use madang_hub::{Batch, Encode, Hub, Publication, Recipient, RoomName, SessionId, WireForm};
//!
//! /// A payload; a protocol crate puts a frame around it.
//! struct Text(&'static str);
//!
//! impl Encode for Text {
//!     fn encode(&self, _form: WireForm) -> Bytes {
//!         Bytes::from_static(self.0.as_bytes())
//!     }
//! }
//!
//! /// A connection; a real one writes to its socket.
//! #[derive(Default)]
//! struct Screen(Mutex<Vec<u8>>);
//!
//! impl Recipient for Screen {
//!     fn deliver(&self, batch: &Batch<'_>) {
//!         self.0.lock().unwrap().extend_from_slice(batch.joined(WireForm::Frame));
//!     }
//! }
//!
//! let (hub, flusher) = Hub::new();
//! let flusher = std::thread::spawn(|| block_on(flusher)); // or tokio::spawn(flusher)
//!
//! let yard = RoomName::try_from("yard")?;
//! let (kims, lees) = (Arc::new(Screen::default()), Arc::new(Screen::default()));
//! let kim = hub.enter(SessionId::new(1), kims.clone());
//! let lee = hub.enter(SessionId::new(2), lees.clone());
//! kim.join(&yard)?;
//! lee.join(&yard)?;
//!
//! kim.publish(&yard, Publication::new(Text("Hello, "))); // to everyone else in the yard
//! kim.publish(&yard, Publication::new(Text("Lee!")));
//!
//! drop((hub, kim, lee));
//! flusher.join().unwrap(); // it ends after the last handle
//! assert_eq!(*lees.0.lock().unwrap(), b"Hello, Lee!");
//! assert_eq!(*kims.0.lock().unwrap(), b"");
//! # fn block_on(future: impl Future<Output = ()>) {
//! #     struct Unpark(std::thread::Thread);
//! #     impl std::task::Wake for Unpark {
//! #         fn wake(self: Arc<Self>) {
//! #             self.0.unpark();
//! #         }
//! #     }
//! #     let waker = Arc::new(Unpark(std::thread::current())).into();
//! #     let mut future = std::pin::pin!(future);
//! #     while future.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending() {
//! #         std::thread::park();
//! #     }
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a slow or broken member costs the others
//!
//! Nothing they could notice, as far as one call allows. A recipient writes what its socket takes and puts the rest into its
//! [`Outbox`], where its room's [`Policy`] decides what happens at the limit. One that panics is taken out of the hub. One that blocks in
//! [`Recipient::deliver`] breaks the only rule there is, and holds up its shard.

#![forbid(unsafe_code)]

mod error;
mod fanout;
mod flusher;
mod history;
mod hub;
mod id;
mod limits;
mod log;
mod members;
mod membership;
mod outbox;
mod policy;
mod position;
mod publication;
mod recipient;
mod shard;
mod stats;
mod sync;
mod tally;
mod target;

pub use self::{
    error::{InvalidEpoch, InvalidName, LimitReached, Lost, LostReason},
    flusher::Flusher,
    history::{Entry, History, HistoryLimits, Joined},
    hub::Hub,
    id::{MemberId, RoomName, SessionId},
    limits::Limits,
    membership::Membership,
    outbox::{Outbox, Overflow, Pushed},
    policy::Policy,
    position::{Epoch, Position},
    publication::{Encode, Key, Publication, WireForm},
    recipient::{Batch, Recipient},
    stats::Stats,
    tally::Tally,
    target::Target,
};
