//! How good is a frozen representation? Probes, neighbours and collapse monitors on plain arrays.
//!
//! Everything here takes features that an encoder has already computed, as a row-major `&[f32]` of shape `[N, D]`
//! (N examples, D features), with labels as `&[usize]`. No tensor framework is involved, so the same functions serve
//! the trainer, the command line and features read from a file.
//!
//! | question | file | source |
//! |---|---|---|
//! | how well does a linear classifier read the labels? | [`linear_probe`] | Grill et al. 2020, App. D.2 |
//! | the same by SGD, as on `ImageNet` | [`sgd_linear_probe`] | Grill et al. 2020, App. C.1 |
//! | do neighbours share a label? | [`knn_probe`] | Wu et al. 2018, sec. 3.4 |
//! | which examples are alike? | [`neighbours`] | |
//! | has the representation collapsed? | [`feature_spread`], [`effective_rank`], [`CollapseMonitor`] | |
//! | how sure is one accuracy? | [`wilson_interval`] | Wilson 1927 |
//! | which labels does a semi-supervised run see? | [`label_fraction`] | Grill et al. 2020, App. C.1 |
//!
//! Left out: computing the features, fine-tuning, and probes that see augmented images; these need the encoder and
//! belong to the trainer. Statistics over seeds belong to the experiment engine.
//!
//! # Example
//!
//! ```
//! use autodidact_represent::evaluate::{LabelledFeatures, LinearProbeConfig, linear_probe};
//!
//! // Two classes, told apart by the sign of the first feature.
//! let values: Vec<f32> = (0..40).flat_map(|i| [if i % 2 == 0 { 1.0 } else { -1.0 }, i as f32]).collect();
//! let labels: Vec<usize> = (0..40).map(|i| i % 2).collect();
//! let train = LabelledFeatures::new(&values[..60], 2, &labels[..30], 2)?;
//! let test = LabelledFeatures::new(&values[60..], 2, &labels[30..], 2)?;
//!
//! let (probe, classifier) = linear_probe(train, test, &LinearProbeConfig::default())?;
//! assert_eq!(probe.report.accuracy, 1.0);
//! assert_eq!(classifier.predict(test.features())?, labels[30..]);
//! # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
//! ```

mod classifier;
mod eigen;
mod error;
mod features;
mod interval;
mod knn;
mod lbfgs;
mod linear;
mod logistic;
mod monitor;
mod report;
mod sgd;
mod softmax;
mod splits;
mod spread;
mod standardise;

pub use classifier::LinearClassifier;
pub use error::EvaluateError;
pub use features::{Features, LabelledFeatures};
pub use interval::{Interval, wilson_interval};
pub use knn::{KnnConfig, KnnProbe, Neighbours, knn_leave_one_out, knn_probe, neighbours};
pub use lbfgs::{LbfgsOptions, Minimum, Termination, minimise};
pub use linear::{LinearProbe, LinearProbeConfig, StrengthScore, linear_probe, linear_probe_with_validation};
pub use logistic::{LogisticFit, LogisticRegression};
pub use monitor::{CollapseMonitor, CollapseReading, CollapseThresholds, CollapseWarning};
pub use report::ClassificationReport;
pub use sgd::{LearningRateScore, SgdFit, SgdProbe, SgdProbeConfig, fit_sgd, sgd_linear_probe};
pub use splits::{LabelSubset, Split, label_fraction, stratified_split};
pub use spread::{PairCosines, effective_rank, feature_spread, pair_cosines, singular_values};
