//! Every source on files as people have them, whole and broken.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;

use autodidact_data::inspect::save_png;
use autodidact_data::source::{
    self, Checked, Cifar, Depth, Folder, Idx, Labels, Memory, Options, Preload, Resize, Subset, Tar,
};
use autodidact_data::{ClassFolderProblem, Dataset, Error, Image, fingerprint};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

fn plain(value: u8) -> Image {
    Image::new(2, 2, vec![value; 12])
}

fn write_png(path: &Path, value: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    save_png(&plain(value), path).unwrap();
}

/// Writes pictures at `names` below a new folder; the grey value is the position in the list.
fn folder_of(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (value, name) in names.iter().enumerate() {
        write_png(&folder.path().join(name), value as u8);
    }
    folder
}

fn open(path: &Path) -> Result<Box<dyn Dataset>, Error> {
    source::open(path, &Options::default())
}

fn labels(dataset: &dyn Dataset) -> Vec<Option<usize>> {
    (0..dataset.len()).map(|index| dataset.label(index)).collect()
}

/// The grey value of each picture.
fn values(dataset: &dyn Dataset) -> Vec<u8> {
    (0..dataset.len()).map(|index| dataset.image(index).unwrap().pixels()[0]).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let path = name.to_string();
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn png_bytes(value: u8) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.png");
    write_png(&path, value);
    fs::read(path).unwrap()
}

// Folders.

#[test]
fn class_folders_give_labels_in_name_order() {
    let folder = folder_of(&["dog/2.png", "cat/b/1.png", "cat/a.png", "dog/1.png"]);
    fs::write(folder.path().join("notes.txt"), "not a picture").unwrap();
    fs::write(folder.path().join("cat/.hidden.png"), "not a picture").unwrap();
    let dataset = Folder::open(folder.path(), &Options::default()).unwrap();
    assert_eq!(dataset.class_names(), ["cat", "dog"]);
    assert_eq!(values(&dataset), [2, 1, 3, 0]);
    assert_eq!(labels(&dataset), [Some(0), Some(0), Some(1), Some(1)]);
    assert_eq!(dataset.path(1), folder.path().join("cat/b/1.png").display().to_string());
    assert_eq!(dataset.other_files(), 1);
    let unlabelled = Folder::open(folder.path(), &Options::default().with_labels(Labels::None)).unwrap();
    assert_eq!((unlabelled.len(), unlabelled.label(0), unlabelled.class_names().len()), (4, None, 0));
}

#[test]
fn flat_folders_are_unlabelled_and_say_so_when_labels_are_asked_for() {
    let folder = folder_of(&["1.png", "2.png", "more/3.png"]);
    let dataset = open(folder.path()).unwrap();
    assert_eq!((dataset.len(), dataset.label(0)), (3, None));
    let error =
        source::open(folder.path(), &Options::default().with_labels(Labels::FromFolders)).err().unwrap();
    let Error::ClassFolders { problem: ClassFolderProblem::LoosePictures { count: 2, first }, .. } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(first, "1.png");
    assert!(error.hint().unwrap().contains("folder named after its class"));
}

#[test]
fn a_split_is_asked_for_and_never_guessed() {
    let folder = folder_of(&["train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png"]);
    let error = open(folder.path()).err().unwrap();
    assert!(matches!(&error, Error::SplitNeeded { found, .. } if found == &["test", "train"]), "{error}");
    let test = source::open(folder.path(), &Options::default().with_split("test")).unwrap();
    assert_eq!((values(&test), labels(&test)), (vec![2, 3], vec![Some(0), Some(1)]));
    assert_eq!(test.class_names(), ["a", "b"]);
    let error = source::open(folder.path(), &Options::default().with_split("valid")).err().unwrap();
    assert!(matches!(&error, Error::UnknownSplit { found, .. } if found == &["test", "train"]), "{error}");
}

