//! Random models against `PyTorch`, and every form of a configuration; `tests/reference/checkpoints.py` makes the values.

use super::json_config::parse;
use super::{Checkpoint, Format, LayerPart, Summary, TensorName};
use crate::gguf::{Array, Gguf, Metadata, TensorPlan, Value, Writer};
use crate::quantize::{Extras, FileType, to_gguf};
use crate::{Config, Error, Result, safetensors};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/models").join(name)
}

fn numbers(value: &Json) -> Vec<f32> {
    value.as_array().expect("numbers").iter().map(|value| value.as_f64().expect("a number") as f32).collect()
}

#[test]
fn tensors_are_those_that_pytorch_loads() {
    let expected: Json =
        serde_json::from_str(include_str!("../../tests/reference/checkpoints.json")).expect("JSON");
    for (name, expected) in expected.as_object().expect("models") {
        let checkpoint = Checkpoint::open(model(name)).expect("a checkpoint");
        let names: Vec<_> = TensorName::all(checkpoint.config()).collect();
        assert_eq!(names.len(), expected.as_object().expect("tensors").len(), "{name}");
        for name in names {
            let expected = &expected[name.to_string()];
            if name.is_norm() {
                assert_eq!(checkpoint.norm(name), numbers(&expected["multiplier"]), "{name}");
                continue;
            }
            let matrix = checkpoint.matrix(name);
            assert_eq!(json!([matrix.rows(), matrix.columns()]), expected["shape"], "{name}");
            let values = matrix.to_f32();
            let sums = [
                values.iter().map(|x| f64::from(*x)).sum::<f64>(),
                values.iter().map(|x| f64::from(x.abs())).sum(),
            ];
            for (sum, expected) in sums.iter().zip(["sum", "magnitudes"].map(|kind| expected[kind].as_f64()))
            {
                assert!((sum - expected.expect("a number")).abs() < 1e-9 * sums[1], "{name}: {sum}");
            }
            let ends = [values[0], values[values.len() - 1]].map(f64::from);
            assert_eq!(ends.map(Some), ["first", "last"].map(|end| expected[end].as_f64()), "{name}");
            let mut last = vec![0.0; matrix.columns()];
            matrix.row(matrix.rows() - 1, &mut last);
            assert_eq!(last, values[values.len() - matrix.columns()..]);
        }
    }
}

#[test]
fn folders_tell_their_sizes_and_types() {
    let of = |name| Checkpoint::open(model(name)).expect("a checkpoint");
    let checkpoint = of("like-27b");
    let config = checkpoint.config();
    let sizes = (config.hidden_size, config.head_dim, config.num_attention_heads, config.num_key_value_heads);
    assert_eq!(sizes, (48, 10, 8, 4));
    assert_eq!(
        (config.query_pre_attn_scalar, config.rope_theta, config.rms_norm_eps, config.sliding_window),
        (6.0, 500.0, 1e-3, 4)
    );
    assert_eq!((config.attn_logit_softcapping, config.final_logit_softcapping), (Some(20.0), None));
    assert_eq!(config.is_local, [true, false, true]);
    let query = TensorName::Layer(0, LayerPart::Query);
    let formats = ["like-2b", "like-9b", "like-27b"].map(|name| of(name).matrix(query).format());
    assert_eq!(formats, [Format::F32, Format::BF16, Format::F16]);
}

/// The configuration of the 27B model as it was published.
fn published() -> Json {
    json!({
        "architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "vocab_size": 256000, "hidden_size": 4608,
        "intermediate_size": 36864, "num_hidden_layers": 46, "num_attention_heads": 32, "num_key_value_heads": 16,
        "head_dim": 128, "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": 8192, "initializer_range": 0.02, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
        "attention_bias": false, "attention_dropout": 0.0, "query_pre_attn_scalar": 144, "sliding_window": 4096,
        "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "bos_token_id": 2, "eos_token_id": [1, 107],
        "pad_token_id": 0, "torch_dtype": "bfloat16", "cache_implementation": "hybrid", "use_cache": true,
        "_attn_implementation": "eager"
    })
}

fn read(config: &Json) -> Result<Config> {
    parse(Path::new("config.json"), config.to_string().as_bytes())
}

fn read_with(key: &str, value: Json) -> Result<Config> {
    let mut config = published();
    config[key] = value;
    read(&config)
}

#[test]
fn the_published_configuration_is_that_of_the_paper() {
    assert_eq!(read(&published()).expect("a model"), Config::gemma_27b());
}

