use super::convert::Converter;
use super::{FileType, Progress};
use crate::Result;
use crate::gguf::{Metadata, TensorPlan, Value, Writer};
use crate::tokenizer::PieceArrays;
use crate::weights::{Checkpoint, Format, TensorName, is_as_inferred, to_metadata};
use std::path::Path;

/// What a GGUF file is to hold besides the weights, where the checkpoint does not have it itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras {
    /// What the model is called.
    pub name: Option<String>,
    /// The vocabulary. Without one other programs cannot use the file.
    pub tokenizer: Option<PieceArrays>,
    /// The template of chats, in Jinja.
    pub chat_template: Option<String>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Its bytes.
    pub bytes: u64,
    /// What a user should know about it.
    pub notes: Vec<String>,
}

/// Writes a GGUF file with matrices in the layouts of a [`FileType`], and norms as the numbers that are multiplied with.
///
/// Metadata of a GGUF file is taken over; of a folder it is made from its sizes, and the name from its own. `extras` replace either.
/// Rows are quantised on the threads of the current `rayon` pool; the file is the same for any number of them. `watch` hears of
/// every step. The file appears when it is whole, and not at all if anything fails. Its tensors are to the byte those that llama.cpp
/// makes, where rows fill blocks.
///
/// ```no_run
/// use autodidact_gemma::quantize::{Extras, FileType, to_gguf};
/// use autodidact_gemma::weights::Checkpoint;
///
/// let checkpoint = Checkpoint::open("gemma-2-2b-it-BF16.gguf")?;
/// let written = to_gguf(&checkpoint, FileType::Q4_K_M, "gemma-2-2b-it-Q4_K_M.gguf", &Extras::default(), &mut |_| {})?;
/// println!("{} bytes", written.bytes);
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
///
/// # Errors
/// [`Error::Write`](crate::Error::Write), [`Error::Unrepresentable`](crate::Error::Unrepresentable) if a weight is not a number or too
/// large for its layout, and what reading the chat template of a folder can fail with.
pub fn to_gguf(
    checkpoint: &Checkpoint,
    file_type: FileType,
    path: impl AsRef<Path>,
    extras: &Extras,
    watch: &mut dyn FnMut(&Progress),
) -> Result<Written> {
    let config = checkpoint.config();
    let metadata = metadata(checkpoint, file_type, extras)?;
    let plan = |name: TensorName| {
        let [rows, columns] = name.shape(config);
        let shape = if name.is_norm() { vec![columns] } else { vec![rows, columns] };
        TensorPlan { name: name.gguf(), shape, format: file_type.format_of(name, config) }
    };
    let mut writer = Writer::create(path, &metadata, TensorName::all(config).map(plan).collect())?;
    let mut converter = Converter::new(checkpoint, watch);
    for name in TensorName::all(config) {
        if name.is_norm() {
            converter.norm(name, &checkpoint.norm(name), Format::F32, |bytes| writer.write(bytes))?;
        } else {
            converter.matrix(name, file_type.format_of(name, config), |bytes| writer.write(bytes))?;
        }
    }
    Ok(Written { bytes: writer.finish()?, notes: notes(checkpoint, file_type, &metadata) })
}

fn metadata(checkpoint: &Checkpoint, file_type: FileType, extras: &Extras) -> Result<Metadata> {
    let mut metadata = checkpoint.metadata().clone();
    to_metadata(checkpoint.config(), &mut metadata);
    let text = |text: &str| Value::String(text.into());
    let folder = checkpoint.path().file_stem().and_then(|name| name.to_str());
    if let Some(name) = extras.name.as_deref().or(folder.filter(|_| metadata.get("general.name").is_none())) {
        metadata.set("general.name", text(name));
    }
    metadata.set("general.type", text("model"));
    metadata.set("general.file_type", Value::U32(file_type.number()));
    metadata.set("general.quantization_version", Value::U32(2));
    if let Some(tokenizer) = &extras.tokenizer {
        tokenizer.write_to(&mut metadata);
    }
    let template = match &extras.chat_template {
        Some(template) => Some(template.clone()),
        None => checkpoint.chat_template()?,
    };
    if let Some(template) = template {
        metadata.set("tokenizer.chat_template", Value::String(template));
    }
    Ok(metadata)
}

fn notes(checkpoint: &Checkpoint, file_type: FileType, metadata: &Metadata) -> Vec<String> {
    let config = checkpoint.config();
    let mut notes = Vec::new();
    if metadata.get("tokenizer.ggml.tokens").is_none() {
        notes.push("the file has no vocabulary: other programs will refuse it".into());
    }
    if !is_as_inferred(config) {
        let scalar = config.query_pre_attn_scalar;
        notes.push(format!(
            "`query_pre_attn_scalar` is {scalar}: llama.cpp has no place for it, takes another and computes another model"
        ));
    }
    if config.attn_logit_softcapping.is_none() || config.final_logit_softcapping.is_none() {
        notes.push("a soft cap is lacking: llama.cpp knows no model without and computes another one".into());
    }
    let is_block = |name: &TensorName| matches!(checkpoint.stored(*name).0, Format::Block(_));
    let changed = |name: &TensorName| checkpoint.stored(*name).0 != file_type.format_of(*name, config);
    let twice = TensorName::all(config).filter(|name| is_block(name) && changed(name)).count();
    if twice > 0 {
        notes.push(format!("{twice} tensors were quantised before: better quantise a file in BF16 or F32"));
    }
    notes
}
