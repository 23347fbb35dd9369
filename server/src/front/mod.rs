//! The front: pages and their assets. It talks to no database and holds no connection; the pages talk to the back.

mod app;
mod assets;
mod language;
mod pages;
mod server;

pub use app::router;
pub use language::Language;
pub use pages::{Pages, TemplateError};
pub use server::{Front, OpenError};