#[test]
fn every_form_of_a_configuration_is_read() {
    let with = |key, value| read_with(key, value).expect("a model");
    assert_eq!(
        with("rope_parameters", json!({"rope_type": "default", "rope_theta": 160000.0})).rope_theta,
        160_000.0
    );
    assert_eq!(with("rope_theta", Json::Null).rope_theta, 10_000.0);
    assert_eq!(with("attn_logit_softcapping", Json::Null).attn_logit_softcapping, None);
    assert_eq!(with("eos_token_id", json!(1)).eos_token_ids, [1]);
    assert_eq!(with("tie_word_embeddings", json!(true)), Config::gemma_27b());
    assert_eq!(with("head_dim", json!(64)).head_dim, 64);
    assert_eq!(with("sliding_window", json!(32768)).sliding_window, 32768);
    assert_eq!(with("sliding_window", Json::Null).is_local, [false; 46]);
    let mut types = vec!["full_attention"; 46];
    types[3] = "sliding_attention";
    let local = with("layer_types", json!(types)).is_local;
    assert_eq!((local[2], local[3], local.len()), (false, true, 46));

    let mut old = published();
    let fields = old.as_object_mut().expect("fields");
    for constant in
        ["head_dim", "attn_logit_softcapping", "final_logit_softcapping", "rms_norm_eps", "rope_theta"]
    {
        fields.remove(constant);
    }
    fields.remove("sliding_window");
    fields.insert("sliding_window_size".into(), json!(2048));
    let expected = Config { head_dim: 256, sliding_window: 2048, ..Config::gemma_27b() };
    assert_eq!(read(&old).expect("a model"), expected);
}

#[test]
fn settings_of_other_models_are_refused_by_name() {
    for (key, value) in [
        ("model_type", json!("gemma")),
        ("hidden_activation", json!("gelu")),
        ("attention_bias", json!(true)),
        ("tie_word_embeddings", json!(false)),
        ("use_bidirectional_attention", json!(true)),
        ("rope_scaling", json!({"type": "linear", "factor": 2.0})),
        ("rope_parameters", json!({"rope_type": "yarn"})),
        ("layer_types", json!(vec!["chunked_attention"; 46])),
        ("layer_types", json!(["full_attention"])),
        ("eos_token_id", json!("</s>")),
        ("head_dim", json!(0)),
        ("num_hidden_layers", json!(-1)),
        ("num_hidden_layers", json!(2_000_000_000)),
        ("vocab_size", json!(1e30)),
    ] {
        let error = read_with(key, value).expect_err("another model");
        let named = match &error {
            Error::Config { name, .. } => *name == key,
            error => error.to_string().contains("invalid"),
        };
        assert!(named, "{key}: {error}");
    }
}

/// A folder with the files of a model, its configuration changed.
fn changed(change: impl FnOnce(&mut Json)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(model("like-2b")).expect("a folder") {
        let path = entry.expect("a file").path();
        fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("a copy");
    }
    let path = folder.path().join("config.json");
    let mut config: Json = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
    change(&mut config);
    fs::write(&path, config.to_string()).expect("a file");
    folder
}

fn refused(folder: &tempfile::TempDir) -> String {
    Checkpoint::open(folder.path()).expect_err("no checkpoint").to_string()
}

#[test]
fn tensors_that_do_not_fit_the_sizes_are_told_by_name() {
    let error = refused(&changed(|config| config["head_dim"] = json!(8)));
    let expected = "tensor `model.layers.0.self_attn.q_proj.weight`";
    assert!(error.contains(expected) && error.contains("[64, 32], expected [32, 32]"), "{error}");
    let error = refused(&changed(|config| {
        config["num_hidden_layers"] = json!(5);
        config["layer_types"] = Json::Null;
    }));
    assert!(error.contains("no tensor `model.layers.4.input_layernorm.weight`"), "{error}");
    let folder = changed(|_| ());
    fs::remove_file(folder.path().join("model-00002-of-00002.safetensors")).expect("a file");
    assert!(refused(&folder).contains("model-00002-of-00002.safetensors"));
}

#[test]
fn rows_of_the_table_set_the_vocabulary() {
    let checkpoint =
        Checkpoint::open(changed(|config| config["vocab_size"] = json!(128)).path()).expect("a checkpoint");
    assert_eq!(checkpoint.config().vocab_size, 96);
}

