//! Why something about accounts, or about a room's order, isn't carried out.

use std::fmt;
use std::time::Duration;

use super::code::{Code, Refusal};
use super::credentials::{Label, Password};
use super::moderation::{LONGEST_SANCTION, LONGEST_SLOW, REASON_LEN, SANCTIONS_LIMIT};
use super::words::Words;

/// Most tokens for programs of one account: one for each program that somebody runs.
pub const TOKENS_LIMIT: u64 = 50;

/// Most reports of one room that nobody has looked at: more than anybody reads in a day.
pub const REPORTS_LIMIT: u64 = 1000;

/// Why it isn't carried out. `docs/people.md` lists the codes; a test keeps that true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// Nobody is signed in.
    SignInRequired,
    /// No account has this name, or it has another password.
    PasswordWrong,
    /// Too many wrong passwords, or too many new accounts: when to try again.
    TooManyTries(Duration),
    /// An account has this name, or one that looks the same.
    NameTaken,
    /// The password is too short, or too long.
    PasswordInvalid,
    /// The label of a token is empty, too long, or has control characters.
    LabelInvalid,
    /// The account has as many tokens as it may.
    TooManyTokens,
    /// No account has this token.
    TokenUnknown,
    /// A token asks for what takes the cookie of somebody who is signed in.
    TokenNotEnough,
    /// The account has no token of this id.
    NoSuchToken,
    /// A page of another origin asks in somebody's name.
    OriginRefused,
    /// Their role doesn't let them, or whom it is about may as much as they.
    NotAllowed,
    /// The action is none, or something about it is missing or out of bounds.
    ModerationInvalid,
    /// Nobody of this name has an account, or is muted or banned.
    PersonUnknown,
    /// As many are muted and banned in this room as may be.
    TooManySanctions,
    /// A report has no reason, or too long a one.
    ReportInvalid,
    /// There is no such message.
    NoSuchMessage,
    /// As many reports wait in this room as may.
    TooManyReports,
    /// What is asked for can't be done for a reason that a command can be refused for too.
    Refused(Refusal),
}

impl Objection {
    /// Every code that isn't a command's too.
    pub const CODES: [&'static str; 18] = [
        Self::SignInRequired.code(),
        Self::PasswordWrong.code(),
        Self::TooManyTries(Duration::ZERO).code(),
        Self::NameTaken.code(),
        Self::PasswordInvalid.code(),
        Self::LabelInvalid.code(),
        Self::TooManyTokens.code(),
        Self::TokenUnknown.code(),
        Self::TokenNotEnough.code(),
        Self::NoSuchToken.code(),
        Self::OriginRefused.code(),
        Self::NotAllowed.code(),
        Self::ModerationInvalid.code(),
        Self::PersonUnknown.code(),
        Self::TooManySanctions.code(),
        Self::ReportInvalid.code(),
        Self::NoSuchMessage.code(),
        Self::TooManyReports.code(),
    ];

    /// The code as it is sent.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SignInRequired => "sign_in_required",
            Self::PasswordWrong => "password_wrong",
            Self::TooManyTries(_) => "too_many_tries",
            Self::NameTaken => "name_taken",
            Self::PasswordInvalid => "password_invalid",
            Self::LabelInvalid => "label_invalid",
            Self::TooManyTokens => "too_many_tokens",
            Self::TokenUnknown => "token_unknown",
            Self::TokenNotEnough => "token_not_enough",
            Self::NoSuchToken => "token_not_found",
            Self::OriginRefused => "origin_refused",
            Self::NotAllowed => "not_allowed",
            Self::ModerationInvalid => "moderation_invalid",
            Self::PersonUnknown => "person_unknown",
            Self::TooManySanctions => "too_many_sanctions",
            Self::ReportInvalid => "report_invalid",
            Self::NoSuchMessage => "message_unknown",
            Self::TooManyReports => "too_many_reports",
            Self::Refused(refusal) => refusal.code.as_str(),
        }
    }
}

/// What is said to people.
impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignInRequired => f.write_str("sign in first"),
            Self::PasswordWrong => f.write_str("no account has this name and password"),
            Self::TooManyTries(_) => f.write_str("too many tries; try again later"),
            Self::NameTaken => f.write_str("this name is taken; choose another"),
            Self::PasswordInvalid => write!(
                f,
                "a password has {} to {} characters",
                Password::MIN_LEN,
                Password::MAX_LEN
            ),
            Self::LabelInvalid => write!(
                f,
                "a label has 1 to {} characters and no control characters",
                Label::MAX_LEN
            ),
            Self::TooManyTokens => write!(
                f,
                "an account has at most {TOKENS_LIMIT} tokens; take one back first"
            ),
            Self::TokenUnknown => f.write_str("this token is not known here; it may have been taken back"),
            Self::TokenNotEnough => f.write_str("a token doesn't do for this; sign in with the password"),
            Self::NoSuchToken => f.write_str("this account has no such token"),
            Self::OriginRefused => f.write_str("pages of this origin may not do this"),
            Self::NotAllowed => {
                f.write_str("this takes a higher role here than yours, or than that of whom it is about")
            }
            Self::ModerationInvalid => write!(
                f,
                "an action is mute, ban (with `seconds` of 1 to {}, or none), unmute, unban, slow (with `seconds` of 0 to {}), words (at most {} of 1 to {} characters) or resolve; a reason has at most {REASON_LEN} characters",
                LONGEST_SANCTION.as_secs(),
                LONGEST_SLOW.as_secs(),
                Words::LIMIT,
                Words::MAX_LEN
            ),
            Self::PersonUnknown => f.write_str("nobody of this name is known for that"),
            Self::TooManySanctions => write!(
                f,
                "at most {SANCTIONS_LIMIT} are muted and banned in one room; let one of them go first"
            ),
            Self::ReportInvalid => write!(
                f,
                "a report has an `offset`, and a reason of 1 to {REASON_LEN} characters"
            ),
            Self::NoSuchMessage => f.write_str("there is no such message"),
            Self::TooManyReports => write!(
                f,
                "{REPORTS_LIMIT} reports wait in this room; a moderator has to look at them first"
            ),
            Self::Refused(refusal) => match &refusal.detail {
                Some(detail) => f.write_str(detail),
                None => f.write_str(&refusal.code.message()),
            },
        }
    }
}

impl From<Refusal> for Objection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Code> for Objection {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}
