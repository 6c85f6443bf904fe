//! Random letters and digits, for secrets of every kind.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How many random bytes [`draw`] wants: enough for any secret here, with plenty to pass over.
pub(crate) const RANDOM_BYTES: usize = 64;

/// `chars` characters from random bytes; at most 64.
///
/// Bytes of 248 and above are passed over, so that every character is equally likely (248 = 4 × 62); of 64 bytes fewer
/// than 43 would remain once in 10^20 tries, and then the rest is drawn from what there is.
pub(crate) fn draw(random: &[u8; RANDOM_BYTES], chars: usize) -> String {
    let unbiased = random.iter().filter(|&&byte| byte < 248);
    unbiased
        .chain(random)
        .take(chars)
        .map(|&byte| digit(u32::from(byte)))
        .collect()
}

/// The character of a number's last base-62 digit.
pub(crate) fn digit(number: u32) -> char {
    char::from(ALPHABET[(number % 62) as usize])
}
