//! The rules of ARCHITECTURE.md as tests, so that breaking one is a red build and not a matter of memory.

mod dependencies;
mod documents;
mod repository;
mod sources;
