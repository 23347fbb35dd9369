//! `Sec-WebSocket-Extensions` (RFC 6455 §9.1) and the negotiation of
//! permessage-deflate in it (RFC 7692 §5, §7.1).

use super::{Deflate, DeflateConfig};

/// The header isn't in the form of RFC 6455 §9.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The first acceptable offer in a client's header: what was agreed, and the
/// server's header. `Ok(None)`: no offer is acceptable, which declines them all.
pub(crate) fn accept(header: &str, config: &DeflateConfig) -> Result<Option<(Deflate, String)>, Malformed> {
    let config = &config.in_range();
    Ok(parse(header)?
        .into_iter()
        .find_map(|offer| accept_offer(&offer, config)))
}

fn accept_offer(offer: &Extension<'_>, config: &DeflateConfig) -> Option<(Deflate, String)> {
    let offered = Parameters::of(offer)?;
    let server_bits = offered.server_max_window_bits.map(Option::unwrap_or_default);
    // RFC 7692 §7.1.2.1: in an offer this parameter has a value.
    if server_bits == Some(0) {
        return None;
    }
    let server_max_window_bits = server_bits.unwrap_or(15).min(config.server_max_window_bits);
    // RFC 7692 §7.1.2.2: only a client that offered it can be told a smaller window.
    let client_max_window_bits = match offered.client_max_window_bits {
        Some(bits) => bits.unwrap_or(15).min(config.client_max_window_bits),
        None => 15,
    };
    let agreed = Deflate {
        server_no_context_takeover: offered.server_no_context_takeover || config.server_no_context_takeover,
        client_no_context_takeover: offered.client_no_context_takeover || config.client_no_context_takeover,
        server_max_window_bits,
        client_max_window_bits,
        level: config.level,
        threshold: config.threshold,
    };
    let mut header = NAME.to_owned();
    if agreed.server_no_context_takeover {
        header.push_str("; server_no_context_takeover");
    }
    if agreed.client_no_context_takeover {
        header.push_str("; client_no_context_takeover");
    }
    if server_bits.is_some() || server_max_window_bits < 15 {
        header.push_str(&format!("; server_max_window_bits={server_max_window_bits}"));
    }
    if client_max_window_bits < 15 {
        header.push_str(&format!("; client_max_window_bits={client_max_window_bits}"));
    }
    Some((agreed, header))
}

/// A client's offer.
pub(crate) fn offer(config: &DeflateConfig) -> String {
    let config = config.in_range();
    let mut header = NAME.to_owned();
    if config.server_no_context_takeover {
        header.push_str("; server_no_context_takeover");
    }
    if config.client_no_context_takeover {
        header.push_str("; client_no_context_takeover");
    }
    if config.server_max_window_bits < 15 {
        header.push_str(&format!(
            "; server_max_window_bits={}",
            config.server_max_window_bits
        ));
    }
    header.push_str("; client_max_window_bits");
    if config.client_max_window_bits < 15 {
        header.push_str(&format!("={}", config.client_max_window_bits));
    }
    header
}

/// What the server's header agreed to, given what was offered; `None` if it
/// isn't an answer to that (RFC 7692 §5.1, §7.1).
pub(crate) fn verify(header: &str, config: &DeflateConfig) -> Option<Deflate> {
    let config = config.in_range();
    let answers = parse(header).ok()?;
    let [answer] = &answers[..] else { return None };
    let agreed = Parameters::of(answer)?;
    let server_max_window_bits = match agreed.server_max_window_bits {
        Some(bits) => bits?,
        None => 15,
    };
    let client_max_window_bits = match agreed.client_max_window_bits {
        Some(bits) => bits?,
        None => 15,
    };
    // RFC 7692 §7.1.2: a window in the answer is at most the one in the offer.
    if server_max_window_bits > config.server_max_window_bits
        || (agreed.client_max_window_bits.is_some() && client_max_window_bits > config.client_max_window_bits)
        || (config.server_no_context_takeover && !agreed.server_no_context_takeover)
    {
        return None;
    }
    Some(Deflate {
        server_no_context_takeover: agreed.server_no_context_takeover,
        client_no_context_takeover: agreed.client_no_context_takeover || config.client_no_context_takeover,
        server_max_window_bits,
        client_max_window_bits: client_max_window_bits.min(config.client_max_window_bits),
        level: config.level,
        threshold: config.threshold,
    })
}

/// permessage-deflate's parameters, where the outer `Option` says present and the inner one says with a value.
#[derive(Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<Option<u8>>,
    client_max_window_bits: Option<Option<u8>>,
}

impl Parameters {
    /// `None` for another extension, or a parameter that is unknown, doubled or out of range (RFC 7692 §7.1).
    fn of(extension: &Extension<'_>) -> Option<Self> {
        if extension.name != NAME {
            return None;
        }
        let mut out = Self::default();
        for (name, value) in &extension.parameters {
            let value = value.as_deref();
            match *name {
                "server_no_context_takeover" if value.is_none() && !out.server_no_context_takeover => {
                    out.server_no_context_takeover = true;
                }
                "client_no_context_takeover" if value.is_none() && !out.client_no_context_takeover => {
                    out.client_no_context_takeover = true;
                }
                "server_max_window_bits" if out.server_max_window_bits.is_none() => {
                    out.server_max_window_bits = Some(value.map(window_bits).transpose().ok()?);
                }
                "client_max_window_bits" if out.client_max_window_bits.is_none() => {
                    out.client_max_window_bits = Some(value.map(window_bits).transpose().ok()?);
                }
                _ => return None,
            }
        }
        Some(out)
    }
}

