//! Numbers that look random and follow from a text.

/// A sequence of numbers, the same for the same start on every machine.
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of a text and a number: FNV-1a over both.
    pub(crate) fn of(text: &str, number: u8) -> Self {
        let hash = text
            .bytes()
            .chain([0xff, number])
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self(hash)
    }

    /// The next number (`SplitMix64`).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// From `low` to `high`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        // 16 bits are plenty for a place in a picture, and exact in an f32.
        let [first, second, ..] = self.next().to_be_bytes();
        let unit = f32::from(u16::from_be_bytes([first, second])) / 65536.0;
        low + (high - low) * unit
    }

    /// One of `choices`; the first when there are none to choose from is the caller's to exclude.
    pub(crate) fn choose<T: Copy, const N: usize>(&mut self, choices: &[T; N]) -> T {
        let index = usize::try_from(self.next() >> 32).unwrap_or(0) % N;
        choices[index]
    }
}
