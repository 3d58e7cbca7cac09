//! The best of evenly spaced points.

use autodidact_brownian::{BrownianPath, Leaf};
use autodidact_experiment::statistics::quantile;

/// How far the best point of each grid of `1, 2, 4, … 2^halvings` cells is below the supremum, both ends included.
pub(super) fn regrets(path: BrownianPath, halvings: u32) -> Vec<f64> {
    let cells = 1usize << halvings;
    let place = |index: usize| index as f64 / cells as f64;
    let values: Vec<f64> = (0..=cells).map(|index| path.at(place(index))).collect();
    let supremum = (0..cells)
        .map(|cell| {
            path.supremum(&Leaf {
                ends: [place(cell), place(cell + 1)],
                values: [values[cell], values[cell + 1]],
            })
        })
        .fold(f64::NEG_INFINITY, f64::max);
    (0..=halvings)
        .map(|level| {
            let points = values.iter().step_by(cells >> level);
            supremum - points.copied().fold(f64::NEG_INFINITY, f64::max)
        })
        .collect()
}

/// Cells with which the regret is at most ε but for a share ε of the paths, by interpolation between grids on logarithmic
/// axes; nothing if the finest grid is too coarse, or ε is so small that fewer than five paths may fail.
pub(super) fn cells_needed(regrets: &[Vec<f64>], epsilon: f64) -> Option<f64> {
    if (regrets.len() as f64) * epsilon < 5.0 {
        return None;
    }
    let levels = regrets.first()?.len();
    let quantiles: Vec<f64> = (0..levels)
        .map(|level| {
            let mut of_level: Vec<f64> = regrets.iter().map(|path| path[level]).collect();
            of_level.sort_by(f64::total_cmp);
            quantile(&of_level, 1.0 - epsilon)
        })
        .collect();
    let above = quantiles.iter().rposition(|&regret| regret > epsilon)?;
    let [before, after] = [*quantiles.get(above)?, *quantiles.get(above + 1)?].map(f64::ln);
    let share = (before - epsilon.ln()) / (before - after);
    Some((above as f64 + share).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finer_grids_are_closer_and_the_mean_regret_is_the_known_one() {
        let regrets: Vec<Vec<f64>> = (0..2000).map(|seed| regrets(BrownianPath::new(seed), 6)).collect();
        assert!(regrets.iter().flat_map(|path| path.windows(2)).all(|two| two[0] >= two[1] && two[1] >= 0.0));
        // By Spitzer's identity the mean largest of 0 and n sums of normal numbers of variance 1/n is Σ 1/√(2π k n); that of
        // the Brownian motion is √(2/π).
        let n = 64.0;
        let pi = std::f64::consts::PI;
        let of_grid: f64 = (1..=64).map(|k| 1.0 / (2.0 * pi * f64::from(k) * n).sqrt()).sum();
        let mean = regrets.iter().map(|path| path[6]).sum::<f64>() / 2000.0;
        assert!((mean - ((2.0 / pi).sqrt() - of_grid)).abs() < 0.004, "{mean}");
    }

    #[test]
    fn cells_are_interpolated() {
        // Regret 1/√n on every path: 1/16 needs 256 cells.
        let path: Vec<f64> = (0..12).map(|level| 0.5f64.powf(f64::from(level) / 2.0)).collect();
        let cells = cells_needed(&vec![path; 200], 1.0 / 16.0).expect("a grid that is fine enough");
        assert!((cells - 256.0).abs() < 1e-6, "{cells}");
        assert_eq!(cells_needed(&[vec![1.0, 0.5]], 0.25), None);
    }
}
