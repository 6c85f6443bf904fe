//! How many bytes of answers may wait in memory for clients that read them slowly: of one account, of one address, and of
//! all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use gih_domain::id::AccountId;

/// What a connection holds of an answer besides: what is handed to the server at once. Answers of this size are not
/// counted; a thousand of them are 16 MB.
const PIECE_BYTES: usize = 16 * 1024;
/// All that may wait: of the largest page that the API has, 128.
const ALL_BYTES: usize = 32 * 1024 * 1024;
/// The most for one account, and for one address.
const SHARE_BYTES: usize = ALL_BYTES / 4;

/// Whose answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reader {
    Account(AccountId),
    Address(IpAddr),
}

/// The bytes that wait.
#[derive(Default)]
pub(crate) struct Answers {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    all: usize,
    /// At most two entries for each answer that waits.
    by_reader: HashMap<Reader, usize>,
}

/// The bytes of one answer, counted until this is dropped.
struct Held {
    answers: Arc<Answers>,
    readers: Vec<Reader>,
    bytes: usize,
}

impl Answers {
    /// Counts an answer and hands it out in pieces; `None` when too much waits already and the request `may_be_refused`. What
    /// is small or not in memory is left as it is.
    pub(crate) fn bound(
        self: &Arc<Self>,
        body: BoxBody,
        account: Option<AccountId>,
        address: Option<IpAddr>,
        may_be_refused: bool,
    ) -> Option<BoxBody> {
        let bytes = match body.try_into_bytes() {
            Ok(bytes) => bytes,
            Err(body) => return Some(body),
        };
        if bytes.len() <= PIECE_BYTES {
            return Some(BoxBody::new(bytes));
        }
        let account = account.map(Reader::Account);
        let address = address.map(Reader::Address);
        let readers: Vec<Reader> = account.into_iter().chain(address).collect();
        let held = self.hold(bytes.len(), readers, may_be_refused)?;
        Some(BoxBody::new(Pieces { bytes, _held: held }))
    }

    fn hold(
        self: &Arc<Self>,
        bytes: usize,
        readers: Vec<Reader>,
        may_be_refused: bool,
    ) -> Option<Held> {
        let mut waiting = self.lock();
        let of = |reader| waiting.by_reader.get(reader).copied().unwrap_or(0);
        let has_room = waiting.all + bytes <= ALL_BYTES
            && readers
                .iter()
                .all(|reader| of(reader) + bytes <= SHARE_BYTES);
        if may_be_refused && !has_room {
            return None;
        }
        waiting.all += bytes;
        for reader in &readers {
            *waiting.by_reader.entry(*reader).or_default() += bytes;
        }
        Some(Held {
            answers: Arc::clone(self),
            readers,
            bytes,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut waiting = self.answers.lock();
        waiting.all -= self.bytes;
        for reader in &self.readers {
            if let Some(bytes) = waiting.by_reader.get_mut(reader) {
                *bytes -= self.bytes;
                if *bytes == 0 {
                    waiting.by_reader.remove(reader);
                }
            }
        }
    }
}

/// A body in pieces: the server copies what it is handed, and asks for more when that is written.
struct Pieces {
    bytes: Bytes,
    _held: Held,
}

impl MessageBody for Pieces {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.bytes.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(self.bytes.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A large answer to this account at this address.
    fn answer(answers: &Arc<Answers>, account: u128, address: u8) -> Option<BoxBody> {
        let body = BoxBody::new(Bytes::from(vec![b'x'; 256 * 1024]));
        let account = AccountId(uuid::Uuid::from_u128(account));
        let address = IpAddr::from([203, 0, 113, address]);
        answers.bound(body, Some(account), Some(address), true)
    }

    #[test]
    fn an_account_and_an_address_have_a_quarter_each_of_what_may_wait() {
        let answers = &Arc::new(Answers::default());
        let mut waiting: Vec<BoxBody> = Vec::new();
        for number in 0..32_u8 {
            waiting.push(answer(answers, 1, number).unwrap());
        }
        assert!(answer(answers, 1, 200).is_none());
        for number in 0..32_u8 {
            waiting.push(answer(answers, 10 + u128::from(number), 201).unwrap());
        }
        assert!(answer(answers, 2, 201).is_none());
        for number in 0..64_u8 {
            waiting.push(answer(answers, 100 + u128::from(number), number).unwrap());
        }
        assert!(answer(answers, 3, 250).is_none(), "all is taken");
        // What a request has done is told all the same.
        let told = BoxBody::new(Bytes::from(vec![b'x'; 256 * 1024]));
        waiting.extend(answers.bound(told, None, None, false));
        assert_eq!(waiting.len(), 129);
        // Small ones are as they were.
        let small = BoxBody::new(Bytes::from_static(b"{}"));
        assert!(answers.bound(small, None, None, true).is_some());
        drop(waiting);
        assert!(answer(answers, 1, 201).is_some());
        assert!(answers.lock().by_reader.is_empty());
    }

    #[test]
    fn a_body_comes_whole_in_pieces() {
        let answers = Arc::new(Answers::default());
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let body = BoxBody::new(Bytes::from(text.clone()));
        let mut body = answers.bound(body, None, None, true).unwrap();
        assert_eq!(body.size(), BodySize::Sized(text.len() as u64));
        let mut context = Context::from_waker(futures_util::task::noop_waker_ref());
        let mut came = Vec::new();
        while let Poll::Ready(Some(piece)) = Pin::new(&mut body).poll_next(&mut context) {
            let piece = piece.unwrap();
            assert!(piece.len() <= PIECE_BYTES);
            came.extend_from_slice(&piece);
        }
        assert!(came == text);
    }
}
