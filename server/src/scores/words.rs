//! What people read of a play or a team.

use serde::{Deserialize, Serialize};

/// A text in Korean and English, or one that whoever runs the match wrote for everybody: 1 to 200 characters each, on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Words(Form);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    One(String),
    Both { ko: String, en: String },
}

impl Words {
    /// Characters (code points): two lines of a phone.
    pub const MAX_LEN: usize = 200;

    /// One text for everybody.
    ///
    /// # Errors
    /// Why it can't be shown, in words.
    pub fn one(text: &str) -> Result<Self, String> {
        checked(text).map(|text| Self(Form::One(text)))
    }

    /// The same in both languages.
    ///
    /// # Errors
    /// Why one of them can't be shown, in words.
    pub fn both(ko: &str, en: &str) -> Result<Self, String> {
        Ok(Self(Form::Both {
            ko: checked(ko)?,
            en: checked(en)?,
        }))
    }
}

impl TryFrom<Form> for Words {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        match form {
            Form::One(text) => Self::one(&text),
            Form::Both { ko, en } => Self::both(&ko, &en),
        }
    }
}

impl From<Words> for Form {
    fn from(words: Words) -> Self {
        words.0
    }
}

fn checked(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("a text must have a visible character and no control characters".to_owned());
    }
    if text.chars().count() > Words::MAX_LEN {
        return Err(format!("a text may have at most {} characters", Words::MAX_LEN));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<String, String> {
        let words: Words = serde_json::from_str(json).map_err(|error| error.to_string())?;
        serde_json::to_string(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn words_are_one_text_or_two() {
        assert_eq!(read(r#"" 안타 ""#), Ok(r#""안타""#.to_owned()));
        let both = r#"{"ko":"안타","en":"a single"}"#;
        assert_eq!(read(both), Ok(both.to_owned()));
        assert!(read(r#"{"ko":"안타"}"#).is_err());
    }

    #[test]
    fn words_have_a_length_and_no_control_characters() {
        assert!(Words::one(&"가".repeat(Words::MAX_LEN)).is_ok());
        for wrong in [&"가".repeat(Words::MAX_LEN + 1), "", "  ", "a\nb", "a\0b"] {
            assert!(Words::one(wrong).is_err(), "{wrong:?}");
            assert!(Words::both("a", wrong).is_err(), "{wrong:?}");
        }
    }
}