/// RFC 7692 §7.1.2: a decimal number from 8 to 15 without leading zeros.
fn window_bits(value: &str) -> Result<u8, Malformed> {
    match value {
        "8" => Ok(8),
        "9" => Ok(9),
        "10" => Ok(10),
        "11" => Ok(11),
        "12" => Ok(12),
        "13" => Ok(13),
        "14" => Ok(14),
        "15" => Ok(15),
        _ => Err(Malformed),
    }
}

struct Extension<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<String>)>,
}

/// RFC 6455 §9.1: `name; parameter; parameter=value; parameter="value", name, ...`
fn parse(header: &str) -> Result<Vec<Extension<'_>>, Malformed> {
    let mut out = Vec::new();
    let mut rest = header;
    loop {
        let name = token(&mut rest)?;
        let mut parameters = Vec::new();
        while let Some(after) = rest.strip_prefix(';') {
            rest = after;
            let name = token(&mut rest)?;
            let mut value = None;
            if let Some(after) = rest.strip_prefix('=') {
                rest = after;
                value = Some(quoted_or_token(&mut rest)?);
            }
            parameters.push((name, value));
        }
        out.push(Extension { name, parameters });
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(out),
            None => return Err(Malformed),
        }
    }
}

/// A token and the white space around it.
fn token<'a>(rest: &mut &'a str) -> Result<&'a str, Malformed> {
    let text = rest.trim_start_matches(BLANK);
    let end = text.find(|c| !is_token_char(c)).unwrap_or(text.len());
    let (token, after) = text.split_at(end);
    *rest = after.trim_start_matches(BLANK);
    if token.is_empty() {
        Err(Malformed)
    } else {
        Ok(token)
    }
}

fn quoted_or_token(rest: &mut &str) -> Result<String, Malformed> {
    let text = rest.trim_start_matches(BLANK);
    let Some(quoted) = text.strip_prefix('"') else {
        return token(rest).map(str::to_owned);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                *rest = quoted[at + 1..].trim_start_matches(BLANK);
                // RFC 6455 §9.1: what is quoted must be a token all the same.
                return if value.is_empty() || !value.chars().all(is_token_char) {
                    Err(Malformed)
                } else {
                    Ok(value)
                };
            }
            '\\' => value.push(chars.next().ok_or(Malformed)?.1),
            c => value.push(c),
        }
    }
    Err(Malformed)
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

const BLANK: [char; 2] = [' ', '\t'];
const NAME: &str = "permessage-deflate";

#[cfg(test)]
mod tests {
    use super::*;

    const TAKEOVER: DeflateConfig = DeflateConfig {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: 6,
        threshold: 0,
    };

    fn answer(offer: &str, config: &DeflateConfig) -> Option<String> {
        accept(offer, config)
            .expect("well-formed")
            .map(|(_, header)| header)
    }

    #[test]
    fn the_first_acceptable_offer_wins() {
        let offer = "x-unknown, permessage-deflate; server_max_window_bits=7, \
                     permessage-deflate; server_max_window_bits=\"10\"; client_max_window_bits, permessage-deflate";
        assert_eq!(
            answer(offer, &TAKEOVER).as_deref(),
            Some("permessage-deflate; server_max_window_bits=10")
        );
    }

    #[test]
    fn the_server_may_ask_for_less_memory_than_was_offered() {
        let config = DeflateConfig {
            client_max_window_bits: 10,
            ..DeflateConfig::default()
        };
        assert_eq!(
            answer("permessage-deflate; client_max_window_bits", &config).as_deref(),
            Some(
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=10"
            )
        );
        let (agreed, header) = accept("permessage-deflate", &config)
            .expect("well-formed")
            .expect("accepted");
        assert_eq!(
            agreed.client_max_window_bits, 15,
            "RFC 7692 §7.1.2.2: it wasn't offered"
        );
        assert!(!header.contains("client_max_window_bits"));
    }

    #[test]
    fn unacceptable_offers_are_declined_and_malformed_headers_refused() {
        for declined in [
            "permessage-bzip2",
            "permessage-deflate; unknown",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=08",
            "permessage-deflate; client_max_window_bits=16",
        ] {
            assert_eq!(answer(declined, &TAKEOVER), None, "{declined}");
        }
        for malformed in [
            "",
            ",",
            "permessage-deflate;",
            "permessage-deflate; a=",
            "a b",
            "a; b=\"c",
            "a; b=\"\"",
        ] {
            assert_eq!(accept(malformed, &TAKEOVER).err(), Some(Malformed), "{malformed}");
        }
    }

    #[test]
    fn the_client_verifies_the_answer_as_strictly() {
        let offered = DeflateConfig {
            server_max_window_bits: 12,
            ..DeflateConfig::default()
        };
        assert_eq!(
            offer(&offered),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=12; client_max_window_bits"
        );
        assert!(
            verify(
                "permessage-deflate; server_no_context_takeover; server_max_window_bits=11",
                &offered
            )
            .is_some()
        );
        for wrong in [
            "x-unknown",
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits=12",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=13",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12, permessage-deflate",
        ] {
            assert_eq!(verify(wrong, &offered), None, "{wrong}");
        }
    }

    #[test]
    fn windows_out_of_range_count_as_the_nearest() {
        let config = DeflateConfig {
            server_max_window_bits: 0,
            client_max_window_bits: 200,
            ..DeflateConfig::default()
        };
        let (agreed, header) = accept("permessage-deflate; client_max_window_bits", &config)
            .unwrap()
            .unwrap();
        assert_eq!(
            (agreed.server_max_window_bits, agreed.client_max_window_bits),
            (9, 15)
        );
        assert!(header.contains("server_max_window_bits=9"), "{header}");
        assert!(offer(&config).contains("server_max_window_bits=9"));
        assert!(verify(&header, &config).is_some());
    }
}
