//! Written files are read again; what other programs make of them is `tests/reference/outside.py`'s matter.

use super::to_safetensors::to_shards;
use super::{Extras, FileType, Progress, to_gguf, to_safetensors};
use crate::gguf::Value;
use crate::safetensors::{TensorPlan, Writer};
use crate::tokenizer::PieceArrays;
use crate::weights::{Checkpoint, Format, LayerPart, TensorName, to_json};
use crate::{Config, Error};
use std::fs;
use std::path::{Path, PathBuf};

fn model(name: &str) -> Checkpoint {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/models");
    Checkpoint::open(models.join(name)).expect("a checkpoint")
}

fn unwatched(_: &Progress) {}

/// Writes a checkpoint in a type, and opens it.
fn written(checkpoint: &Checkpoint, file_type: FileType, folder: &Path) -> Checkpoint {
    let path = folder.join(format!("{file_type}.gguf"));
    to_gguf(checkpoint, file_type, &path, &Extras::default(), &mut unwatched).expect("a file");
    Checkpoint::open(path).expect("a checkpoint")
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A model with rows of 256, its weights uniform, the last one of the table of embeddings chosen.
fn wide(folder: &Path, last: f32) -> Checkpoint {
    let config = Config {
        vocab_size: 40,
        hidden_size: 256,
        intermediate_size: 256,
        num_hidden_layers: 4,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        head_dim: 128,
        query_pre_attn_scalar: 128.0,
        is_local: Config::alternating(4),
        ..Config::gemma_2b()
    };
    let plan = |name: TensorName| {
        let [rows, columns] = name.shape(&config);
        let shape = if name.is_norm() { vec![columns] } else { vec![rows, columns] };
        TensorPlan { name: name.to_string(), shape, format: Format::F32 }
    };
    let plans: Vec<_> = TensorName::all(&config).map(plan).collect();
    let mut writer = Writer::create(&folder.join("model.safetensors"), &plans).expect("a writer");
    let mut state = 1_u32;
    for name in TensorName::all(&config) {
        let mut values: Vec<f32> = (0..name.shape(&config).iter().product())
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect();
        if name == TensorName::Embedding {
            *values.last_mut().expect("numbers") = last;
        }
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        writer.write(&bytes).expect("room");
    }
    writer.finish().expect("a file");
    fs::write(folder.join("config.json"), to_json(&config, "float32").to_string()).expect("a file");
    Checkpoint::open(folder).expect("a checkpoint")
}

#[test]
fn plain_numbers_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, file_type) in [
        ("like-2b", FileType::F32),
        ("like-9b", FileType::BF16),
        ("like-27b", FileType::F16),
        ("like-9b", FileType::F32),
    ] {
        let source = model(name);
        let copy = written(&source, file_type, folder.path());
        assert_eq!(copy.config(), source.config());
        for name in TensorName::all(source.config()) {
            if name.is_norm() {
                assert_eq!(bits(&copy.norm(name)), bits(&source.norm(name)), "{name}");
            } else {
                assert_eq!(bits(&copy.matrix(name).to_f32()), bits(&source.matrix(name).to_f32()), "{name}");
            }
        }
    }
}

/// The root of the mean squared error of a uniform number in ±1 that is rounded to `2^bits` levels is `1 / (2^bits √3)`.
fn error_of(format: Format) -> f64 {
    let bits = match format.name() {
        "F32" | "F16" | "BF16" => 8,
        name => name.as_bytes()[1] - b'0',
    };
    1.0 / f64::from(1_u32 << bits) / 3.0_f64.sqrt()
}

#[test]
fn every_type_has_its_layouts_and_their_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = wide(folder.path(), 0.5);
    for file_type in FileType::ALL {
        let copy = written(&source, file_type, folder.path());
        assert_eq!(copy.metadata().get("general.file_type"), Some(&Value::U32(file_type.number())));
        for name in TensorName::all(source.config()) {
            if name.is_norm() {
                assert_eq!(bits(&copy.norm(name)), bits(&source.norm(name)), "{name}");
                continue;
            }
            let [matrix, original] = [&copy, &source].map(|checkpoint| checkpoint.matrix(name));
            assert_eq!(matrix.format(), file_type.format_of(name, source.config()), "{file_type}, {name}");
            let (values, expected) = (matrix.to_f32(), original.to_f32());
            let squares: f64 = values.iter().zip(&expected).map(|(x, y)| f64::from(x - y).powi(2)).sum();
            let error = (squares / values.len() as f64).sqrt();
            assert!(error < 1.3 * error_of(matrix.format()), "{file_type}, {name}: {error}");
        }
    }
    let down = |layer| TensorName::Layer(layer, LayerPart::Down);
    let formats = [0, 1, 2, 3].map(|layer| FileType::Q4_K_M.format_of(down(layer), source.config()).name());
    assert_eq!(formats, ["Q4_K", "Q4_K", "Q6_K", "Q6_K"]);
}

#[test]
fn files_are_the_same_for_any_number_of_threads_and_stay_the_same_when_written_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = wide(folder.path(), 0.5);
    let file = |threads| {
        let path = folder.path().join(format!("{threads}.gguf"));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| to_gguf(&source, FileType::Q4_K_M, &path, &Extras::default(), &mut unwatched))
            .expect("a file");
        path
    };
    let [one, three] = [1, 3].map(file);
    let bytes = |path: &PathBuf| fs::read(path).expect("a file");
    let once = bytes(&one);
    assert_eq!(Checkpoint::open(&one).expect("a checkpoint").container(), "GGUF, version 3");
    // All but the name, which is the source's.
    let data = once.len() - 200_000;
    assert!(once[data..] == bytes(&three)[data..]);
    let again = Checkpoint::open(&one).expect("a checkpoint");
    let rewritten =
        to_gguf(&again, FileType::Q4_K_M, &three, &Extras::default(), &mut unwatched).expect("a file");
    assert!(once == bytes(&three), "a file in the same type differs");
    assert!(rewritten.notes.iter().all(|note| !note.contains("quantised before")), "{:?}", rewritten.notes);
    let worse = to_gguf(&again, FileType::Q4_0, &three, &Extras::default(), &mut unwatched).expect("a file");
    assert!(
        worse.notes.iter().any(|note| note.contains("28 tensors were quantised before")),
        "{:?}",
        worse.notes
    );
}

