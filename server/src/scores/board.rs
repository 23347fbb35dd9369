//! What a page shows of a match.

use serde::{Deserialize, Serialize};

use super::words::Words;

/// How far a match has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Announced.
    Scheduled,
    /// Being played.
    Live,
    /// Over.
    Final,
}

/// Half of an inning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// The visitors bat.
    Top,
    /// The home team bats.
    Bottom,
}

/// The scoreboard after some play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// How far it has come.
    pub status: Status,
    /// From 1.
    pub inning: usize,
    /// Who bats.
    pub half: Half,
    /// 0 to 2.
    pub outs: u8,
    /// 0 to 3.
    pub balls: u8,
    /// 0 to 2.
    pub strikes: u8,
    /// Whether somebody is on first, second, third.
    pub bases: [bool; 3],
    /// Who bats first.
    pub away: Side,
    /// Who bats last.
    pub home: Side,
}

/// One team's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The team.
    pub name: Words,
    /// Runs of each inning that it has batted in.
    pub line: Vec<u16>,
    /// All of them.
    pub runs: u16,
    /// Hits.
    pub hits: u16,
    /// Errors in the field.
    pub errors: u16,
}
