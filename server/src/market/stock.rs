//! How the price of one invented company moves. Whole numbers alone, so that every machine comes to the same.

use super::random::{Random, mix};
use super::values::{Price, Volume};

/// One company, and how its market is minded.
#[derive(Clone, Debug)]
pub(super) struct Stock {
    random: Random,
    /// What the company is worth, to which the price comes back in the long run.
    worth: i64,
    level: i64,
    mood: Mood,
    /// When the mood changes.
    mood_until: i64,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Trade { price: Price, volume: Volume },
    Halt { until_ms: i64 },
    Resume,
}

/// How the market is minded. The figures are those of a day of 2 to 5 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Calm,
    /// It goes one way, so many billionths a second.
    Trend(i64),
    /// There was news: the price has jumped and moves about.
    Excited,
    Halted,
}

/// How much finer than prices levels are, so that small steps add up.
const LEVEL: i64 = 1 << 16;

/// One, where shares of a price are meant.
const BILLION: i64 = 1_000_000_000;

/// In how many milliseconds a price would be back at what the company is worth: 20 days.
const RETURN_MS: i64 = 20 * 86_400_000;

/// How many times more or less than its worth a price gets at most.
const FAR: i64 = 10;

impl Stock {
    /// A company that is worth so much, and calm at first. Its seed says all that will happen.
    pub(super) fn new(worth: Price, seed: u64, now_ms: i64) -> Self {
        let level = worth.units().min(i64::MAX / LEVEL / FAR) * LEVEL;
        Self {
            random: Random::new(mix(seed)),
            worth: level,
            level,
            mood: Mood::Calm,
            mood_until: now_ms + 30_000,
        }
    }

    /// Goes on from this price. One that is far from what the company was worth is what it's worth now.
    pub(super) fn set_price(&mut self, price: Price) {
        self.level = price.units().min(i64::MAX / LEVEL / FAR) * LEVEL;
        if !(self.worth / 4..=self.worth.saturating_mul(4)).contains(&self.level) {
            self.worth = self.level;
        }
    }

    /// What happens at `at_ms`, so many milliseconds after the last step.
    pub(super) fn step(&mut self, at_ms: i64, passed_ms: i64) -> Step {
        if self.mood == Mood::Halted && at_ms >= self.mood_until {
            self.enter(Mood::Calm, at_ms);
            return Step::Resume;
        }
        if at_ms >= self.mood_until {
            let mood = self.next_mood();
            self.enter(mood, at_ms);
            if mood == Mood::Halted {
                return Step::Halt {
                    until_ms: self.mood_until,
                };
            }
        }
        self.drift(at_ms, passed_ms);
        let (price, volume) = self.trade();
        Step::Trade { price, volume }
    }

    /// Goes back to a past that nobody saw.
    pub(super) fn go_back(&mut self, at_ms: i64) {
        self.mood_until = at_ms;
    }

    /// What would have been traded there: no halts, and steps that may take hours.
    pub(super) fn past(&mut self, at_ms: i64, passed_ms: i64) -> (Price, Volume) {
        if at_ms >= self.mood_until {
            let mood = Some(self.next_mood()).filter(|mood| *mood != Mood::Halted);
            self.enter(mood.unwrap_or(Mood::Calm), at_ms);
        }
        self.drift(at_ms, passed_ms);
        self.trade()
    }

    /// A number of `from..=to` that belongs to this company's fate.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        self.random.between(from, to)
    }

    fn next_mood(&mut self) -> Mood {
        match self.random.between(1, 100) {
            1..=60 => Mood::Calm,
            61..=90 => {
                let drift = self.random.between(10_000, 40_000);
                Mood::Trend(if self.random.between(0, 1) == 0 {
                    drift
                } else {
                    -drift
                })
            }
            91..=97 => Mood::Excited,
            _ => Mood::Halted,
        }
    }

    fn enter(&mut self, mood: Mood, at_ms: i64) {
        let (least, most) = match mood {
            Mood::Calm => (30_000, 180_000),
            Mood::Trend(_) => (20_000, 120_000),
            Mood::Excited => {
                let jump = self.random.between(2_000_000, 9_000_000);
                let up = self.random.between(0, 1) == 0;
                self.rise(if up { jump } else { -jump });
                (10_000, 40_000)
            }
            Mood::Halted => (10_000, 30_000),
        };
        self.mood = mood;
        self.mood_until = at_ms + self.random.between(least, most);
    }

    /// Moves the price as it may in so many milliseconds.
    fn drift(&mut self, at_ms: i64, passed_ms: i64) {
        let passed_ms = passed_ms.clamp(0, RETURN_MS);
        // Billionths in the root of a second: what happens by chance grows with the root of time.
        let wild = match self.mood {
            Mood::Calm | Mood::Halted => 70_000,
            Mood::Trend(_) => 90_000,
            Mood::Excited => 220_000,
        };
        let chance = self.random.spread(wild * (passed_ms * 1_000).isqrt() / 1_000);
        let trend = match self.mood {
            // A long step has more in it than one mood.
            Mood::Trend(drift) => drift * passed_ms.min((self.mood_until - at_ms).max(0)) / 1_000,
            _ => 0,
        };
        let away = i128::from(self.worth - self.level) * i128::from(BILLION) * i128::from(passed_ms);
        let back = away / (i128::from(self.worth) * i128::from(RETURN_MS));
        self.rise(chance + trend + back as i64);
    }

    /// By so many billionths.
    fn rise(&mut self, billionths: i64) {
        let rise = i128::from(self.level) * i128::from(billionths) / i128::from(BILLION);
        let level = i128::from(self.level) + rise;
        let (low, high) = (i128::from(self.worth / FAR), i128::from(self.worth * FAR));
        self.level = level.clamp(low.max(i128::from(LEVEL)), high) as i64;
    }

    fn trade(&mut self) -> (Price, Volume) {
        // Buyers and sellers meet a step above or below.
        let bounce = self.random.between(-1, 1);
        let large = match self.mood {
            Mood::Calm | Mood::Halted => 1,
            Mood::Trend(_) => 3,
            Mood::Excited => 8,
        };
        let lots = self.random.between(1, 9) * self.random.between(1, 9) * large;
        (self.price(bounce), Volume::new(lots).unwrap_or_default())
    }

    /// The price, so many steps away from where it would be.
    fn price(&self, steps: i64) -> Price {
        let units = self.level / LEVEL;
        let step = price_step(units);
        let units = (units + step / 2) / step * step + steps * step;
        // A level is at least one unit.
        Price::new(units.max(step)).unwrap_or(Price::LEAST)
    }
}

/// By how much prices of such a height differ: 1, 2 or 5 with zeros, about a five-thousandth.
fn price_step(units: i64) -> i64 {
    let most = (units / 5_000).max(1);
    let ten = 10_i64.pow(most.ilog10());
    [5, 2]
        .into_iter()
        .map(|n| n * ten)
        .find(|step| *step <= most)
        .unwrap_or(ten)
}
