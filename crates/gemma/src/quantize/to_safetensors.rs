use super::Progress;
use super::convert::Converter;
use crate::aside::Aside;
use crate::safetensors::{TensorPlan, Writer};
use crate::weights::{Checkpoint, Format, TensorName, to_json};
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

/// Bytes of tensors in a file, as Hugging Face's library cuts them.
const SHARD: usize = 5_000_000_000;

/// Writes a folder that Hugging Face's library reads: `config.json`, and the weights in `format`, single or half precision or
/// bfloat16, in one file or, above 5 GB, several with an index. The folder is made if it is not there.
///
/// The files of a tokenizer are not written.
///
/// # Errors
/// [`Error::Write`], [`Error::Unknown`] for another format, [`Error::Unrepresentable`] if a weight is not a number or too large for it.
pub fn to_safetensors(
    checkpoint: &Checkpoint,
    format: Format,
    folder: impl AsRef<Path>,
    watch: &mut dyn FnMut(&Progress),
) -> Result<()> {
    to_shards(checkpoint, format, folder.as_ref(), watch, SHARD)
}

pub(super) fn to_shards(
    checkpoint: &Checkpoint,
    format: Format,
    folder: &Path,
    watch: &mut dyn FnMut(&Progress),
    most: usize,
) -> Result<()> {
    let dtype = match format {
        Format::F32 => "float32",
        Format::F16 => "float16",
        Format::BF16 => "bfloat16",
        Format::Block(_) => {
            let expected = "F32, F16, BF16".into();
            return Err(Error::Unknown { what: "format of safetensors", name: format.to_string(), expected });
        }
    };
    fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.into(), source })?;
    let config = checkpoint.config();
    let len = |name: TensorName| format.bytes(name.shape(config).iter().product()).expect("plain numbers");
    let shards = shards(TensorName::all(config), len, most);
    let mut converter = Converter::new(checkpoint, watch);
    let mut weight_map = Map::new();
    for (number, shard) in shards.iter().enumerate() {
        let file = match shards.len() {
            1 => "model.safetensors".into(),
            count => format!("model-{:05}-of-{count:05}.safetensors", number + 1),
        };
        let plan = |name: &TensorName| {
            let [rows, columns] = name.shape(config);
            let shape = if name.is_norm() { vec![columns] } else { vec![rows, columns] };
            TensorPlan { name: name.to_string(), shape, format }
        };
        let plans: Vec<_> = shard.iter().map(plan).collect();
        let mut writer = Writer::create(&folder.join(&file), &plans)?;
        for name in shard {
            if name.is_norm() {
                converter.norm(*name, &checkpoint.norm_offset(*name), format, |bytes| writer.write(bytes))?;
            } else {
                converter.matrix(*name, format, |bytes| writer.write(bytes))?;
            }
            weight_map.insert(name.to_string(), file.clone().into());
        }
        writer.finish()?;
    }
    if shards.len() > 1 {
        let total: usize = TensorName::all(config).map(len).sum();
        let index = json!({ "metadata": { "total_size": total }, "weight_map": weight_map });
        write_json(&folder.join("model.safetensors.index.json"), &index)?;
    }
    write_json(&folder.join("config.json"), &to_json(config, dtype))
}

/// Tensors in their order, cut where the next would make a file larger than `most` bytes.
fn shards(
    names: impl Iterator<Item = TensorName>,
    len: impl Fn(TensorName) -> usize,
    most: usize,
) -> Vec<Vec<TensorName>> {
    let mut shards = Vec::<Vec<TensorName>>::new();
    let mut room = 0;
    for name in names {
        let len = len(name);
        match shards.last_mut().filter(|_| len <= room) {
            Some(shard) => {
                shard.push(name);
                room -= len;
            }
            None => {
                shards.push(vec![name]);
                room = most.saturating_sub(len);
            }
        }
    }
    shards
}

fn write_json(path: &Path, value: &Value) -> Result<()> {
    let mut file = Aside::create(path)?;
    file.write(format!("{value:#}\n").as_bytes())?;
    file.finish()
}
