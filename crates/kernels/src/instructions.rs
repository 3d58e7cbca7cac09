//! Which vector instructions the kernels use: the best that the machine has and its user allows.

use crate::amx::{self, Tiles};
use std::sync::LazyLock;

/// Instruction sets in the order of their speed; each includes those before it.
///
/// On other processors than x86-64, everything above [`Portable`](Self::Portable) means what the processor has (NEON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instructions {
    /// Plain code, one number at a time.
    Portable,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX-512 (F, BW, CD, DQ, VL).
    Avx512,
    /// AVX-512 with dot products of pairs of bfloat16.
    Bf16,
    /// The tile registers of AMX, for bfloat16.
    Amx,
}

/// What was chosen, once.
static CHOICE: LazyLock<Choice> =
    LazyLock::new(|| choose(Instructions::limit().ok().flatten(), &Machine::this()));

struct Choice {
    used: Instructions,
    notice: Option<String>,
}

impl Instructions {
    /// The environment variable that names the best instructions to use: `portable`, `avx2`, `avx512`, `bf16` or `amx`.
    pub const VARIABLE: &'static str = "AUTODIDACT_INSTRUCTIONS";

    const NAMES: [(Self, &'static str); 5] = [
        (Self::Portable, "portable"),
        (Self::Avx2, "avx2"),
        (Self::Avx512, "avx512"),
        (Self::Bf16, "bf16"),
        (Self::Amx, "amx"),
    ];

    /// The ones in use. They are chosen once in a process.
    pub fn used() -> Self {
        CHOICE.used
    }

    /// What a user should hear about the choice, if anything: that the system refused instructions that the machine has.
    pub fn notice() -> Option<&'static str> {
        CHOICE.notice.as_deref()
    }

    /// The limit that [`Instructions::VARIABLE`] sets.
    ///
    /// # Errors
    /// A sentence, if the variable has a value that names no instructions; the kernels then know no limit.
    pub fn limit() -> Result<Option<Self>, String> {
        match std::env::var_os(Self::VARIABLE) {
            None => Ok(None),
            Some(value) => Self::named(&value.to_string_lossy()).map(Some),
        }
    }

    fn named(name: &str) -> Result<Self, String> {
        let found =
            Self::NAMES.iter().find(|(_, known)| *known == name).map(|&(instructions, _)| instructions);
        found.ok_or_else(|| {
            let known = Self::NAMES.map(|(_, name)| name).join(", ");
            format!("`{}` is `{name}`, expected one of {known}", Self::VARIABLE)
        })
    }

    /// The name that [`Instructions::VARIABLE`] has for them.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }
}

/// What the processor has and the system allows.
#[derive(Clone, Copy, Debug)]
struct Machine {
    avx2: bool,
    avx512: bool,
    bf16: bool,
    /// Asks for the tiles, which a system grants or refuses.
    tiles: fn() -> Tiles,
}

impl Machine {
    #[cfg(target_arch = "x86_64")]
    fn this() -> Self {
        Self {
            avx2: pulp::x86::V3::try_new().is_some(),
            avx512: pulp::x86::V4::try_new().is_some(),
            bf16: std::is_x86_feature_detected!("avx512bf16"),
            tiles: amx::request,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn this() -> Self {
        Self { avx2: true, avx512: false, bf16: false, tiles: amx::request }
    }
}

fn choose(limit: Option<Instructions>, machine: &Machine) -> Choice {
    let limit = limit.unwrap_or(Instructions::Amx);
    let mut used = Instructions::Portable;
    let mut notice = None;
    for (next, has) in [
        (Instructions::Avx2, machine.avx2),
        (Instructions::Avx512, machine.avx512),
        (Instructions::Bf16, machine.bf16),
    ] {
        if !has || next > limit {
            return Choice { used, notice };
        }
        used = next;
    }
    if limit == Instructions::Amx {
        match (machine.tiles)() {
            Tiles::Granted => used = Instructions::Amx,
            Tiles::Absent => {}
            Tiles::Refused { code } => {
                notice = Some(format!(
                    "the system refused the use of the AMX tile registers (error {code}); products of bfloat16 use AVX-512"
                ));
            }
        }
    }
    Choice { used, notice }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Machine = Machine { avx2: true, avx512: true, bf16: true, tiles: || Tiles::Granted };

    #[test]
    fn the_best_that_is_there_and_allowed_is_used() {
        use Instructions::{Amx, Avx2, Avx512, Bf16, Portable};
        for limit in [Portable, Avx2, Avx512, Bf16, Amx] {
            assert_eq!(choose(Some(limit), &ALL).used, limit);
        }
        assert_eq!(choose(None, &ALL).used, Amx);
        let without = |machine: Machine| choose(None, &machine).used;
        assert_eq!(without(Machine { tiles: || Tiles::Absent, ..ALL }), Bf16);
        assert_eq!(without(Machine { bf16: false, ..ALL }), Avx512);
        assert_eq!(without(Machine { avx512: false, ..ALL }), Avx2);
        assert_eq!(without(Machine { avx2: false, ..ALL }), Portable);
    }

    #[test]
    fn a_refusal_is_told_and_the_next_best_used() {
        let refused = Machine { tiles: || Tiles::Refused { code: 1 }, ..ALL };
        let Choice { used, notice } = choose(None, &refused);
        assert_eq!(used, Instructions::Bf16);
        assert!(notice.expect("a notice").contains("refused"));
        assert!(choose(Some(Instructions::Bf16), &refused).notice.is_none(), "they were not asked for");
    }

    #[test]
    fn names_are_understood_and_others_refused_with_a_list() {
        for (instructions, name) in Instructions::NAMES {
            assert_eq!((Instructions::named(name), instructions.name()), (Ok(instructions), name));
        }
        let error = Instructions::named("sse").expect_err("no such name");
        assert!(error.contains("`sse`") && error.contains("portable, avx2, avx512, bf16, amx"), "{error}");
    }
}
