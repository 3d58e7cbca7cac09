//! Labels and splits from where files lie, the same for folders and archives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{ClassFolderProblem, Error, Result};

/// Where labels come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Labels {
    /// From the first-level folders if every picture lies in one and there are at least two; none otherwise.
    #[default]
    Auto,
    /// From the first-level folders, which must hold every picture.
    FromFolders,
    /// None, whatever the folders are.
    None,
}

/// Folder names that are parts of a collection, not classes.
const SPLITS: [&str; 6] = ["train", "test", "val", "valid", "validation", "unlabeled"];

/// Labels of pictures, and their class names in label order (both empty if unlabelled).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Classes {
    pub labels: Vec<usize>,
    pub names: Vec<String>,
}

/// The first folder of a relative path with `/` between the parts, and the rest.
fn first_folder(path: &str) -> Option<(&str, &str)> {
    path.split_once('/')
}

/// Labels for `paths` (relative, `/` between the parts). `empty_folders` are first-level folders without pictures.
pub(super) fn classes(
    root: &Path,
    paths: &[String],
    empty_folders: Vec<String>,
    labels: Labels,
) -> Result<Classes> {
    let folders: BTreeSet<&str> = paths.iter().filter_map(|p| first_folder(p)).map(|(f, _)| f).collect();
    let loose = || paths.iter().filter(|p| first_folder(p).is_none());
    let wrong = |problem| Err(Error::ClassFolders { path: root.into(), problem });
    match labels {
        Labels::None => return Ok(Classes::default()),
        Labels::Auto if loose().next().is_some() || folders.len() < 2 => return Ok(Classes::default()),
        Labels::Auto => {}
        Labels::FromFolders => {
            if let Some(first) = loose().next() {
                let (count, first) = (loose().count(), first.clone());
                return wrong(ClassFolderProblem::LoosePictures { count, first });
            }
            if !empty_folders.is_empty() {
                return wrong(ClassFolderProblem::EmptyClasses { folders: empty_folders });
            }
        }
    }
    let index: BTreeMap<&str, usize> = folders.iter().enumerate().map(|(i, f)| (*f, i)).collect();
    let labels = paths.iter().filter_map(|p| first_folder(p)).map(|(f, _)| index[f]).collect();
    Ok(Classes { labels, names: folders.into_iter().map(String::from).collect() })
}

/// The splits at the top of `paths`: every picture lies in a folder whose name is a split's.
pub(super) fn splits<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for path in paths {
        match first_folder(path) {
            Some((folder, _)) if SPLITS.contains(&folder.to_ascii_lowercase().as_str()) => {
                found.insert(folder)
            }
            _ => return Vec::new(),
        };
    }
    found.into_iter().map(String::from).collect()
}

/// The first-level folders of `paths`, in name order.
pub(super) fn folders(paths: &[&str]) -> Vec<String> {
    let folders: BTreeSet<&str> = paths.iter().filter_map(|p| first_folder(p)).map(|(f, _)| f).collect();
    folders.into_iter().map(String::from).collect()
}

/// The split to read: the one asked for, the only one, or none if there are none.
pub(super) fn choose_split(root: &Path, found: Vec<String>, asked: Option<&str>) -> Result<Option<String>> {
    match asked {
        Some(split) if found.iter().any(|f| f == split) => Ok(Some(split.into())),
        Some(split) => Err(Error::UnknownSplit { path: root.into(), split: split.into(), found }),
        None if found.len() > 1 => Err(Error::SplitNeeded { path: root.into(), found }),
        None => Ok(found.into_iter().next()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &[&str]) -> Vec<String> {
        list.iter().map(|&p| p.into()).collect()
    }

    fn auto(list: &[&str]) -> Classes {
        classes(Path::new("root"), &paths(list), vec![], Labels::Auto).unwrap()
    }

    #[test]
    fn first_level_folders_are_classes_in_name_order() {
        let found = auto(&["cat/1.jpg", "ant/2.jpg", "cat/deep/3.jpg"]);
        assert_eq!(found, Classes { labels: vec![1, 0, 1], names: paths(&["ant", "cat"]) });
    }

    #[test]
    fn auto_sees_no_classes_in_flat_or_mixed_or_single_folders() {
        for list in
            [&["1.jpg", "2.jpg"][..], &["1.jpg", "cat/2.jpg", "dog/1.jpg"], &["cat/1.jpg", "cat/b/1.jpg"]]
        {
            assert_eq!(auto(list), Classes::default(), "{list:?}");
        }
    }

    #[test]
    fn asked_for_folders_names_what_is_wrong() {
        let list = paths(&["a/1.jpg", "2.jpg"]);
        let error = classes(Path::new("root"), &list, vec![], Labels::FromFolders).unwrap_err();
        assert!(
            error.to_string().contains("1 pictures lie outside any class folder, the first is `2.jpg`"),
            "{error}"
        );
        let list = paths(&["a/1.jpg"]);
        let error = classes(Path::new("root"), &list, paths(&["b"]), Labels::FromFolders).unwrap_err();
        assert!(error.to_string().contains("hold no picture: `b`"), "{error}");
    }

    #[test]
    fn splits_are_seen_only_if_they_hold_everything() {
        assert_eq!(splits(["train/a/1.jpg", "test/a/1.jpg"]), paths(&["test", "train"]));
        assert_eq!(splits(["train/a/1.jpg", "cat/a/1.jpg"]), paths(&[]));
        let error = choose_split(Path::new("r"), paths(&["test", "train"]), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`r` holds the splits `test`, `train`, expected one of them to be named"
        );
    }
}
