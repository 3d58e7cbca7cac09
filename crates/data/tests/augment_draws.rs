//! The distributions of the draws against their closed forms, and the properties that hold for every draw.
//!
//! All draws are seeded, so nothing here is a matter of luck; bounds are such that a right sampler fails about
//! once in a thousand seeds.

use autodidact_data::{
    Image,
    augment::{
        Augment, AugmentConfig, ColorOperation, Crop, CropRule, Draw, JitterStyle, Region, Scratch, Stream,
    },
};
use proptest::prelude::*;

const DRAWS: usize = 20_000;

fn draws(config: &AugmentConfig, width: usize, height: usize) -> Vec<Draw> {
    let augment = Augment::new(config.clone()).expect("a valid configuration");
    let draw = |index| augment.sample(&mut Stream::new(1, 2, index, 3), width, height);
    (0..DRAWS as u64).map(draw).collect()
}

/// Kolmogorov and Smirnov's test of `values` against the uniform distribution on `[low, high]`.
fn assert_uniform(name: &str, values: impl IntoIterator<Item = f64>, low: f64, high: f64) {
    let mut values: Vec<_> = values.into_iter().map(|value| (value - low) / (high - low)).collect();
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let distance = |(rank, &value): (usize, &f64)| {
        (value - rank as f64 / count).abs().max((value - (rank + 1) as f64 / count).abs())
    };
    let largest = values.iter().enumerate().map(distance).fold(0.0, f64::max);
    assert!(largest < 1.95 / count.sqrt(), "{name}: distance {largest} from uniform on [{low}, {high}]");
}

/// `count` of [`DRAWS`] against a binomial distribution.
fn assert_share(name: &str, count: usize, probability: f64) {
    let deviation = (DRAWS as f64 * probability * (1.0 - probability)).sqrt();
    let difference = count as f64 - DRAWS as f64 * probability;
    assert!(difference.abs() <= 3.3 * deviation, "{name}: {count} of {DRAWS}, expected share {probability}");
}

#[test]
fn crops_have_uniform_area_log_uniform_aspect_and_uniform_place() {
    for rule in [CropRule::Clamp, CropRule::TenAttempts] {
        let mut config = AugmentConfig::byol_view1(32);
        // With at most half of the area every rectangle fits, so neither rule interferes.
        config.crop = Crop::RandomResized { area: [0.08, 0.5], aspect: [3.0 / 4.0, 4.0 / 3.0], rule };
        let regions: Vec<_> = draws(&config, 4096, 4096).iter().map(|draw| draw.region).collect();
        let pixels = 4096.0 * 4096.0;
        assert_uniform("area", regions.iter().map(|r| r.width * r.height / pixels), 0.08, 0.5);
        let end = (4.0_f64 / 3.0).ln();
        assert_uniform("log aspect", regions.iter().map(|r| (r.width / r.height).ln()), -end, end);
        assert_uniform("x", regions.iter().map(|r| r.x / (4096.0 - r.width)), 0.0, 1.0);
        assert_uniform("y", regions.iter().map(|r| r.y / (4096.0 - r.height)), 0.0, 1.0);
    }
}

#[test]
fn a_clamped_crop_keeps_the_side_that_fits() {
    let mut config = AugmentConfig::byol_view1(32);
    config.crop = Crop::RandomResized { area: [1.0, 1.0], aspect: [2.0, 2.0], rule: CropRule::Clamp };
    // sqrt(100 · 100 · 2) = 141 does not fit; sqrt(100 · 100 / 2) = 71 does.
    let region = draws(&config, 100, 100)[0].region;
    assert_eq!((region.x, region.width, region.height), (0.0, 100.0, 71.0));
}

#[test]
fn ten_attempts_fall_back_to_the_centre() {
    let mut config = AugmentConfig::byol_view1(32);
    config.crop = Crop::random_resized(CropRule::TenAttempts);
    // No rectangle of 8 % of the area and an aspect of at most 4/3 fits a strip of 1000 × 9: it would be
    // at least sqrt(720 · 3/4) = 23 high.
    assert!(draws(&config, 1000, 9).iter().all(|draw| draw.region == Region::crop(494, 0, 12, 9)));
    assert!(draws(&config, 9, 1000).iter().all(|draw| draw.region == Region::crop(0, 494, 9, 12)));
}

#[test]
fn jitter_has_the_papers_ranges_and_orders() {
    for (style, brightness) in [(JitterStyle::Byol, [-0.4, 0.4]), (JitterStyle::Torchvision, [0.6, 1.4])] {
        let mut config = AugmentConfig::byol_view1(32);
        config.color_jitter.style = style;
        let jitters: Vec<_> = draws(&config, 64, 64).iter().filter_map(|draw| draw.jitter).collect();
        assert_share("jitter", jitters.len(), 0.8);
        assert_uniform("brightness", jitters.iter().map(|j| j.brightness), brightness[0], brightness[1]);
        assert_uniform("contrast", jitters.iter().map(|j| j.contrast), 0.6, 1.4);
        assert_uniform("saturation", jitters.iter().map(|j| j.saturation), 0.8, 1.2);
        assert_uniform("hue", jitters.iter().map(|j| j.hue), -0.1, 0.1);
        let mut orders = std::collections::BTreeMap::new();
        for jitter in &jitters {
            *orders.entry(jitter.order.map(|operation| operation as usize)).or_insert(0_i32) += 1;
        }
        assert_eq!(orders.len(), 24);
        // Chi-squared with 23 degrees of freedom: 49.7 at one in a thousand.
        let expected = jitters.len() as f64 / 24.0;
        let chi: f64 = orders.values().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
        assert!(chi < 49.7, "chi-squared {chi} over 24 orders");
    }
}

