//! Symbols on their way in: their bars are read from the database aside, so that nobody waits for it. What happens to them meanwhile waits here.

use std::collections::{HashMap, VecDeque};

use crate::market::{FeedEvent, Listing, Symbol};

/// Events of all symbols on their way in that wait at most: as many as a feed from afar lets wait, in some 6 MB. Beyond, the oldest of their symbol make room.
pub const ARRIVING_EVENTS: usize = 65_536;

/// Symbols on their way in.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    arriving: HashMap<Symbol, Arrival>,
    /// Whose bars are read next.
    queue: VecDeque<Symbol>,
    /// Events that wait, of all of them.
    waiting: usize,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) listing: Listing,
    /// What has happened to it meanwhile.
    pub(super) events: VecDeque<FeedEvent>,
    /// It was taken off the list meanwhile.
    pub(super) has_left: bool,
}

impl Arrivals {
    /// A symbol is listed, once more perhaps. Returns how many events hold no more: what they say was said on other terms.
    pub(super) fn begin(&mut self, listing: Listing) -> u64 {
        let symbol = listing.symbol;
        let Some(arrival) = self.arriving.get_mut(&symbol) else {
            self.queue.push_back(symbol);
            let arrival = Arrival {
                listing,
                events: VecDeque::new(),
                has_left: false,
            };
            self.arriving.insert(symbol, arrival);
            return 0;
        };
        let other = arrival.listing.terms() != listing.terms();
        arrival.listing = listing;
        arrival.has_left = false;
        if other { self.forget_events(symbol) } else { 0 }
    }

    pub(super) fn contains(&self, symbol: Symbol) -> bool {
        self.arriving.contains_key(&symbol)
    }

    /// Whose bars are to be read now. It stays the next until it [arrives](Self::arrive), [leaves](Self::leave) or is [put off](Self::put_off).
    pub(super) fn next(&self) -> Option<Listing> {
        let next = self.arriving.get(self.queue.front()?)?;
        Some(next.listing.clone())
    }

    /// Others come first now.
    pub(super) fn put_off(&mut self, symbol: Symbol) {
        if self.queue.front() == Some(&symbol) {
            self.queue.rotate_left(1);
        }
    }

    /// Keeps what happens to a symbol on its way in, and returns how many events were lost for it. `None` for what isn't about one.
    pub(super) fn take(&mut self, event: &FeedEvent) -> Option<u64> {
        let arrival = self.arriving.get_mut(&event.symbol()?)?;
        let mut lost = 0;
        if self.waiting == ARRIVING_EVENTS {
            lost = 1;
            if arrival.events.pop_front().is_none() {
                // All room is others'.
                return Some(lost);
            }
            self.waiting -= 1;
        }
        arrival.events.push_back(event.clone());
        self.waiting += 1;
        Some(lost)
    }

    /// Its bars have been read, for this listing; `None` if it's listed on other terms by now, or not any more.
    pub(super) fn arrive(&mut self, read_for: &Listing) -> Option<Arrival> {
        let symbol = read_for.symbol;
        let terms = self.arriving.get(&symbol)?.listing.terms();
        if terms != read_for.terms() {
            return None;
        }
        self.remove(symbol)
    }

    /// It isn't listed any more. Where it `was_there` before, its bars are seen to all the same. Returns how many events hold no more.
    pub(super) fn leave(&mut self, symbol: Symbol, was_there: bool) -> u64 {
        let events = self.forget_events(symbol);
        if !was_there {
            self.remove(symbol);
        } else if let Some(arrival) = self.arriving.get_mut(&symbol) {
            arrival.has_left = true;
        }
        events
    }

    fn forget_events(&mut self, symbol: Symbol) -> u64 {
        let Some(arrival) = self.arriving.get_mut(&symbol) else {
            return 0;
        };
        let events = std::mem::take(&mut arrival.events).len();
        self.waiting -= events;
        events as u64
    }

    fn remove(&mut self, symbol: Symbol) -> Option<Arrival> {
        let arrival = self.arriving.remove(&symbol)?;
        self.queue.retain(|one| *one != symbol);
        self.waiting -= arrival.events.len();
        Some(arrival)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Price, Scale, Tick, Volume};

