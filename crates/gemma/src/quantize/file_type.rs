use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// Which types the tensors of a GGUF file have, under the names that they go by.
///
/// ```
/// use autodidact_gemma::quantize::FileType;
///
/// assert_eq!("q4_k_m".parse::<FileType>()?, FileType::Q4_K_M);
/// assert!("Q4_K_XXL".parse::<FileType>().is_err());
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
#[allow(non_camel_case_types)] // The names are the format's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileType {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// bfloat16.
    BF16,
    /// 8.5 bits a weight.
    Q8_0,
    /// 4.5 bits a weight, the table of embeddings in `Q6_K`.
    Q4_0,
    /// 5 bits a weight, the table of embeddings in `Q6_K`.
    Q4_1,
    /// 5.5 bits a weight, the table of embeddings in `Q6_K`.
    Q5_0,
    /// 6 bits a weight, the table of embeddings in `Q6_K`.
    Q5_1,
    /// `Q2_K`, with `Q3_K` for values (`Q4_K` where four heads or more share them) and outputs of attention and of the feed-forward
    /// part.
    Q2_K,
    /// `Q3_K`, with `Q4_K` and `Q5_K` for values, outputs of attention and the feed-forward part.
    Q3_K_M,
    /// `Q4_K`, with `Q5_K` for values and outputs of the feed-forward part of the first layers.
    Q4_K_S,
    /// `Q4_K`, with `Q6_K` for values and outputs of the feed-forward part of about half of the layers.
    Q4_K_M,
    /// `Q5_K`.
    Q5_K_S,
    /// `Q5_K`, with `Q6_K` where [`Q4_K_M`](Self::Q4_K_M) has it.
    Q5_K_M,
    /// `Q6_K`.
    Q6_K,
}

impl FileType {
    /// Every type.
    pub const ALL: [Self; 15] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q8_0,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q2_K,
        Self::Q3_K_M,
        Self::Q4_K_S,
        Self::Q4_K_M,
        Self::Q5_K_S,
        Self::Q5_K_M,
        Self::Q6_K,
    ];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q2_K => "Q2_K",
            Self::Q3_K_M => "Q3_K_M",
            Self::Q4_K_S => "Q4_K_S",
            Self::Q4_K_M => "Q4_K_M",
            Self::Q5_K_S => "Q5_K_S",
            Self::Q5_K_M => "Q5_K_M",
            Self::Q6_K => "Q6_K",
        }
    }

    /// `general.file_type`.
    pub const fn number(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q4_1 => 3,
            Self::Q8_0 => 7,
            Self::Q5_0 => 8,
            Self::Q5_1 => 9,
            Self::Q2_K => 10,
            Self::Q3_K_M => 12,
            Self::Q4_K_S => 14,
            Self::Q4_K_M => 15,
            Self::Q5_K_S => 16,
            Self::Q5_K_M => 17,
            Self::Q6_K => 18,
            Self::BF16 => 32,
        }
    }
}

impl FromStr for FileType {
    type Err = Error;

    /// In letters of either case; `Q4_K` and `Q5_K` mean the medium ones, `Q3_K` too.
    fn from_str(text: &str) -> Result<Self> {
        let mut name = text.to_ascii_uppercase();
        if matches!(name.as_str(), "Q3_K" | "Q4_K" | "Q5_K") {
            name += "_M";
        }
        let found = Self::ALL.into_iter().find(|file_type| file_type.name() == name);
        found.ok_or_else(|| Error::Unknown {
            what: "file type",
            name: text.into(),
            expected: Self::ALL.map(Self::name).join(", "),
        })
    }
}

impl fmt::Display for FileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
