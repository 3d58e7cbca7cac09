//! Settings of games: reconstruction of objects of attributes, discrimination of objects of features.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::game::Distractors;

/// Which game is played. Settings without a `kind` are those of a reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", try_from = "Settings")]
pub enum Game {
    /// The listener tells the attributes of an object.
    Reconstruction(GameConfig),
    /// The listener finds an object among others.
    Discrimination(DiscriminationConfig),
}

impl From<GameConfig> for Game {
    fn from(config: GameConfig) -> Self {
        Self::Reconstruction(config)
    }
}

impl From<DiscriminationConfig> for Game {
    fn from(config: DiscriminationConfig) -> Self {
        Self::Discrimination(config)
    }
}

impl Game {
    /// Where distractors come from, if there are any.
    pub(super) fn distractors(&self) -> Distractors {
        match self {
            Self::Reconstruction(_) => Distractors::default(),
            Self::Discrimination(config) => config.distractors,
        }
    }
}

/// Objects of a reconstruction game.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GameConfig {
    /// Number of attributes K.
    pub attributes: usize,
    /// Values of each attribute.
    pub values: u32,
    /// Different objects drawn of them; 0 for all there are.
    pub objects: usize,
    /// Which train and which test.
    pub split: SplitConfig,
}

/// Which objects train and which test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SplitConfig {
    /// All train and all test: the negative control, in which nothing can be overfitted.
    Full,
    /// Drawn at random.
    Random(RandomSplit),
    /// All objects with some pairs of values test.
    HeldOut(HeldOutSplit),
}

/// Sizes of a random split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomSplit {
    /// Objects to train on.
    pub train: usize,
    /// Objects to stop by.
    pub validation: usize,
    /// Objects to report.
    pub test: usize,
}

impl Default for RandomSplit {
    fn default() -> Self {
        Self { train: 400, validation: 200, test: 400 }
    }
}

/// Pairs of values that are held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeldOutSplit {
    /// The one attribute.
    pub first: usize,
    /// The other attribute.
    pub second: usize,
    /// The share of their pairs that test.
    pub share: f64,
    /// Objects to stop by, taken from those to train on.
    pub validation: usize,
}

impl Default for HeldOutSplit {
    fn default() -> Self {
        Self { first: 0, second: 1, share: 0.2, validation: 200 }
    }
}

impl Default for GameConfig {
    /// All objects of 4 attributes of 6 values train and test.
    fn default() -> Self {
        Self { attributes: 4, values: 6, objects: 0, split: SplitConfig::Full }
    }
}

/// Objects of a discrimination game: rows of a table of features, and what they are told from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DiscriminationConfig {
    /// The file of the table: `.npz`, `.npy` or Parquet. Nothing if there are pictures.
    pub features: PathBuf,
    /// The array of the `.npz` file, `[N, D]`; the columns of a Parquet file, see [`read_array`](autodidact_data::arrays::read_array).
    pub array: String,
    /// Pictures in the place of features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<ImagesConfig>,
    /// Rows drawn of them; 0 for all there are.
    pub objects: usize,
    /// What is done to features first.
    pub normalise: Normalise,
    /// Numbers P that a message and an object are compared by.
    pub projection: usize,
    /// Which objects the target has to be told from.
    pub distractors: Distractors,
    /// Which train and which test.
    pub split: SplitConfig,
}

impl Default for DiscriminationConfig {
    fn default() -> Self {
        Self {
            features: PathBuf::new(),
            array: "embeddings".to_owned(),
            images: None,
            objects: 0,
            normalise: Normalise::Standardise,
            projection: 100,
            distractors: Distractors::InBatch,
            split: SplitConfig::Random(RandomSplit::default()),
        }
    }
}

/// Pictures that agents see through encoders that learn with them, the speaker through its own and the listener through its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImagesConfig {
    /// The collection: a folder, an archive, or an `.npz` or `.npy` file of pictures (see [`images::read`](crate::images::read)).
    pub path: PathBuf,
    /// The part of the collection, if it has parts; else nothing.
    pub split: String,
    /// The array of an `.npz` file.
    pub array: String,
    /// Pixels of a side that pictures are brought to.
    pub side: usize,
    /// Channels of the encoders' first stage; the features of a picture are four times as many.
    pub width: usize,
}

impl Default for ImagesConfig {
    fn default() -> Self {
        Self { path: PathBuf::new(), split: String::new(), array: "images".to_owned(), side: 32, width: 8 }
    }
}

impl DiscriminationConfig {
    /// Where features or pictures are.
    pub fn path(&self) -> &Path {
        self.images.as_ref().map_or(&self.features, |images| &images.path)
    }
}

/// What is done to features before agents see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// Nothing.
    None,
    /// Each column less its mean, by its standard deviation, both those of the rows that train; of pictures each colour.
    Standardise,
}

/// The settings of any game, as they are in files: some of them belong to one game only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    kind: Kind,
    attributes: Option<usize>,
    values: Option<u32>,
    objects: Option<usize>,
    features: Option<PathBuf>,
    array: Option<String>,
    images: Option<ImagesConfig>,
    normalise: Option<Normalise>,
    projection: Option<usize>,
    distractors: Option<Distractors>,
    split: Option<SplitConfig>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Reconstruction,
    Discrimination,
}

impl TryFrom<Settings> for Game {
    type Error = String;

    fn try_from(settings: Settings) -> Result<Self, String> {
        let Settings { attributes, values, objects, split, .. } = settings;
        let Settings { features, array, images, normalise, projection, distractors, .. } = settings;
        match settings.kind {
            Kind::Reconstruction => {
                refuse(
                    "discrimination",
                    &[
                        ("features", features.is_some()),
                        ("array", array.is_some()),
                        ("images", images.is_some()),
                        ("normalise", normalise.is_some()),
                        ("projection", projection.is_some()),
                        ("distractors", distractors.is_some()),
                    ],
                )?;
                let base = GameConfig::default();
                Ok(Self::Reconstruction(GameConfig {
                    attributes: attributes.unwrap_or(base.attributes),
                    values: values.unwrap_or(base.values),
                    objects: objects.unwrap_or(base.objects),
                    split: split.unwrap_or(base.split),
                }))
            }
            Kind::Discrimination => {
                refuse(
                    "reconstruction",
                    &[("attributes", attributes.is_some()), ("values", values.is_some())],
                )?;
                let base = DiscriminationConfig::default();
                Ok(Self::Discrimination(DiscriminationConfig {
                    features: features.unwrap_or(base.features),
                    array: array.unwrap_or(base.array),
                    images,
                    objects: objects.unwrap_or(base.objects),
                    normalise: normalise.unwrap_or(base.normalise),
                    projection: projection.unwrap_or(base.projection),
                    distractors: distractors.unwrap_or(base.distractors),
                    split: split.unwrap_or(base.split),
                }))
            }
        }
    }
}

/// That no setting of another game is given.
fn refuse(other: &str, given: &[(&str, bool)]) -> Result<(), String> {
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((name, _)) => {
            Err(format!("`game.{name}` is a setting of a {other} game, expected `game.kind` to be `{other}`"))
        }
        None => Ok(()),
    }
}