#[test]
fn nothing_to_read_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), "text").unwrap();
    let error = open(folder.path()).err().unwrap();
    assert!(matches!(error, Error::NoPictures { other_files: 1, .. }), "{error}");
    fs::write(folder.path().join("a.jpg"), "text").unwrap();
    fs::write(folder.path().join("b.jpg"), "").unwrap();
    let error = open(folder.path()).err().unwrap();
    assert!(
        matches!(&error, Error::NoneReadable { count: 2, reason, .. } if reason.contains("`text`")),
        "{error}"
    );
    let error = open(&folder.path().join("missing")).err().unwrap();
    assert!(matches!(error, Error::Read { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn link_loops_are_refused_and_dangling_links_are_bad_files() {
    use std::os::unix::fs::symlink;
    let folder = folder_of(&["a/1.png", "b/2.png"]);
    symlink("nowhere.png", folder.path().join("b/dangling.png")).unwrap();
    symlink(folder.path().join("a/1.png"), folder.path().join("b/linked.png")).unwrap();
    let dataset = Checked::new(open(folder.path()).unwrap(), Depth::Header).unwrap();
    assert_eq!((values(&dataset), labels(&dataset)), (vec![0, 1, 0], vec![Some(0), Some(1), Some(1)]));
    assert!(dataset.bad_files()[0].path.ends_with("dangling.png"));
    symlink(folder.path(), folder.path().join("b/loop")).unwrap();
    let error = open(folder.path()).err().unwrap();
    assert!(matches!(&error, Error::LinkLoop { ancestor, .. } if ancestor == folder.path()), "{error}");
}

#[test]
fn checking_leaves_out_exactly_the_broken_files() {
    let folder = folder_of(&["a/1.png", "a/2.png", "b/3.png", "b/4.png", "b/5.png"]);
    fs::write(folder.path().join("a/2.png"), "").unwrap();
    let mut damaged = fs::read(folder.path().join("b/4.png")).unwrap();
    let at = damaged.len() - 30; // in the pixels: only decoding finds it
    damaged[at] ^= 0xff;
    fs::write(folder.path().join("b/4.png"), damaged).unwrap();
    let dataset = Folder::open(folder.path(), &Options::default()).unwrap();
    let headers = source::scan(&dataset, Depth::Header);
    assert_eq!(headers.iter().map(|f| f.index).collect::<Vec<_>>(), [1]);
    assert_eq!(headers[0].reason, "the file is empty");
    let checked = Checked::new(&dataset, Depth::Full).unwrap();
    assert_eq!(checked.bad_files().iter().map(|f| f.index).collect::<Vec<_>>(), [1, 3]);
    assert_eq!((values(&checked), labels(&checked)), (vec![0, 2, 4], vec![Some(0), Some(1), Some(1)]));
    let memory = Memory::preload(&dataset, &Preload { max_bytes: 1000, resize: None }).unwrap();
    assert_eq!(memory.bad_files(), checked.bad_files());
    assert_eq!((values(&memory), labels(&memory)), (values(&checked), labels(&checked)));
    assert_eq!(memory.path(2), checked.path(2));
}

// CIFAR-10.

fn records(labels: &[u8]) -> Vec<u8> {
    labels
        .iter()
        .flat_map(|&label| std::iter::once(label).chain(std::iter::repeat_n(label + 100, 3072)))
        .collect()
}

#[test]
fn cifar_batches_are_read_in_order_gzipped_or_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data_batch_2.bin"), records(&[3])).unwrap();
    fs::write(folder.path().join("data_batch_1.bin.gz"), gzip(&records(&[9, 0]))).unwrap();
    let train = open(folder.path()).unwrap();
    assert_eq!((values(&train), labels(&train)), (vec![109, 100, 103], vec![Some(9), Some(0), Some(3)]));
    assert!(train.path(2).ends_with("data_batch_2.bin#0"), "{}", train.path(2));
    assert_eq!(train.class_names()[9], "truck");
    fs::write(folder.path().join("test_batch.bin"), records(&[1])).unwrap();
    assert!(matches!(open(folder.path()), Err(Error::SplitNeeded { .. })));
    let test = source::open(folder.path(), &Options::default().with_split("test")).unwrap();
    assert_eq!(values(&test), [101]);
    fs::write(folder.path().join("batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n").unwrap();
    let file = open(&folder.path().join("data_batch_1.bin.gz")).unwrap();
    assert_eq!((file.len(), file.class_names()[9].as_str()), (2, "j"));
}

// IDX.

fn idx_images(count: u8) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3];
    bytes.extend((0..count).flat_map(|value| [value; 6]));
    bytes
}

#[test]
fn idx_pairs_are_found_gzipped_or_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train-images-idx3-ubyte.gz"), gzip(&idx_images(3))).unwrap();
    fs::write(folder.path().join("train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 2]).unwrap();
    let train = open(folder.path()).unwrap();
    assert_eq!((values(&train), labels(&train)), (vec![0, 1, 2], vec![Some(5), Some(0), Some(2)]));
    assert_eq!(train.dimensions(0).unwrap(), (3, 2));
    fs::write(folder.path().join("t10k-images-idx3-ubyte"), idx_images(1)).unwrap();
    assert!(matches!(open(folder.path()), Err(Error::SplitNeeded { .. })));
    let test = source::open(folder.path(), &Options::default().with_split("test")).unwrap();
    assert_eq!((test.len(), test.label(0)), (1, None));
    let none = Idx::from_bytes(&idx_images(0), "none", None).unwrap_err().to_string();
    assert!(
        none.contains("at byte 4: expected at least one picture") && none.contains("got 0 x 2 x 3"),
        "{none}"
    );
}

// Archives.

#[test]
fn archives_with_folders_read_like_folders() {
    let (a, b, c) = (png_bytes(10), png_bytes(20), png_bytes(30));
    let bytes = tar_of(&[
        ("set/labels.u8", b"12"),
        ("set/train/dog/1.png", &a),
        ("set/train/cat/1.png", &b),
        ("set/test/dog/._1.png", b"x"),
        ("./set/test/dog/1.png", &c),
        ("set/test/cat/1.png", &a),
    ]);
    let train = Tar::from_bytes(bytes.clone(), "x.tar", &Options::default().with_split("train")).unwrap();
    assert_eq!((values(&train), labels(&train)), (vec![10, 20], vec![Some(1), Some(0)]));
    assert_eq!(
        (train.path(0).as_str(), train.class_names()),
        ("x.tar/set/train/dog/1.png", &["cat".to_string(), "dog".into()][..])
    );
    assert!(matches!(
        Tar::from_bytes(bytes.clone(), "x.tar", &Options::default()),
        Err(Error::SplitNeeded { .. })
    ));
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("x.tar", bytes.clone()), ("y.tar.gz", gzip(&bytes))] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let test = source::open(&path, &Options::default().with_split("test")).unwrap();
        assert_eq!((values(&test), labels(&test)), (vec![30, 10], vec![Some(1), Some(0)]), "{name}");
    }
    let error = source::open(folder.path(), &Options::default().with_split("test")).err().unwrap();
    assert!(matches!(&error, Error::Ambiguous { found, .. } if found == &["x.tar", "y.tar.gz"]), "{error}");
}

