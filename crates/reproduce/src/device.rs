//! Devices by name.

use autodidact_represent::burn::tensor::Device;

/// A device that this build does not have.
#[derive(Debug, thiserror::Error)]
#[error("unknown device `{name}`; this build knows {known}{hint}")]
pub struct DeviceError {
    name: String,
    known: &'static str,
    hint: &'static str,
}

/// The device of this name: `cpu`, and `cuda` in builds with that feature.
///
/// # Errors
/// [`DeviceError`] for any other name.
pub fn device(name: &str) -> Result<Device, DeviceError> {
    match name {
        "cpu" => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(0)),
        _ => Err(DeviceError {
            name: name.to_owned(),
            known: if cfg!(feature = "cuda") { "`cpu` and `cuda`" } else { "`cpu`" },
            hint: if cfg!(feature = "cuda") { "" } else { "; build with `--features cuda` for NVIDIA GPUs" },
        }),
    }
}
