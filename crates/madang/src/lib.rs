//! Madang.
