//! A client's connection, watched: what comes and goes is told to its [`Connection`].

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use gih_api::Connection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream and what is known of it.
pub struct ClientStream {
    stream: TcpStream,
    connection: Rc<Connection>,
    /// Given to the server since it last had to look at what it has.
    burst_bytes: usize,
}

impl ClientStream {
    /// Watches a new one.
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            connection: Rc::default(),
            burst_bytes: 0,
        }
    }

    /// What is known of it.
    pub fn connection(&self) -> Rc<Connection> {
        Rc::clone(&self.connection)
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let readable = this.connection.readable_bytes();
        if readable == 0 {
            this.burst_bytes = 0;
            // The socket isn't asked, so a client that is gone is noticed when it is answered; its work goes on anyway.
            this.connection.wait_to_read(context.waker());
            return Poll::Pending;
        }
        let left = this.connection.burst_bytes();
        let left = left.saturating_sub(this.burst_bytes);
        if left == 0 {
            // There is more: come again at once, after the others.
            this.burst_bytes = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let most = readable.min(left).min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
        let read = Pin::new(&mut this.stream).poll_read(context, &mut part);
        let came = part.filled().len();
        buffer.advance(came);
        match &read {
            Poll::Ready(_) => {
                this.burst_bytes += came;
                this.connection.has_read(came);
            }
            Poll::Pending => this.burst_bytes = 0,
        }
        read
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        if written.is_pending() {
            this.connection.waits_to_write();
        } else {
            this.connection.has_written();
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
