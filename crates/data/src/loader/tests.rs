//! Order, contents, threads, continuation and unreadable pictures.

use std::sync::Arc;

use super::*;
use crate::{Fault, Image};

/// Forty small pictures; those in `broken` do not decode.
struct Pictures {
    broken: Vec<usize>,
}

impl Dataset for Pictures {
    fn len(&self) -> usize {
        40
    }

    fn image(&self, index: usize) -> Result<Image> {
        if self.broken.contains(&index) {
            return Err(Error::Picture { path: self.path(index), fault: Fault::Empty });
        }
        let (width, height) = (9 + index % 5, 8 + index % 7);
        let pixels = (0..width * height * 3).map(|at| (at * 7 + index * 13) as u8).collect();
        Ok(Image::new(width, height, pixels))
    }

    fn label(&self, index: usize) -> Option<usize> {
        Some(index % 4)
    }

    fn class_names(&self) -> &[String] {
        &[]
    }

    fn path(&self, index: usize) -> String {
        format!("pictures#{index}")
    }
}

fn loader(broken: &[usize], config: LoaderConfig) -> Loader {
    let views = [AugmentConfig::byol_view1(12), AugmentConfig::byol_view2(10)];
    Loader::new(Arc::new(Pictures { broken: broken.to_vec() }), &views, config).expect("valid settings")
}

fn config(threads: usize) -> LoaderConfig {
    LoaderConfig { batch_size: 7, drop_last: false, threads, prefetch: 2, seed: 3, ..LoaderConfig::default() }
}

fn take(loader: &mut Loader, batches: usize) -> Vec<Batch> {
    (0..batches).map(|_| loader.next_batch().expect("readable")).collect()
}

#[test]
fn an_epoch_visits_every_picture_once() {
    let mut loader = loader(&[], config(0));
    for epoch in 0..2 {
        let batches: Vec<_> = loader.epoch().map(|batch| batch.expect("readable")).collect();
        assert_eq!(batches.len(), 6);
        assert_eq!(batches[5].len(), 5, "the rest of 40 by 7");
        assert!(batches.iter().all(|batch| batch.position.epoch == epoch));
        let mut seen: Vec<_> = batches.iter().flat_map(|batch| batch.indices.clone()).collect();
        assert_ne!(seen, (0..40).collect::<Vec<_>>());
        seen.sort_unstable();
        assert_eq!(seen, (0..40).collect::<Vec<_>>());
    }
}

#[test]
fn drop_last_leaves_only_full_batches() {
    let mut loader = loader(&[], LoaderConfig { drop_last: true, ..config(0) });
    assert!(loader.epoch().all(|batch| batch.expect("readable").len() == 7));
    assert_eq!(loader.position(), Position { epoch: 1, batch: 0 });
}

#[test]
fn epochs_and_seeds_have_their_own_order_and_views() {
    let first = take(&mut loader(&[], config(0)), 12);
    assert_ne!(first[0].indices, first[6].indices);
    let other = take(&mut loader(&[], LoaderConfig { seed: 4, ..config(0) }), 1);
    assert_ne!(first[0].indices, other[0].indices);
    // The same picture in two epochs, and in the two views of one.
    let picture = first[0].indices[0];
    let again = first[6..].iter().find_map(|batch| {
        let place = batch.indices.iter().position(|&index| index == picture)?;
        Some(batch.views[0][place * 432..][..432].to_vec())
    });
    assert_ne!(first[0].views[0][..432], again.expect("every epoch has every picture"));
}

#[test]
fn without_shuffling_pictures_come_by_index() {
    let mut loader = loader(&[], LoaderConfig { seed: 9, ..LoaderConfig::evaluation(16) });
    let order: Vec<_> = loader.epoch().flat_map(|batch| batch.expect("readable").indices).collect();
    assert_eq!(order, (0..40).collect::<Vec<_>>());
}

