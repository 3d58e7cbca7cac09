//! Named pipelines: the paper's two views, its ablations, and evaluation.

use super::config::{AugmentConfig, Blur, ColorJitter, Crop, CropRule, Normalize, Resample, Solarize};

impl AugmentConfig {
    /// The pipeline T of BYOL's first view: blur always, solarise never (Grill et al. 2020, table 6).
    pub fn byol_view1(size: usize) -> Self {
        Self {
            size,
            crop: Crop::random_resized(CropRule::Clamp),
            resample: Resample::default(),
            flip: 0.5,
            color_jitter: ColorJitter::default(),
            grayscale: 0.2,
            blur: Blur::default(),
            solarize: Solarize::default(),
            normalize: Some(Normalize::IMAGENET),
        }
    }

    /// The pipeline T′ of BYOL's second view: blur 0.1, solarise 0.2 (Grill et al. 2020, table 6).
    pub fn byol_view2(size: usize) -> Self {
        let mut config = Self::byol_view1(size);
        config.blur.probability = 0.1;
        config.solarize.probability = 0.2;
        config
    }

    /// One pipeline for both views: blur 0.5, solarise 0.2 (Grill et al. 2020, table 17, "symmetric", which
    /// reaches the same accuracy as T and T′).
    pub fn symmetric(size: usize) -> Self {
        let mut config = Self::byol_view1(size);
        config.blur.probability = 0.5;
        config.solarize.probability = 0.2;
        config
    }

    /// Training of a linear classifier on frozen features: random crop and flip only (appendix C.1).
    pub fn linear_probe(size: usize) -> Self {
        let mut config = Self::byol_view1(size).crop_only();
        config.flip = 0.5;
        config
    }

    /// Evaluation: shorter side to 256/224 of `size`, centre crop (appendix B), nothing random.
    pub fn evaluation(size: usize) -> Self {
        Self { crop: Crop::Center { shorter_side: (size * 256).div_ceil(224) }, ..Self::whole(size) }
    }

    /// Evaluation of the whole picture: shorter side to `size`, centre square, nothing random. For pictures
    /// that have the network's size already, such as CIFAR's, and for transfer (appendix D.2).
    pub fn whole(size: usize) -> Self {
        let mut config = Self::byol_view1(size).crop_only();
        config.crop = Crop::Center { shorter_side: size };
        config
    }

    /// Without horizontal flips.
    pub fn without_flip(mut self) -> Self {
        self.flip = 0.0;
        self
    }

    /// Without colour jitter; greyscale stays.
    pub fn without_jitter(mut self) -> Self {
        self.color_jitter.probability = 0.0;
        self
    }

    /// Without greyscale; colour jitter stays.
    pub fn without_grayscale(mut self) -> Self {
        self.grayscale = 0.0;
        self
    }

    /// Without colour jitter and greyscale.
    pub fn without_color(self) -> Self {
        self.without_jitter().without_grayscale()
    }

    /// Without blur.
    pub fn without_blur(mut self) -> Self {
        self.blur.probability = 0.0;
        self
    }

    /// Without solarising.
    pub fn without_solarize(mut self) -> Self {
        self.solarize.probability = 0.0;
        self
    }

    /// The crop alone.
    pub fn crop_only(self) -> Self {
        self.without_flip().without_color().without_blur().without_solarize()
    }

    /// With other constants for normalisation.
    pub fn with_normalize(mut self, normalize: Option<Normalize>) -> Self {
        self.normalize = normalize;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid_at_common_sizes() {
        for size in [1, 16, 24, 32, 96, 128, 224, 384] {
            for config in [
                AugmentConfig::byol_view1(size),
                AugmentConfig::byol_view2(size),
                AugmentConfig::symmetric(size),
                AugmentConfig::linear_probe(size),
                AugmentConfig::evaluation(size),
                AugmentConfig::whole(size),
            ] {
                config.validate().expect("a preset");
            }
        }
        assert_eq!(AugmentConfig::evaluation(224).crop, Crop::Center { shorter_side: 256 });
    }

    #[test]
    fn a_file_lists_only_what_differs_and_misspellings_are_refused() {
        let config: AugmentConfig =
            serde_json::from_str(r#"{"size": 32, "blur": {"probability": 0}}"#).expect("valid");
        assert_eq!(config, AugmentConfig::byol_view1(32).without_blur());
        assert!(serde_json::from_str::<AugmentConfig>(r#"{"blurr": {}}"#).is_err());
        let text = serde_json::to_string(&AugmentConfig::evaluation(96)).expect("plain data");
        assert_eq!(
            serde_json::from_str::<AugmentConfig>(&text).expect("own output"),
            AugmentConfig::evaluation(96)
        );
    }
}
