//! How many bits the operands of products have.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

thread_local! {
    static CURRENT: Cell<Precision> = const { Cell::new(Precision::F32) };
}

/// Element type of what convolutions and linear layers multiply.
///
/// On the CPU, activations and their gradients between a first convolution and the average over positions are of that type
/// in memory as well. Everything else stays in f32: sums over batches and channels, the arithmetic of normalisation, features, losses, and the weights that the
/// optimizer and the target network's average move (a step of `1e-3` of a weight would be lost in 8 bits).
/// Outside of every [`Precision::scope`] it is [`Precision::F32`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Operands as they come: 32 bits, and 64 for networks in f64.
    #[default]
    F32,
    /// Operands, or what a faster algorithm multiplies in their place, rounded to bfloat16 (8 bits of precision, the exponents of f32), in backward passes too. Sums have 32 bits
    /// always; what devices other than the CPU make of them, and linear layers everywhere, is rounded to bfloat16 again.
    Bf16,
}

impl Precision {
    /// The precision of the innermost scope on this thread.
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// Runs `work` in this precision, on this thread. A backward pass has that of its forward pass.
    ///
    /// ```
    /// use autodidact_nn::{Linear, Precision};
    /// use burn::tensor::{Device, Tensor};
    /// use rand::SeedableRng;
    ///
    /// let device = Device::flex();
    /// let layer = Linear::new([1, 1], false, false, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1), &device);
    /// let x = Tensor::<2>::from_floats([[1.0 + 1.0 / 1024.0]], &device);
    /// let one = Tensor::<2>::from_floats([[1.0]], &device);
    /// let difference = |x, y| (layer.forward(x) - layer.forward(y)).abs().into_scalar::<f32>();
    /// assert!(difference(x.clone(), one.clone()) > 0.0);
    /// assert_eq!(Precision::Bf16.scope(|| difference(x, one)), 0.0);
    /// ```
    pub fn scope<T>(self, work: impl FnOnce() -> T) -> T {
        // Restores on unwinding as well.
        struct Restore(Precision);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(self));
        work()
    }
}

/// The precision of a training run, as its configuration names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrecisionConfig {
    /// [`Precision::F32`] on the CPU, [`Precision::Bf16`] on other devices.
    #[default]
    Auto,
    /// [`Precision::F32`] everywhere.
    F32,
    /// [`Precision::Bf16`] everywhere.
    Bf16,
}

impl PrecisionConfig {
    /// The precision on this device.
    ///
    /// ```
    /// use autodidact_nn::{Precision, PrecisionConfig};
    /// use burn::tensor::Device;
    /// assert_eq!(PrecisionConfig::Auto.on(&Device::flex()), Precision::F32);
    /// assert_eq!(PrecisionConfig::Auto.on(&Device::flex().autodiff()), Precision::F32);
    /// assert_eq!(PrecisionConfig::Bf16.on(&Device::flex()), Precision::Bf16);
    /// ```
    pub fn on(self, device: &Device) -> Precision {
        let is_cpu = || device.clone().without_autodiff() == Device::flex();
        match self {
            Self::F32 => Precision::F32,
            Self::Auto if is_cpu() => Precision::F32,
            Self::Auto | Self::Bf16 => Precision::Bf16,
        }
    }
}

/// A precision of another name.
#[derive(Debug, thiserror::Error)]
#[error("unknown precision `{0}`; there are `auto`, `f32` and `bf16`")]
pub struct UnknownPrecision(String);

impl FromStr for PrecisionConfig {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Auto, Self::F32, Self::Bf16]
            .into_iter()
            .find(|precision| precision.to_string() == name)
            .ok_or_else(|| UnknownPrecision(name.to_owned()))
    }
}

impl fmt::Display for PrecisionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        })
    }
}
