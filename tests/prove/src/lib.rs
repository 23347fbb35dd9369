//! Proof that no seat has two owners.
//!
//! ```text
//! run         real servers on one database, people who all want the same seats, and faults
//!    |
//! history     what clients asked, when, and what they were answered: one line of JSON each
//!    |
//!    +-- register    one place as its users see it: free, held until a time, sold
//!    |      linear   every place's operations have one order that explains all answers (Wing and Gong, Lowe)
//!    +-- atomic      orders over several places are one step each
//!    +-- invariants  what must hold whatever the order
//! ```
//!
//! `verdict` asks all of them. The checkers know nothing of the server: they read what it answered over HTTP.

pub mod atomic;
pub mod history;
pub mod invariants;
pub mod linear;
pub mod register;
pub mod run;
#[cfg(test)]
mod told;
pub mod verdict;
