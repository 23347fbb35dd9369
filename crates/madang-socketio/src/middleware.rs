//! Who may pass: checks before a socket is let in, and before an event is handled.

use crate::context::{AdmissionContext, Context};
use crate::dynamic::IntoAdmission;
use crate::handler::Handler;
use crate::proto::Value;
use crate::shared::catch;
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Why a client may not enter a namespace: what it gets as `connect_error`, with `message` and, if there is any, `data`.
///
/// ```
/// use madang_socketio::ConnectError;
///
/// let error = ConnectError::new("not authorized").with_data(&serde_json::json!({ "code": 401 }));
/// assert_eq!(error.message(), "not authorized");
/// # let _ = ConnectError::from("text will do");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectError {
    message: Box<str>,
    data: Option<Box<Value>>,
}

impl ConnectError {
    /// Without data.
    ///
    /// ```
    /// use madang_socketio::ConnectError;
    ///
    /// let error = ConnectError::new(format!("{} isn't for you", "/admin"));
    /// assert_eq!((error.message(), error.data()), ("/admin isn't for you", None));
    /// ```
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into().into(),
            data: None,
        }
    }

    /// With data: anything that is JSON. What isn't leaves the error without, and is logged.
    ///
    /// ```
    /// use madang_socketio::ConnectError;
    ///
    /// let error = ConnectError::new("too many").with_data(&(429, "retry later"));
    /// assert_eq!(serde_json::to_string(&error)?, r#"{"message":"too many","data":[429,"retry later"]}"#);
    /// assert!(error.data().is_some());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn with_data(mut self, data: &(impl Serialize + ?Sized)) -> Self {
        let read = serde_json::to_value(data).and_then(serde_json::from_value);
        match read {
            Ok(data) => self.data = Some(Box::new(data)),
            Err(error) => tracing::error!(%error, "the data of a connect_error isn't JSON"),
        }
        self
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// More about it.
    pub fn data(&self) -> Option<&Value> {
        self.data.as_deref()
    }
}

impl From<&str> for ConnectError {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<String> for ConnectError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl Serialize for ConnectError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = 1 + usize::from(self.data.is_some());
        let mut object = serializer.serialize_struct("ConnectError", fields)?;
        object.serialize_field("message", &self.message)?;
        if let Some(data) = &self.data {
            object.serialize_field("data", data)?;
        }
        object.end()
    }
}

pub(crate) type Verdict<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;

/// A middleware whose type is forgotten; it doesn't panic.
pub(crate) type Check<C, E> = Arc<dyn Fn(C) -> Verdict<E> + Send + Sync>;

/// `broken` is the verdict of a middleware that panics or can't have its arguments: nobody passes by accident.
pub(crate) fn check<C, H, T, X, E>(handler: H, refuse: fn(X) -> E, broken: fn() -> E) -> Check<C, E>
where
    C: Context,
    H: Handler<C, T, Output = Result<(), X>>,
    T: 'static,
    X: Send + 'static,
    E: Send + 'static,
{
    let handler = Arc::new(handler);
    Arc::new(move |context: C| {
        let handler = handler.clone();
        Box::pin(async move {
            let call = catch(async {
                let future = handler.call(&context)?;
                Ok::<_, crate::Rejection>(future.await)
            });
            match call.await {
                Ok(Ok(verdict)) => verdict.map_err(refuse),
                Ok(Err(error)) => {
                    tracing::error!(event = context.label(), %error, "a middleware can't be called");
                    Err(broken())
                }
                Err(panic) => {
                    tracing::error!(event = context.label(), panic, "a middleware panicked");
                    Err(broken())
                }
            }
        })
    })
}

/// The same, of what decides about a namespace: an error is a no.
pub(crate) fn admission<H, T>(handler: H) -> Check<AdmissionContext, ()>
where
    H: Handler<AdmissionContext, T>,
    H::Output: IntoAdmission,
    T: 'static,
{
    let handler = Arc::new(handler);
    Arc::new(move |context: AdmissionContext| {
        let handler = handler.clone();
        Box::pin(async move {
            let call = catch(async {
                let future = handler.call(&context)?;
                Ok::<_, crate::Rejection>(future.await.into_admission())
            });
            match call.await {
                Ok(Ok(true)) => return Ok(()),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    tracing::debug!(namespace = context.label(), %error, "not asked for a namespace");
                }
                Err(panic) => tracing::error!(
                    namespace = context.label(),
                    panic,
                    "a matcher of namespaces panicked"
                ),
            }
            Err(())
        })
    })
}
