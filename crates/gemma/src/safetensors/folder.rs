use crate::weights::Format;
use crate::{Error, Result};
use autodidact_kernels::MappedFile;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

const INDEX: &str = "model.safetensors.index.json";
const SINGLE: &str = "model.safetensors";

/// The weights of a folder. They are read where the system keeps the files, which must not be changed meanwhile.
///
/// ```no_run
/// use autodidact_gemma::safetensors::Folder;
///
/// let folder = Folder::open("gemma-2-2b-it")?;
/// let (format, shape, bytes) = folder.tensor("model.norm.weight")?;
/// println!("{format} {shape:?}, {} bytes", bytes.len());
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    files: Vec<MappedFile>,
    tensors: HashMap<String, Place>,
}

#[derive(Debug)]
struct Place {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

/// `model.safetensors.index.json`.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Folder {
    /// Opens the files that `model.safetensors.index.json` names, or else `model.safetensors`, or else every `*.safetensors` of a
    /// folder, and checks their headers.
    ///
    /// # Errors
    /// [`Error::Read`] if a file is missing or cannot be read, [`Error::Malformed`] if one is not what it should be: cut short, with
    /// tensors outside of it or on top of each other, an index that names what is not there, a tensor in two files.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let index = path.join(INDEX);
        let mut folder = Self { path, files: Vec::new(), tensors: HashMap::new() };
        if index.is_file() {
            folder.open_index(&index)?;
        } else if folder.path.join(SINGLE).is_file() {
            folder.add(&folder.path.join(SINGLE))?;
        } else {
            let read = |source| Error::Read { path: folder.path.clone(), source };
            let entries = fs::read_dir(&folder.path).map_err(read)?;
            let mut files = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<Vec<_>>>()
                .map_err(read)?;
            files.retain(|file| file.extension().is_some_and(|extension| extension == "safetensors"));
            files.sort();
            if files.is_empty() {
                let none =
                    io::Error::new(io::ErrorKind::NotFound, "there is no `*.safetensors` in this folder");
                return Err(read(none));
            }
            for file in files {
                folder.add(&file)?;
            }
        }
        Ok(folder)
    }

    fn open_index(&mut self, path: &Path) -> Result<()> {
        let wrong = |found| Error::Malformed { path: path.into(), expected: "index of weights", found };
        let text = fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
        let Index { weight_map } = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let files: BTreeSet<&String> = weight_map.values().collect();
        for file in files {
            // A name that leads elsewhere would open files that are not the model's.
            if Path::new(file).file_name().is_none_or(|name| name != file.as_str()) {
                return Err(wrong(format!("`{file}` is no name of a file in this folder")));
            }
            self.add(&self.path.join(file))?;
        }
        match weight_map.iter().find(|(tensor, _)| !self.tensors.contains_key(*tensor)) {
            Some((tensor, file)) => Err(wrong(format!("`{file}` does not have its tensor `{tensor}`"))),
            None => Ok(()),
        }
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let wrong = |found| Error::Malformed { path: path.into(), expected: "safetensors file", found };
        let file = MappedFile::open(path).map_err(|source| Error::Read { path: path.into(), source })?;
        let (header, metadata) = SafeTensors::read_metadata(file.bytes())
            .map_err(|error| wrong(format!("{error}: was it copied in full?")))?;
        for (name, info) in metadata.tensors() {
            let (start, end) = info.data_offsets;
            let first = 8 + header;
            let place = Place {
                file: self.files.len(),
                dtype: info.dtype,
                shape: info.shape.clone(),
                bytes: first + start..first + end,
            };
            if self.tensors.insert(name.clone(), place).is_some() {
                return Err(wrong(format!("its tensor `{name}` is in another file of the folder too")));
            }
        }
        self.files.push(file);
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of all tensors, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Layout, shape and bytes of a tensor.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], or [`Error::UnsupportedType`] if its numbers are not of single or half precision or bfloat16.
    pub fn tensor(&self, name: &str) -> Result<(Format, &[usize], &[u8])> {
        let place = self
            .tensors
            .get(name)
            .ok_or_else(|| Error::MissingTensor { path: self.path.clone(), tensor: name.into() })?;
        let format = match place.dtype {
            Dtype::F32 => Format::F32,
            Dtype::F16 => Format::F16,
            Dtype::BF16 => Format::BF16,
            other => {
                return Err(Error::UnsupportedType {
                    path: self.path.clone(),
                    tensor: name.into(),
                    found: format!("{other:?}"),
                    expected: "F32, F16 or BF16",
                });
            }
        };
        Ok((format, &place.shape, &self.files[place.file].bytes()[place.bytes.clone()]))
    }
}
