#![doc = "WIP"]
#![forbid(unsafe_code)]
pub mod proto;
