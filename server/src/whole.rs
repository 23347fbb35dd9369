//! Whole numbers in JSON, however they are spelled: 3.0 is one (JSON Schema, section 6.1.1).

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// A whole number that is there: `#[serde(deserialize_with = "whole::number")]`.
pub(crate) fn number<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    let number = Number::deserialize(deserializer)?;
    // Beyond this, not every whole number has a float of its own.
    const EXACT: f64 = (1_u64 << 53) as f64;
    let number = match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT => {
            Number::from(float as i64)
        }
        _ => number,
    };
    serde_json::from_value(Value::Number(number)).map_err(D::Error::custom)
}

/// A whole number that may be there: `#[serde(default, deserialize_with = "whole::option")]`.
pub(crate) fn option<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(bound = "T: DeserializeOwned")]
    struct Whole<T>(#[serde(deserialize_with = "number")] T);
    Ok(Option::<Whole<T>>::deserialize(deserializer)?.map(|Whole(number)| number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    struct Numbers {
        #[serde(deserialize_with = "number")]
        one: u64,
        #[serde(default, deserialize_with = "option")]
        two: Option<usize>,
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_spelled() {
        for (json, one, two) in [
            (r#"{"one": 3}"#, 3, None),
            (r#"{"one": 3.0, "two": 1e3}"#, 3, Some(1000)),
            (
                r#"{"one": 9007199254740993, "two": null}"#,
                9_007_199_254_740_993,
                None,
            ),
        ] {
            assert_eq!(
                serde_json::from_str::<Numbers>(json).unwrap(),
                Numbers { one, two },
                "{json}"
            );
        }
        for json in [
            r#"{"one": 3.5}"#,
            r#"{"one": -1.0}"#,
            r#"{"one": 1e300}"#,
            r#"{"one": "3"}"#,
            r#"{"one": null}"#,
        ] {
            assert!(serde_json::from_str::<Numbers>(json).is_err(), "{json}");
        }
    }
}
