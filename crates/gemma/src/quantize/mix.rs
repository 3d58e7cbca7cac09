//! Which layout each tensor gets: the mixes of llama.cpp without weights of importance.

use super::FileType;
use crate::Config;
use crate::weights::{Format, LayerPart, TensorName};
use autodidact_kernels::quantised::BlockFormat;

impl FileType {
    /// The layout of a tensor in a file of this type.
    ///
    /// Norms are in single precision. Matrices whose rows do not fill blocks of 256 get blocks of 32, and those whose rows do not fill
    /// them either, half precision.
    pub fn format_of(self, name: TensorName, config: &Config) -> Format {
        if name.is_norm() {
            return Format::F32;
        }
        let format = match self.blocks(name, config) {
            Ok(plain) => return plain,
            Err(format) => format,
        };
        let [_, columns] = name.shape(config);
        let fits = |format: BlockFormat| columns.is_multiple_of(format.block_len());
        let blocks = [format, fallback(format)].into_iter().find(|format| fits(*format));
        blocks.map_or(Format::F16, Format::Block)
    }

    /// Plain numbers, or else blocks.
    fn blocks(self, name: TensorName, config: &Config) -> Result<Format, BlockFormat> {
        let base = match self {
            Self::F32 => return Ok(Format::F32),
            Self::F16 => return Ok(Format::F16),
            Self::BF16 => return Ok(Format::BF16),
            Self::Q8_0 => return Err(BlockFormat::Q8_0),
            Self::Q4_0 => BlockFormat::Q4_0,
            Self::Q4_1 => BlockFormat::Q4_1,
            Self::Q5_0 => BlockFormat::Q5_0,
            Self::Q5_1 => BlockFormat::Q5_1,
            Self::Q2_K => BlockFormat::Q2_K,
            Self::Q3_K_M => BlockFormat::Q3_K,
            Self::Q4_K_S | Self::Q4_K_M => BlockFormat::Q4_K,
            Self::Q5_K_S | Self::Q5_K_M => BlockFormat::Q5_K,
            Self::Q6_K => BlockFormat::Q6_K,
        };
        Err(match name {
            TensorName::Embedding => BlockFormat::Q6_K,
            TensorName::Layer(layer, part) => self.of_part(layer, part, config).unwrap_or(base),
            TensorName::Norm => base,
        })
    }

    /// Where a layer has better blocks than others.
    fn of_part(self, layer: usize, part: LayerPart, config: &Config) -> Option<BlockFormat> {
        use BlockFormat::{Q3_K, Q4_K, Q5_K, Q6_K};
        use LayerPart::{Down, Output, Value};
        let layers = config.num_hidden_layers;
        let shared = config.num_attention_heads / config.num_key_value_heads;
        match (self, part) {
            (Self::Q2_K, Value) if shared >= 4 => Some(Q4_K),
            (Self::Q2_K, Value | Down | Output) => Some(Q3_K),
            (Self::Q3_K_M, Value) => Some(if layer < 2 { Q5_K } else { Q4_K }),
            (Self::Q3_K_M, Down) => Some(if layer < layers / 16 { Q5_K } else { Q4_K }),
            (Self::Q3_K_M, Output) => Some(Q4_K),
            (Self::Q4_K_S, Value) if layer < 4 => Some(Q5_K),
            (Self::Q4_K_S, Down) if layer < layers / 8 => Some(Q5_K),
            (Self::Q4_K_M | Self::Q5_K_M, Value | Down) if is_worth_more(layer, layers) => Some(Q6_K),
            _ => None,
        }
    }
}

/// The first and the last eighth of the layers, and every third between them.
fn is_worth_more(layer: usize, layers: usize) -> bool {
    let eighth = layers / 8;
    layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
}

/// Blocks of 32 in place of blocks of 256.
fn fallback(format: BlockFormat) -> BlockFormat {
    match format {
        BlockFormat::Q2_K | BlockFormat::Q3_K => BlockFormat::Q4_0,
        BlockFormat::Q4_K => BlockFormat::Q5_0,
        BlockFormat::Q5_K => BlockFormat::Q5_1,
        BlockFormat::Q6_K => BlockFormat::Q8_0,
        small => small,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes that published files of the models have, in GB.
    #[test]
    fn files_of_the_released_models_have_their_known_sizes() {
        let size = |config: &Config, file_type: FileType| {
            let bytes = |name: TensorName| {
                let format = file_type.format_of(name, config);
                format.bytes(name.shape(config).iter().product()).expect("rows fill blocks")
            };
            TensorName::all(config).map(bytes).sum::<usize>() as f64
        };
        let gib = |bytes: f64| bytes / f64::from(1 << 30);
        for (file_type, expected) in
            [(FileType::Q4_K_M, 5.37), (FileType::Q8_0, 9.15), (FileType::Q6_K, 7.07)]
        {
            let found = gib(size(&Config::gemma_9b(), file_type));
            assert!((found - expected).abs() < 0.02, "9B in {file_type}: {found} GiB");
        }
        for (file_type, expected) in
            [(FileType::Q4_0, 1.62), (FileType::Q5_K_M, 1.92), (FileType::BF16, 5.23)]
        {
            let found = size(&Config::gemma_2b(), file_type) / 1e9;
            assert!((found - expected).abs() < 0.01, "2B in {file_type}: {found} GB");
        }
    }

    #[test]
    fn layers_worth_more_are_those_of_llama_cpp() {
        let worth_more: Vec<usize> = (0..26).filter(|layer| is_worth_more(*layer, 26)).collect();
        assert_eq!(worth_more, [0, 1, 2, 5, 8, 11, 14, 17, 20, 22, 23, 24, 25]);
    }

    #[test]
    fn rows_that_fill_no_block_get_smaller_ones() {
        let config = Config { hidden_size: 2304 + 32, intermediate_size: 9216 + 8, ..Config::gemma_2b() };
        let format = |part| FileType::Q4_K_S.format_of(TensorName::Layer(10, part), &config);
        assert_eq!(format(LayerPart::Query), Format::Block(BlockFormat::Q5_0));
        assert_eq!(format(LayerPart::Output), Format::Block(BlockFormat::Q4_K));
        assert_eq!(format(LayerPart::Down), Format::F16);
        assert_eq!(
            FileType::Q4_K_S.format_of(TensorName::Embedding, &config),
            Format::Block(BlockFormat::Q8_0)
        );
    }
}
