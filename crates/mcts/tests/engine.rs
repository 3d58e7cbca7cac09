//! What holds of searches whatever their parts are: theorems of the paper, exact values, budgets, groups, and bad evaluations.

mod bandit;

use autodidact_games::connect_four::{ConnectFour, Solver};
use autodidact_games::{Action, Game, TicTacToe, Turn};
use autodidact_mcts::{
    Act, Batch, Budget, Config, Count, Dirichlet, Ended, Error, Family, Interior, ModelSearch, Normalization,
    Planner, PolicyOutput, Regularizer, Result, Rollouts, Root, Sampled, Unvisited, Variant,
    regularized_policy, search_many,
};
use proptest::prelude::*;

use bandit::Bandit;

const PUCT: Regularizer = Regularizer::Puct { init: 1.25, base: 19652.0, count: Count::Actions };

/// Values are known to lie between 0 and 1, and actions without a visit count nothing.
fn plain(num_simulations: u32) -> Config {
    Config {
        normalization: Normalization::Fixed { low: 0.0, high: 1.0 },
        unvisited: Unvisited::Zero,
        noise: None,
        regularizer: PUCT,
        ..Config::mu_zero(num_simulations)
    }
}

fn bandit_search(config: Config, bandit: &Bandit, seed: u64) -> PolicyOutput {
    let mut search = ModelSearch::new(config, bandit, vec![bandit.root()], seed).expect("a search");
    search.run(bandit).expect("a bandit answers");
    search.outputs().remove(0)
}

