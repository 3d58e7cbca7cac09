//! The numbers.

use autodidact_experiment::statistics::mean;
use autodidact_experiment::table::Table;

use super::arm::Measured;
use super::matches::elo;
use super::method::Method;
use super::results::Results;
use super::task::Task;

/// Strength, constant and gain of each method at each budget.
pub(super) fn strength(results: &Results, task: Task) -> Table {
    let labels = results.methods().map(|method| method.label().to_owned());
    let columns = ["simulations".to_owned()].into_iter().chain(labels);
    let mut table = Table::new(columns).with_caption(format!(
        "{}: strength in Elo (the mean of both matches) over judged seeds, the exploration constant that was chosen; in brackets the gain over \
         AlphaZero with its interval",
        task.label()
    ));
    for budget in results.budgets(task) {
        let mut row = vec![budget.to_string()];
        for method in results.methods() {
            let exploration = results.cell(task, method, budget).exploration;
            let strength = results
                .strength(task, method, budget)
                .map_or_else(|| "–".to_owned(), |strength| format!("{:.0}", strength.estimate));
            let gain = match method {
                Method::AlphaZero => None,
                _ => results.gain(task, method, budget),
            };
            let gained = gain.map_or_else(String::new, |gain| format!(" ({})", gain.display(0)));
            row.push(format!("{strength}, {exploration}{gained}"));
        }
        table.push(row);
    }
    table
}

/// What strength is made of, and what it took.
pub(super) fn measured(results: &Results, task: Task) -> Table {
    let [alone, searched] = results.opponents();
    let alone = format!("alone, Elo to UCT {alone}");
    let searched = format!("PUCT 64, Elo to UCT {searched}");
    let columns = [
        "simulations",
        "method",
        &alone,
        &searched,
        "right moves alone",
        "positions",
        "updates",
        "evaluations",
        "seconds of training",
    ];
    let mut table = Table::new(columns.map(str::to_owned)).with_caption(format!(
        "{}: means over judged seeds. Evaluations are positions that searches asked for, remembered ones among them; where games end in the \
         tree none is asked for. Right moves are those that keep the result of perfect play, on positions in which a move can be wrong",
        task.label()
    ));
    for budget in results.budgets(task) {
        for method in results.methods() {
            let cell = results.cell(task, method, budget);
            let of = |value: &dyn Fn(&Measured) -> f64, decimals: usize| {
                let values = cell.values(value);
                if values.iter().any(|value| value.is_nan()) || values.is_empty() {
                    "–".to_owned()
                } else {
                    format!("{:.decimals$}", mean(&values))
                }
            };
            table.push(vec![
                budget.to_string(),
                method.label().to_owned(),
                of(&|measured| elo(&measured.raw), 0),
                of(&|measured| elo(&measured.searched), 0),
                of(&|measured| measured.right_moves.unwrap_or(f64::NAN), 3),
                of(&|measured| measured.positions as f64, 0),
                of(&|measured| measured.updates as f64, 0),
                of(&|measured| measured.evaluations as f64, 0),
                of(&|measured| measured.seconds, 1),
            ]);
        }
    }
    table
}