#[test]
fn the_two_views_have_the_papers_probabilities() {
    let configs = [
        (AugmentConfig::byol_view1(224), 1.0, 0.0),
        (AugmentConfig::byol_view2(224), 0.1, 0.2),
        (AugmentConfig::symmetric(224), 0.5, 0.2),
    ];
    for (config, blur, solarize) in configs {
        let draws = draws(&config, 300, 200);
        let count = |what: fn(&Draw) -> bool| draws.iter().filter(|draw| what(draw)).count();
        assert_share("flip", count(|draw| draw.flip), 0.5);
        assert_share("grayscale", count(|draw| draw.grayscale), 0.2);
        assert_share("blur", count(|draw| draw.blur.is_some()), blur);
        assert_share("solarize", count(|draw| draw.solarize), solarize);
        let both = count(|draw| draw.flip && draw.grayscale && draw.jitter.is_some());
        assert_share("flip, grayscale and jitter together", both, 0.5 * 0.2 * 0.8);
        assert_uniform("sigma", draws.iter().filter_map(|draw| draw.blur), 0.1, 2.0);
    }
}

/// A switch, and what it removes from a draw.
type Ablation = (fn(AugmentConfig) -> AugmentConfig, fn(&mut Draw));

#[test]
fn switching_an_operation_off_leaves_the_other_draws_alone() {
    let config = AugmentConfig::byol_view2(32);
    let all = draws(&config, 90, 60);
    let ablations: [Ablation; 6] = [
        (AugmentConfig::without_flip, |draw| draw.flip = false),
        (AugmentConfig::without_jitter, |draw| draw.jitter = None),
        (AugmentConfig::without_grayscale, |draw| draw.grayscale = false),
        (AugmentConfig::without_blur, |draw| draw.blur = None),
        (AugmentConfig::without_solarize, |draw| draw.solarize = false),
        (AugmentConfig::crop_only, |draw| {
            *draw =
                Draw { flip: false, jitter: None, grayscale: false, blur: None, solarize: false, ..*draw };
        }),
    ];
    for (without, remove) in ablations {
        let mut expected = all.clone();
        expected.iter_mut().for_each(remove);
        assert_eq!(draws(&without(config.clone()), 90, 60), expected);
    }
}

#[test]
fn evaluation_is_the_centre_of_the_resized_picture() {
    // Shorter side 300 to 256, longer 400 to 341; margins (341 − 224) / 2 = 58.5, to even 58, and 16.
    let draw = draws(&AugmentConfig::evaluation(224), 400, 300)[0];
    let x = 400.0 / 341.0;
    let y = 300.0 / 256.0;
    assert_eq!(
        draw.region,
        Region { x: 58.0 * x, y: 16.0 * y, width: 224.0 * x, height: 224.0 * y, within: [0, 0, 400, 300] }
    );
}

#[test]
fn a_draw_survives_storage() {
    for draw in &draws(&AugmentConfig::byol_view2(32), 90, 60)[..50] {
        let text = serde_json::to_string(draw).expect("plain data");
        assert_eq!(&serde_json::from_str::<Draw>(&text).expect("own output"), draw);
    }
    assert_eq!(serde_json::to_string(&ColorOperation::Hue).expect("plain data"), "\"hue\"");
}

#[test]
fn of_a_uniform_picture_only_blur_moves_pixels_apart() {
    // Crop, resize and colour of one colour give one colour; contrast about the mean does nothing.
    let image = Image::new(50, 40, [200, 100, 50].repeat(2000));
    let config = AugmentConfig { normalize: None, ..AugmentConfig::byol_view1(24).without_blur() };
    let augment = Augment::new(config).expect("valid");
    let mut view = vec![0.0; augment.len()];
    for draw in &draws(augment.config(), 50, 40)[..200] {
        augment.apply(&image, draw, &mut Scratch::new(), &mut view);
        for plane in view.chunks_exact(24 * 24) {
            assert!(plane.iter().all(|value| (value - plane[0]).abs() < 1e-5), "{draw:?}");
        }
    }
}

fn styles() -> impl Strategy<Value = JitterStyle> {
    prop_oneof![Just(JitterStyle::Byol), Just(JitterStyle::Torchvision)]
}

proptest! {
    #[test]
    fn views_stay_in_range_whatever_the_picture(
        (width, height, size) in (1_usize..70, 1_usize..70, 1_usize..40),
        seed in any::<u64>(),
        antialias in any::<bool>(),
        style in styles(),
        attempts in any::<bool>(),
    ) {
        let mut stream = Stream::new(seed, 0, 0, 0);
        let pixels = (0..width * height * 3).map(|_| [0, 255, stream.below(256) as u8][stream.below(3)]).collect();
        let image = Image::new(width, height, pixels);
        let mut config = AugmentConfig { normalize: None, ..AugmentConfig::symmetric(size) };
        config.resample.antialias = antialias;
        config.color_jitter.style = style;
        if attempts {
            config.crop = Crop::random_resized(CropRule::TenAttempts);
        }
        let augment = Augment::new(config).expect("valid");
        let mut scratch = Scratch::new();
        for index in 0..4 {
            let draw = augment.sample(&mut Stream::new(seed, 1, index, 0), width, height);
            let mut view = vec![f32::NAN; augment.len()];
            augment.apply(&image, &draw, &mut scratch, &mut view);
            prop_assert!(view.iter().all(|value| (0.0..=1.0).contains(value)), "{draw:?}");
            // Used working memory leaves no trace.
            let mut again = vec![f32::NAN; augment.len()];
            augment.apply(&image, &draw, &mut Scratch::new(), &mut again);
            prop_assert_eq!(&view, &again);
        }
    }
}
