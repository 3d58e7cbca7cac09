//! Axes: what range they show, where their ticks are and how those are written.

/// Values from here on are not shown, so that the length of an axis is a number.
const LARGEST: f64 = 1e300;

/// A value axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
}

/// A tick with its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

impl Axis {
    /// The axis that shows all finite values (on a logarithmic one: all above zero), or none if there are no such.
    pub(super) fn fit(values: impl IntoIterator<Item = f64>, is_log: bool) -> Option<Self> {
        let shown = values.into_iter().filter(|value| value.abs() < LARGEST && (!is_log || *value > 0.0));
        let (low, high) = shown
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return None;
        }
        let (low, high) = if is_log { (low.log10(), high.log10()) } else { (low, high) };
        // What is one value, up to rounding, stands in the middle of a range of its own size.
        let size = low.abs().max(high.abs());
        let half = match () {
            () if high - low > size * 1e-9 => 0.0,
            () if size == 0.0 || is_log => 0.5,
            () => (size * 0.05).max(f64::MIN_POSITIVE),
        };
        Some(Self { low: low - half, high: high + half, is_log })
    }

    /// The same with room of `fraction` of its length at both ends; a range that starts or ends at zero stays there.
    pub(super) fn padded(mut self, fraction: f64) -> Self {
        let room = (self.high - self.low) * fraction;
        let keeps = |end: f64| end == 0.0 && !self.is_log;
        let (low, high) = (self.low, self.high);
        self.low = if keeps(low) { low } else { low - room };
        self.high = if keeps(high) { high } else { high + room };
        self
    }

    /// Where a value lies: 0 at the low end, 1 at the high end; none if the axis cannot show it.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let value = if self.is_log { value.log10() } else { value };
        let place = (value - self.low) / (self.high - self.low);
        // Beyond the ends lies only what `fit` has left out; the rest is rounding.
        (-1e-6..=1.0 + 1e-6).contains(&place).then_some(place)
    }

    /// About `count` ticks at round values.
    pub(super) fn ticks(&self, count: usize) -> Vec<Tick> {
        if self.is_log { self.log_ticks(count) } else { self.linear_ticks(count) }
    }

    fn linear_ticks(&self, count: usize) -> Vec<Tick> {
        let step = round_step((self.high - self.low) / count.max(1) as f64);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let tolerance = step * 1e-9;
        let first = ((self.low - tolerance) / step).ceil() as i64;
        let last = ((self.high + tolerance) / step).floor() as i64;
        let largest = self.low.abs().max(self.high.abs());
        (first..=last)
            .map(|index| {
                let value = index as f64 * step;
                Tick { value, label: linear_label(value, step, decimals, largest) }
            })
            .collect()
    }

    fn log_ticks(&self, count: usize) -> Vec<Tick> {
        let decades = self.high - self.low;
        let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
        // Within a decade or two the powers of ten alone are too few.
        let factors: &[f64] = if decades < 1.2 {
            &[1.0, 2.0, 3.0, 5.0]
        } else if decades < 2.5 {
            &[1.0, 3.0]
        } else {
            &[1.0]
        };
        let stride = ((decades / count.max(1) as f64).ceil() as usize).max(1);
        let mut ticks = Vec::new();
        for exponent in (first..=last).step_by(stride) {
            for factor in factors {
                let value = factor * 10_f64.powi(exponent);
                let place = value.log10();
                if place >= self.low - 1e-9 && place <= self.high + 1e-9 {
                    ticks.push(Tick { value, label: log_label(*factor, exponent) });
                }
            }
        }
        ticks
    }
}

/// The one of 1, 2, 5 × 10ⁿ that is nearest to `step` as a ratio.
fn round_step(step: f64) -> f64 {
    let magnitude = 10_f64.powf(step.log10().floor());
    let factor = match step / magnitude {
        ratio if ratio < 2_f64.sqrt() => 1.0,
        ratio if ratio < 10_f64.sqrt() => 2.0,
        ratio if ratio < 50_f64.sqrt() => 5.0,
        _ => 10.0,
    };
    factor * magnitude
}

fn linear_label(value: f64, step: f64, decimals: usize, largest: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (divisor, suffix) = match largest {
        size if size >= 1e9 => (1e9, "G"),
        size if size >= 1e6 => (1e6, "M"),
        size if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    if divisor > 1.0 {
        let decimals = (-(step / divisor).log10().floor()).clamp(0.0, 6.0) as usize;
        return format!("{}{suffix}", minus(&format!("{:.decimals$}", value / divisor)));
    }
    if decimals > 5 { minus(&format!("{value:.1e}")) } else { minus(&format!("{value:.decimals$}")) }
}

fn log_label(factor: f64, exponent: i32) -> String {
    match exponent {
        -4..=3 => {
            let decimals = usize::try_from(-exponent).unwrap_or(0);
            format!("{:.decimals$}", factor * 10_f64.powi(exponent))
        }
        4..=5 => format!("{}k", factor * 10_f64.powi(exponent - 3)),
        6..=8 => format!("{}M", factor * 10_f64.powi(exponent - 6)),
        _ => minus(&format!("{factor}e{exponent}")),
    }
}

/// With the typographic minus sign.
pub(super) fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: [f64; 2], is_log: bool, count: usize) -> Vec<String> {
        let axis = Axis::fit(values, is_log).unwrap();
        axis.ticks(count).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_and_within_the_range() {
        assert_eq!(labels([3.0, 97.0], false, 5), ["20", "40", "60", "80"]);
        assert_eq!(labels([0.0, 1.0], false, 5), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels([-0.03, 0.01], false, 4), ["−0.03", "−0.02", "−0.01", "0", "0.01"]);
        assert_eq!(labels([0.0, 40_000.0], false, 4), ["0", "10k", "20k", "30k", "40k"]);
        assert_eq!(labels([0.0, 2_000_000.0], false, 4), ["0", "0.5M", "1.0M", "1.5M", "2.0M"]);
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten_or_finer_in_a_short_range() {
        assert_eq!(labels([1e-3, 1e3], true, 7), ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]);
        assert_eq!(labels([2.0, 9.0], true, 5), ["2", "3", "5"]);
        assert_eq!(labels([1e-8, 1e-4], true, 5), ["1e−8", "1e−7", "1e−6", "1e−5", "0.0001"]);
        assert_eq!(labels([1e3, 1e6], true, 5), ["1000", "10k", "100k", "1M"]);
    }

    #[test]
    fn what_cannot_be_shown_is_left_out() {
        assert_eq!(Axis::fit([f64::NAN, f64::INFINITY], false), None);
        assert_eq!(Axis::fit([0.0, -1.0], true), None);
        let axis = Axis::fit([1.0, f64::NAN, 100.0], true).unwrap();
        assert_eq!(axis.place(10.0), Some(0.5));
        assert_eq!(axis.place(0.0), None);
        assert_eq!(axis.place(f64::NAN), None);
    }

    #[test]
    fn a_single_value_stands_in_the_middle() {
        for (value, is_log) in [(0.0, false), (5.0, false), (-3.0, false), (5.0, true)] {
            let place = Axis::fit([value], is_log).unwrap().place(value).unwrap();
            assert!((place - 0.5).abs() < 1e-12, "{value} at {place}");
        }
    }
}