#[test]
fn pairs_are_labelled_by_their_cls_member_across_shards() {
    let (a, b) = (png_bytes(10), png_bytes(20));
    let folder = tempfile::tempdir().unwrap();
    let first = tar_of(&[("000.png", &a), ("000.cls", b"2"), ("001.cls", b"0\n"), ("001.png", &b)]);
    fs::write(folder.path().join("set-0000.tar"), first).unwrap();
    fs::write(folder.path().join("set-0001.tar"), tar_of(&[("000.seg.png", &b), ("000.cls", b"1")])).unwrap();
    let dataset = open(folder.path()).unwrap();
    assert_eq!((values(&dataset), labels(&dataset)), (vec![10, 20, 20], vec![Some(2), Some(0), Some(1)]));
    assert_eq!(dataset.class_names(), ["0", "1", "2"]);
}

#[test]
fn broken_archives_name_the_place() {
    let whole = tar_of(&[("1.png", &png_bytes(1)), ("2.png", &vec![7; 3000])]);
    let error = Tar::from_bytes(whole[..3000].to_vec(), "x.tar", &Options::default()).unwrap_err();
    assert!(
        matches!(&error, Error::Malformed { format: "tar", offset: 1536, expected, got, .. }
            if expected == "3000 bytes of member data" && got == "1464"),
        "{error}"
    );
    let mut bad = whole.clone();
    bad[1024 + 150] ^= 1; // the second member's check sum
    let error = Tar::from_bytes(bad, "x.tar", &Options::default()).unwrap_err();
    assert!(matches!(&error, Error::Malformed { format: "tar", .. }), "{error}");
    let label = tar_of(&[("1.png", &png_bytes(1)), ("1.cls", b"cat")]);
    let error = Tar::from_bytes(label, "x.tar", &Options::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "`x.tar/1.cls` is not valid label at byte 0: expected a whole number of 0 to 1048576, got `cat`"
    );
    let missing = tar_of(&[("1.png", &png_bytes(1)), ("2.png", &png_bytes(1)), ("1.cls", b"1")]);
    let error = Tar::from_bytes(missing, "x.tar", &Options::default()).unwrap_err();
    assert!(matches!(error, Error::LabelCount { images: 2, labels: 1, .. }), "{error}");
    let empty =
        Tar::from_bytes(tar_of(&[("readme.txt", b"hello")]), "x.tar", &Options::default()).unwrap_err();
    assert!(matches!(empty, Error::NoPictures { other_files: 1, .. }), "{empty}");
}

