//! Which language a page is shown in.

use http::{HeaderMap, header};

/// A language the pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, for whoever asked for neither.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// What a visitor wants whose address chooses none: the cookie `lang` that an earlier choice left, then the browser's
    /// `Accept-Language`.
    pub fn of_browser(headers: &HeaderMap) -> Self {
        cookie(headers)
            .and_then(Self::from_tag)
            .or_else(|| accepted(headers))
            .unwrap_or_default()
    }

    /// The language of a tag such as `ko` or `en-GB` (RFC 5646 §2.1).
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.trim().split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "ko" => Some(Self::Korean),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// `ko` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("lang="))
}

/// The tag of ours with the highest weight, the earlier one if equal (RFC 9110 §12.5.4).
fn accepted(headers: &HeaderMap) -> Option<Language> {
    let tags = headers
        .get_all(header::ACCEPT_LANGUAGE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut best: Option<(f32, Language)> = None;
    for part in tags.flat_map(|value| value.split(',')) {
        let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
        let weight: f32 = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.parse().ok())
            .unwrap_or(0.0);
        if let Some(language) = Language::from_tag(tag)
            && weight > best.map_or(0.0, |(highest, _)| highest)
        {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_wins_over_the_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(Language::of_browser(&headers), Language::English);
        headers.insert(
            header::ACCEPT_LANGUAGE,
            "fr;q=0.9, en;q=0.5, ko-KR;q=0.8".parse().unwrap(),
        );
        assert_eq!(Language::of_browser(&headers), Language::Korean);
        headers.insert(header::COOKIE, "theme=dark; lang=en".parse().unwrap());
        assert_eq!(Language::of_browser(&headers), Language::English);
    }

    #[test]
    fn odd_headers_mean_english() {
        for value in ["", ",,;", "ko;q=0", "ko;q=x", "*", "kok"] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, value.parse().unwrap());
            assert_eq!(Language::of_browser(&headers), Language::English, "{value}");
        }
    }
}
