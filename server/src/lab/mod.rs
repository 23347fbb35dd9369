//! The transport laboratory: the same events by every way at once, each through a line that counts.
//!
//! ```text
//! runs    which there are, and until when      run     one of them: source, lines, simulated clients
//! plan    what a run does, within bounds       ports   where lines may be opened
//! line    a port that leads to the back        flow    bytes on their way through it
//! conditions  latency, loss, offline           requests  how many requests there are in those bytes
//! ```
//!
//! It publishes through a function that it's given, and knows neither rooms nor the API.

mod conditions;
mod flow;
mod line;
mod plan;
mod ports;
mod requests;
mod run;
mod runs;

pub use conditions::Conditions;
pub use line::{Counted, Line};
pub use plan::{BadPlan, Change, Plan};
pub use ports::Ports;
pub use run::{Figures, LaneFigures, Run};
pub use runs::{Announce, Refused, Runs, Site};
