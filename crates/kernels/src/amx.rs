//! The tile registers of AMX: whether there are any, and the system's permission to use them.

// The system is asked by a call that Rust's libraries do not have.
#![allow(unsafe_code)]

use crate::instructions::Instructions;

#[cfg(target_arch = "x86_64")]
pub(crate) mod shifted;
#[cfg(target_arch = "x86_64")]
pub(crate) mod tiles;

/// Whether tiles can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tiles {
    /// By this process and its threads.
    Granted,
    /// The processor, or the system, has none.
    Absent,
    /// The system's error code.
    Refused { code: i32 },
}

/// Whether products of pairs use tiles.
pub(crate) fn in_use() -> bool {
    Instructions::used() == Instructions::Amx
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub(crate) fn request() -> Tiles {
    Tiles::Absent
}

/// Looks for tiles with products of bfloat16, and asks Linux for the permission that their first use needs.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) fn request() -> Tiles {
    use std::arch::asm;
    use std::arch::x86_64::__cpuid_count;

    const BF16: u32 = 1 << 22;
    const TILE: u32 = 1 << 24;
    /// `arch_prctl` of the system's table of calls, and two of its requests.
    const ARCH_PRCTL: isize = 158;
    const ARCH_GET_XCOMP_SUPP: usize = 0x1021;
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
    /// The number of the tiles' data among the parts of a thread's state.
    const XFEATURE_XTILEDATA: usize = 18;

    let arch_prctl = |request: usize, argument: usize| -> isize {
        let mut result = ARCH_PRCTL;
        // SAFETY: a call of the system; the requests below read their argument or write eight bytes where it points.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") result,
                in("rdi") request,
                in("rsi") argument,
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack),
            );
        }
        result
    };

    let features = __cpuid_count(7, 0).edx;
    if features & BF16 == 0 || features & TILE == 0 {
        return Tiles::Absent;
    }
    let mut supported = 0u64;
    let result = arch_prctl(ARCH_GET_XCOMP_SUPP, &raw mut supported as usize);
    if result != 0 || supported & (1 << XFEATURE_XTILEDATA) == 0 {
        return Tiles::Absent;
    }
    match arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) {
        0 => Tiles::Granted,
        error => Tiles::Refused { code: -error as i32 },
    }
}
