//! The residual join and the pools against plain loops.

use super::{assert_close, noise};
use crate::{
    MaxPool2d, add_relu_backward, add_relu_forward, global_average_pool_backward,
    global_average_pool_forward, max_pool2d_backward, max_pool2d_forward,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn add_relu_is_the_sum_where_positive(len in 0usize..200, seed in 0u64..1000) {
        let [a, b, grad_out] = [0, 1, 2].map(|offset| noise(seed + offset, len));
        let (mut out, mut grad) = (vec![f32::NAN; len], vec![f32::NAN; len]);
        add_relu_forward(&a, &b, &mut out);
        add_relu_backward(&out, &grad_out, &mut grad);
        for index in 0..len {
            let sum = a[index] + b[index];
            let expected = if sum > 0.0 { (sum, grad_out[index]) } else { (0.0, 0.0) };
            prop_assert_eq!((out[index], grad[index]), expected);
        }
    }

    #[test]
    fn average_pool_is_the_mean(
        batch in 0usize..4, spatial in 1usize..80, channels in 1usize..41, seed in 0u64..1000,
    ) {
        let x = noise(seed, batch * spatial * channels);
        let mut expected = vec![0.0; batch * channels];
        for (index, x) in x.iter().enumerate() {
            let place = index / (spatial * channels) * channels + index % channels;
            expected[place] += f64::from(*x) / spatial as f64;
        }
        let mut out = vec![f32::NAN; batch * channels];
        global_average_pool_forward(batch, spatial, channels, &x, &mut out);
        assert_close("out", &out, &expected, 1e-6);
        let mut grad_x = vec![f32::NAN; x.len()];
        global_average_pool_backward(batch, spatial, channels, &out, &mut grad_x);
        for (index, gradient) in grad_x.iter().enumerate() {
            let place = index / (spatial * channels) * channels + index % channels;
            prop_assert!((gradient - out[place] / spatial as f32).abs() <= 1e-7);
        }
    }

    #[test]
    fn max_pool_equals_plain_loops(
        batch in 0usize..3,
        kernel in prop::array::uniform2(1usize..5),
        stride in prop::array::uniform2(1usize..4),
        half in prop::array::uniform2(0usize..3),
        extra in prop::array::uniform2(0usize..7),
        channels in 1usize..41,
        seed in 0u64..1000,
    ) {
        let padding = [half[0].min(kernel[0] / 2), half[1].min(kernel[1] / 2)];
        let [height, width] = [kernel[0] + extra[0], kernel[1] + extra[1]];
        let shape = MaxPool2d::new([batch, height, width], channels, kernel, stride, padding);
        // Few different values, so that some are equal.
        let x: Vec<f32> =
            noise(seed, batch * height * width * channels).iter().map(|x| (x * 8.0).round()).collect();
        let (out_height, out_width) = (shape.output_height(), shape.output_width());
        let len = batch * out_height * out_width * channels;
        let (mut out, mut indices) = (vec![f32::NAN; len], vec![u32::MAX; len]);
        max_pool2d_forward(&shape, &x, &mut out, &mut indices);
        let grad_out = noise(seed + 1, len);
        let mut grad_x = vec![f32::NAN; x.len()];
        max_pool2d_backward(&shape, &indices, &grad_out, &mut grad_x);
        let mut expected_x = vec![0.0; x.len()];
        for place in 0..len {
            let (pixel, channel) = (place / channels, place % channels);
            let (image, y, column) =
                (pixel / (out_height * out_width), pixel / out_width % out_height, pixel % out_width);
            let mut best: Option<(f32, usize)> = None;
            for tap in 0..kernel[0] * kernel[1] {
                let row = (y * stride[0] + tap / kernel[1]).wrapping_sub(padding[0]);
                let column = (column * stride[1] + tap % kernel[1]).wrapping_sub(padding[1]);
                if row < height && column < width {
                    let index = row * width + column;
                    let value = x[(image * height * width + index) * channels + channel];
                    if best.is_none_or(|(most, _)| value > most) {
                        best = Some((value, index));
                    }
                }
            }
            let (value, index) = best.expect("a window touches the image");
            prop_assert_eq!((out[place], indices[place] as usize), (value, index));
            expected_x[(image * height * width + index) * channels + channel] += f64::from(grad_out[place]);
        }
        assert_close("grad_x", &grad_x, &expected_x, 2e-6);
    }
}