fn bandits() -> impl Strategy<Value = Bandit> {
    (2usize..40).prop_flat_map(|count| {
        let logits = prop::collection::vec(-4.0..2.0f32, count);
        let values = prop::collection::vec(0.01..1.0f32, count);
        (logits, values).prop_map(|(logits, values)| Bandit { logits, values })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// The search's visits are those of `argmax q + λ π / π̂` (the paper's identity), one by one.
    #[test]
    fn puct_is_the_gradient_of_the_regularized_objective(bandit in bandits(), visits in 1u32..60) {
        let prior = bandit.prior();
        let count = prior.len();
        let mut made = vec![0u32; count];
        for total in 0..visits {
            let lambda = f64::from(PUCT.lambda(count, total));
            let score = |place: usize| {
                let q = if made[place] > 0 { f64::from(bandit.values[place]) } else { 0.0 };
                let pi_hat = f64::from(1 + made[place]) / (count as f64 + f64::from(total));
                q + lambda * f64::from(prior[place]) / pi_hat
            };
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
            // With no visit yet λ is 0 and all are equal; of equals the first is taken.
            if total == 0 {
                made[0] += 1;
                continue;
            }
            // Where rounding decides nothing follows.
            prop_assume!(score(order[0]) - score(order[1]) > 1e-5);
            made[order[0]] += 1;
        }
        prop_assert_eq!(bandit_search(plain(visits), &bandit, 1).visits, made);
    }

    /// With known values and a fixed λ, visits never go beyond π̄ where they are added, and follow it within (|A| − 1) / (|A| + N).
    #[test]
    fn visits_track_the_regularized_policy(bandit in bandits(), visits in 1u32..300, log_lambda in -3.0..1.0f64) {
        let prior: Vec<f64> = bandit.prior().iter().map(|&p| f64::from(p)).collect();
        let q: Vec<f64> = bandit.values.iter().map(|&q| f64::from(q)).collect();
        let lambda = 10f64.powf(log_lambda);
        let mut pi_bar = vec![0.0; q.len()];
        regularized_policy(Family::Kl, &prior, &q, lambda, &mut pi_bar).unwrap();
        let mut made = vec![0u32; q.len()];
        let count = q.len() as f64;
        for total in 0..visits {
            let all = count + f64::from(total);
            let pi_hat: Vec<f64> = made.iter().map(|n| f64::from(1 + n) / all).collect();
            let gap = pi_hat.iter().zip(&pi_bar).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            prop_assert!(gap <= (count - 1.0) / all + 1e-9, "after {total}: {gap}");
            let scores: Vec<f64> = (0..q.len()).map(|a| q[a] + lambda * prior[a] / pi_hat[a]).collect();
            let chosen = (0..q.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
            prop_assert!(pi_hat[chosen] <= pi_bar[chosen] + 1e-9, "{} {}", pi_hat[chosen], pi_bar[chosen]);
            made[chosen] += 1;
        }
    }

    /// With exact values the policy that a Gumbel search gives to learn is worth no less than the prior.
    #[test]
    fn gumbel_improves_policies(bandit in bandits(), simulations in 2u32..60, seed: u64) {
        let output = bandit_search(Config::gumbel(simulations), &bandit, seed);
        let worth = |policy: &[f32]| -> f64 {
            policy.iter().zip(&bandit.values).map(|(p, q)| f64::from(*p) * f64::from(*q)).sum()
        };
        prop_assert!((output.target.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        prop_assert!(output.visits.iter().sum::<u32>() == simulations);
        // The value of actions without a visit is a mean of those with one, so this holds for what is known of them.
        let known: f64 = output.target.iter().zip(&output.q).map(|(p, q)| f64::from(*p) * f64::from(*q)).sum();
        let before: f64 = output.prior.iter().zip(&output.q).map(|(p, q)| f64::from(*p) * f64::from(*q)).sum();
        prop_assert!(known >= before - 1e-4, "{known} {before}");
        // Where all have one it holds of the true values.
        if output.visits.iter().all(|&visits| visits > 0) {
            prop_assert!(worth(&output.target) >= worth(&output.prior) - 1e-4);
        }
    }
}

/// Drawn actions are taken as often as π̄ says, summed over the search, whose λ shrinks.
#[test]
fn draws_follow_the_regularized_policy() {
    let bandit = Bandit { logits: vec![0.5, -1.0, 0.0, 1.0, -2.0], values: vec![0.3, 0.9, 0.5, 0.2, 0.8] };
    for regularizer in [PUCT, Regularizer::Uct { exploration: 1.0, count: Count::Actions }] {
        let simulations = 40_000;
        let config = Config { regularizer, interior: Interior::Sample, ..plain(simulations) };
        let visits = bandit_search(config, &bandit, 3).visits;
        let q: Vec<f64> = bandit.values.iter().map(|&q| f64::from(q)).collect();
        let prior: Vec<f64> = match regularizer.family() {
            Family::Kl => bandit.prior().iter().map(|&p| f64::from(p)).collect(),
            Family::Hellinger => vec![0.2; 5],
        };
        let mut expected = [0.0; 5];
        let mut policy = [0.0; 5];
        for total in 0..simulations {
            let lambda = f64::from(regularizer.lambda(5, total));
            regularized_policy(regularizer.family(), &prior, &q, lambda, &mut policy).unwrap();
            expected.iter_mut().zip(policy).for_each(|(sum, p)| *sum += p);
        }
        for (visits, expected) in visits.iter().zip(expected) {
            // Until all actions are visited their values count 0: some visits of the first dozens.
            let off = (f64::from(*visits) - expected).abs();
            assert!(off < 5.0 * expected.sqrt() + 30.0, "{visits} of {expected}");
        }
    }
}

/// Searches of every recipe but Gumbel's, whose rule below the root hardly looks at moves again that a first evaluation spoke against: it
/// needs values that are right.
fn recipes(simulations: u32) -> Vec<(&'static str, Config)> {
    let greedy = |config: Config| match config.act {
        Act::Visits { .. } => Config { act: Act::Visits { temperature: 0.0 }, noise: None, ..config },
        Act::Regularized { .. } => {
            Config { act: Act::Regularized { temperature: 0.0 }, noise: None, ..config }
        }
        Act::Halving => config,
    };
    let fixed =
        |config: Config| Config { normalization: Normalization::Fixed { low: -1.0, high: 1.0 }, ..config };
    let all = [
        ("alpha zero", Config::alpha_zero(simulations)),
        ("uct", Config::uct(simulations, 1.0)),
        ("act", fixed(Config::regularized(Variant::Act, simulations))),
        ("search", fixed(Config::regularized(Variant::Search, simulations))),
        ("learn", fixed(Config::regularized(Variant::Learn, simulations))),
        ("all", fixed(Config::regularized(Variant::All, simulations))),
        ("mu zero", Config::mu_zero(simulations)),
    ];
    all.into_iter().map(|(name, config)| (name, greedy(config))).collect()
}

/// Positions near the end of connect four on 5 × 4, with every move that keeps the best result.
fn solved_positions(plies: usize) -> Vec<(ConnectFour, Vec<Action>)> {
    use rand::SeedableRng;
    let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(5);
    let mut solver = Solver::default();
    let mut positions = Vec::new();
    while positions.len() < 12 {
        let mut game = ConnectFour::new(5, 4).expect("a size");
        let mut scratch = Vec::new();
        for _ in 0..plies {
            if game.turn() != Turn::Over {
                let action = game.random_action(&mut rng, &mut scratch);
                game.play(action);
            }
        }
        if game.turn() == Turn::Over {
            continue;
        }
        let best = solver.optimal_outcome_actions(&game);
        let mut legal = Vec::new();
        game.legal_actions(&mut legal);
        // Only where something can be done wrong.
        if best.len() < legal.len() {
            positions.push((game, best));
        }
    }
    positions
}

#[test]
fn with_many_simulations_every_recipe_plays_perfectly() {
    for (game, best) in solved_positions(9) {
        for (name, config) in recipes(6000) {
            let mut planner = Planner::new(config, game, &Rollouts::default(), 7).expect("a search");
            let output = planner.search(&Rollouts::default(), Budget::default()).expect("rollouts");
            assert!(
                best.contains(&output.action),
                "{name}: {} of {best:?}\n{game}\n{output:?}",
                output.action
            );
        }
    }
}

/// With right values a few simulations are enough.
#[test]
fn with_exact_values_gumbel_plays_perfectly() {
    let exact = |batch: &mut Batch<ConnectFour>| -> Result<()> {
        let mut solver = Solver::default();
        for index in 0..batch.len() {
            batch.set_uniform(index, solver.outcome(batch.game(index)) as f32);
        }
        Ok(())
    };
    for (game, best) in solved_positions(9) {
        // Without noise, as for evaluation.
        let root = Root::SequentialHalving { considered: 16, gumbel: false };
        let config = Config { root, ..Config::gumbel(16) };
        let mut planner = Planner::new(config, game, &exact, 7).expect("a search");
        let output = planner.search(&exact, Budget::default()).expect("exact values");
        assert!(best.contains(&output.action), "{} of {best:?}\n{game}\n{output:?}", output.action);
    }
}

/// Proven values are those of the referee, and a search that knows its root ends.
#[test]
fn proven_values_are_exact() {
    let mut solver = Solver::default();
    for (game, best) in solved_positions(12) {
        for transpositions in [false, true] {
            let config = Config { proven: Some([-1.0, 1.0]), transpositions, ..Config::uct(400_000, 1.0) };
            let mut planner = Planner::new(config, game, &Rollouts::default(), 7).expect("a search");
            let output = planner.search(&Rollouts::default(), Budget::default()).expect("rollouts");
            assert_eq!(output.ended, Ended::Decided, "{game}");
            let outcome = solver.outcome(&game) as f32;
            assert_eq!((output.bounds, output.value), (Some([outcome, outcome]), outcome), "{game}");
            assert!(best.contains(&output.action), "{} of {best:?}\n{game}", output.action);
        }
    }
}

/// Tic-tac-toe is a draw, and merged positions are at most those that there are.
#[test]
fn merged_positions_are_counted_once() {
    let config =
        |transpositions| Config { proven: Some([-1.0, 1.0]), transpositions, ..Config::uct(200_000, 1.0) };
    let search = |config| {
        let mut planner = Planner::new(config, TicTacToe::new(), &Rollouts::default(), 1).expect("a search");
        planner.search(&Rollouts::default(), Budget::default()).expect("rollouts")
    };
    let [apart, merged] = [false, true].map(|transpositions| search(config(transpositions)));
    assert_eq!((merged.ended, merged.bounds, merged.value), (Ended::Decided, Some([0.0; 2]), 0.0));
    // 5478 positions can be reached; ended ones are not merged.
    assert!(merged.nodes < apart.nodes && merged.nodes < 12_000, "{} {}", merged.nodes, apart.nodes);
}

#[test]
fn what_was_searched_below_a_move_is_kept() {
    let game: ConnectFour = "4453".parse().expect("moves");
    let rollouts = Rollouts::default();
    let mut planner = Planner::new(Config::alpha_zero(500), game, &rollouts, 3).expect("a search");
    let output = planner.search(&rollouts, Budget::default()).expect("rollouts");
    let snapshot = planner.snapshot();
    let taken =
        snapshot.nodes[0].actions.iter().find(|taken| taken.action == output.action).expect("the move");
    let child = &snapshot.nodes[taken.node.expect("it was visited")];
    planner.advance(output.action, &rollouts).expect("it is legal");
    let kept = planner.snapshot();
    assert_eq!(kept.nodes[0].visits, child.visits);
    assert_eq!((kept.nodes[0].value, kept.nodes.len() as u32 >= child.visits / 2), (child.value, true));
    for (ours, theirs) in kept.nodes[0].actions.iter().zip(&child.actions) {
        assert_eq!((ours.action, ours.visits, ours.q), (theirs.action, theirs.visits, theirs.q));
    }
    let again = planner.search(&rollouts, Budget::default()).expect("rollouts");
    assert_eq!(again.visits.iter().sum::<u32>(), child.visits - 1 + 500);
    assert_eq!(planner.advance(99, &rollouts), Err(Error::UnknownAction { action: 99 }));
}

#[test]
fn nothing_depends_on_groups() {
    let games: Vec<ConnectFour> = ["", "4", "44", "4453", "1", "12", "3331"]
        .iter()
        .map(|moves| moves.parse().expect("moves"))
        .collect();
    let gumbel = ("gumbel", Config::gumbel(60));
    for (name, config) in recipes(60).into_iter().chain([gumbel]) {
        let one = search_many(&config, &games, &Rollouts::default(), 5, 1).expect("rollouts");
        for groups in [2, 3, 7, 20] {
            assert_eq!(
                search_many(&config, &games, &Rollouts::default(), 5, groups).expect("rollouts"),
                one,
                "{name}"
            );
        }
        let other = search_many(&config, &games, &Rollouts::default(), 6, 1).expect("rollouts");
        assert_ne!(other, one, "{name}: the seed counts");
    }
}

/// Several leaves at once: every simulation is counted, and the move is as good.
#[test]
fn leaves_are_collected_together() {
    for (game, best) in solved_positions(9).into_iter().take(4) {
        for (name, config) in recipes(6000) {
            let mut planner = Planner::new(config, game, &Rollouts::default(), 7).expect("a search");
            let budget = Budget { leaves: Some(8), ..Budget::default() };
            let output = planner.search(&Rollouts::default(), budget).expect("rollouts");
            assert!(best.contains(&output.action), "{name}: {} of {best:?}\n{game}", output.action);
            assert!(output.visits.iter().sum::<u32>() <= 6000, "{name}");
        }
    }
}

#[test]
fn a_budget_ends_a_search() {
    let rollouts = Rollouts::default();
    let search = |budget| {
        let game = ConnectFour::default();
        let mut planner = Planner::new(Config::uct(1_000_000, 1.4), game, &rollouts, 1).expect("a search");
        planner.search(&rollouts, budget).expect("rollouts")
    };
    let nodes = search(Budget { nodes: Some(300), ..Budget::default() });
    assert_eq!((nodes.ended, nodes.nodes), (Ended::Nodes, 300));
    let bytes = search(Budget { bytes: Some(100_000), ..Budget::default() });
    assert!(bytes.ended == Ended::Memory && bytes.nodes > 100 && bytes.nodes < 1000, "{bytes:?}");
    let time = search(Budget { time: Some(std::time::Duration::from_millis(30)), ..Budget::default() });
    assert_eq!(time.ended, Ended::Time);
}

/// What an evaluator says is looked at; a search that it broke goes on when it is mended.
#[test]
fn bad_evaluations_are_refused_and_leave_the_tree_as_it_was() {
    let game = ConnectFour::default();
    let say = |value: f32, policy: f32| {
        move |batch: &mut Batch<ConnectFour>| -> Result<()> {
            for index in 0..batch.len() {
                let count = batch.actions(index).len();
                batch.set(index, value, &vec![policy; count]);
            }
            Ok(())
        }
    };
    let right = 1.0 / 7.0;
    let refused =
        |value, policy| Planner::new(Config::alpha_zero(10), game, &say(value, policy), 1).map(|_| ());
    assert!(matches!(refused(f32::NAN, right), Err(Error::NotFinite { name: "value", .. })));
    assert!(matches!(refused(0.0, 0.5), Err(Error::Policy { count: 7, .. })));
    assert!(matches!(refused(0.0, f32::NAN), Err(Error::Policy { .. })));
    assert!(matches!(refused(0.0, -right), Err(Error::Policy { .. })));
    let silent = |_: &mut Batch<ConnectFour>| -> Result<()> { Ok(()) };
    assert!(Planner::new(Config::alpha_zero(10), game, &silent, 1).is_err(), "nothing was said");

    let mut planner = Planner::new(Config::alpha_zero(10), game, &say(0.0, right), 1).expect("right");
    planner.search(&say(0.0, right), Budget::default()).expect("right");
    let before = planner.snapshot();
    assert!(
        planner.search(&say(f32::INFINITY, right), Budget { leaves: Some(4), ..Budget::default() }).is_err()
    );
    let failing =
        |_: &mut Batch<ConnectFour>| -> Result<()> { Err(Error::Evaluator("no answer".to_owned())) };
    assert_eq!(planner.search(&failing, Budget::default()), Err(Error::Evaluator("no answer".to_owned())));
    let visits = |snapshot: &autodidact_mcts::Snapshot| -> Vec<u32> {
        snapshot.nodes.iter().map(|node| node.visits).collect()
    };
    assert_eq!(visits(&planner.snapshot()), visits(&before));
    let more = planner.search(&say(0.0, right), Budget::default()).expect("right again");
    assert_eq!(more.visits.iter().sum::<u32>(), 20);
    assert!(matches!(
        Planner::new(Config::alpha_zero(0), game, &say(0.0, right), 1).map(|_| ()),
        Err(Error::Setting { .. })
    ));
    let over: ConnectFour = "1212121".parse().expect("a win");
    assert_eq!(Planner::new(Config::alpha_zero(9), over, &say(0.0, right), 1).map(|_| ()), Err(Error::Over));
}

/// A gamble that is worth less than what is certain, and one that is worth more.
#[derive(Clone, Debug)]
struct Gamble {
    safe: f32,
    stage: u8,
}

impl Game for Gamble {
    fn num_actions(&self) -> usize {
        2
    }

    fn turn(&self) -> Turn {
        [Turn::First, Turn::Chance, Turn::Over][usize::from(self.stage)]
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if self.stage == 0 {
            actions.extend([0, 1]);
        }
    }

    fn play(&mut self, action: Action) -> f32 {
        let reward = match (self.stage, action) {
            (0, 0) => self.safe,
            (1, 0) => 1.0,
            _ => 0.0,
        };
        self.stage = if self.stage == 0 && action == 1 { 1 } else { 2 };
        reward
    }

    fn chance_outcomes(&self, outcomes: &mut Vec<(Action, f32)>) {
        outcomes.clear();
        outcomes.extend([(0, 0.25), (1, 0.75)]);
    }

    fn key(&self) -> u64 {
        u64::from(self.stage)
    }
}

#[test]
fn chance_counts_by_its_probabilities() {
    for (safe, best) in [(0.2, 1), (0.3, 0)] {
        let game = Gamble { safe, stage: 0 };
        let rollouts = Rollouts::default();
        let config =
            Config { normalization: Normalization::Fixed { low: 0.0, high: 1.0 }, ..Config::uct(4000, 1.0) };
        let mut planner = Planner::new(config, game.clone(), &rollouts, 1).expect("a search");
        let output = planner.search(&rollouts, Budget::default()).expect("rollouts");
        assert_eq!(output.action, best, "{output:?}");
        assert!((output.q[1] - 0.25).abs() < 0.04 && (output.q[0] - safe).abs() < 1e-6, "{output:?}");
        // Certain knowledge knows the expectation.
        let config = Config { proven: Some([0.0, 1.0]), ..config };
        let mut planner = Planner::new(config, game, &rollouts, 1).expect("a search");
        let output = planner.search(&rollouts, Budget::default()).expect("rollouts");
        let value = safe.max(0.25);
        assert_eq!((output.ended, output.bounds, output.action), (Ended::Decided, Some([value; 2]), best));
        planner.advance(1, &rollouts).expect("the gamble");
        assert_eq!(planner.search(&rollouts, Budget::default()), Err(Error::Chance));
    }
}

#[test]
fn noise_changes_the_search_and_not_the_prior_that_is_told() {
    let bandit = Bandit { logits: vec![0.0; 6], values: vec![0.5; 6] };
    let noise = Some(Dirichlet { fraction: 0.5, alpha: 0.3 });
    let [quiet, noisy] = [None, noise].map(|noise| bandit_search(Config { noise, ..plain(60) }, &bandit, 4));
    assert_eq!(quiet.visits, [10; 6]);
    assert_ne!(noisy.visits, quiet.visits);
    assert_eq!(noisy.prior, quiet.prior);
}

fn decided(config: Config, game: TicTacToe, seed: u64, leaves: usize) -> PolicyOutput {
    let mut planner = Planner::new(config, game, &Rollouts::default(), seed).expect("a search");
    let budget = Budget { leaves: Some(leaves), ..Budget::default() };
    let output = planner.search(&Rollouts::default(), budget).expect("rollouts");
    assert_eq!(output.ended, Ended::Decided, "{game}");
    output
}

/// What is proven is what is played and told, however leaves are collected and positions merged.
#[test]
fn a_decided_root_plays_what_decided_it() {
    for (first, second) in [(0, 1), (3, 2), (4, 0), (1, 7), (8, 5)] {
        let mut game = TicTacToe::new();
        game.play(first);
        game.play(second);
        for (leaves, transpositions) in [(1, false), (16, false), (1, true), (16, true)] {
            for seed in 0..10 {
                let config = Config { proven: Some([-1.0, 1.0]), transpositions, ..Config::uct(50_000, 1.0) };
                let output = decided(config, game, seed, leaves);
                let [low, high] = output.bounds.expect("proven values were asked for");
                assert_eq!((low, high), (output.value, output.value), "{game}");
                let mut after = game;
                let reward = after.play(output.action);
                let worth =
                    if after.turn() == Turn::Over { reward } else { -decided(config, after, seed, 1).value };
                assert_eq!(worth, low, "{leaves} {transpositions}: {} in\n{game}", output.action);
            }
        }
    }
}

/// The range is the first player's; the other one's is its mirror image.
#[test]
fn a_range_that_is_not_symmetric_is_mirrored() {
    // X wins at once; with a range of 0 to 1 no value of O's is above 0.
    let mut game = TicTacToe::new();
    for action in [0, 3, 1, 4] {
        game.play(action);
    }
    let config = |range| Config { proven: Some(range), ..Config::uct(50_000, 1.0) };
    assert_eq!(decided(config([0.0, 1.0]), game, 1, 1).bounds, Some([1.0; 2]));
    game.play(8);
    // Now O does.
    assert_eq!(decided(config([-1.0, 0.0]), game, 1, 1).bounds, Some([1.0; 2]));
}

/// What is found does not depend on what the thread searched before, whose memory a tree may take over.
#[test]
fn memory_of_another_tree_leaves_no_trace() {
    let search = |config, simulations| {
        let config = Config { num_simulations: simulations, ..config };
        let rollouts = Rollouts::default();
        let mut planner = Planner::new(config, ConnectFour::default(), &rollouts, 5).expect("a search");
        let first = planner.search(&rollouts, Budget::default()).expect("rollouts");
        planner.advance(first.action, &rollouts).expect("a move that was chosen");
        (first, planner.search(&rollouts, Budget::default()).expect("rollouts"))
    };
    let configs =
        [Config::uct(1, 1.4), Config::alpha_zero(1), Config::regularized(Variant::All, 1), Config::gumbel(1)];
    for config in configs {
        let alone = std::thread::scope(|scope| scope.spawn(|| search(config, 300)).join()).expect("a search");
        for other in configs {
            search(other, 2000);
            assert_eq!(search(config, 300), alone);
        }
    }
}

/// Halving counts the visits of its own search, those on their way among them.
#[test]
fn halving_goes_by_its_plan() {
    let game = ConnectFour::default();
    let rollouts = Rollouts::default();
    let config = Config::gumbel(64);
    let mut planner = Planner::new(config, game, &rollouts, 1).expect("a search");
    let mut before = vec![0; 7];
    for leaves in [1, 1, 4, 1, 8] {
        let budget = Budget { leaves: Some(leaves), ..Budget::default() };
        let visits = planner.search(&rollouts, budget).expect("rollouts").visits;
        let mut made: Vec<u32> = visits.iter().zip(&before).map(|(now, before)| now - before).collect();
        made.sort_unstable();
        // Seven actions three times, three of them seven times more, two until the end.
        assert_eq!(made.iter().sum::<u32>(), 64);
        assert!(made[..4] == [3; 4] && made[6] - made[5] <= 12 && made[5] >= 10, "{leaves}: {made:?}");
        before = visits;
    }
}

#[test]
fn sampled_actions_are_some_of_the_legal_ones() {
    let game = ConnectFour::default();
    let rollouts = Rollouts::default();
    let mut planner = Planner::new(Config::sampled(20, 2), game, &rollouts, 1).expect("a search");
    let output = planner.search(&rollouts, Budget::default()).expect("rollouts");
    assert!(output.actions.len() <= 2 && output.actions.contains(&output.action));
    for action in 0..7 {
        let mut planner = planner.clone();
        planner.advance(action, &rollouts).expect("legal, drawn or not");
        assert_eq!(planner.game().key(), {
            let mut after = game;
            after.play(action);
            after.key()
        });
    }
    // The best of some is not proven to be the best of all.
    let sampled = Some(Sampled { actions: 2, temperature: 1.0 });
    let both = Config { sampled, proven: Some([-1.0, 1.0]), ..Config::uct(10, 1.0) };
    assert!(matches!(both.check(), Err(Error::Setting { name: "sampled", .. })));
}

/// Nothing is known of a chance node itself, by whatever way its value is told.
#[test]
fn chance_has_no_value_of_its_own() {
    let rollouts = Rollouts::default();
    let game = Gamble { safe: 0.2, stage: 0 };
    let unit = Normalization::Fixed { low: 0.0, high: 1.0 };
    for config in [
        Config { transpositions: true, normalization: unit, ..Config::uct(3000, 1.0) },
        Config { max_depth: 1, normalization: unit, ..Config::uct(3000, 1.0) },
    ] {
        let mut planner = Planner::new(config, game.clone(), &rollouts, 1).expect("a search");
        let output = planner.search(&rollouts, Budget::default()).expect("rollouts");
        assert!((output.q[1] - 0.25).abs() < 0.05, "{output:?}");
    }
    let chance = Gamble { safe: 0.2, stage: 1 };
    let many = search_many(&Config::alpha_zero(10), std::slice::from_ref(&chance), &rollouts, 1, 1);
    assert_eq!(many.map(|_| ()), Err(Error::Chance));
}

/// An action that is closed is not drawn, even if no other has a prior; a policy to learn is one even where priors are 0.
#[test]
fn priors_of_zero_do_no_harm() {
    let certain = |batch: &mut Batch<TicTacToe>| -> Result<()> {
        for index in 0..batch.len() {
            let mut policy = vec![0.0; batch.actions(index).len()];
            policy[0] = 1.0;
            let value = if batch.game(index).key() == TicTacToe::new().key() { 1.0 } else { 0.0 };
            batch.set(index, value, &policy);
        }
        Ok(())
    };
    let mut game = TicTacToe::new();
    for action in [0, 1, 2] {
        game.play(action);
    }
    let all = Config { proven: Some([-1.0, 1.0]), ..Config::regularized(Variant::All, 3000) };
    let mut planner = Planner::new(all, game, &certain, 1).expect("a search");
    let output = planner.search(&certain, Budget::default()).expect("certain");
    assert!(
        output.visits.iter().filter(|&&visits| visits > 0).count() > 1 || output.bounds == Some([-1.0; 2])
    );
    let root = Root::SequentialHalving { considered: 1, gumbel: false };
    let config = Config { root, ..Config::gumbel(1000) };
    let mut planner = Planner::new(config, TicTacToe::new(), &certain, 1).expect("a search");
    let target = planner.search(&certain, Budget::default()).expect("certain").target;
    assert!((target.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{target:?}");
}

/// A change of the configuration is looked at, and a range of proven values may come later.
#[test]
fn a_configuration_may_change_between_searches() {
    let rollouts = Rollouts::default();
    let game: ConnectFour = "1223344".parse().expect("moves");
    let mut planner = Planner::new(Config::uct(50, 1.0), game, &rollouts, 1).expect("a search");
    planner.search(&rollouts, Budget::default()).expect("rollouts");
    planner.config_mut().noise = Some(Dirichlet { fraction: 0.25, alpha: -1.0 });
    assert!(matches!(
        planner.search(&rollouts, Budget::default()),
        Err(Error::Setting { name: "alpha", .. })
    ));
    *planner.config_mut() = Config { proven: Some([-1.0, 1.0]), ..Config::uct(2000, 1.0) };
    let output = planner.search(&rollouts, Budget::default()).expect("rollouts");
    assert_eq!((output.ended, output.bounds, output.action), (Ended::Decided, Some([1.0; 2]), 4));
    // A plan that nobody can make costs nothing before it is made.
    *planner.config_mut() = Config::gumbel(u32::MAX);
    let budget = Budget { nodes: Some(100), ..Budget::default() };
    let game = ConnectFour::default();
    let mut planner = Planner::new(Config::gumbel(u32::MAX), game, &rollouts, 1).expect("a search");
    assert_eq!(planner.search(&rollouts, budget).expect("rollouts").ended, Ended::Nodes);
}
