//! Eight scales and eight minima of six bits in twelve bytes.

use bytemuck::{Pod, Zeroable};

/// Byte `j` holds scale `j` and byte `j + 4` minimum `j` for the first four; the last four bytes hold the low four bits of the
/// others, whose high two bits lie on top of the first eight bytes.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub(super) struct ScalesAndMins([u8; 12]);

impl ScalesAndMins {
    #[inline(always)]
    pub(super) fn new(scales: [u8; 8], mins: [u8; 8]) -> Self {
        let mut bytes = [0; 12];
        for j in 0..4 {
            bytes[j] = scales[j] | scales[j + 4] >> 4 << 6;
            bytes[j + 4] = mins[j] | mins[j + 4] >> 4 << 6;
            bytes[j + 8] = scales[j + 4] & 15 | mins[j + 4] << 4;
        }
        Self(bytes)
    }

    #[inline(always)]
    pub(super) fn scales(self) -> [u8; 8] {
        let bytes = self.0;
        std::array::from_fn(
            |j| if j < 4 { bytes[j] & 63 } else { bytes[j + 4] & 15 | bytes[j - 4] >> 6 << 4 },
        )
    }

    #[inline(always)]
    pub(super) fn mins(self) -> [u8; 8] {
        let bytes = self.0;
        std::array::from_fn(
            |j| if j < 4 { bytes[j + 4] & 63 } else { bytes[j + 4] >> 4 | bytes[j] >> 6 << 4 },
        )
    }
}
