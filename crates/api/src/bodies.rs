//! Bodies of requests and answers, watched on their way for the sake of [`Connection`](crate::Connection).

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::task::noop_waker_ref;

use crate::connection::InFlight;

/// A request's body that tells whether it was read to its end.
pub(crate) struct WatchedPayload {
    payload: Payload,
    in_flight: Rc<InFlight>,
    is_whole: bool,
}

impl WatchedPayload {
    /// Watches it, unless there is none.
    pub(crate) fn watch(payload: Payload, in_flight: &Rc<InFlight>) -> Payload {
        if matches!(payload, Payload::None) {
            return payload;
        }
        let watched = Self {
            payload,
            in_flight: Rc::clone(in_flight),
            is_whole: false,
        };
        Payload::Stream {
            payload: Box::pin(watched),
        }
    }
}

impl Stream for WatchedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.in_flight.body_is_wanted();
        let next = ready!(Pin::new(&mut self.payload).poll_next(context));
        if next.is_none() {
            self.is_whole = true;
        }
        Poll::Ready(next)
    }
}

impl Drop for WatchedPayload {
    fn drop(&mut self) {
        // Who has all that was wanted does not ask for the end, which may be there already; before it is at most what
        // the server keeps of a body, a few hundred KiB.
        let mut context = Context::from_waker(noop_waker_ref());
        while !self.is_whole {
            match Pin::new(&mut self.payload).poll_next(&mut context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(None) => self.is_whole = true,
                Poll::Ready(Some(Err(_))) | Poll::Pending => break,
            }
        }
        if self.is_whole {
            self.in_flight.body_is_whole();
        } else {
            self.in_flight.body_is_unread();
        }
    }
}

/// An answer's body that ends its request when it is written, or given up.
pub(crate) struct WatchedBody {
    body: BoxBody,
    _in_flight: Option<Rc<InFlight>>,
}

impl WatchedBody {
    pub(crate) fn new(body: BoxBody, in_flight: Option<Rc<InFlight>>) -> Self {
        Self {
            body,
            _in_flight: in_flight,
        }
    }
}

impl MessageBody for WatchedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
