//! The exact regularized policy: against thirty digits (`reference/solver.py`), a closed form, and what must hold of it.

use autodidact_mcts::{Error, Family, Real, regularized_policies, regularized_policy};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    prior: Vec<f64>,
    q: Vec<f64>,
    lambda: f64,
    kl: Vec<f64>,
    hellinger: Vec<f64>,
}

fn solved<T: Real>(family: Family, prior: &[T], q: &[T], lambda: T) -> Vec<T> {
    let mut policy = vec![T::ZERO; prior.len()];
    regularized_policy(family, prior, q, lambda, &mut policy).expect("a policy");
    policy
}

#[test]
fn policies_have_the_digits_of_the_reference() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("reference/solver.json")).expect("valid JSON");
    assert_eq!(cases.len(), 15);
    for (number, case) in cases.iter().enumerate() {
        for (family, expected) in [(Family::Kl, &case.kl), (Family::Hellinger, &case.hellinger)] {
            let ours = solved(family, &case.prior, &case.q, case.lambda);
            let single = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<f32>>();
            let rough = solved(family, &single(&case.prior), &single(&case.q), case.lambda as f32);
            for ((ours, rough), expected) in ours.iter().zip(rough).zip(expected) {
                assert!((ours - expected).abs() < 1e-12, "{number}, {family:?}: {ours} {expected}");
                assert!(
                    (f64::from(rough) - expected).abs() < 2e-5,
                    "{number}, {family:?}: {rough} {expected}"
                );
            }
        }
    }
}

/// Of two actions the solution is that of a quadratic equation.
#[test]
fn two_actions_have_a_closed_form() {
    for (prior, gap, lambda) in [(0.3_f64, 0.4, 0.2), (0.01, 0.9, 1.5), (0.999, 0.001, 1e-3)] {
        // λ p / δ + λ (1 − p) / (δ + g) = 1
        let linear = gap - lambda;
        let delta = 0.5 * (-linear + (linear * linear + 4.0 * lambda * prior * gap).sqrt());
        let ours = solved(Family::Kl, &[prior, 1.0 - prior], &[0.7, 0.7 - gap], lambda);
        assert!((ours[0] - lambda * prior / delta).abs() < 1e-10, "{ours:?}");
    }
}

#[test]
fn without_a_difference_or_without_a_scale_it_is_the_prior() {
    let prior = [0.5_f64, 0.3, 0.15, 0.05, 0.0];
    let same = solved(Family::Kl, &prior, &[0.4; 5], 0.3);
    assert!(same.iter().zip(prior).all(|(a, b)| (a - b).abs() < 1e-13), "{same:?}");
    let hellinger = solved(Family::Hellinger, &prior, &[0.4; 5], 0.3);
    assert!(hellinger.iter().zip(prior).all(|(a, b)| (a - b).abs() < 1e-13), "{hellinger:?}");
    assert_eq!(solved(Family::Kl, &prior, &[0.1, 0.2, 0.3, 0.4, 0.5], 0.0), prior);
    // All on the best action, as λ vanishes.
    let sharp = solved(Family::Kl, &prior, &[0.1, 0.9, 0.3, 0.4, 5.0], 1e-9);
    assert!(sharp[1] > 1.0 - 1e-7 && sharp[4] == 0.0, "{sharp:?}");
}

/// Chess has 4672 moves, and networks say 1e-12.
#[test]
fn many_actions_with_tiny_priors_are_solved_alike_in_both_types() {
    let count = 4672;
    let mut prior: Vec<f64> =
        (0..count).map(|index| 10f64.powf(-12.0 * f64::from(index % 97) / 96.0)).collect();
    let sum: f64 = prior.iter().sum();
    for p in &mut prior {
        *p /= sum;
    }
    let q: Vec<f64> = (0..count).map(|index| f64::from((index * 7919) % 1009) / 1009.0).collect();
    for lambda in [1e-4, 0.01, 1.0] {
        let exact = solved(Family::Kl, &prior, &q, lambda);
        let single: Vec<f32> = prior.iter().map(|&p| p as f32).collect();
        let rough_q: Vec<f32> = q.iter().map(|&q| q as f32).collect();
        let rough = solved(Family::Kl, &single, &rough_q, lambda as f32);
        let sum: f64 = rough.iter().map(|&p| f64::from(p)).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        for (exact, rough) in exact.iter().zip(&rough) {
            assert!((exact - f64::from(*rough)).abs() < 1e-4 * exact.max(1e-3), "{exact} {rough}");
        }
    }
}

