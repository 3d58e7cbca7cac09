//! The simplified model against values computed from the printed equations in double precision.

use autodidact_optim::simplified::{Model, Rate, State};

/// States at these steps.
fn at(model: Model, start: State, rate: Rate, steps: &[usize]) -> Vec<State> {
    let mut states = vec![start];
    for _ in 0..steps[steps.len() - 1] {
        states.push(model.next(states[states.len() - 1], rate));
    }
    steps.iter().map(|&step| states[step]).collect()
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-5 * expected.abs(), "{found} and {expected}");
}

const TWO_EIGENVALUES: Model = Model { sharpening: 0.05, feedback: 0.1, second: 0.1 };

#[test]
fn cdat_at_the_edge_stays_there_and_below_it_the_sharpness_grows() {
    let steps = [1, 10, 100, 1000];
    // η, λ, y, p.
    let edge = [
        [0.111_115, 17.9825, -0.001_883_12, 0.04],
        [0.111_226, 18.0285, 0.005_234_08, 0.043_878_6],
        [0.108_356, 18.4662, 9.183_97e-4, 0.065_138_9],
        [0.090_851_1, 22.0173, 3.002_29e-4, 0.136_396],
    ];
    let below = [
        [0.105_559, 17.9825, -0.101_789, 0.04],
        [0.106_653, 18.0283, -0.077_237_5, 0.007_396_82],
        [0.107_422, 18.5154, -0.011_048_2, 2.859_89e-4],
        [0.087_151_9, 22.8461, -0.008_914_04, 5.04e-12],
    ];
    for (sigma, table) in [(2.0, edge), (1.9, below)] {
        let states = at(TWO_EIGENVALUES, State::new(0.05, 18.0, 4.0, 4.0), Rate::Cdat { sigma }, &steps);
        for (state, [rate, sharpness, y, p]) in states.into_iter().zip(table) {
            assert_near(state.learning_rate, rate);
            assert_near(state.sharpness(), sharpness);
            assert!((state.y - y).abs() < 1e-6 + 1e-5 * y.abs(), "{} and {y}", state.y);
            assert!((state.p - p).abs() < 2e-3 * p, "{} and {p}", state.p);
        }
    }
}

#[test]
fn in_the_long_run() {
    let end =
        |sigma| at(TWO_EIGENVALUES, State::new(0.05, 18.0, 4.0, 4.0), Rate::Cdat { sigma }, &[20_000])[0];
    let (edge, below) = (end(2.0), end(1.9));
    assert_near(edge.learning_rate, 0.065_663_0);
    assert_near(edge.sharpness(), 30.4586);
    assert!((edge.p - 0.499_827).abs() < 1e-6 && edge.y.abs() < 1e-6);
    assert_near(below.learning_rate, 0.030_405_7);
    assert!(
        (below.sharpness() - 65.676).abs() < 1e-3 && (below.y + 0.003_064_01).abs() < 1e-7 && below.p < 1e-20
    );
}

#[test]
fn a_classical_tuner_lets_the_sharpness_run_away() {
    let model = Model { sharpening: 1.0, feedback: 0.5, second: 0.0 };
    let states = at(model, State::new(1.0, 1.9, 1.0, 0.0), Rate::Classical, &[0, 1, 10, 100, 1000]);
    let rates = [1.0, 0.791_667, 0.323_785, 0.097_791_0, 0.030_823_3];
    let sharpness = [1.9, 2.4, 5.868_09, 19.4292, 61.6416];
    for ((state, rate), sharpness) in states.into_iter().zip(rates).zip(sharpness) {
        assert_near(state.learning_rate, rate);
        assert_near(state.sharpness(), sharpness);
        assert!((state.y + 0.1).abs() < 1e-9);
    }
}

#[test]
fn a_constant_rate_turns_about_the_edge() {
    let model = Model { sharpening: 0.03, feedback: 0.3, second: 0.0 };
    let states = at(model, State::new(1.0, 1.9, 0.1, 0.0), Rate::Constant, &(0..40).collect::<Vec<_>>());
    assert!(states.iter().any(|state| state.y > 0.0) && states.iter().any(|state| state.y < 0.0));
    assert!(states.iter().all(|state| (state.sharpness() - 2.0).abs() < 0.5));
}
