//! A run that is interrupted after every single step equals one that is not. A program of its own, since an interrupt
//! is asked of the whole process and stays asked.

mod support;

use std::sync::Arc;

use autodidact_data::procedural::Procedural;
use autodidact_experiment::interrupt;
use autodidact_experiment::run::RunDirectory;
use autodidact_represent::train::Outcome;
use autodidact_represent::{RepresentConfig, train};
use burn::tensor::Device;
use support::small;

#[test]
fn a_run_interrupted_after_every_step_equals_one_that_is_not() {
    let mut config =
        RepresentConfig { epochs: 2, warmup_epochs: 1.0, base_learning_rate: 0.5, log_every: 2, ..small(8) };
    config.views.first.size = 8;
    config.views.second.size = 8;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |name: &str| RunDirectory::create(folder.path().join(name)).expect("a new run");
    let (straight, interrupted) = (run("straight"), run("interrupted"));
    let step = |run: &RunDirectory| {
        train(&config, Arc::new(Procedural::new(1, 24, 8)), &Device::flex(), 0, run, &mut |_| ())
            .expect("goes through")
    };

    assert!(matches!(step(&straight), Outcome::Finished(_)));
    interrupt::request();
    for expected in 1..6 {
        let outcome = step(&interrupted);
        assert!(matches!(outcome, Outcome::Interrupted { step } if step == expected), "{outcome:?}");
    }
    assert!(matches!(step(&interrupted), Outcome::Finished(_)), "the last step is not an interruption");

    let [a, b] = [&straight, &interrupted]
        .map(|run| run.checkpoints().latest().expect("readable").expect("saved").checkpoint);
    assert_eq!(a.step(), 6);
    for name in a.names() {
        assert!(
            a.section(name).expect("named") == b.section(name).expect("named"),
            "section `{name}` differs"
        );
    }
    let [a, b] =
        [&straight, &interrupted].map(|run| std::fs::read_to_string(run.metrics_path()).expect("metrics"));
    assert_eq!(a, b);
}
