//! Resizing by exact area averaging.
//!
//! This is for bringing a whole collection to one small size before training; the filtered resizing of augmentation lies there.

use crate::Image;

impl Image {
    /// Resizes so that each new pixel is the mean of the area it covers, rounded half up.
    ///
    /// With whole ratios this is block averaging; otherwise pixels at a border count by the covered part.
    /// The result is computed in integers and is exact.
    ///
    /// ```
    /// use autodidact_data::Image;
    /// let image = Image::new(3, 1, vec![0, 0, 0, 90, 90, 90, 30, 30, 30]);
    /// assert_eq!(image.resize_area(2, 1).pixels(), [30, 30, 30, 50, 50, 50]);
    /// ```
    ///
    /// # Panics
    /// If a side is zero.
    pub fn resize_area(&self, width: usize, height: usize) -> Self {
        assert!(width > 0 && height > 0, "an image has at least one pixel, got {width} x {height}");
        if (width, height) == (self.width(), self.height()) {
            return self.clone();
        }
        let columns = overlaps(self.width(), width);
        let rows = overlaps(self.height(), height);
        // Sums of each row over the columns of a new pixel; weights add up to the old width.
        let mut across = Vec::with_capacity(self.height() * width * 3);
        for row in self.pixels().chunks_exact(self.width() * 3) {
            for (first, weights) in &columns {
                let mut sum = [0u64; 3];
                for (pixel, weight) in row[first * 3..].chunks_exact(3).zip(weights) {
                    for (s, &v) in sum.iter_mut().zip(pixel) {
                        *s += weight * u64::from(v);
                    }
                }
                across.extend(sum);
            }
        }
        let total = (self.width() * self.height()) as u64;
        let mut pixels = Vec::with_capacity(width * height * 3);
        let mut sums = vec![0u64; width * 3];
        for (first, weights) in &rows {
            sums.fill(0);
            for (row, weight) in across[first * width * 3..].chunks_exact(width * 3).zip(weights) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
            pixels.extend(sums.iter().map(|sum| ((2 * sum + total) / (2 * total)) as u8));
        }
        Self::new(width, height, pixels)
    }

    /// The largest centred square, cut out.
    pub fn centre_square(&self) -> Self {
        let side = self.width().min(self.height());
        if self.width() == self.height() {
            return self.clone();
        }
        let (left, top) = ((self.width() - side) / 2, (self.height() - side) / 2);
        let rows = self.pixels().chunks_exact(self.width() * 3).skip(top).take(side);
        Self::new(side, side, rows.flat_map(|row| &row[left * 3..(left + side) * 3]).copied().collect())
    }
}

/// For each of `new` cells: the first of `old` cells it overlaps, and the overlaps in units of `1 / new` old cells.
fn overlaps(old: usize, new: usize) -> Vec<(usize, Vec<u64>)> {
    (0..new)
        .map(|j| {
            let (start, end) = (j * old, (j + 1) * old);
            let (first, last) = (start / new, (end - 1) / new);
            let weights =
                (first..=last).map(|i| (end.min((i + 1) * new) - start.max(i * new)) as u64).collect();
            (first, weights)
        })
        .collect()
}
