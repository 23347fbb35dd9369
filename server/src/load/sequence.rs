//! Whether what a reader hears is what the room said: each event once, in order, and none missing.

use std::collections::VecDeque;
use std::ops::Range;

/// Follows the offsets that one reader hears.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    next: Option<u64>,
    gaps: VecDeque<Range<u64>>,
}

/// What an offset was to this reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// New; so many before it are missing.
    New { missing: u64 },
    /// One that was thought to be missing.
    OutOfOrder,
    /// One that was heard before.
    Duplicate,
}

impl Sequence {
    /// Gaps that are remembered. Of one that is forgotten, what comes late is called a duplicate.
    const GAPS: usize = 64;

    /// What is heard next follows this offset. Returns how many the reader will never hear.
    pub(super) fn begin(&mut self, offset: u64) -> u64 {
        let next = offset + 1;
        let missing = self.next.map_or(0, |expected| next.saturating_sub(expected));
        self.next = Some(next);
        missing
    }

    /// The offset of the newest that was heard.
    pub(super) fn newest(&self) -> Option<u64> {
        self.next.map(|next| next - 1)
    }

    /// An event with this offset was heard.
    pub(super) fn hear(&mut self, offset: u64) -> Heard {
        let expected = self.next.unwrap_or(offset);
        if offset >= expected {
            self.next = Some(offset + 1);
            self.remember(expected..offset);
            return Heard::New {
                missing: offset - expected,
            };
        }
        let Some(place) = self.gaps.iter().position(|gap| gap.contains(&offset)) else {
            return Heard::Duplicate;
        };
        if let Some(gap) = self.gaps.remove(place) {
            self.remember(gap.start..offset);
            self.remember(offset + 1..gap.end);
        }
        Heard::OutOfOrder
    }

    fn remember(&mut self, gap: Range<u64>) {
        if gap.is_empty() {
            return;
        }
        if self.gaps.len() == Self::GAPS {
            self.gaps.pop_front();
        }
        self.gaps.push_back(gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(sequence: &mut Sequence, offsets: &[u64]) -> Vec<Heard> {
        offsets.iter().map(|offset| sequence.hear(*offset)).collect()
    }

    #[test]
    fn the_first_may_have_any_offset_and_the_rest_must_follow() {
        let mut sequence = Sequence::default();
        let next = Heard::New { missing: 0 };
        assert_eq!(hear(&mut sequence, &[5, 6, 7]), [next; 3]);
        assert_eq!(sequence.newest(), Some(7));
    }

    #[test]
    fn what_is_missing_is_counted_and_taken_back_when_it_comes_after_all() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.begin(0), 0);
        let heard = hear(&mut sequence, &[1, 5, 3, 3, 1, 6]);
        let expected = [
            Heard::New { missing: 0 },
            Heard::New { missing: 3 },
            Heard::OutOfOrder,
            Heard::Duplicate,
            Heard::Duplicate,
            Heard::New { missing: 0 },
        ];
        assert_eq!(heard, expected);
    }

    #[test]
    fn who_must_begin_anew_has_missed_what_lies_between() {
        let mut sequence = Sequence::default();
        sequence.begin(10);
        sequence.hear(11);
        assert_eq!(sequence.begin(20), 9);
        assert_eq!(sequence.begin(20), 0);
        assert_eq!(sequence.hear(21), Heard::New { missing: 0 });
    }

    #[test]
    fn gaps_are_remembered_up_to_a_limit() {
        let mut sequence = Sequence::default();
        for offset in (0..=2 * Sequence::GAPS as u64 + 2).step_by(2) {
            sequence.hear(offset);
        }
        assert_eq!(sequence.hear(1), Heard::Duplicate, "forgotten");
        assert_eq!(sequence.hear(3), Heard::OutOfOrder);
    }
}
