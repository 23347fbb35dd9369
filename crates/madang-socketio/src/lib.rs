//! Socket.IO.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_auto_cfg))]

pub mod proto;

#[cfg(feature = "server")]
mod client_files;

#[cfg(feature = "server")]
pub use client_files::ClientFiles;
