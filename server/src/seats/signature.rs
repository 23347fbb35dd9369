//! Who a payment's news is from: `t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256 of `SECONDS.BODY` with a secret that both know.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::refused::Refused;

/// How old news may be, or how far ahead its sender's clock: what is recorded on the way can't be played back later.
pub const SIGNATURE_AGE: Duration = Duration::from_secs(300);

/// What the payment provider and the program both know. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

/// What stands in the header `Madang-Signature`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// When it was made, in seconds since 1970-01-01 UTC.
    at: u64,
    code: [u8; 32],
}

impl Secret {
    /// With this one, the program itself pretends to be the provider.
    pub const DEMO: &str = "demo";

    /// Characters of any other.
    pub const MIN_LEN: usize = 16;

    /// Whether the program itself pretends to be the provider.
    pub fn is_demo(&self) -> bool {
        &*self.0 == Self::DEMO
    }

    /// Signs news at a time in seconds since 1970-01-01 UTC.
    pub fn sign(&self, at: u64, body: &[u8]) -> Signature {
        let code = self.mac(at, body).finalize().into_bytes().into();
        Signature { at, code }
    }

    /// Checks that news is signed so, not long ago.
    ///
    /// # Errors
    /// [`Refused::SignatureInvalid`].
    pub fn check(&self, signature: &Signature, body: &[u8], now: u64) -> Result<(), Refused> {
        // In constant time.
        let is_right = self.mac(signature.at, body).verify_slice(&signature.code).is_ok();
        let in_time = now.abs_diff(signature.at) <= SIGNATURE_AGE.as_secs();
        (is_right && in_time)
            .then_some(())
            .ok_or(Refused::SignatureInvalid)
    }

    fn mac(&self, at: u64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes())
            .unwrap_or_else(|error| unreachable!("a key of any length will do: {error}"));
        mac.update(format!("{at}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.chars().count() {
            _ if text == Self::DEMO => Ok(Self(text.into())),
            length if length >= Self::MIN_LEN => Ok(Self(text.into())),
            _ => Err(format!(
                "must have at least {} characters, or be {}",
                Self::MIN_LEN,
                Self::DEMO
            )),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl FromStr for Signature {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let read = || {
            let (at, code) = text.split_once(',')?;
            let at = at.strip_prefix("t=")?;
            let code = code.strip_prefix("v1=")?;
            let written = code.len() == 64
                && code.bytes().all(|b| b.is_ascii_hexdigit())
                && at.bytes().all(|b| b.is_ascii_digit());
            written.then_some(())?;
            let mut bytes = [0; 32];
            for (n, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::from_str_radix(code.get(n * 2..n * 2 + 2)?, 16).ok()?;
            }
            Some(Self {
                at: at.parse().ok()?,
                code: bytes,
            })
        };
        read().ok_or(Refused::SignatureInvalid)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t={},v1=", self.at)?;
        self.code.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        "0123456789abcdef".parse().unwrap()
    }

    #[test]
    fn a_signature_is_what_others_compute_too() {
        // printf '1700000000.{"id":"1"}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let signature = secret().sign(1_700_000_000, br#"{"id":"1"}"#).to_string();
        assert_eq!(
            signature,
            "t=1700000000,v1=d5f5834972cbc6cf5590800c46ccaa0cd6c16f19c0c73dbdf9b4c56390cbc2a3"
        );
    }

    #[test]
    fn only_the_provider_s_news_is_taken_and_only_while_it_is_new() {
        let (now, body) = (1_700_000_000, b"news".as_slice());
        let signature: Signature = secret().sign(now, body).to_string().parse().unwrap();
        let age = SIGNATURE_AGE.as_secs();
        for when in [now - age, now, now + age] {
            assert_eq!(secret().check(&signature, body, when), Ok(()));
        }
        for when in [now - age - 1, now + age + 1] {
            assert!(secret().check(&signature, body, when).is_err());
        }
        assert!(secret().check(&signature, b"other", now).is_err());
        let other: Secret = "another secret is this".parse().unwrap();
        assert!(other.check(&signature, body, now).is_err());
        let moved = Signature {
            at: now + 1,
            ..signature
        };
        assert!(secret().check(&moved, body, now).is_err());
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let code = "0".repeat(64);
        assert!(format!("t=1,v1={code}").parse::<Signature>().is_ok());
        for wrong in [
            String::new(),
            "t=1".to_owned(),
            format!("t=-1,v1={code}"),
            format!("t=+1,v1={code}"),
            format!("t=1,v2={code}"),
            format!("t=1,v1={code}0"),
            format!("t=1,v1={}", "g".repeat(64)),
            format!("t=1,v1={}", "+0".repeat(32)),
            format!("t=1,v1={}", "가".repeat(21) + "0"),
            format!("t=99999999999999999999999,v1={code}"),
        ] {
            assert_eq!(
                wrong.parse::<Signature>(),
                Err(Refused::SignatureInvalid),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_secret_is_long_or_the_demo_s_and_never_shown() {
        assert!("short".parse::<Secret>().is_err());
        assert!("demo".parse::<Secret>().unwrap().is_demo());
        assert!(!secret().is_demo());
        assert_eq!(format!("{:?}", secret()), "Secret(..)");
    }
}
