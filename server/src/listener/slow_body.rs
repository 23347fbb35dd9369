//! Bodies of requests that don't come in time: whoever reads one gets an error, and the client 408.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::ServiceExt as _;

/// Has a request answered, whose body may take so long from now on.
pub(super) async fn respond<B>(
    router: Router,
    request: Request<B>,
    time: Duration,
) -> Result<Response, Infallible>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<axum::BoxError>,
{
    if request.body().is_end_stream() {
        return router.oneshot(request.map(Body::new)).await;
    }
    let overdue = Arc::new(AtomicBool::new(false));
    let body = |body: B| SlowBody {
        body: Body::new(body),
        due: Instant::now() + time,
        timer: None,
        overdue: overdue.clone(),
    };
    let response = router.oneshot(request.map(|from| Body::new(body(from)))).await?;
    // Whatever whoever read it made of that, the reason is this one.
    Ok(match overdue.load(Ordering::Relaxed) {
        true => too_late(),
        false => response,
    })
}

/// A body until it is due.
struct SlowBody {
    body: Body,
    due: Instant,
    /// Once it has been waited for.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether it came too late.
    overdue: Arc<AtomicBool>,
}

impl HttpBody for SlowBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let ready @ Poll::Ready(_) = Pin::new(&mut this.body).poll_frame(cx) {
            return ready;
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(this.due)));
        timer.as_mut().poll(cx).map(|()| {
            this.overdue.store(true, Ordering::Relaxed);
            Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is left of the body would be taken for the next request, so there is none.
fn too_late() -> Response {
    let mut response = Response::new(Body::from("the body of the request didn't come in time\n"));
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use http_body_util::BodyExt as _;
    use tokio::time::sleep;

    use super::*;

    const TIME: Duration = Duration::from_secs(60);

    /// The answer to a body of so many bytes, one of which comes after each pause.
    async fn answer(bytes: u32, pause: Duration) -> Response {
        let router = Router::new().fallback(|body: String| async move { format!("{} bytes", body.len()) });
        let bytes = futures_util::stream::iter(0..bytes).then(move |_| async move {
            sleep(pause).await;
            Ok::<_, Infallible>("x")
        });
        let request = Request::new(Body::from_stream(bytes));
        respond(router, request, TIME).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_not_there_in_time_is_answered_408_however_its_bytes_are_spread() {
        for (bytes, pause) in [(1, TIME * 10), (100, TIME / 10)] {
            let begun = Instant::now();
            let answer = answer(bytes, pause).await;
            assert_eq!(begun.elapsed(), TIME);
            assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
            assert_eq!(answer.headers()[header::CONNECTION], "close");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_takes_its_time_is_read() {
        let answer = answer(9, TIME / 10).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "9 bytes");
    }
}