#[test]
fn files_of_no_known_kind_say_what_they_look_like() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, says) in [
        ("a.png", png_bytes(1), "it is one Png picture"),
        ("a.txt", b"hello".to_vec(), "it starts with `hello`"),
        ("empty", Vec::new(), "it is empty"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let error = open(&path).err().unwrap();
        assert!(matches!(&error, Error::UnknownKind { got, .. } if got == says), "{error}");
    }
}

// Memory.

#[test]
fn memory_checks_its_labels() {
    let names = || vec!["a".to_string(), "b".into()];
    let error = Memory::new(vec![plain(0), plain(1)], vec![0], names()).unwrap_err();
    assert!(matches!(error, Error::LabelCount { images: 2, labels: 1, .. }), "{error}");
    let error = Memory::new(vec![plain(0), plain(1)], vec![0, 2], names()).unwrap_err();
    assert_eq!(error.to_string(), "label 2 of picture 1 in `memory` is out of range, expected 0 to 1");
}

#[test]
fn a_moved_collection_keeps_its_fingerprint_and_a_changed_one_does_not() {
    let of = |names: &[&str]| fingerprint(&*open(folder_of(names).path()).unwrap());
    let first = of(&["a/1.png", "b/1.png"]);
    assert_eq!(first, of(&["a/1.png", "b/1.png"]));
    for other in [&["a/1.png", "c/1.png"][..], &["a/1.png", "b/2.png"], &["a/1.png", "b/1.png", "b/2.png"]] {
        assert_ne!(first, of(other), "{other:?}");
    }
}

#[test]
fn preloading_keeps_everything_and_respects_its_limit() {
    let folder = folder_of(&["a/1.png", "a/2.png", "b/3.png"]);
    let dataset = open(folder.path()).unwrap();
    let memory = Memory::preload(&dataset, &Preload { max_bytes: 36, resize: None }).unwrap();
    assert_eq!((memory.bytes(), values(&memory), labels(&memory)), (36, values(&dataset), labels(&dataset)));
    assert_eq!(memory.path(2), dataset.path(2));
    let error = Memory::preload(&dataset, &Preload { max_bytes: 35, resize: None }).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 35, .. }), "{error}");
    let small =
        Memory::preload(&dataset, &Preload { max_bytes: 9, resize: Some(Resize::Square(1)) }).unwrap();
    assert_eq!((small.bytes(), small.dimensions(0).unwrap()), (9, (1, 1)));
}

#[test]
fn area_resizing_is_the_mean_over_the_covered_area() {
    // Closed form: enlarge by whole factors to the common multiple, then average blocks. 7 x 5 to 3 x 4 here.
    let (width, height, new_width, new_height) = (7, 5, 3, 4);
    let image = Image::new(width, height, (0..105).map(|i| (i * 37 % 256) as u8).collect());
    let resized = image.resize_area(new_width, new_height);
    for (x, y, c) in
        (0..new_width).flat_map(|x| (0..new_height).flat_map(move |y| (0..3).map(move |c| (x, y, c))))
    {
        let mut sum = 0;
        for (i, j) in (0..width).flat_map(|i| (0..height).map(move |j| (i, j))) {
            // Fine column x * width + i lies in old column (x * width + i) / new_width; likewise rows.
            let (fine_x, fine_y) = ((x * width + i) / new_width, (y * height + j) / new_height);
            sum += usize::from(image.pixel(fine_x, fine_y)[c]);
        }
        let mean = sum as f64 / (width * height) as f64;
        assert_eq!(f64::from(resized.pixel(x, y)[c]), (mean + 0.5).floor(), "at {x}, {y}, channel {c}");
    }
}

#[test]
fn resizing_keeps_proportions_or_crops_the_centre() {
    let image = Image::new(6, 3, (0..54).collect());
    assert_eq!(Resize::ShorterSide(2).apply(&image).width(), 4);
    assert_eq!(Resize::ShorterSide(100_000).apply(&image), image, "nothing is blown up");
    let square = image.centre_square();
    assert_eq!((square.width(), square.height(), square.pixel(0, 0)), (3, 3, image.pixel(1, 0)));
}

