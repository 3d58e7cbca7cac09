//! What the timing programs share.

/// Peak resident memory of this process, where the system tells.
pub fn peak_mebibytes() -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .map_or(f64::NAN, |kibibytes| kibibytes / 1024.0)
}
