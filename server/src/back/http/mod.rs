//! What the back answers over plain HTTP.

pub(super) mod health;
