//! What a chart shows: one symbol in one interval.

use std::fmt;

use crate::market::{Interval, Symbol};

/// The bars of one symbol in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::back) struct Series {
    pub(in crate::back) symbol: Symbol,
    pub(in crate::back) interval: Interval,
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.symbol, self.interval)
    }
}