/// The model of a folder, its tensors renamed, with one more.
fn renamed(rename: impl Fn(&str) -> String) -> tempfile::TempDir {
    let source = Checkpoint::open(model("like-9b")).expect("a checkpoint");
    let folder = tempfile::tempdir().expect("a folder");
    let plan =
        |name: String, shape: Vec<usize>| safetensors::TensorPlan { name, shape, format: Format::BF16 };
    let names: Vec<_> = TensorName::all(source.config()).collect();
    let mut plans: Vec<_> = names
        .iter()
        .map(|name| {
            let [rows, columns] = name.shape(source.config());
            plan(rename(&name.to_string()), if name.is_norm() { vec![columns] } else { vec![rows, columns] })
        })
        .collect();
    plans.push(plan("lm_head.weight".into(), vec![1]));
    let mut writer =
        safetensors::Writer::create(&folder.path().join("model.safetensors"), &plans).expect("a writer");
    for name in names {
        writer.write(source.stored(name).1).expect("room");
    }
    writer.write(&[0; 2]).expect("room");
    writer.finish().expect("a file");
    fs::copy(model("like-9b").join("config.json"), folder.path().join("config.json")).expect("a copy");
    folder
}

#[test]
fn a_head_of_its_own_is_passed_over_and_a_prefix_may_lack() {
    let source = Checkpoint::open(model("like-9b")).expect("a checkpoint");
    for folder in [renamed(str::to_owned), renamed(|name| name["model.".len()..].into())] {
        let copy = Checkpoint::open(folder.path()).expect("a checkpoint");
        for name in TensorName::all(source.config()) {
            assert_eq!(copy.stored(name), source.stored(name), "{name}");
        }
    }
    let error =
        Checkpoint::open(renamed(|name| name.replace("mlp.up", "mlp.gate_up")).path()).expect_err("none");
    assert!(error.to_string().contains("no tensor `model.layers.0.mlp.up_proj.weight`"), "{error}");
}

