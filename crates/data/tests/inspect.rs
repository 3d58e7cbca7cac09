//! Inspection and contact sheets of small datasets counted by hand.

use std::fs;

use autodidact_data::inspect::{Bin, ContactSheet, Spread, contact_sheet, inspect, save_png};
use autodidact_data::source::{Depth, Folder, Memory, Options};
use autodidact_data::{Image, decode};

fn plain(width: usize, height: usize, value: u8) -> Image {
    Image::new(width, height, vec![value; width * height * 3])
}

#[test]
fn counts_sizes_and_broken_files_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for (name, width, height) in
        [("a/1.png", 10, 40), ("a/2.png", 16, 16), ("b/3.png", 31, 20), ("b/4.png", 50, 64)]
    {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        save_png(&plain(width, height, 9), path).unwrap();
    }
    fs::write(folder.path().join("b/5.png"), "").unwrap();
    let dataset = Folder::open(folder.path(), &Options::default()).unwrap();
    let found = inspect(&dataset, Depth::Full);
    assert_eq!(found.pictures, 5);
    assert_eq!(
        found.classes.iter().map(|c| (c.name.as_str(), c.pictures)).collect::<Vec<_>>(),
        [("a", 2), ("b", 3)]
    );
    let sizes = found.sizes.as_ref().unwrap();
    assert_eq!(sizes.width, Spread { min: 10, median: 16, max: 50 });
    assert_eq!(sizes.height, Spread { min: 16, median: 20, max: 64 });
    assert_eq!(sizes.shorter_side, Spread { min: 10, median: 16, max: 50 });
    let bin = |from, pictures| Bin { from, below: 2 * from, pictures };
    assert_eq!(sizes.histogram, [bin(8, 1), bin(16, 2), bin(32, 1)]);
    assert_eq!(
        found.bad_files.iter().map(|f| (f.index, f.reason.as_str())).collect::<Vec<_>>(),
        [(4, "the file is empty")]
    );
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["sizes"]["width"]["median"], 16);
    assert_eq!(json["bad_files"][0]["index"], 4);
}

#[test]
fn a_sheet_has_a_row_per_class_and_fields_of_the_pictures() {
    let images = vec![plain(6, 4, 10), plain(4, 4, 20), plain(4, 8, 30)];
    let dataset = Memory::new(images, vec![1, 0, 1], vec!["a".into(), "b".into()]).unwrap();
    let sheet = contact_sheet(&dataset, &ContactSheet { columns: 3, thumbnail: 8, rows: 1 });
    assert_eq!((sheet.width(), sheet.height()), (3 * 12 + 4, 2 * 12 + 4));
    let field = |column: usize, row: usize| sheet.pixel(column * 12 + 8, row * 12 + 8)[0];
    let paper = sheet.pixel(0, 0)[0];
    assert_eq!([field(0, 0), field(1, 0), field(0, 1), field(1, 1), field(2, 1)], [20, paper, 10, 30, paper]);
}

#[test]
fn a_sheet_without_labels_spreads_over_the_dataset() {
    let dataset = Memory::new((0..100).map(|v| plain(1, 1, v)).collect(), vec![], vec![]).unwrap();
    let sheet = contact_sheet(&dataset, &ContactSheet { columns: 2, thumbnail: 1, rows: 2 });
    let fields = [(4, 4), (9, 4), (4, 9), (9, 9)].map(|(x, y)| sheet.pixel(x, y)[0]);
    assert_eq!(fields, [0, 25, 50, 75]);
}

#[test]
fn a_saved_sheet_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sheet.png");
    let image = Image::new(3, 2, (0..18).collect());
    save_png(&image, &path).unwrap();
    assert_eq!(decode::decode_file(&path, &decode::Limits::default()).unwrap(), image);
    assert!(
        save_png(&image, folder.path().join("missing/sheet.png"))
            .unwrap_err()
            .to_string()
            .contains("cannot write")
    );
}

/// The device refuses every byte, as a full disk does.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let error = save_png(&plain(4, 4, 9), "/dev/full").unwrap_err();
    assert!(error.to_string().contains("/dev/full"), "{error}");
    assert!(std::path::Path::new("/dev/full").exists());
}
