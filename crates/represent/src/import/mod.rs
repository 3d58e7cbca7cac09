//! Pretrained residual networks of other programs as runs of ours, so that every other verb can use them.
//!
//! Read are ResNet-18, -34 and -50 under torchvision's names, which timm shares, with the `ImageNet` stem or the small one
//! (3×3), from `.safetensors` and from `PyTorch` checkpoints, and whatever [`crate::export::export`] wrote. The `state_dict`
//! may lie under other keys (`state_dict`, `model`, `module.`, `backbone.`). The classifier `fc` and everything outside the
//! encoder is passed over.
//!
//! The input's size and normalisation come from the `config.json` that an export has beside its weights. Without one they
//! are torchvision's for the 7×7 stem (224 pixels, `ImageNet` statistics) and CIFAR-10's for the 3×3 stem (32 pixels), and
//! batch norm's ε is 1e-5.
//!
//! Left out: `ResNeXt`, wide and "-D" variants, networks with further layers inside the blocks: their tensors are refused by
//! name.

mod detect;
mod error;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use autodidact_data::augment::{AugmentConfig, Normalize};
use autodidact_experiment::checkpoint::CheckpointBuilder;
use autodidact_experiment::rng::Seeds;
use autodidact_experiment::run::{Environment, RunDirectory, command_line};
use autodidact_nn::{NamedTensor, NormConfig, StemKind, TensorMap, safetensors, state};
use burn::tensor::{Device, Tensor, TensorData};
use serde::Serialize;

pub use error::ImportError;

use crate::config::{Method, ViewsConfig};
use crate::export::{self, ExportConfig, InputConfig, Layer, layers};
use crate::trained::ENCODER;
use crate::{RepresentConfig, Result, TrainedEncoder};
use detect::{Detected, detect};
use read::{Stored, with_tensors};

/// A run made of imported weights.
#[derive(Debug)]
pub struct Imported {
    /// The run: a configuration with `method = "imported"` and one checkpoint, of step 0.
    pub run: RunDirectory,
    /// The encoder.
    pub trained: TrainedEncoder,
    /// Names of the file's tensors that were passed over: the classifier and what is outside the encoder.
    pub ignored: Vec<String>,
}

/// Where a run's weights came from, as its checkpoint's section `import` has it.
#[derive(Serialize)]
struct Provenance<'a> {
    file: String,
    ignored: &'a [String],
}

/// Reads the weights in `path` and makes them the run `folder`, which must not exist or must be empty.
///
/// ```no_run
/// use autodidact_represent::import;
///
/// let imported = import("resnet18-f37072fd.pth".as_ref(), "runs/torchvision-resnet18".as_ref())?;
/// println!("passed over: {:?}", imported.ignored);
/// # Ok::<(), autodidact_represent::Error>(())
/// ```
///
/// # Errors
/// [`ImportError`] if the file cannot be read or holds no such network, [`crate::Error::Experiment`] if the run cannot be
/// written. Nothing is written before the weights are known to be good.
pub fn import(path: &Path, folder: &Path) -> Result<Imported> {
    let (trained, ignored) = read(path)?;

    let tensors = state::all_tensors(&trained.encoder)
        .into_iter()
        .map(|(name, tensor)| (format!("{ENCODER}{name}"), tensor))
        .collect();
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let provenance = Provenance { file, ignored: &ignored };
    let state = CheckpointBuilder::new()
        .section("online", safetensors::encode(&tensors))
        .json("import", &provenance)?;
    let config = toml::to_string_pretty(&trained.config).expect("a configuration is plain data");

    let run = RunDirectory::create(folder)?;
    run.checkpoints().save(0, &state)?;
    run.describe(&config, &command_line(), &Environment::capture(1))?;
    run.write_summary(&provenance)?;
    Ok(Imported { run, trained, ignored })
}

/// The encoder in `path` and the tensors that were passed over.
fn read(path: &Path) -> std::result::Result<(TrainedEncoder, Vec<String>), ImportError> {
    let description = describe(path)?;
    with_tensors(path, |tensors| {
        let shapes = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shape.as_slice())).collect();
        let found =
            detect(&shapes).map_err(|reason| ImportError::NotAResNet { path: path.to_owned(), reason })?;
        check_sizes(path, &shapes, &found.prefix)?;
        if let Some((file, config)) = &description {
            let named = (config.architecture.as_str(), config.stem, config.width);
            if named != (export::architecture(found.depth), found.stem, found.width) {
                let reason = format!("it says {named:?}, the weights are {found:?}");
                return Err(ImportError::Config { path: file.clone(), reason });
            }
        }
        build(path, tensors, &found, description.as_ref().map(|(_, config)| config))
    })
}

