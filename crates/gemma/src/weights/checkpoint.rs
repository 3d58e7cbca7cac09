use super::{Format, StoredMatrix, Summary, TensorName, gguf_config, json_config};
use crate::gguf::{Gguf, Metadata, Value};
use crate::safetensors::Folder;
use crate::tokenizer::{PieceArrays, Tokenizer, Vocabulary};
use crate::{Config, Error, Result};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// A model's sizes and weights, from a folder of Hugging Face or a GGUF file.
///
/// Weights are read where the system keeps the files, which must not be changed meanwhile. Whatever the source, tensors are known by
/// [`TensorName`]s, matrices have outputs as rows, and norms are given as what is multiplied with.
///
/// ```no_run
/// use autodidact_gemma::weights::{Checkpoint, LayerPart, TensorName};
///
/// let checkpoint = Checkpoint::open("gemma-2-2b-it-Q4_K_M.gguf")?;
/// let queries = checkpoint.matrix(TensorName::Layer(0, LayerPart::Query));
/// println!("{} × {} in {}", queries.rows(), queries.columns(), queries.format());
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    source: Source,
    config: Config,
    /// Names of Hugging Face's files begin with `model.`, unless the model was saved without its head.
    prefix: &'static str,
}

#[derive(Debug)]
enum Source {
    Folder { folder: Folder, metadata: Metadata },
    Gguf(Gguf),
}

/// Layout, shape and bytes of a tensor.
type Found<'a> = (Format, &'a [usize], &'a [u8]);

/// What of `tokenizer_config.json` matters.
#[derive(Deserialize)]
struct TokenizerConfig {
    chat_template: Option<String>,
}