#[test]
fn batches_do_not_depend_on_threads_prefetch_or_recycled_memory() {
    let expected = take(&mut loader(&[5, 6, 39], config(0)), 14);
    for (threads, prefetch) in [(1, 1), (2, 1), (3, 2), (8, 5)] {
        let mut loader = loader(&[5, 6, 39], LoaderConfig { prefetch, ..config(threads) });
        for (number, expected) in expected.iter().enumerate() {
            let batch = loader.next_batch().expect("readable");
            assert_eq!(&batch, expected, "batch {number} with {threads} threads, {prefetch} ahead");
            loader.recycle(batch);
        }
    }
}

#[test]
fn a_saved_position_continues_to_the_bit() {
    for threads in [0, 2] {
        let mut straight = loader(&[11], config(threads));
        let expected = take(&mut straight, 10);
        let mut before = loader(&[11], config(threads));
        take(&mut before, 4);
        let saved = serde_json::to_string(&before.position()).expect("plain data");
        let mut after = loader(&[11], config(threads));
        after.seek(serde_json::from_str(&saved).expect("own output")).expect("same collection");
        assert_eq!(take(&mut after, 6), expected[4..], "with {threads} threads");
        // Back again, while batches of the later position are being prepared.
        after.seek(Position { epoch: 0, batch: 2 }).expect("same collection");
        assert_eq!(take(&mut after, 3), expected[2..5], "with {threads} threads");
    }
}

#[test]
fn a_position_of_another_collection_is_refused() {
    let error =
        loader(&[], config(0)).seek(Position { epoch: 0, batch: 6 }).expect_err("six batches, 0 to 5");
    assert!(error.to_string().starts_with("`position.batch` is 6, expected below 6"), "{error}");
}

#[test]
fn an_unreadable_picture_is_replaced_by_the_next_and_reported_once() {
    let mut loader = loader(&[5, 6, 39], config(2));
    let batches = take(&mut loader, 12);
    let indices: Vec<_> = batches[..6].iter().flat_map(|batch| batch.indices.clone()).collect();
    let count = |wanted| indices.iter().filter(|&&index| index == wanted).count();
    assert_eq!((count(5), count(6), count(7)), (0, 0, 3));
    assert_eq!((count(39), count(0)), (0, 2), "past the end comes the start");
    assert!(
        batches
            .iter()
            .flat_map(|batch| batch.indices.iter().zip(&batch.labels))
            .all(|(i, l)| *l == Some(i % 4))
    );
    let skipped: Vec<_> = loader.skipped().collect();
    assert_eq!(skipped.iter().map(|skipped| skipped.index).collect::<Vec<_>>(), [5, 6, 39]);
    assert_eq!(skipped[0].path, "pictures#5");
    assert!(skipped[0].reason.contains("the file is empty"), "{}", skipped[0].reason);
}

#[test]
fn a_collection_without_a_readable_picture_ends_the_run() {
    for threads in [0, 2] {
        let mut loader = loader(&(0..40).collect::<Vec<_>>(), config(threads));
        let error = loader.next_batch().expect_err("nothing to show");
        assert!(matches!(error, Error::NothingReadable { count: 40, .. }), "{error}");
        assert_eq!(loader.epoch().count(), 1, "the iterator ends after an error");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |config: LoaderConfig| {
        let views = [AugmentConfig::whole(8)];
        let result = Loader::new(Arc::new(Pictures { broken: Vec::new() }), &views, config);
        result.err().expect("refused").to_string()
    };
    assert!(refused(LoaderConfig { batch_size: 0, ..config(0) }).starts_with("`batch_size` is 0"));
    assert!(refused(LoaderConfig { prefetch: 0, ..config(0) }).starts_with("`prefetch` is 0"));
    let message = refused(LoaderConfig { batch_size: 41, drop_last: true, ..config(0) });
    assert!(message.starts_with("`batch_size` is 41, expected at most the 40 pictures"), "{message}");
    let none =
        Loader::new(Arc::new(Pictures { broken: Vec::new() }), &[], config(0)).err().expect("no pipeline");
    assert!(none.to_string().starts_with("`views` is empty"), "{none}");
}
