//! Trees of google-deepmind/mctx 0.0.71, node by node (`reference/trees.py`).

use autodidact_mcts::{Act, Config, Model, ModelSearch, Prediction, Predictions, Result};
use serde_json::Value;

/// A model that is a table.
struct Table {
    actions: usize,
    states: usize,
    logits: Vec<Vec<f32>>,
    value: Vec<f32>,
    reward: Vec<Vec<f32>>,
    discount: Vec<Vec<f32>>,
}

impl Table {
    fn read(case: &Value) -> Self {
        let number = |name: &str| case[name].as_u64().expect("a number") as usize;
        Self {
            actions: number("actions"),
            states: number("states"),
            logits: read(&case["logits"]),
            value: read(&case["value"]),
            reward: read(&case["reward"]),
            discount: read(&case["discount"]),
        }
    }

    fn root(&self, state: usize) -> Prediction<usize> {
        let actions = (0..self.actions as u32).collect();
        Prediction { state, value: self.value[state], actions, logits: self.logits[state].clone() }
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("what the script wrote")
}

impl Model for Table {
    type State = usize;

    fn num_actions(&self) -> usize {
        self.actions
    }

    fn recurrent(&self, steps: &[(&usize, u32)], predictions: &mut Predictions<usize>) -> Result<()> {
        for &(&state, action) in steps {
            let next = (state * self.actions + action as usize + 1) % self.states;
            predictions.states.push(next);
            predictions.rewards.push(self.reward[state][action as usize]);
            predictions.discounts.push(self.discount[state][action as usize]);
            predictions.values.push(self.value[next]);
            predictions.logits.extend(&self.logits[next]);
        }
        Ok(())
    }
}

fn close(ours: f32, theirs: f32) -> bool {
    (ours - theirs).abs() <= 1e-5 * theirs.abs().max(1.0)
}

/// Every node at the same place, with the same visits and value; the same policy to learn.
fn compare(recipe: &str, config: impl Fn(u32) -> Config) {
    let cases: Vec<Value> = serde_json::from_str(include_str!("reference/trees.json")).expect("valid JSON");
    let mut nodes = 0;
    for (number, case) in cases.iter().enumerate() {
        let table = Table::read(case);
        let simulations = case["simulations"].as_u64().expect("a number") as u32;
        let roots = (0..3).map(|state| table.root(state)).collect();
        let mut search = ModelSearch::new(config(simulations), &table, roots, 1).expect("a search");
        if recipe == "gumbel" {
            search.set_gumbels(&read::<Vec<Vec<f32>>>(&case["gumbels"])).expect("one for each");
        }
        search.run(&table).expect("the table answers");
        let outputs = search.outputs();
        for (index, theirs) in case["trees"][recipe].as_array().expect("trees").iter().enumerate() {
            let snapshot = search.snapshot(index);
            let parents: Vec<i64> = read(&theirs["parent"]);
            let actions: Vec<i64> = read(&theirs["action_from_parent"]);
            let visits: Vec<u32> = read(&theirs["visits"]);
            let values: Vec<f32> = read(&theirs["value"]);
            assert_eq!(snapshot.nodes.len(), visits.len(), "case {number}, root {index}: nodes");
            for (place, node) in snapshot.nodes.iter().enumerate() {
                assert_eq!(node.visits, visits[place], "case {number}, root {index}, node {place}: visits");
                assert!(
                    close(node.value, values[place]),
                    "case {number}, root {index}, node {place}: {} and {}",
                    node.value,
                    values[place]
                );
                for taken in node.actions.iter().filter(|taken| taken.node.is_some()) {
                    let child = taken.node.expect("just looked at");
                    assert_eq!((parents[child], actions[child]), (place as i64, i64::from(taken.action)));
                    nodes += 1;
                }
            }
            assert_eq!(outputs[index].visits, read::<Vec<u32>>(&theirs["root_visits"]));
            let weights: Vec<f32> = read(&theirs["action_weights"]);
            for (ours, theirs) in outputs[index].target.iter().zip(weights) {
                assert!((ours - theirs).abs() <= 1e-5, "case {number}, root {index}: {ours} and {theirs}");
            }
            if recipe == "gumbel" {
                assert_eq!(u64::from(outputs[index].action), theirs["action"].as_u64().expect("an action"));
            }
        }
    }
    assert!(nodes > 1000, "{nodes} nodes compared");
}

#[test]
fn mu_zero_is_mctxs() {
    compare("muzero", |simulations| Config { noise: None, ..Config::mctx_mu_zero(simulations) });
}

#[test]
fn gumbel_is_mctxs() {
    compare("gumbel", |simulations| {
        let config = Config::gumbel(simulations);
        assert_eq!(config.act, Act::Halving);
        config
    });
}
