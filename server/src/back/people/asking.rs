//! Who asks: by the cookie of a page, the token of a program, or a session.

use cookie::Cookie;
use http::{HeaderMap, header};

use super::{COOKIE, People};
use crate::chat::{API_TOKEN, Account, Name, Objection, Person, Secret, SecretHash, Sender, Session, Who};

/// Who asks, as far as a request's head says it. Handlers find it among the request's extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::back) struct Asking {
    /// The account that a cookie or a token stands for.
    pub(in crate::back) account: Option<Account>,
    /// The public id of the session that was shown.
    pub(in crate::back) sender: Option<Sender>,
    /// The cookie that was shown, if that is what says who it is.
    pub(in crate::back) cookie: Option<SecretHash>,
    /// The token that was shown, in its place.
    pub(in crate::back) token: Option<SecretHash>,
}

impl Asking {
    /// Who that is, if they can be told from others.
    pub(in crate::back) fn person(&self) -> Option<Person> {
        self.who(None).person()
    }

    /// Who that is to a room, under the name that they use there.
    pub(in crate::back) fn who(&self, name: Option<Name>) -> Who {
        Who {
            name,
            account: self.account.clone(),
            sender: self.sender,
        }
    }

    /// The account.
    ///
    /// # Errors
    /// [`Objection::SignInRequired`].
    pub(in crate::back) fn account(&self) -> Result<&Account, Objection> {
        self.account.as_ref().ok_or(Objection::SignInRequired)
    }

    /// The account, and the sign-in whose cookie was shown: what whoever has a token of the account may not do is asked of nobody else.
    ///
    /// # Errors
    /// [`Objection::SignInRequired`], [`Objection::TokenNotEnough`].
    pub(in crate::back) fn sign_in(&self) -> Result<(&Account, &SecretHash), Objection> {
        let account = self.account()?;
        let cookie = self.cookie.as_ref().ok_or(Objection::TokenNotEnough)?;
        Ok((account, cookie))
    }
}

impl People {
    /// Who shows this. An `Authorization` wins over a cookie; what is neither a token nor a session is for others to judge.
    ///
    /// # Errors
    /// A token that isn't known, or the store failed.
    pub(in crate::back) async fn asking(
        &self,
        bearer: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Asking, Objection> {
        let cookie = match bearer {
            Some(token) if token.starts_with(API_TOKEN) => {
                let token = Secret::of_api_token(token)?.hash();
                return Ok(Asking {
                    account: Some(self.of_token(&token).await?),
                    token: Some(token),
                    ..Asking::default()
                });
            }
            // A page that is signed in has a session too.
            Some(session) if session.parse::<Session>().is_ok() => cookie(headers),
            Some(_) => None,
            None => cookie(headers),
        };
        let account = match &cookie {
            Some(cookie) => self.of_cookie(cookie).await?,
            None => None,
        };
        let session = bearer.and_then(|bearer| bearer.parse::<Session>().ok());
        Ok(Asking {
            cookie: cookie.filter(|_| account.is_some()),
            account,
            sender: session.map(Session::sender),
            token: None,
        })
    }
}

/// By what that is found which the cookie shows.
fn cookie(headers: &HeaderMap) -> Option<SecretHash> {
    shown(headers).map(Secret::hash)
}

/// What the cookie shows, if there is one.
pub(in crate::back) fn shown(headers: &HeaderMap) -> Option<Secret> {
    let values = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut cookies = values.flat_map(Cookie::split_parse).flatten();
    let ours = cookies.find(|cookie| cookie.name() == COOKIE)?;
    ours.value().parse().ok()
}
