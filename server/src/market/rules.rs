//! Rules that hold for every sequence of ticks.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Bar, Bars, Interval, LATE_LIMIT, Price, Tick, Volume, joined};

const LATE_MS: i64 = LATE_LIMIT.as_millis() as i64;

/// The bars of every interval, each as it was last told.
type Told = BTreeMap<(Interval, i64), Bar>;

fn tell(bars: &mut Bars, ticks: &[Tick], told: &mut Told) {
    for tick in ticks {
        for (interval, bar) in bars.push(tick).expect("within the limit") {
            told.insert((interval, bar.open_at), bar);
        }
    }
}

fn tell_all(ticks: &[Tick], offset: i16) -> Told {
    let mut told = Told::new();
    tell(&mut Bars::new(offset), ticks, &mut told);
    told
}

/// A bar by its definition: sort, then look at the first, the last, and all.
fn fold(mut ticks: Vec<Tick>, open_at: i64) -> Bar {
    ticks.sort_by_key(Tick::order);
    let prices = || ticks.iter().map(|tick| tick.price);
    Bar {
        open_at,
        open: prices().next().unwrap(),
        high: prices().max().unwrap(),
        low: prices().min().unwrap(),
        close: prices().next_back().unwrap(),
        volume: Volume::new(ticks.iter().map(|tick| tick.volume.lots()).sum()).unwrap(),
        revision: ticks.len() as u32 - 1,
    }
}

prop_compose! {
    /// Ticks of one symbol as they arrive: each up to the limit behind its time, as many at the same time as not. They span midnight.
    fn arriving()(
        span in prop_oneof![Just(3_000), Just(400_000), Just(20_000_000)],
        ticks in prop::collection::vec((0.0..1.0, 0..=LATE_MS, 1..100_i64, 0..50_i64, any::<bool>()), 1..120),
    ) -> Vec<Tick> {
        let symbol = "A".parse().unwrap();
        let midnight = 20_000 * Interval::D1.ms();
        let mut ticks: Vec<_> = ticks.into_iter().zip(1..).map(|((place, late, price, volume, whole), sequence)| {
            let at_ms = midnight + ((place - 0.5) * f64::from(span)) as i64;
            let at_ms = if whole { at_ms.div_euclid(1_000) * 1_000 } else { at_ms };
            let price = Price::new(price).unwrap();
            let volume = Volume::new(volume).unwrap();
            (at_ms + late, Tick { symbol, at_ms, price, volume, sequence })
        }).collect();
        ticks.sort_by_key(|(arrives, _)| *arrives);
        ticks.into_iter().map(|(_, tick)| tick).collect()
    }
}

/// Of exchanges in New York, London, New Delhi and Seoul.
fn offset() -> impl Strategy<Value = i16> {
    prop_oneof![Just(-300), Just(0), Just(330), Just(540)]
}

proptest! {
    #[test]
    fn the_order_in_which_ticks_arrive_changes_no_bar(ticks in arriving(), offset in offset()) {
        let mut sorted = ticks.clone();
        sorted.sort_by_key(Tick::order);
        prop_assert_eq!(tell_all(&ticks, offset), tell_all(&sorted, offset));
    }

    #[test]
    fn a_bar_is_the_fold_of_its_ticks(ticks in arriving(), offset in offset()) {
        let mut groups: BTreeMap<(Interval, i64), Vec<Tick>> = BTreeMap::new();
        for tick in &ticks {
            for interval in Interval::ALL {
                let open_at = interval.open_at(tick.at_ms, offset);
                groups.entry((interval, open_at)).or_default().push(*tick);
            }
        }
        let folded: Told = groups.into_iter().map(|(key, ticks)| (key, fold(ticks, key.1))).collect();
        prop_assert_eq!(tell_all(&ticks, offset), folded);
    }

    #[test]
    fn short_bars_together_are_the_longer_one(ticks in arriving(), offset in offset()) {
        let told = tell_all(&ticks, offset);
        for (short, long) in Interval::ALL.into_iter().zip(Interval::ALL.into_iter().skip(1)) {
            let of = |wanted| told.iter().filter(move |((interval, _), _)| *interval == wanted).map(|(_, bar)| *bar);
            let bars: Vec<_> = of(short).collect();
            prop_assert_eq!(joined(&bars, long, offset), of(long).collect::<Vec<_>>(), "{} of {}", long, short);
        }
    }

    #[test]
    fn days_by_another_clock_are_made_of_what_begins_when_it_did(ticks in arriving(), from in offset(), to in offset()) {
        let of = |told: Told, wanted| told.into_iter().filter(move |((interval, _), _)| *interval == wanted).map(|(_, bar)| bar);
        let quarters: Vec<_> = of(tell_all(&ticks, from), Interval::M15).collect();
        let hours = joined(&quarters, Interval::H1, to);
        let days = of(tell_all(&ticks, to), Interval::D1).collect::<Vec<_>>();
        prop_assert_eq!(joined(&hours, Interval::D1, to), days);
    }

    #[test]
    fn a_restart_in_between_changes_no_bar(ticks in arriving(), offset in offset(), at in 0.0..1.0) {
        let mut ticks = ticks;
        ticks.sort_by_key(Tick::order);
        let (before, after) = ticks.split_at((at * ticks.len() as f64) as usize);
        let mut told = Told::new();
        let mut bars = Bars::new(offset);
        tell(&mut bars, before, &mut told);
        let mut restored = Bars::restored(offset, Interval::ALL.map(|interval| bars.recent(interval).copied().collect()));
        tell(&mut restored, after, &mut told);
        prop_assert_eq!(restored.day().map(|day| (day.open_at, day.close, day.previous_close)), {
            let mut whole = Bars::new(offset);
            tell(&mut whole, &ticks, &mut Told::new());
            whole.day().map(|day| (day.open_at, day.close, day.previous_close))
        });
        prop_assert_eq!(told, tell_all(&ticks, offset));
    }
}