#[test]
fn a_subset_looks_through() {
    let memory =
        Memory::new((0..5).map(plain).collect(), vec![0, 1, 0, 1, 0], vec!["a".into(), "b".into()]).unwrap();
    let subset = Subset::new(&memory, vec![4, 1, 1]);
    assert_eq!((values(&subset), labels(&subset)), (vec![4, 1, 1], vec![Some(0), Some(1), Some(1)]));
    assert_eq!((subset.path(0).as_str(), Subset::first(&memory, 9).len()), ("memory#4", 5));
}

// Real data.

#[test]
fn cifar_jpegs_pair_with_the_lossless_records() {
    let (Some(tar), Some(records)) = (
        common::test_data("cifar10/cifar10-jpeg.tar.gz"),
        common::test_data("cifar10/lossless_train_4000.bin.gz"),
    ) else {
        return;
    };
    let cifar = open(&records).unwrap();
    let train = source::open(&tar, &Options::default().with_split("train")).unwrap();
    assert_eq!((cifar.len(), train.len()), (4000, 50_000));
    assert_eq!(cifar.class_names(), train.class_names());
    // Stored in original order, so that position pairs them; the mean difference is that of JPEG at quality 75.
    let mut sum = 0;
    for index in 0..500 {
        assert_eq!(cifar.label(index), train.label(index), "picture {index}");
        let (a, b) = (cifar.image(index).unwrap(), train.image(index).unwrap());
        sum += a.pixels().iter().zip(b.pixels()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
    }
    let mean = sum as f64 / (500.0 * 3072.0);
    assert!((5.0..6.6).contains(&mean), "mean difference {mean}");
}

#[test]
fn real_mnist_and_photographs_are_recognised() {
    if let Some(folder) = common::test_data("mnist") {
        let test = source::open(&folder, &Options::default().with_split("test")).unwrap();
        assert_eq!(
            (test.len(), test.class_names().len(), test.dimensions(0).unwrap()),
            (10_000, 10, (28, 28))
        );
        // The first test digits, as any print of the labels file shows.
        assert_eq!(labels(&Subset::first(&test, 6)), [7, 2, 1, 0, 4, 1].map(Some));
    }
    if let Some(tar) = common::test_data("photos/clothing10-350.tar") {
        let train = source::open(&tar, &Options::default().with_split("train")).unwrap();
        assert_eq!((train.len(), train.class_names()[0].as_str()), (250, "dress"));
        assert!(source::scan(&train, Depth::Header).is_empty());
    }
    if let Some(folder) = common::test_data("cifar10") {
        let error = open(&folder).err().unwrap();
        let expected = ["cifar10-jpeg.tar.gz", "lossless_train_4000.bin.gz"];
        assert!(matches!(&error, Error::Ambiguous { found, .. } if found == &expected), "{error}");
    }
}

// Anything at all.

fn with_cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(with_cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic_a_parser(
        start in prop::sample::select(vec![&[][..], &[0, 0, 8, 3], &[0, 0, 8, 1], &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1]]),
        rest in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let bytes = [start, &rest].concat();
        let _ = Cifar::from_bytes(bytes.clone(), "fuzz");
        let _ = Idx::from_bytes(&bytes, "fuzz", Some((&bytes, "fuzz")));
        let _ = Tar::from_bytes(bytes, "fuzz", &Options::default());
    }

    #[test]
    fn whole_cifar_records_are_read_and_anything_else_is_refused(count in 0usize..4, extra in 0usize..3073, label in 0u8..12) {
        let mut bytes = records(&vec![label; count]);
        bytes.extend(vec![0; extra]);
        let read = Cifar::from_bytes(bytes, "fuzz");
        prop_assert_eq!(read.is_ok(), count > 0 && extra == 0 && label < 10);
    }

    #[test]
    fn mutated_archives_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = tar_of(&[("a/1.png", b"12345"), ("a/1.cls", b"3"), ("b/2.png", &[9; 700])]);
        for (at, value) in changes {
            // Among the headers, where it matters.
            let at = at.index(512 * 4);
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(dataset) = Tar::from_bytes(bytes, "fuzz", &Options::default()) {
            for index in 0..dataset.len() {
                let _ = (dataset.image(index), dataset.label(index), dataset.path(index));
            }
        }
    }
}
