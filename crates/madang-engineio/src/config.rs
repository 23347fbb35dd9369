//! Options.

/// Options of a server; names and defaults are Node's.
#[derive(Clone, Debug, Default)]
pub struct Config {}
