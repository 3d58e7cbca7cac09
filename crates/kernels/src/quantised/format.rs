use std::fmt;

/// How a block of weights is laid out; the names are those of GGUF files.
///
/// `d` is a scale and `m` a minimum, both in half precision, `q` an integer code; `s` and `t` are the small integers that
/// scale `d` and `m` for a part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockFormat {
    /// 32 numbers `d · q` with `q` of eight bits, −128 to 127.
    Q8_0,
    /// 32 numbers `d · (q − 8)` with `q` of four bits.
    Q4_0,
    /// 32 numbers `d · q + m` with `q` of four bits.
    Q4_1,
    /// 32 numbers `d · (q − 16)` with `q` of five bits.
    Q5_0,
    /// 32 numbers `d · q + m` with `q` of five bits.
    Q5_1,
    /// 256 numbers `d · s · q − m · t` with `q` of two bits, and `s`, `t` of four bits for each 16 of them.
    Q2_K,
    /// 256 numbers `d · (s − 32) · (q − 4)` with `q` of three bits, and `s` of six bits for each 16 of them.
    Q3_K,
    /// 256 numbers `d · s · q − m · t` with `q` of four bits, and `s`, `t` of six bits for each 32 of them.
    Q4_K,
    /// 256 numbers `d · s · q − m · t` with `q` of five bits, and `s`, `t` of six bits for each 32 of them.
    Q5_K,
    /// 256 numbers `d · s · (q − 32)` with `q` of six bits, and `s` of eight bits, −128 to 127, for each 16 of them.
    Q6_K,
}

impl BlockFormat {
    /// Every format.
    pub const ALL: [Self; 10] = [
        Self::Q8_0,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q2_K,
        Self::Q3_K,
        Self::Q4_K,
        Self::Q5_K,
        Self::Q6_K,
    ];

    /// Numbers in a block: 32 or 256.
    pub const fn block_len(self) -> usize {
        match self {
            Self::Q8_0 | Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 => 32,
            Self::Q2_K | Self::Q3_K | Self::Q4_K | Self::Q5_K | Self::Q6_K => 256,
        }
    }

    /// Bytes of a block.
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::Q8_0 => 34,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q2_K => 84,
            Self::Q3_K => 110,
            Self::Q4_K => 144,
            Self::Q5_K => 176,
            Self::Q6_K => 210,
        }
    }

    /// Bytes of `len` numbers, or `None` if they do not fill whole blocks or need more bytes than can be counted.
    ///
    /// ```
    /// use autodidact_kernels::quantised::BlockFormat;
    ///
    /// assert_eq!(BlockFormat::Q4_K.bytes(2304), Some(1296));
    /// assert_eq!(BlockFormat::Q4_K.bytes(2305), None);
    /// ```
    pub const fn bytes(self, len: usize) -> Option<usize> {
        if len.is_multiple_of(self.block_len()) {
            (len / self.block_len()).checked_mul(self.block_bytes())
        } else {
            None
        }
    }

    /// The name in GGUF files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Q8_0 => "Q8_0",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q2_K => "Q2_K",
            Self::Q3_K => "Q3_K",
            Self::Q4_K => "Q4_K",
            Self::Q5_K => "Q5_K",
            Self::Q6_K => "Q6_K",
        }
    }
}

impl fmt::Display for BlockFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
