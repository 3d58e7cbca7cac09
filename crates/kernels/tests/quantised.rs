//! Blocks of weights against GGML's Python package and llama.cpp; `reference/quantised.py` and `reference/ggml.py` make the values.

use autodidact_kernels::quantised::{BlockFormat, dequantise, quantise};
use serde_json::Value;

fn cases(kind: &str) -> Vec<(BlockFormat, Vec<u8>, Vec<f32>)> {
    let file: Value = serde_json::from_str(include_str!("reference/quantised.json")).expect("JSON");
    let case = |case: &Value| {
        let name = case["format"].as_str().expect("a name");
        let format = BlockFormat::ALL.into_iter().find(|format| format.name() == name).expect("a format");
        (format, bytes(&case["blocks"]), floats(&case["values"]))
    };
    file[kind].as_array().expect("cases").iter().map(case).collect()
}

fn bytes(hexadecimal: &Value) -> Vec<u8> {
    let digits = hexadecimal.as_str().expect("hexadecimal digits").as_bytes();
    let byte =
        |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("digits");
    digits.chunks(2).map(byte).collect()
}

fn floats(hexadecimal: &Value) -> Vec<f32> {
    bytes(hexadecimal).as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_format_reads_the_numbers_that_gguf_reads() {
    let cases = cases("read");
    assert_eq!(cases.len(), BlockFormat::ALL.len());
    for (format, blocks, values) in cases {
        let mut out = vec![f32::NAN; values.len()];
        dequantise(format, &blocks, &mut out);
        assert_eq!(bits(&out), bits(&values), "{format}");
    }
}

#[test]
fn blocks_of_32_are_those_that_gguf_makes() {
    for (format, expected, values) in cases("written") {
        let mut blocks = vec![0; expected.len()];
        quantise(format, &values, &mut blocks);
        assert_eq!(blocks, expected, "{format}");
    }
}

#[test]
fn blocks_are_those_that_llama_cpp_makes() {
    let file: Value = serde_json::from_str(include_str!("reference/ggml.json")).expect("JSON");
    let values = floats(&file["values"]);
    for format in BlockFormat::ALL {
        let expected = bytes(&file["blocks"][format.name()]);
        let mut blocks = vec![0; expected.len()];
        quantise(format, &values, &mut blocks);
        let differ = blocks.iter().zip(&expected).filter(|(byte, expected)| byte != expected).count();
        assert_eq!(differ, 0, "bytes of {} that differ in {format}", expected.len());
    }
}

/// Numbers like weights: a bell curve from sums of uniform ones.
fn weights(len: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    };
    (0..len).map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0).collect()
}

fn round_trip(format: BlockFormat, values: &[f32]) -> Vec<f32> {
    let mut blocks = vec![0; format.bytes(values.len()).expect("whole blocks")];
    quantise(format, values, &mut blocks);
    let mut back = vec![f32::NAN; values.len()];
    dequantise(format, &blocks, &mut back);
    back
}

/// A uniform code of `b` bits over the range of 32 normal numbers, about ±2.1, leaves an error of `4.2 / 2^b / √12`.
#[test]
fn errors_are_those_of_as_many_bits() {
    let values = weights(256 * 64);
    for (format, bits) in [
        (BlockFormat::Q8_0, 8),
        (BlockFormat::Q4_0, 4),
        (BlockFormat::Q4_1, 4),
        (BlockFormat::Q5_0, 5),
        (BlockFormat::Q5_1, 5),
        (BlockFormat::Q2_K, 2),
        (BlockFormat::Q3_K, 3),
        (BlockFormat::Q4_K, 4),
        (BlockFormat::Q5_K, 5),
        (BlockFormat::Q6_K, 6),
    ] {
        let squares: f32 =
            round_trip(format, &values).iter().zip(&values).map(|(back, value)| (back - value).powi(2)).sum();
        let error = (squares / values.len() as f32).sqrt();
        let uniform = 4.2 / f32::from(1_u16 << bits) / 12_f32.sqrt();
        assert!((0.5..1.25).contains(&(error / uniform)), "{format}: {error} against {uniform}");
    }
}

#[test]
fn numbers_that_blocks_hold_exactly_come_back() {
    for format in BlockFormat::ALL {
        let codes: &[f32] = match format {
            BlockFormat::Q2_K => &[-3.0, -2.0, -1.0, 0.0],
            _ => &[-4.0, -2.0, 0.0, 3.0],
        };
        let values: Vec<f32> = (0..256).map(|i| codes[i % codes.len()]).collect();
        let back = round_trip(format, &values);
        let largest = back.iter().zip(&values).map(|(back, value)| (back - value).abs()).fold(0.0, f32::max);
        assert!(largest <= 0.25, "{format}: {largest}");
    }
}

#[test]
fn zeros_stay_zeros() {
    for format in BlockFormat::ALL {
        assert!(round_trip(format, &[0.0; 256]).iter().all(|value| *value == 0.0), "{format}");
    }
}

#[test]
fn numbers_that_are_none_cause_no_panic() {
    for format in BlockFormat::ALL {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, 1e-40] {
            let mut values = weights(256);
            values[37] = bad;
            round_trip(format, &values);
            round_trip(format, &[bad; 256]);
        }
    }
}

#[test]
#[should_panic(expected = "143 bytes are not the blocks of 256 numbers in Q4_K")]
fn a_wrong_length_is_a_bug_of_the_caller() {
    dequantise(BlockFormat::Q4_K, &[0; 143], &mut [0.0; 256]);
}
