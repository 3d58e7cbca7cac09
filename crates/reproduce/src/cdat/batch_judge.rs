//! Mini-batches: which σ is best at which batch size.

use std::collections::BTreeMap;

use autodidact_experiment::figure::LineChart;
use autodidact_experiment::table::{Table, number};

use super::batches::Trained;
use super::figures::Drawn;
use super::results::Results;
use super::rule::Condition;

/// Mean over seeds of the logarithm of final over first loss, by σ; infinite where a seed diverged.
type BySigma = Vec<(f64, f64)>;

/// Both rows of batch sizes: without averages, and with.
pub(super) struct Batches {
    rows: [BTreeMap<usize, BySigma>; 2],
}

const NAMES: [&str; 2] = ["β = 0", "β = 0.9"];

impl Batches {
    /// None if no mini-batch job was run.
    pub fn new(results: &Results) -> Option<Self> {
        let row = |is_averaged: bool| {
            let of_row = results.batches().iter().filter(|((_, averaged), _)| *averaged == is_averaged);
            of_row.map(|((batch, _), seeds)| (*batch, over_seeds(seeds))).collect()
        };
        (!results.batches().is_empty()).then(|| Self { rows: [row(false), row(true)] })
    }

    /// The best σ of each batch size, in rising order of sizes; none where every σ diverged.
    fn best(&self, row: usize) -> Vec<Option<f64>> {
        let best = |of_batch: &BySigma| {
            let found = of_batch.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
            found.1.is_finite().then_some(found.0)
        };
        self.rows[row].values().map(best).collect()
    }

    /// Largest minus smallest best σ.
    fn range(&self, row: usize) -> Option<f64> {
        let best: Vec<f64> = self.best(row).into_iter().collect::<Option<_>>()?;
        let ends =
            best.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
        Some(ends.1 - ends.0)
    }

    /// The two conditions of the mini-batch claim.
    pub fn conditions(&self) -> [Condition; 2] {
        let listed = |row: usize| {
            let best = self.best(row);
            let shown = best.iter().map(|sigma| sigma.map_or_else(|| "–".to_owned(), number));
            format!("{}: {}", NAMES[row], shown.collect::<Vec<_>>().join(", "))
        };
        let rises = |row: usize| {
            let best: Option<Vec<f64>> = self.best(row).into_iter().collect();
            best.is_some_and(|best| best.windows(2).all(|pair| pair[0] <= pair[1]))
        };
        let ranges = [self.range(0), self.range(1)];
        [
            Condition {
                text: "Mini-batches, beside the verdict: the best σ does not fall as the batch grows, for both β".to_owned(),
                measured: format!("{}; {}", listed(0), listed(1)),
                met: Some(rises(0) && rises(1)),
            },
            Condition {
                text: "Mini-batches, beside the verdict: the best σ varies less over batch sizes with β = 0.9 than without"
                    .to_owned(),
                measured: ranges.map(|range| range.map_or_else(|| "–".to_owned(), number)).join(" and "),
                met: match ranges {
                    [Some(plain), Some(averaged)] => Some(averaged < plain),
                    _ => None,
                },
            },
        ]
    }

    /// Final over first loss for each β, batch size and σ.
    pub fn table(&self) -> Table {
        let sigmas: Vec<f64> = self
            .rows
            .iter()
            .flat_map(BTreeMap::values)
            .next()
            .map_or_else(Vec::new, |of_batch| of_batch.iter().map(|(sigma, _)| *sigma).collect());
        let columns = ["β, batch".to_owned()]
            .into_iter()
            .chain(sigmas.iter().map(|sigma| format!("σ = {}", number(*sigma))));
        let mut table = Table::new(columns).with_caption(
            "Mini-batches, task A, momentum 0.9, equal epochs: final over first loss on all samples, geometric mean over seeds; \
             – where a seed diverged",
        );
        for (name, row) in NAMES.iter().zip(&self.rows) {
            for (batch, of_batch) in row {
                let cells = of_batch
                    .iter()
                    .map(|(_, log)| if log.is_finite() { number(log.exp()) } else { "–".to_owned() });
                table.push([format!("{name}, {batch}")].into_iter().chain(cells).collect());
            }
        }
        table
    }

    /// Final over first loss by σ, a line per batch size, a chart per β.
    pub fn charts(&self) -> Vec<Drawn> {
        let draw = |name: &&str, row: &BTreeMap<usize, BySigma>| {
            let chart =
                LineChart::new(&format!("Mini-batches, {name}"), "σ", "final over first loss").with_log_y();
            let chart = row.iter().fold(chart, |chart, (batch, of_batch)| {
                let points = of_batch.iter().map(|(sigma, log)| (*sigma, log.exp()));
                chart.with_line(&format!("batch {batch}"), points)
            });
            (chart, "Geometric mean over seeds; a gap is a σ at which a seed diverged. After the paper's figure 7.".to_owned())
        };
        NAMES.iter().zip(&self.rows).map(|(name, row)| draw(name, row)).collect()
    }
}

fn over_seeds(seeds: &BTreeMap<u64, Vec<Trained>>) -> BySigma {
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for trained in seeds.values() {
        for (index, one) in trained.iter().enumerate() {
            let log = one.ratio.map_or(f64::INFINITY, f64::ln) / seeds.len() as f64;
            match sums.get_mut(index) {
                Some(sum) => sum.1 += log,
                None => sums.push((one.sigma, log)),
            }
        }
    }
    sums
}