#[test]
fn what_else_a_folder_holds_is_found() {
    let folder = changed(|_| ());
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    let open = || Checkpoint::open(folder.path()).expect("a checkpoint");
    assert_eq!((open().chat_template().expect("none"), open().tokenizer_file()), (None, None));
    write("generation_config.json", r#"{"eos_token_id": [1, 107]}"#);
    write("tokenizer_config.json", r#"{"chat_template": "old", "add_bos_token": true}"#);
    write("tokenizer.json", "");
    assert_eq!(open().config().eos_token_ids, [1, 107]);
    assert_eq!(open().chat_template().expect("one").as_deref(), Some("old"));
    assert_eq!(open().tokenizer_file(), Some(folder.path().join("tokenizer.json")));
    write("chat_template.jinja", "new");
    write("tokenizer.model", "");
    assert_eq!(open().chat_template().expect("one").as_deref(), Some("new"));
    assert_eq!(open().tokenizer_file(), Some(folder.path().join("tokenizer.model")));
}

/// A GGUF file of a small model, its metadata changed.
fn gguf(change: impl FnOnce(&mut Metadata)) -> (tempfile::TempDir, Result<Checkpoint>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small.gguf");
    let source = Checkpoint::open(model("like-2b")).expect("a checkpoint");
    to_gguf(&source, FileType::F32, &path, &Extras::default(), &mut |_| {}).expect("a file");
    let file = Gguf::open(&path).expect("a file");
    let mut metadata = file.metadata().clone();
    change(&mut metadata);
    let plan = file.tensors().iter().map(|tensor| TensorPlan {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        format: tensor.format,
    });
    let mut writer = Writer::create(&path, &metadata, plan.collect()).expect("a writer");
    file.tensors().iter().for_each(|tensor| writer.write(file.bytes(tensor)).expect("room"));
    writer.finish().expect("a file");
    let checkpoint = Checkpoint::open(&path);
    (folder, checkpoint)
}

#[test]
fn files_of_the_first_days_get_what_they_lack() {
    let (_folder, checkpoint) = gguf(|metadata| {
        for key in [
            "gemma2.attn_logit_softcapping",
            "gemma2.final_logit_softcapping",
            "gemma2.attention.sliding_window",
            "gemma2.rope.freq_base",
            "gemma2.attention.query_pre_attn_scalar",
        ] {
            assert!(metadata.get(key).is_some(), "{key}");
            metadata.remove(key);
        }
    });
    let checkpoint = checkpoint.expect("a checkpoint");
    let config = checkpoint.config();
    assert_eq!((config.attn_logit_softcapping, config.final_logit_softcapping), (Some(50.0), Some(30.0)));
    assert_eq!((config.sliding_window, config.rope_theta), (4096, 10_000.0));
    // The width of a head.
    assert_eq!(config.query_pre_attn_scalar, 16.0);
    assert_eq!(config.is_local, [true, false, true, false]);
    assert_eq!(checkpoint.tokenizer_arrays(), None);
}

#[test]
fn layers_are_local_by_a_period_or_one_by_one() {
    let key = "gemma2.attention.sliding_window_pattern";
    let local = |value| {
        gguf(|metadata| metadata.set(key, value)).1.map(|checkpoint| checkpoint.config().is_local.clone())
    };
    assert_eq!(local(Value::U32(3)).expect("a model"), [true, true, false, true]);
    assert_eq!(local(Value::U32(1)).expect("a model"), [false; 4]);
    let one_by_one = vec![false, true, true, false];
    assert_eq!(local(Value::Array(Array::Bool(one_by_one.clone()))).expect("a model"), one_by_one);
    assert!(local(Value::Array(Array::Bool(vec![true]))).is_err());
}

#[test]
fn vocabularies_and_ends_are_read() {
    let (_folder, checkpoint) = gguf(|metadata| {
        let tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<end_of_turn>"].map(String::from).to_vec();
        metadata.set("tokenizer.ggml.tokens", Value::Array(Array::String(tokens)));
        metadata.set("tokenizer.ggml.token_type", Value::Array(Array::I32(vec![3, 3, 3, 2, 3])));
        metadata.set("tokenizer.ggml.scores", Value::Array(Array::F32(vec![0.0; 5])));
        metadata.set("tokenizer.ggml.eos_token_id", Value::U32(1));
        metadata.set("tokenizer.chat_template", Value::String("template".into()));
    });
    let checkpoint = checkpoint.expect("a checkpoint");
    let arrays = checkpoint.tokenizer_arrays().expect("a vocabulary");
    assert_eq!((arrays.tokens.len(), arrays.scores.len(), arrays.token_types), (5, 5, vec![3, 3, 3, 2, 3]));
    assert_eq!((arrays.eos, arrays.bos, arrays.add_space_prefix), (Some(1), None, false));
    assert_eq!(checkpoint.config().eos_token_ids, [1, 4]);
    assert_eq!(checkpoint.chat_template().expect("one").as_deref(), Some("template"));
}

#[test]
fn metadata_that_makes_no_model_is_told() {
    for (key, value, expected) in [
        ("general.architecture", Some(Value::String("llama".into())), "architecture is `llama`"),
        ("general.architecture", None, "no text `general.architecture`"),
        ("gemma2.block_count", None, "`gemma2.block_count` is missing"),
        ("gemma2.block_count", Some(Value::String("4".into())), "is of type string, expected a size"),
        ("gemma2.block_count", Some(Value::U32(5)), "no tensor `blk.4.attn_norm.weight`"),
        ("gemma2.block_count", Some(Value::U32(u32::MAX)), "4294967295 layers, but 46 tensors"),
        ("gemma2.embedding_length", Some(Value::U32(64)), "tensor `token_embd.weight`"),
        ("gemma2.attention.head_count", Some(Value::U32(0)), "`num_attention_heads` is 0"),
        ("gemma2.attention.value_length", Some(Value::U32(8)), "values are 8 wide and keys 16"),
        ("gemma2.rope.freq_base", Some(Value::U32(1)), "is of type uint32, expected a number"),
        (
            "gemma2.rope.scaling.type",
            Some(Value::String("yarn".into())),
            "`gemma2.rope.scaling.type` is yarn",
        ),
        ("split.count", Some(Value::U16(3)), "one of 3 parts"),
    ] {
        let (_folder, checkpoint) = gguf(|metadata| match value {
            Some(value) => metadata.set(key, value),
            None => metadata.remove(key),
        });
        let error = checkpoint.expect_err("no model").to_string();
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
    }
}

/// Bytes of keys and values a token, and GiB at 8192 tokens, by hand: `2 · layers · heads · width · 2`.
#[test]
fn memory_is_that_of_the_released_models() {
    for (config, token, full, window) in [
        (Config::gemma_2b(), 106_496, 0.81, 0.61),
        (Config::gemma_9b(), 344_064, 2.63, 1.97),
        (Config::gemma_27b(), 376_832, 2.88, 2.16),
    ] {
        let summary =
            Summary { name: None, container: String::new(), config, parameters: 0, formats: BTreeMap::new() };
        assert_eq!(summary.memory(1, 2).full_cache, token);
        let memory = summary.memory(8192, 2);
        let gib = [memory.full_cache, memory.window_cache].map(|bytes| bytes as f64 / f64::from(1 << 30));
        assert!((gib[0] - full).abs() < 0.006 && (gib[1] - window).abs() < 0.006, "{gib:?}");
    }
}

#[test]
fn summaries_count_what_is_there() {
    let summary = Checkpoint::open(model("like-9b")).expect("a checkpoint").summary();
    let config = &summary.config;
    assert_eq!(summary.parameters, config.embedding_parameters() + config.non_embedding_parameters());
    assert_eq!(summary.bytes(), 2 * summary.parameters);
    assert_eq!(summary.formats[&Format::BF16].tensors, 24);
    let text = summary.to_string();
    assert!(text.contains("gemma2, safetensors") && text.contains("in BF16"), "{text}");
}