/// An element takes two bytes at least. A checkpoint's views can repeat elements and claim any size, for which there may be
/// no memory; a network's do not.
fn check_sizes(
    path: &Path,
    shapes: &BTreeMap<&str, &[usize]>,
    prefix: &str,
) -> std::result::Result<(), ImportError> {
    let source = |source| ImportError::Read { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(source)?.len();
    let inside = shapes.iter().filter(|(name, _)| name.starts_with(prefix));
    let elements =
        inside.map(|(_, shape)| shape.iter().map(|side| *side as u64).product::<u64>()).sum::<u64>();
    if elements > bytes / 2 {
        let reason = format!("its tensors claim {elements} elements in {bytes} bytes");
        return Err(ImportError::NotAResNet { path: path.to_owned(), reason });
    }
    Ok(())
}

/// The `config.json` beside the weights, if it is one that [`export::export`] writes.
fn describe(path: &Path) -> std::result::Result<Option<(PathBuf, ExportConfig)>, ImportError> {
    let file = path.with_file_name(export::CONFIG);
    let is_export = path.file_name().is_some_and(|name| name == export::WEIGHTS);
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(None) };
    let value: serde_json::Value = match serde_json::from_str(&text) {
        Ok(value) => value,
        Err(error) if is_export => {
            return Err(ImportError::Config { path: file, reason: error.to_string() });
        }
        Err(_) => return Ok(None),
    };
    // Other programs write a `config.json`, too.
    if !is_export || value.get("autodidact_version").is_none() {
        return Ok(None);
    }
    let config: ExportConfig = serde_json::from_value(value)
        .map_err(|error| ImportError::Config { path: file.clone(), reason: error.to_string() })?;
    config.check().map_err(|reason| ImportError::Config { path: file.clone(), reason })?;
    Ok(Some((file, config)))
}

fn build(
    path: &Path,
    tensors: &BTreeMap<String, Stored<'_>>,
    found: &Detected,
    description: Option<&ExportConfig>,
) -> std::result::Result<(TrainedEncoder, Vec<String>), ImportError> {
    let norm = description.map_or(NormConfig::BATCH, |config| config.norm.to_norm());
    let config = configuration(found, norm, description.map(|config| config.input));
    let architecture = export::architecture(found.depth);
    let device = Device::flex();
    let encoder = config.encoder.init(&mut Seeds::new(config.seed).stream("weights/online"), &device);

    let mut wanted = state::all_tensors(&encoder);
    let mut used = BTreeSet::new();
    for (ours, theirs) in names(&layers(&encoder), &wanted) {
        let slot = wanted.get_mut(&ours).expect("the name comes from the encoder");
        let name = format!("{}{theirs}", found.prefix);
        let stored = tensors.get(&name).ok_or_else(|| ImportError::MissingTensor {
            path: path.to_owned(),
            architecture,
            name: name.clone(),
        })?;
        if stored.shape != slot.shape {
            return Err(ImportError::Shape {
                path: path.to_owned(),
                architecture,
                name,
                found: stored.shape.clone(),
                expected: slot.shape.clone(),
            });
        }
        let values = stored.values()?;
        if !values.iter().all(|value| value.is_finite()) {
            return Err(ImportError::NotFinite { path: path.to_owned(), name });
        }
        let length = values.len();
        *slot = NamedTensor {
            shape: slot.shape.clone(),
            values: Tensor::from_data(TensorData::new(values, [length]), &device),
        };
        used.insert(name);
    }
    let ignored = ignored(path, tensors, &used, &found.prefix)?;
    let encoder = state::load(encoder, &wanted).expect("names and shapes were checked above");
    Ok((TrainedEncoder { config, encoder, steps: 0, passed_over: Vec::new() }, ignored))
}

/// Pairs of our name and torchvision's, for every tensor of the encoder.
fn names(layers: &[Layer<'_>], tensors: &TensorMap) -> Vec<(String, String)> {
    let parameters = [
        ("gamma", "weight"),
        ("beta", "bias"),
        ("running_mean", "running_mean"),
        ("running_var", "running_var"),
    ];
    let mut pairs = Vec::new();
    for Layer { ours, conv, norm, .. } in layers {
        pairs.push((format!("{ours}.conv.weight"), format!("{conv}.weight")));
        pairs.extend(
            parameters.iter().map(|(own, theirs)| (format!("{ours}.norm.{own}"), format!("{norm}.{theirs}"))),
        );
    }
    // Group norm has no running statistics.
    pairs.retain(|(ours, _)| tensors.contains_key(ours));
    pairs
}

/// The tensors that belong to no layer of the encoder. Inside the encoder only the classifier and counters may be so: any
/// other layer would change the features.
fn ignored(
    path: &Path,
    tensors: &BTreeMap<String, Stored<'_>>,
    used: &BTreeSet<String>,
    prefix: &str,
) -> std::result::Result<Vec<String>, ImportError> {
    let mut ignored = Vec::new();
    for name in tensors.keys().filter(|name| !used.contains(*name) && !name.ends_with("num_batches_tracked"))
    {
        let inside = name.strip_prefix(prefix).unwrap_or_default();
        if inside.starts_with("layer") || inside.starts_with("conv1.") || inside.starts_with("bn1.") {
            let reason = format!("`{name}` belongs to no layer of a plain residual network");
            return Err(ImportError::NotAResNet { path: path.to_owned(), reason });
        }
        ignored.push(name.clone());
    }
    Ok(ignored)
}

/// A configuration under which the other verbs take the weights.
fn configuration(found: &Detected, norm: NormConfig, input: Option<InputConfig>) -> RepresentConfig {
    let (size, normalize) = match (input, found.stem) {
        (Some(input), _) => (input.size, input.normalize()),
        (None, StemKind::Imagenet) => (224, Normalize::IMAGENET),
        (None, StemKind::Cifar) => (32, Normalize::CIFAR10),
    };
    let view = |view: AugmentConfig| view.with_normalize(Some(normalize));
    RepresentConfig {
        method: Method::Imported,
        epochs: 0,
        warmup_epochs: 0.0,
        encoder: export::network(found.depth, found.stem, found.width, norm),
        views: ViewsConfig {
            first: view(AugmentConfig::byol_view1(size)),
            second: view(AugmentConfig::byol_view2(size)),
        },
        ..RepresentConfig::default()
    }
}