    fn listing(symbol: &str, decimals: u8) -> Listing {
        Listing {
            symbol: symbol.parse().unwrap(),
            name_en: String::new(),
            name_ko: String::new(),
            scale: Scale::new(decimals).unwrap(),
            utc_offset_minutes: 0,
            currency: String::new(),
        }
    }

    fn tick(symbol: &str, sequence: u64) -> FeedEvent {
        FeedEvent::Tick(Tick {
            symbol: symbol.parse().unwrap(),
            at_ms: 0,
            price: Price::LEAST,
            volume: Volume::NONE,
            sequence,
        })
    }

    fn symbol(text: &str) -> Symbol {
        text.parse().unwrap()
    }

    #[test]
    fn what_happens_to_a_symbol_on_its_way_in_waits_for_it() {
        let mut arrivals = Arrivals::default();
        arrivals.begin(listing("A", 0));
        arrivals.begin(listing("B", 0));
        assert_eq!(arrivals.take(&tick("A", 1)), Some(0));
        let halted = FeedEvent::Halted {
            symbol: symbol("A"),
            until_ms: None,
        };
        assert_eq!(arrivals.take(&halted), Some(0));
        assert_eq!(arrivals.take(&tick("C", 2)), None, "it's there already");
        assert_eq!(arrivals.next(), Some(listing("A", 0)));
        // The database doesn't say: the others first.
        arrivals.put_off(symbol("A"));
        assert_eq!(arrivals.next(), Some(listing("B", 0)));
        assert!(arrivals.arrive(&listing("B", 0)).unwrap().events.is_empty());
        let arrival = arrivals.arrive(&listing("A", 0)).unwrap();
        assert_eq!(arrival.events, [tick("A", 1), halted]);
        assert!(!arrivals.contains(symbol("A")) && arrivals.next().is_none());
    }

    #[test]
    fn on_other_terms_it_is_read_once_more_and_what_was_said_holds_no_more() {
        let mut arrivals = Arrivals::default();
        arrivals.begin(listing("A", 0));
        arrivals.take(&tick("A", 1));
        let mut words = listing("A", 0);
        words.name_en = "Alpha".to_owned();
        assert_eq!(arrivals.begin(words), 0, "other words are no other terms");
        assert_eq!(arrivals.begin(listing("A", 2)), 1);
        arrivals.take(&tick("A", 2));
        assert!(arrivals.arrive(&listing("A", 0)).is_none());
        assert_eq!(arrivals.next(), Some(listing("A", 2)));
        assert_eq!(arrivals.arrive(&listing("A", 2)).unwrap().events, [tick("A", 2)]);
    }

    #[test]
    fn one_that_leaves_on_its_way_in_is_forgotten_unless_it_was_there_before() {
        let mut arrivals = Arrivals::default();
        arrivals.begin(listing("A", 0));
        arrivals.begin(listing("B", 2));
        arrivals.take(&tick("A", 1));
        arrivals.take(&tick("B", 2));
        assert_eq!(arrivals.leave(symbol("A"), false), 1);
        assert!(arrivals.arrive(&listing("A", 0)).is_none());
        assert_eq!(arrivals.leave(symbol("B"), true), 1);
        let arrival = arrivals.arrive(&listing("B", 2)).unwrap();
        assert!(arrival.has_left && arrival.events.is_empty());
        assert_eq!(arrivals.waiting, 0);
    }

    #[test]
    fn so_many_events_wait_and_the_oldest_make_room() {
        let mut arrivals = Arrivals::default();
        arrivals.begin(listing("A", 0));
        arrivals.begin(listing("B", 0));
        let count = ARRIVING_EVENTS as u64;
        assert!((0..count).all(|sequence| arrivals.take(&tick("A", sequence)) == Some(0)));
        assert_eq!(arrivals.take(&tick("A", count)), Some(1));
        assert_eq!(arrivals.take(&tick("B", count + 1)), Some(1), "all room is A's");
        assert!(arrivals.arrive(&listing("B", 0)).unwrap().events.is_empty());
        let events = arrivals.arrive(&listing("A", 0)).unwrap().events;
        assert_eq!(events.len(), ARRIVING_EVENTS);
        assert_eq!(
            [events.front(), events.back()],
            [Some(&tick("A", 1)), Some(&tick("A", count))]
        );
    }
}
