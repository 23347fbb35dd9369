//! The pages: Jinja templates, embedded in the program, filled with what a page must know before its script runs.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use rust_embed::Embed;
use thiserror::Error;

use super::language::Language;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/templates"]
struct Templates;

/// The templates, read and ready.
#[derive(Debug)]
pub struct Pages {
    templates: Environment<'static>,
    english: Value,
    korean: Value,
    back_url: String,
}

/// A template, or a file of texts, that isn't one.
#[derive(Debug, Error)]
#[error("{name} is wrong: {reason}")]
pub struct TemplateError {
    name: String,
    reason: String,
}

impl Pages {
    /// Reads the templates; pages tell their script to use the back at `back_url`.
    ///
    /// # Errors
    /// A template is no Jinja.
    pub fn new(back_url: &str) -> Result<Self, TemplateError> {
        let mut templates = Environment::new();
        for name in Templates::iter() {
            let file = Templates::get(&name)
                .map(|file| file.data.into_owned())
                .unwrap_or_default();
            let wrong = |reason: String| TemplateError {
                name: name.to_string(),
                reason,
            };
            let text = String::from_utf8(file).map_err(|error| wrong(error.to_string()))?;
            templates
                .add_template_owned(name.to_string(), text)
                .map_err(|error| wrong(error.to_string()))?;
        }
        // An unknown text is an error, not a hole in the page.
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        let (english, korean) = (texts("en.json", ENGLISH)?, texts("ko.json", KOREAN)?);
        Ok(Self {
            templates,
            english,
            korean,
            back_url: back_url.to_owned(),
        })
    }

    /// One page. Its template knows `page` (its name), `lang` (`ko` or `en`) and `other_lang`, `t` (the texts in that language),
    /// `back_ws` and `back_http` (where the back is) and `version` (the program's, for `?v={{ version }}` behind
    /// assets).
    fn render(&self, page: &str, language: Language) -> Result<String, minijinja::Error> {
        let (other, texts) = match language {
            Language::English => (Language::Korean, &self.english),
            Language::Korean => (Language::English, &self.korean),
        };
        self.templates
            .get_template(&format!("{page}.html"))?
            .render(context! {
                page,
                lang => language.tag(),
                other_lang => other.tag(),
                t => texts,
                back_ws => &self.back_url,
                back_http => self.back_url.replacen("ws", "http", 1),
                version => env!("CARGO_PKG_VERSION"),
            })
    }

    fn respond(&self, page: &str, status: StatusCode, query: Option<&str>, headers: &HeaderMap) -> Response {
        let chosen = query.and_then(chosen_language);
        let language = chosen.unwrap_or_else(|| Language::of_browser(headers));
        let body = match self.render(page, language) {
            Ok(body) => Html(body),
            Err(error) => {
                tracing::error!(page, error = format!("{error:#}"), "page cannot be rendered");
                return (StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be shown\n").into_response();
            }
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        // Remembered when it was chosen, not when it was guessed.
        if chosen.is_some() {
            let cookie = match language {
                Language::English => "lang=en; Path=/; Max-Age=31536000; SameSite=Lax",
                Language::Korean => "lang=ko; Path=/; Max-Age=31536000; SameSite=Lax",
            };
            headers.insert(header::SET_COOKIE, HeaderValue::from_static(cookie));
        }
        response
    }
}

/// The texts that the pages' scripts use too; Vite bundles the same files.
const ENGLISH: &str = include_str!("../../../web/src/i18n/en.json");
const KOREAN: &str = include_str!("../../../web/src/i18n/ko.json");

fn texts(name: &str, json: &str) -> Result<Value, TemplateError> {
    serde_json::from_str(json).map_err(|error| TemplateError {
        name: name.to_owned(),
        reason: error.to_string(),
    })
}

/// What the address chooses with `lang`. The first that is a language of ours counts: an address that was put together by hand
/// or by other programs may say it twice, or wrong, and the page is to be seen all the same.
fn chosen_language(query: &str) -> Option<Language> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut tags = pairs.filter(|&(name, _)| name == "lang").map(|(_, tag)| tag);
    tags.find_map(Language::from_tag)
}

/// The handler of one page.
pub(super) fn page(name: &'static str) -> MethodRouter<Arc<Pages>> {
    get(
        async move |State(pages): State<Arc<Pages>>, RawQuery(query): RawQuery, headers: HeaderMap| {
            pages.respond(name, StatusCode::OK, query.as_deref(), &headers)
        },
    )
}

/// The page at an address that nothing is at.
pub(super) async fn missing(
    State(pages): State<Arc<Pages>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    pages.respond("missing", StatusCode::NOT_FOUND, query.as_deref(), &headers)
}
