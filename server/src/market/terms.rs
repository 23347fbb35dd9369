//! What the numbers of a symbol's bars mean, and what becomes of them when the symbol is listed anew with other terms.

use super::interval::Interval;
use super::listing::Listing;
use super::values::Scale;

/// What the numbers of a symbol's bars mean: those of other terms can't stand beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Decimals of its prices.
    pub scale: Scale,
    /// By which clock its days and hours begin, in minutes before UTC.
    pub utc_offset_minutes: i16,
    /// In what it's paid; empty if that isn't known.
    pub currency: String,
}

impl Terms {
    /// By how much prices of earlier terms are to be multiplied, to mean the same in these. `None` if they can't be told in these exactly: they are in another
    /// currency, or have more decimals.
    pub fn factor(&self, earlier: &Self) -> Option<i64> {
        let [new, old] = [&self.currency, &earlier.currency];
        if new != old && !new.is_empty() && !old.is_empty() {
            return None;
        }
        let more = self.scale.decimals().checked_sub(earlier.scale.decimals())?;
        Some(10_i64.pow(u32::from(more)))
    }

    /// Whether bars of this interval begin when they did with the earlier terms.
    pub fn line_up(&self, earlier: &Self, interval: Interval) -> bool {
        let minutes = i64::from(self.utc_offset_minutes) - i64::from(earlier.utc_offset_minutes);
        minutes * 60_000 % interval.ms() == 0
    }

    /// These, with the currency that was known before where none is said now.
    #[must_use]
    pub fn after(mut self, earlier: &Self) -> Self {
        if self.currency.is_empty() {
            self.currency.clone_from(&earlier.currency);
        }
        self
    }
}

impl Listing {
    /// What the numbers of its bars mean.
    pub fn terms(&self) -> Terms {
        Terms {
            scale: self.scale,
            utc_offset_minutes: self.utc_offset_minutes,
            currency: self.currency.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(decimals: u8, utc_offset_minutes: i16, currency: &str) -> Terms {
        Terms {
            scale: Scale::new(decimals).unwrap(),
            utc_offset_minutes,
            currency: currency.to_owned(),
        }
    }

    #[test]
    fn prices_are_told_with_more_decimals_and_with_fewer_or_in_other_money_not_at_all() {
        let won = terms(2, 540, "KRW");
        for (new, factor) in [
            (terms(2, 540, "KRW"), Some(1)),
            (terms(6, -300, "KRW"), Some(10_000)),
            (terms(3, 540, ""), Some(10)),
            (terms(1, 540, "KRW"), None),
            (terms(2, 540, "USD"), None),
        ] {
            assert_eq!(new.factor(&won), factor, "{new:?}");
        }
        assert_eq!(won.factor(&terms(0, 540, "")), Some(100), "it wasn't known");
        assert_eq!(terms(3, 0, "").after(&won), terms(3, 0, "KRW"));
        assert_eq!(terms(3, 0, "USD").after(&won), terms(3, 0, "USD"));
    }

    #[test]
    fn bars_line_up_where_both_clocks_begin_an_interval_at_once() {
        let lined_up = |new: i16, old: i16| {
            let [new, old] = [new, old].map(|offset| terms(0, offset, ""));
            let mut up = Interval::ALL
                .into_iter()
                .filter(|interval| new.line_up(&old, *interval));
            up.next_back().unwrap()
        };
        assert_eq!(lined_up(540, 540), Interval::D1);
        assert_eq!(lined_up(-240, -300), Interval::H1);
        assert_eq!(lined_up(330, 300), Interval::M15);
        assert_eq!(lined_up(345, 300), Interval::M15);
        assert_eq!(lined_up(1, -300), Interval::M1);
        assert_eq!(lined_up(780, -660), Interval::D1, "a whole day apart");
    }
}
