//! Figures for metrics.

/// What a hub has done and holds, as [`Hub::stats`](crate::Hub::stats) found it. Counters start at zero with the hub and never go down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Members in the hub now.
    pub members: usize,
    /// Rooms that somebody is in now; one that spans several shards counts in each.
    pub rooms: usize,
    /// Publications made.
    pub published: u64,
    /// Publications handed to recipients, each one counted.
    pub deliveries: u64,
    /// Calls of [`Recipient::deliver`](crate::Recipient::deliver): deliveries divided by calls is the gain of coalescing.
    pub calls: u64,
    /// Turns, summed over the shards.
    pub flushes: u64,
    /// Recipients taken out of the hub because they panicked.
    pub panicked: u64,
    /// Publications that a slow reader didn't get because they had to make room, or didn't find any; each reader counted.
    pub dropped: u64,
    /// Publications that a slow reader didn't get because a newer one took their place, as [`Policy::Latest`](crate::Policy::Latest) has it.
    pub replaced: u64,
    /// Volatile publications that a reader didn't get because they would have had to wait.
    pub volatile: u64,
    /// Slow readers that had to go, because what they may not miss didn't fit.
    pub disconnected: u64,
}
