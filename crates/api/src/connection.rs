//! What one connection is doing, and whether its client is too slow.
//!
//! The server's own timers see the first head of a connection and its idle time. Everything else that a client can
//! draw out is seen here: the stream below the server tells what comes and goes, [`observe`](crate::observe) above it
//! tells when requests begin and end, and whoever keeps the connection asks [`Connection::look`].
//!
//! One thread has it all, hence cells and no locks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

/// How long a connection may take to send a whole request head, from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The first head's time begins with the connection, and the server answers 408 when it is over; this much later the
/// connection is ended, should that answer not have done it.
const ANSWER_GRACE: Duration = Duration::from_secs(1);
/// How long an idle connection is kept for the next request: longer than common proxies keep theirs idle (60 s), so
/// that it is they who close, and no request meets a closing connection.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Idle connections are closed by the server itself; this much later those that it does not take for idle, because an
/// unfinished head came together with the request before.
const IDLE_TIMEOUT: Duration = Duration::from_secs(80);
/// How long the rest of a body that nobody reads may still come once its request is answered.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take nothing of what waits to be written to it. A client that reads slowly and steadily frees
/// room in steps: its system tells of a sixteenth of its buffer at a time, 384 KiB of the 6 MiB that Linux lets it grow
/// to, which at 16 KiB a second is 24 s.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);
/// How often a connection is looked at that has nothing due: well under every timeout, as what begins meanwhile must
/// not be seen too late.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How many bytes of requests are read at once, and how many more while those are being answered; the rest waits with its
/// sender. Small, because the server takes apart at once what it has, and a request that waits for its turn takes 7 KiB of
/// memory for as few as 25 bytes: 40 of them are 280 KiB. Of a longer head it gets the next piece at once.
const READ_AHEAD_BYTES: usize = 512;
/// How many bytes are read of a body, and of what may follow it, before somebody asks for more of it. What is fed to the
/// body pauses at 32 KiB by itself; what comes in small chunks takes many times its size, too.
const BODY_AHEAD_BYTES: usize = 64 * 1024;
/// How many bytes of a body the server gets before it must look at them, and at others. It would read 128 KiB first.
const BODY_BURST_BYTES: usize = 16 * 1024;

/// Why a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slow {
    /// The head of a request did not come to its end.
    Head,
    /// No request came.
    Idle,
    /// A request was answered, and the rest of its body did not come to its end.
    Body,
    /// The answer was not taken.
    Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// There is none, or all of it has come.
    Whole,
    /// Somebody reads it.
    Coming,
    /// There is more of it, and nobody will read it.
    Unread,
}

/// The state of a connection.
#[derive(Debug)]
pub struct Connection {
    /// Requests whose handling has begun and whose answer is not written yet: at most one, as HTTP/1 has its order.
    in_flight: Cell<u32>,
    body: Cell<Body>,
    idle_since: Cell<Instant>,
    /// When the first byte came that no request in flight can be meant with.
    head_since: Cell<Option<Instant>>,
    /// Since when the client has taken nothing, while something waits for it.
    write_since: Cell<Option<Instant>>,
    /// Came since the handling of the last request began, and is not its body.
    read_ahead_bytes: Cell<usize>,
    /// Came since nothing was in flight, or since more of a body was asked for: what the server may hold.
    held_bytes: Cell<usize>,
    reader: RefCell<Option<Waker>>,
}

impl Default for Connection {
    /// One that has just come about.
    fn default() -> Self {
        let now = Instant::now();
        Self {
            in_flight: Cell::new(0),
            body: Cell::new(Body::Whole),
            idle_since: Cell::new(now),
            head_since: Cell::new(Some(now + ANSWER_GRACE)),
            write_since: Cell::new(None),
            read_ahead_bytes: Cell::new(0),
            held_bytes: Cell::new(0),
            reader: RefCell::new(None),
        }
    }
}