#[test]
fn extras_and_notes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.gguf");
    let tokenizer = PieceArrays {
        tokens: ["<pad>", "<eos>", "<bos>"].map(String::from).to_vec(),
        scores: vec![0.0; 3],
        token_types: vec![3; 3],
        bos: Some(2),
        eos: Some(1),
        ..PieceArrays::default()
    };
    let extras = Extras {
        name: Some("small".into()),
        tokenizer: Some(tokenizer.clone()),
        chat_template: Some("template".into()),
    };
    let written = to_gguf(&model("like-2b"), FileType::Q8_0, &path, &extras, &mut unwatched).expect("a file");
    assert_eq!(written.bytes, fs::metadata(&path).expect("a file").len());
    assert_eq!(written.notes.len(), 1, "{:?}", written.notes);
    assert!(written.notes[0].contains("`query_pre_attn_scalar` is 24"));
    let copy = Checkpoint::open(&path).expect("a checkpoint");
    assert_eq!(copy.tokenizer_arrays(), Some(tokenizer));
    assert_eq!(copy.chat_template().expect("one").as_deref(), Some("template"));
    assert_eq!(copy.summary().name.as_deref(), Some("small"));

    let bare = to_gguf(&model("like-9b"), FileType::Q8_0, &path, &Extras::default(), &mut unwatched)
        .expect("a file");
    assert!(bare.notes[0].contains("no vocabulary"), "{:?}", bare.notes);
}

#[test]
fn folders_come_back_in_one_file_or_several() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, format, file_type) in [
        ("like-2b", Format::F32, FileType::F32),
        ("like-9b", Format::BF16, FileType::BF16),
        ("like-27b", Format::F16, FileType::F16),
    ] {
        let source = model(name);
        let file = written(&source, file_type, folder.path());
        for (kind, most) in [("one", usize::MAX), ("several", 20_000)] {
            let path = folder.path().join(name).join(kind);
            to_shards(&source, format, &path, &mut unwatched, most).expect("a folder");
            let copy = Checkpoint::open(&path).expect("a checkpoint");
            assert_eq!(copy.config(), source.config());
            for name in TensorName::all(source.config()) {
                assert_eq!(copy.stored(name), source.stored(name), "{name}");
            }
            assert_eq!(path.join("model.safetensors.index.json").exists(), kind == "several");
        }
        // By way of a GGUF file, whose norms have 1 added.
        let path = folder.path().join(name).join("back");
        to_safetensors(&file, format, &path, &mut unwatched).expect("a folder");
        let copy = Checkpoint::open(&path).expect("a checkpoint");
        for name in TensorName::all(source.config()) {
            let [(_, back), (_, first)] = [&copy, &source].map(|checkpoint| checkpoint.stored(name));
            if !name.is_norm() || format != Format::F32 {
                assert!(back == first, "{name}");
            }
        }
    }
    let refused = to_safetensors(
        &model("like-2b"),
        Format::Block(autodidact_kernels::quantised::BlockFormat::Q8_0),
        folder.path(),
        &mut unwatched,
    );
    assert!(matches!(refused, Err(Error::Unknown { .. })));
}

#[test]
fn weights_that_do_not_fit_are_refused_and_leave_no_file() {
    for (last, file_type) in [
        (f32::NAN, FileType::F32),
        (f32::INFINITY, FileType::Q4_K_M),
        (1e6, FileType::F16),
        (7e4, FileType::Q8_0),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.gguf");
        let source = wide(folder.path(), last);
        let result = to_gguf(&source, file_type, &path, &Extras::default(), &mut unwatched);
        if file_type == FileType::F32 {
            // The numbers stay as they are: nothing is made of them.
            result.expect("a copy");
            continue;
        }
        let Err(Error::Unrepresentable { tensor, index, .. }) = result else {
            panic!("{last} in {file_type}")
        };
        assert_eq!((tensor.as_str(), index), ("model.embed_tokens.weight", 40 * 256 - 1));
        assert!(!path.exists());
    }
}

#[test]
fn progress_ends_when_all_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut seen = Vec::new();
    let mut watch = |progress: &Progress| seen.push(*progress);
    to_gguf(&model("like-2b"), FileType::Q8_0, folder.path().join("x.gguf"), &Extras::default(), &mut watch)
        .expect("a file");
    assert!(seen.is_sorted_by_key(|progress| (progress.parameters, progress.tensors)));
    let last = seen.last().expect("steps");
    assert_eq!((last.tensors, last.parameters), (last.num_tensors, last.num_parameters));
    assert_eq!(last.num_tensors, 46);
}

#[test]
fn names_of_types_are_read_in_either_case() {
    for file_type in FileType::ALL {
        assert_eq!(file_type.name().to_lowercase().parse::<FileType>().expect("a type"), file_type);
    }
    assert_eq!("q4_k".parse::<FileType>().expect("a type"), FileType::Q4_K_M);
    let error = "Q9".parse::<FileType>().expect_err("no type").to_string();
    assert!(error.contains("unknown file type `Q9`") && error.contains("Q4_K_M"), "{error}");
}
