//! How a network's strength grew, as a picture.

use anyhow::Result;
use autodidact::experiment::figure::{BandPoint, Figure, LineChart};
use autodidact::selfplay::Rated;

/// The share of points against each opponent over time, with its interval; none where nothing was measured.
pub fn chart(ratings: &[Rated]) -> Result<Option<Figure>> {
    let mut opponents: Vec<u32> = ratings.iter().map(|rated| rated.rating.opponent.uct_simulations).collect();
    opponents.sort_unstable();
    opponents.dedup();
    if opponents.is_empty() {
        return Ok(None);
    }
    let chart = LineChart::new("Strength while learning", "minutes of work", "share of points");
    let chart = opponents.into_iter().fold(chart, |chart, opponent| {
        let points = ratings.iter().filter(|rated| rated.rating.opponent.uct_simulations == opponent);
        let points = points.filter_map(|Rated { seconds, rating, .. }| {
            let elo = rating.elo?;
            let [low, high] = elo.score_interval;
            Some(BandPoint { x: seconds / 60.0, y: elo.score, low, high })
        });
        chart.with_band(&format!("against UCT with {opponent} random games"), points)
    });
    Ok(Some(chart.with_reference("even", 0.5).draw()?))
}