impl Checkpoint {
    /// Opens a folder with `config.json` and `*.safetensors`, or a GGUF file, and checks that every tensor of the architecture is there,
    /// of the right shape and of a type that is read.
    ///
    /// Rows of the table of embeddings set the size of the vocabulary, whatever else the files say about it. A head of its own
    /// (`lm_head.weight`, `output.weight`) is passed over: the architecture ties it to the table.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Malformed`] for files, [`Error::Config`] for sizes that make no model,
    /// [`Error::MissingTensor`], [`Error::WrongShape`] and [`Error::UnsupportedType`] for tensors.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let checkpoint = if path.is_dir() { Self::open_folder(path)? } else { Self::open_gguf(path)? };
        for name in TensorName::all(&checkpoint.config) {
            checkpoint.check(name)?;
        }
        Ok(checkpoint)
    }

    fn open_folder(path: &Path) -> Result<Self> {
        let mut config = json_config::read(path)?;
        let folder = Folder::open(path)?;
        let prefix = if folder.contains(&TensorName::Embedding.to_string()) { "" } else { PREFIX };
        let source = Source::Folder { folder, metadata: Metadata::default() };
        let mut checkpoint = Self { source, config: config.clone(), prefix };
        let (_, shape, _) = checkpoint.find(TensorName::Embedding)?;
        config.vocab_size = shape.first().copied().unwrap_or(0);
        config.validate()?;
        checkpoint.config = config;
        Ok(checkpoint)
    }

    fn open_gguf(path: &Path) -> Result<Self> {
        let file = Gguf::open(path)?;
        let config = gguf_config::read(&file)?;
        Ok(Self { source: Source::Gguf(file), config, prefix: "" })
    }

    /// What a tensor is called in the files.
    fn name_of(&self, name: TensorName) -> String {
        match &self.source {
            Source::Gguf(_) => name.gguf(),
            Source::Folder { .. } => {
                let name = name.to_string();
                name.strip_prefix(self.prefix).map(Into::into).unwrap_or(name)
            }
        }
    }

    fn find(&self, name: TensorName) -> Result<Found<'_>> {
        let text = self.name_of(name);
        match &self.source {
            Source::Folder { folder, .. } => folder.tensor(&text),
            Source::Gguf(file) => match file.tensor(&text) {
                Some(tensor) => Ok((tensor.format, &tensor.shape, file.bytes(tensor))),
                None => Err(Error::MissingTensor { path: self.path().into(), tensor: text }),
            },
        }
    }

    fn check(&self, name: TensorName) -> Result<()> {
        let (format, found, _) = self.find(name)?;
        let [rows, columns] = name.shape(&self.config);
        let expected = if name.is_norm() { vec![columns] } else { vec![rows, columns] };
        if found != expected {
            let found = found.to_vec();
            return Err(Error::WrongShape {
                path: self.path().into(),
                tensor: self.name_of(name),
                expected,
                found,
            });
        }
        if name.is_norm() && matches!(format, Format::Block(_)) {
            return Err(Error::UnsupportedType {
                path: self.path().into(),
                tensor: self.name_of(name),
                found: format.to_string(),
                expected: "F32, F16 or BF16 for the weight of a norm",
            });
        }
        Ok(())
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        match &self.source {
            Source::Folder { folder, .. } => folder.path(),
            Source::Gguf(file) => file.path(),
        }
    }

    /// The model's sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the file is, as in "GGUF, version 3".
    pub fn container(&self) -> String {
        match &self.source {
            Source::Folder { .. } => "safetensors".into(),
            Source::Gguf(file) => format!("GGUF, version {}", file.version()),
        }
    }

    /// What a GGUF file says about itself; nothing of a folder.
    pub fn metadata(&self) -> &Metadata {
        match &self.source {
            Source::Folder { metadata, .. } => metadata,
            Source::Gguf(file) => file.metadata(),
        }
    }

    /// A matrix where it lies.
    ///
    /// # Panics
    /// If the model has no such layer, or the tensor is a norm's.
    pub fn matrix(&self, name: TensorName) -> StoredMatrix<'_> {
        assert!(!name.is_norm(), "{name} is no matrix");
        let (format, _, bytes) = self.expect(name);
        let [rows, columns] = name.shape(&self.config);
        StoredMatrix::new(format, [rows, columns], bytes).expect("the bytes are those of its shape")
    }

    /// What a norm multiplies with: `1 + w` of Hugging Face's weights `w`, as it is in GGUF files.
    ///
    /// # Panics
    /// If the model has no such layer, or the tensor is a matrix.
    pub fn norm(&self, name: TensorName) -> Vec<f32> {
        let mut values = self.stored_norm(name);
        if matches!(self.source, Source::Folder { .. }) {
            for value in &mut values {
                *value += 1.0;
            }
        }
        values
    }

    /// Hugging Face's `w` of a norm that multiplies with `1 + w`.
    ///
    /// # Panics
    /// If the model has no such layer, or the tensor is a matrix.
    pub fn norm_offset(&self, name: TensorName) -> Vec<f32> {
        let mut values = self.stored_norm(name);
        if matches!(self.source, Source::Gguf(_)) {
            for value in &mut values {
                *value -= 1.0;
            }
        }
        values
    }

    fn stored_norm(&self, name: TensorName) -> Vec<f32> {
        assert!(name.is_norm(), "{name} is no norm");
        let (format, _, bytes) = self.expect(name);
        let mut values = vec![0.0; self.config.hidden_size];
        format.read(bytes, &mut values);
        values
    }

    #[track_caller]
    fn expect(&self, name: TensorName) -> Found<'_> {
        if let TensorName::Layer(layer, _) = name {
            let layers = self.config.num_hidden_layers;
            assert!(layer < layers, "there is no layer {layer} in a model of {layers}");
        }
        self.find(name).expect("every tensor was there when the checkpoint was opened")
    }

    /// How a tensor is laid out, and its bytes as they are in the file.
    pub(crate) fn stored(&self, name: TensorName) -> (Format, &[u8]) {
        let (format, _, bytes) = self.expect(name);
        (format, bytes)
    }

    /// The vocabulary in a GGUF file, if there is one.
    pub fn tokenizer_arrays(&self) -> Option<PieceArrays> {
        PieceArrays::of_metadata(self.metadata())
    }

    /// The tokenizer's file in a folder, if there is one: `tokenizer.model`, or else `tokenizer.json`.
    pub fn tokenizer_file(&self) -> Option<PathBuf> {
        let Source::Folder { folder, .. } = &self.source else { return None };
        ["tokenizer.model", "tokenizer.json"]
            .map(|name| folder.path().join(name))
            .into_iter()
            .find(|path| path.is_file())
    }

    /// The tokenizer that comes with the weights.
    ///
    /// # Errors
    /// [`Error::NoVocabulary`] if there is none, and what reading one fails with.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        if let Some(path) = self.tokenizer_file() {
            return Tokenizer::from_file(path);
        }
        let arrays =
            self.tokenizer_arrays().ok_or_else(|| Error::NoVocabulary { path: self.path().into() })?;
        Tokenizer::new(&Vocabulary::from_arrays(arrays)?)
    }

    /// The template of chats, in Jinja, if there is one.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Malformed`] if the folder's file of it cannot be read.
    pub fn chat_template(&self) -> Result<Option<String>> {
        let folder = match &self.source {
            Source::Gguf(file) => {
                let template = file.metadata().get("tokenizer.chat_template");
                return Ok(template.and_then(Value::as_str).map(Into::into));
            }
            Source::Folder { folder, .. } => folder.path(),
        };
        let path = folder.join("chat_template.jinja");
        if path.is_file() {
            return fs::read_to_string(&path).map(Some).map_err(|source| Error::Read { path, source });
        }
        let path = folder.join("tokenizer_config.json");
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let config: TokenizerConfig = serde_json::from_slice(&text).map_err(|error| Error::Malformed {
            path,
            expected: "configuration of a tokenizer",
            found: error.to_string(),
        })?;
        Ok(config.chat_template)
    }

    /// Sizes, numbers and bytes at a glance.
    pub fn summary(&self) -> Summary {
        Summary::new(self)
    }
}

const PREFIX: &str = "model.";