impl Connection {
    /// When to look again, or why the connection must be ended.
    pub fn look(&self, now: Instant) -> Result<Instant, Slow> {
        let is_idle = self.in_flight.get() == 0;
        let idle = match (is_idle, self.body.get(), self.head_since.get()) {
            (false, ..) => None, // the handler looks after itself: what it reads of a client has its own timeouts
            (true, Body::Unread, _) => Some((self.idle_since.get(), UNREAD_TIMEOUT, Slow::Body)),
            (true, _, Some(since)) => Some((since, HEAD_TIMEOUT, Slow::Head)),
            (true, _, None) => Some((self.idle_since.get(), IDLE_TIMEOUT, Slow::Idle)),
        };
        let writing = self.write_since.get();
        let writing = writing.map(|since| (since, WRITE_TIMEOUT, Slow::Answer));
        let mut next = now + LOOK_EVERY;
        for (since, timeout, why) in [idle, writing].into_iter().flatten() {
            let due = since + timeout;
            if due <= now {
                return Err(why);
            }
            next = next.min(due);
        }
        Ok(next)
    }

    /// How many bytes may be read now. After 0, [`wait_to_read`](Self::wait_to_read) is told when it has changed.
    pub fn readable_bytes(&self) -> usize {
        let most = match (self.body.get(), self.in_flight.get()) {
            (Body::Coming, _) => BODY_AHEAD_BYTES,
            // Who does not take the answers there are gets no more of them.
            _ if self.write_since.get().is_some() => 0,
            (_, 0) => return usize::MAX, // nothing is held
            _ => READ_AHEAD_BYTES,
        };
        most.saturating_sub(self.held_bytes.get())
    }

    /// How many bytes the server may be given before it must look at them.
    pub fn burst_bytes(&self) -> usize {
        if self.body.get() == Body::Coming {
            BODY_BURST_BYTES
        } else {
            READ_AHEAD_BYTES
        }
    }

    /// Wakes it when more may be read.
    pub fn wait_to_read(&self, reader: &Waker) {
        self.reader.replace(Some(reader.clone()));
    }

    /// So many bytes came.
    pub fn has_read(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        if self.in_flight.get() == 0 {
            let since = self.head_since.get().unwrap_or_else(Instant::now);
            self.head_since.set(Some(since));
            self.held_bytes.set(0);
            return;
        }
        let held = self.held_bytes.get();
        self.held_bytes.set(held.saturating_add(bytes));
        if self.body.get() != Body::Coming {
            let ahead = self.read_ahead_bytes.get();
            self.read_ahead_bytes.set(ahead.saturating_add(bytes));
        }
    }

    /// The client has taken something, or nothing waits for it any more.
    pub fn has_written(&self) {
        if self.write_since.take().is_some() {
            self.wake_reader();
        }
    }

    /// Something waits for the client to take it.
    pub fn waits_to_write(&self) {
        let since = self.write_since.get().unwrap_or_else(Instant::now);
        self.write_since.set(Some(since));
    }

    /// The handling of a request begins.
    pub(crate) fn begin(self: &Rc<Self>, has_body: bool) -> InFlight {
        self.in_flight.set(self.in_flight.get() + 1);
        self.head_since.set(None);
        self.read_ahead_bytes.set(0);
        if has_body {
            self.body.set(Body::Coming);
            self.wake_reader();
        } else {
            self.body.set(Body::Whole);
        }
        InFlight(Rc::clone(self))
    }

    fn end(&self) {
        self.in_flight.set(self.in_flight.get().saturating_sub(1));
        let now = Instant::now();
        self.idle_since.set(now);
        // What was read ahead and becomes no request in time is the beginning of one.
        let is_ahead = self.read_ahead_bytes.replace(0) > 0;
        self.head_since.set(is_ahead.then_some(now));
        self.wake_reader();
    }

