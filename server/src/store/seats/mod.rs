//! The repository of reservation.
//!
//! ```text
//! events    what is sold                        turn      one transaction: the event's lock, its clock, its log
//! commands  what holders ask for, once a key    taking    places that are named, or a table that fits
//! holds     what becomes of them                offers    what becomes free goes to who waits for it
//! payments  what the payment provider says      read      looking, without changing anything
//! audit     the log against the tables          clock     by which clock, until when, whose: the predicates
//! organising  what an organiser does            refunds   money that goes back
//! ```
//!
//! Whoever changes anything of an event first locks the event's row, then its places in order, so that changes of one event come one
//! after the other, on every database and from every process. That no place has two owners doesn't rest on that: it's an index
//! (`seat_claims_one_owner`).

mod audit;
mod clock;
mod commands;
mod events;
mod holds;
mod offers;
mod organising;
mod payments;
mod read;
mod refunds;
mod taking;
mod turn;

pub use read::{Beat, Claim, Mine};
