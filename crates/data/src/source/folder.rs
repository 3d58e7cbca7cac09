//! A folder of picture files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::Options;
use super::layout::{self, Classes};
use crate::decode::{self, Limits};
use crate::{Dataset, Error, Image, Result};

/// Picture files below a folder, in path order, decoded on demand.
///
/// A file counts by the ending of its name (`.jpg`, `.png`, …) and is decoded by its content; names that start with
/// a dot are passed over. Links are followed. When the first level is one folder per class, its names are the classes.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Relative to the root, `/` between the parts.
    files: Vec<String>,
    classes: Classes,
    limits: Limits,
    other_files: usize,
}

impl Folder {
    /// Lists the pictures below `root`, in its folder `options.split` if that is given.
    ///
    /// # Errors
    /// If a folder cannot be read, a link leads back into itself, there is no picture, several splits are there
    /// but none is named, or labels are asked from folders that are not classes.
    pub fn open(root: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let root = root.as_ref();
        if !std::fs::metadata(root).map_err(Error::read(root))?.is_dir() {
            let reason = std::io::Error::from(ErrorKind::NotADirectory);
            return Err(Error::Read { path: root.into(), source: reason });
        }
        let mut all = list(root)?;
        let mut root = root.to_path_buf();
        let split = match &options.split {
            Some(split) if root.join(split).is_dir() => Some(split.clone()),
            Some(split) => {
                return Err(Error::UnknownSplit { path: root, split: split.clone(), found: all.folders });
            }
            None => {
                let found = layout::splits(all.pictures.iter().map(String::as_str));
                layout::choose_split(&root, found, None)?
            }
        };
        if let Some(split) = split {
            root.push(split);
            all = list(&root)?;
        }
        if all.pictures.is_empty() {
            return Err(Error::NoPictures {
                path: root,
                other_files: all.other_files,
                expected: format!("file names ending in .{}", decode::EXTENSIONS.join(", .")),
            });
        }
        let holds_pictures = |folder: &String| {
            all.pictures
                .iter()
                .any(|p| p.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')))
        };
        let empty = all.folders.into_iter().filter(|f| !holds_pictures(f)).collect();
        let classes = layout::classes(&root, &all.pictures, empty, options.labels)?;
        let (files, other_files) = (all.pictures, all.other_files);
        Ok(Self { root, files, classes, limits: options.limits, other_files })
    }

    /// The folder read, with the split's name if there is one.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How many files were passed over because their names are not those of pictures.
    pub fn other_files(&self) -> usize {
        self.other_files
    }

    fn file(&self, index: usize) -> PathBuf {
        self.root.join(&self.files[index])
    }
}

impl Dataset for Folder {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn image(&self, index: usize) -> Result<Image> {
        decode::decode_file(self.file(index), &self.limits)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.classes.labels.get(index).copied()
    }

    fn class_names(&self) -> &[String] {
        &self.classes.names
    }

    fn path(&self, index: usize) -> String {
        self.file(index).display().to_string()
    }

    fn dimensions(&self, index: usize) -> Result<(usize, usize)> {
        let path = self.file(index);
        let bytes = decode::read_file(&path, &self.limits)?;
        decode::dimensions(&bytes, &self.limits)
            .map_err(|fault| Error::Picture { path: path.display().to_string(), fault })
    }
}

#[derive(Default)]
struct Listing {
    pictures: Vec<String>,
    /// First-level folders, in name order.
    folders: Vec<String>,
    other_files: usize,
}

fn list(root: &Path) -> Result<Listing> {
    let mut listing = Listing::default();
    let visible = |e: &DirEntry| e.depth() == 0 || !e.file_name().to_string_lossy().starts_with('.');
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(visible) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                if let Some(ancestor) = error.loop_ancestor() {
                    return Err(Error::LinkLoop { path, ancestor: ancestor.into() });
                }
                // A link that leads nowhere stays in the list, so that reading or checking it names it.
                if path.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
                    listing.add_file(root, &path);
                    continue;
                }
                let source = error.into_io_error().unwrap_or_else(|| ErrorKind::Other.into());
                return Err(Error::Read { path, source });
            }
        };
        if entry.file_type().is_dir() {
            if entry.depth() == 1 {
                listing.folders.push(entry.file_name().to_string_lossy().into_owned());
            }
        } else {
            listing.add_file(root, entry.path());
        }
    }
    Ok(listing)
}

impl Listing {
    fn add_file(&mut self, root: &Path, path: &Path) {
        let relative = path.strip_prefix(root).unwrap_or(path);
        let parts: Option<Vec<&str>> = relative.iter().map(|p| p.to_str()).collect();
        match parts {
            Some(parts) if parts.last().is_some_and(|n| decode::has_picture_name(n)) => {
                self.pictures.push(parts.join("/"));
            }
            _ => self.other_files += 1,
        }
    }
}