    fn wake_reader(&self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// A request in flight, until its answer is written or given up.
pub(crate) struct InFlight(Rc<Connection>);

impl InFlight {
    /// Somebody asks for more of the body.
    pub(crate) fn body_is_wanted(&self) {
        if self.0.held_bytes.replace(0) >= BODY_AHEAD_BYTES {
            self.0.wake_reader();
        }
    }

    /// The body has come to its end.
    pub(crate) fn body_is_whole(&self) {
        self.0.body.set(Body::Whole);
    }

    /// The body has been dropped before its end.
    pub(crate) fn body_is_unread(&self) {
        self.0.body.set(Body::Unread);
    }

    /// Whether there is more of the body than was read.
    pub(crate) fn has_unread_body(&self) -> bool {
        self.0.body.get() != Body::Whole
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(connection: &Connection, seconds: u64) -> Option<Slow> {
        let then = Instant::now() + Duration::from_secs(seconds);
        connection.look(then).err()
    }

    #[test]
    fn a_head_has_its_time_from_its_first_byte() {
        let connection = Rc::new(Connection::default());
        assert_eq!(after(&connection, 14), None);
        assert_eq!(after(&connection, 17), Some(Slow::Head));
        connection.has_read(1); // a byte more changes nothing
        assert_eq!(after(&connection, 17), Some(Slow::Head));

        drop(connection.begin(false));
        assert_eq!(after(&connection, 60), None, "it is idle");
        assert_eq!(after(&connection, 81), Some(Slow::Idle));
        connection.has_read(1);
        assert_eq!(after(&connection, 14), None);
        assert_eq!(after(&connection, 16), Some(Slow::Head));
    }

    #[test]
    fn the_beginning_of_a_head_may_come_while_another_request_is_answered() {
        let connection = Rc::new(Connection::default());
        let in_flight = connection.begin(false);
        connection.has_read(1);
        assert_eq!(after(&connection, 1_000), None);
        drop(in_flight);
        assert_eq!(after(&connection, 16), Some(Slow::Head));
    }

    #[test]
    fn a_request_in_flight_takes_as_long_as_it_does_unless_its_answer_is_not_taken() {
        let connection = Rc::new(Connection::default());
        let _in_flight = connection.begin(true);
        connection.has_read(1_000_000);
        assert_eq!(after(&connection, 1_000), None);
        connection.waits_to_write();
        assert_eq!(after(&connection, 59), None);
        assert_eq!(after(&connection, 61), Some(Slow::Answer));
        connection.has_written();
        assert_eq!(after(&connection, 1_000), None);
    }

    #[test]
    fn the_rest_of_an_unread_body_has_its_time_however_it_comes() {
        let connection = Rc::new(Connection::default());
        let in_flight = connection.begin(true);
        in_flight.body_is_unread();
        assert!(in_flight.has_unread_body());
        assert_eq!(after(&connection, 1_000), None);
        drop(in_flight);
        connection.has_read(1_000);
        assert_eq!(after(&connection, 9), None);
        assert_eq!(after(&connection, 11), Some(Slow::Body));
    }

    #[test]
    fn what_comes_ahead_of_its_turn_is_bounded() {
        let connection = Rc::new(Connection::default());
        connection.has_read(READ_AHEAD_BYTES);
        let in_flight = connection.begin(false);
        connection.has_read(READ_AHEAD_BYTES - 1);
        assert_eq!(connection.readable_bytes(), 1);
        connection.has_read(1);
        assert_eq!(connection.readable_bytes(), 0);
        // The next of those that are held is no reason to read more.
        drop(in_flight);
        let in_flight = connection.begin(false);
        assert_eq!(connection.readable_bytes(), 0);
        drop(in_flight);
        assert_eq!(connection.readable_bytes(), usize::MAX);
        connection.waits_to_write();
        assert_eq!(connection.readable_bytes(), 0, "answers are not taken");
        connection.has_written();
        assert_eq!(connection.readable_bytes(), usize::MAX);
    }

    #[test]
    fn a_body_comes_as_it_is_wanted() {
        let connection = Rc::new(Connection::default());
        let in_flight = connection.begin(true);
        connection.waits_to_write(); // as 100 Continue may
        connection.has_read(BODY_AHEAD_BYTES);
        assert_eq!(connection.readable_bytes(), 0);
        in_flight.body_is_wanted();
        assert_eq!(connection.readable_bytes(), BODY_AHEAD_BYTES);
        connection.has_read(READ_AHEAD_BYTES);
        in_flight.body_is_whole();
        connection.has_written();
        assert_eq!(connection.readable_bytes(), 0);
    }
}
