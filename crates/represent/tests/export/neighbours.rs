//! Rows of neighbours and their picture.

use autodidact_data::source::Memory;
use autodidact_data::{Dataset, Image};
use autodidact_represent::{Embeddings, nearest_rows, neighbours_picture};

fn flat(width: usize, height: usize, color: [u8; 3]) -> Image {
    Image::new(width, height, color.repeat(width * height))
}

/// Five pictures whose representations lie on a quarter circle, in order; the first three are of class 0.
fn collection() -> (Memory, Embeddings) {
    let images = (0..5).map(|i| flat(4, 3, [40 * i, 0, 200])).collect();
    let labels = vec![0, 0, 0, 1, 1];
    let dataset = Memory::new(images, labels.clone(), vec!["a".into(), "b".into()]).unwrap();
    let values = (0..5).flat_map(|i| [(0.3 * i as f32).cos(), (0.3 * i as f32).sin()]).collect();
    let embeddings = Embeddings {
        values,
        width: 2,
        labels: labels.into_iter().map(Some).collect(),
        paths: (0..5).map(|i| dataset.path(i)).collect(),
        skipped: vec![],
    };
    (dataset, embeddings)
}

#[test]
fn neighbours_are_the_nearest_without_the_query_itself() {
    let (dataset, embeddings) = collection();
    let rows = nearest_rows(&embeddings, &dataset, &[0, 3], 2).unwrap();
    let indices =
        |row: usize| rows[row].neighbours.iter().map(|neighbour| neighbour.index).collect::<Vec<_>>();
    assert_eq!((rows[0].index, indices(0)), (0, vec![1, 2]));
    assert_eq!((rows[1].index, indices(1)), (3, vec![2, 4]));
    assert!((rows[0].neighbours[0].similarity - 0.3_f32.cos()).abs() < 1e-6);
    assert_eq!(rows[1].neighbours[0].same_class, Some(false));
    assert_eq!(rows[1].neighbours[1].same_class, Some(true));
    assert_eq!(rows[1].neighbours[0].image.pixel(0, 0), [80, 0, 200]);

    assert!(nearest_rows(&embeddings, &dataset, &[], 2).unwrap().is_empty());
    for k in [0, 5] {
        let error = nearest_rows(&embeddings, &dataset, &[0], k).unwrap_err().to_string();
        assert!(error.contains("between 1 and 4"), "{error}");
    }
}

#[test]
fn rows_keep_their_pictures_where_some_were_skipped() {
    let (dataset, mut embeddings) = collection();
    // Picture 1 could not be read when the representations were made.
    embeddings.skipped = vec![autodidact_data::loader::Skipped {
        index: 1,
        path: embeddings.paths.remove(1),
        reason: "damaged".into(),
        replacement: 0,
    }];
    embeddings.values.drain(2..4);
    embeddings.labels.remove(1);
    let rows = nearest_rows(&embeddings, &dataset, &[1], 1).unwrap();
    assert_eq!((rows[0].index, rows[0].neighbours[0].index), (2, 3));
}

#[test]
fn the_picture_tells_classes_by_frame_and_mark() {
    let (dataset, embeddings) = collection();
    let rows = nearest_rows(&embeddings, &dataset, &[3], 2).unwrap();
    let png = neighbours_picture(&rows);
    let picture = autodidact_data::decode::decode(&png, &autodidact_data::decode::Limits::default()).unwrap();
    // Margin 24, query 128, gap 48, two neighbours of 128 with a gap of 20, margin 24.
    assert_eq!((picture.width(), picture.height()), (24 + 128 + 48 + 128 + 20 + 128 + 24, 24 + 128 + 24));
    // Query: no frame. First neighbour: another class. Second: the query's class.
    assert_eq!(picture.pixel(24 - 3, 88), [255; 3]);
    let (different, same) = (picture.pixel(200 - 2, 88), picture.pixel(348 - 5, 88));
    assert_eq!((different, same), ([213, 94, 0], [0, 114, 178]));
    assert_eq!(picture.pixel(200 - 3, 88), [255; 3], "a thin frame");
    // The middle of the badge: the strokes of a cross meet there, those of a tick do not.
    assert_eq!(picture.pixel(200 + 118, 24 + 118), [255; 3]);
    assert_eq!(picture.pixel(348 + 118, 24 + 118 - 4), [0, 114, 178]);
    // A picture of 4 by 3 pixels fills the width of its square, not the height.
    assert_eq!(picture.pixel(24 + 64, 24 + 64), [120, 0, 200]);
    assert_eq!(picture.pixel(24 + 64, 24 + 8), [255; 3]);
}

#[test]
fn without_labels_there_are_no_frames() {
    let (dataset, mut embeddings) = collection();
    embeddings.labels.fill(None);
    let rows = nearest_rows(&embeddings, &dataset, &[0, 1], 3).unwrap();
    assert!(rows.iter().flat_map(|row| &row.neighbours).all(|neighbour| neighbour.same_class.is_none()));
    let png = neighbours_picture(&rows);
    let picture = autodidact_data::decode::decode(&png, &autodidact_data::decode::Limits::default()).unwrap();
    assert_eq!(picture.pixel(200 - 3, 88), [255; 3]);
}