#[test]
fn what_is_no_policy_is_refused() {
    let mut policy = [0.0; 2];
    let mut solve =
        |prior: &[f64], q: &[f64], lambda| regularized_policy(Family::Kl, prior, q, lambda, &mut policy);
    assert!(matches!(solve(&[0.5, -0.5], &[0.0, 1.0], 1.0), Err(Error::Policy { .. })));
    assert!(matches!(solve(&[0.0, 0.0], &[0.0, 1.0], 1.0), Err(Error::Policy { .. })));
    assert!(matches!(solve(&[f64::NAN, 1.0], &[0.0, 1.0], 1.0), Err(Error::Policy { .. })));
    assert!(matches!(solve(&[0.5, 0.5], &[0.0, f64::NAN], 1.0), Err(Error::NotFinite { .. })));
    assert!(matches!(solve(&[0.5, 0.5], &[0.0, 1.0], -1.0), Err(Error::Setting { .. })));
    assert!(matches!(solve(&[0.5, 0.5, 0.0], &[0.0, 1.0], 1.0), Err(Error::Length { name: "q", .. })));
    let mut policies = [0.0; 3];
    let rows = regularized_policies(Family::Kl, &[0.5, 0.5, 1.0], &[0.0; 3], &[1.0, 1.0], &mut policies);
    assert!(matches!(rows, Err(Error::Length { .. })));
}

fn nodes() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, f64)> {
    (1usize..90, -4.0..1.0f64).prop_flat_map(|(count, log_lambda)| {
        let priors = prop::collection::vec(-12.0..0.0f64, count).prop_map(|logs| {
            let powers: Vec<f64> = logs.iter().map(|log| 10f64.powf(*log)).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(|p| p / sum).collect()
        });
        (priors, prop::collection::vec(0.0..1.0f64, count), Just(10f64.powf(log_lambda)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// It is a distribution; δ lies between its bounds; all actions have the same `q + λ w^p / …`, the stationary condition.
    #[test]
    fn it_is_stationary((prior, q, lambda) in nodes(), hellinger: bool) {
        let family = if hellinger { Family::Hellinger } else { Family::Kl };
        let mut policy = vec![0.0; q.len()];
        let solution = regularized_policy(family, &prior, &q, lambda, &mut policy).unwrap();
        prop_assert!((policy.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!(policy.iter().all(|p| *p >= 0.0));
        let highest = q.iter().copied().fold(f64::MIN, f64::max);
        let weight = |p: f64| if hellinger { p.sqrt() } else { p };
        let least = prior.iter().zip(&q).map(|(&p, &q)| lambda * weight(p) - (highest - q)).fold(f64::MIN, f64::max);
        prop_assert!(solution.delta >= least - 1e-12 && solution.delta <= lambda * (1.0 + 1e-9) , "{solution:?}");
        prop_assert!(solution.steps <= 20, "{solution:?}");
        for ((&p, &q), &y) in prior.iter().zip(&q).zip(&policy) {
            let ratio = if hellinger { (p / y).sqrt() } else { p / y };
            prop_assert!((q + lambda * ratio - highest - solution.delta).abs() < 1e-7 * (1.0 + lambda * ratio), "{p} {q} {y}");
        }
    }

    /// More value never means less of an action.
    #[test]
    fn it_is_monotone((prior, mut q, lambda) in nodes(), which: prop::sample::Index, more in 0.0..0.5f64) {
        let before = solved(Family::Kl, &prior, &q, lambda);
        let place = which.index(q.len());
        q[place] += more;
        let after = solved(Family::Kl, &prior, &q, lambda);
        prop_assert!(after[place] >= before[place] - 1e-12);
        for other in (0..q.len()).filter(|&other| other != place) {
            prop_assert!(after[other] <= before[other] + 1e-12);
        }
    }

    /// A constant does not matter, and several rows are each their own.
    #[test]
    fn rows_are_their_own((prior, q, lambda) in nodes(), shift in -5.0..5.0f64) {
        let moved: Vec<f64> = q.iter().map(|q| q + shift).collect();
        let alone = solved(Family::Kl, &prior, &q, lambda);
        let mut both = vec![0.0; 2 * q.len()];
        regularized_policies(
            Family::Kl, &[&prior[..], &prior].concat(), &[&q[..], &moved].concat(), &[lambda, lambda], &mut both,
        ).unwrap();
        prop_assert_eq!(&both[..q.len()], &alone[..]);
        for (a, b) in both[q.len()..].iter().zip(&alone) {
            prop_assert!((a - b).abs() < 1e-9 + 1e-10 / lambda, "{a} {b}");
        }
    }
}
