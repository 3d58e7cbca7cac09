"""What other programs make of the files that this crate writes, in three steps that `tests/outside.rs` calls.

    python outside.py make FOLDER     a random model as a folder of transformers and as a GGUF file by the package gguf
    python outside.py llama FOLDER    (an interpreter with llama-cpp-python 0.3.36) loads our files, and quantises the model too
    python outside.py check FOLDER    compares

torch 2.15.0, transformers 5.23.0, gguf 0.19.0, sentencepiece 0.2.3, numpy. The model is of a shape that llama.cpp computes as
transformers does: queries divided by the root of a head's width, rows that fill blocks of 256.
"""

import json
import pathlib
import sys

import numpy as np

# `general.file_type` in llama.cpp.
TYPES = {
    "F32": 0, "F16": 1, "BF16": 32, "Q8_0": 7, "Q4_0": 2, "Q4_1": 3, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_M": 12,
    "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18,
}
TOKENS = [2] + [(7 * i * i + 3 * i) % 390 + 10 for i in range(39)]


def vocabulary(folder):
    import argparse
    import inspect

    import sentencepiece as spm

    text = folder / "text.txt"
    text.write_text(inspect.getsource(argparse))
    spm.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "tokenizer"), model_type="bpe", vocab_size=400, byte_fallback=True,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, add_dummy_prefix=False, remove_extra_whitespaces=False,
        normalization_rule_name="identity", user_defined_symbols=["<start_of_turn>", "<end_of_turn>"], minloglevel=2,
    )
    model = spm.SentencePieceProcessor(str(folder / "tokenizer.model"))
    kind = lambda i: (
        2 if model.is_unknown(i) else 6 if model.is_byte(i) else 3 if model.is_control(i) or i in (4, 5) else 1
    )
    ids = range(model.vocab_size())
    return [model.id_to_piece(i) for i in ids], [model.get_score(i) for i in ids], [kind(i) for i in ids]


def make(folder):
    import gguf
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM

    tokens, scores, kinds = vocabulary(folder)
    torch.manual_seed(5)
    config = Gemma2Config(
        vocab_size=len(tokens), hidden_size=256, intermediate_size=512, num_hidden_layers=8, num_attention_heads=2,
        num_key_value_heads=1, head_dim=256, query_pre_attn_scalar=256, sliding_window=16, max_position_embeddings=128,
        attn_implementation="eager", pad_token_id=0,
    )
    model = Gemma2ForCausalLM(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.uniform_(-0.6, 0.8)
            elif "embed" in name:
                weight.normal_(0, 0.1)
            else:
                weight.normal_(0, 2 * weight.shape[1] ** -0.5)
        logits = model(torch.tensor([TOKENS])).logits[0]
    np.save(folder / "logits.npy", logits.float().numpy())
    model.save_pretrained(folder / "hf")

    writer = gguf.GGUFWriter(folder / "twin.gguf", "gemma2")
    writer.add_name("twin")
    writer.add_file_type(0)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_sliding_window(config.sliding_window)
    writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
    writer.add_final_logit_softcapping(config.final_logit_softcapping)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GEMMA2, config.num_hidden_layers)
    for name, weight in model.named_parameters():
        values = weight.detach().numpy()
        if name.endswith("norm.weight"):
            values = values + np.float32(1)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def llama(folder):
    import ctypes

    import llama_cpp

    library = llama_cpp.llama_cpp
    expected = np.load(folder / "logits.npy")
    report = {}
    for name, number in TYPES.items():
        model = llama_cpp.Llama(
            str(folder / f"{name}.gguf"), n_ctx=128, n_threads=1, logits_all=True, type_k=0, type_v=0, verbose=False,
        )
        model.eval(TOKENS)
        logits = np.array(model.scores[: len(TOKENS)])
        report[name] = {
            "largest": float(abs(logits - expected).max()),
            "rms": float(np.sqrt(((logits - expected) ** 2).mean())),
            "greedy": float((logits.argmax(1) == expected.argmax(1)).mean()),
        }
        text = b"def parse(self):\n    return <3"
        report[name]["round trip"] = model.detokenize(model.tokenize(text, add_bos=False)) == text
        model.close()
        options = library.llama_model_quantize_default_params()
        options.ftype, options.nthread = number, 1
        paths = (str(folder / "twin.gguf").encode(), str(folder / f"llama-{name}.gguf").encode())
        assert library.llama_model_quantize(*paths, ctypes.byref(options)) == 0, name
    (folder / "llama.json").write_text(json.dumps(report, indent=1))


def check(folder):
    import gguf
    import torch
    from transformers import Gemma2ForCausalLM

    twin = gguf.GGUFReader(folder / "twin.gguf")
    for name in TYPES:
        ours = gguf.GGUFReader(folder / f"{name}.gguf")
        for key, field in twin.fields.items():
            if key in ("general.name", "general.file_type") or key.startswith("GGUF."):
                continue
            assert ours.fields[key].contents() == field.contents(), (name, key)
            assert ours.fields[key].types == field.types, (name, key)
        assert ours.fields["general.file_type"].contents() == TYPES[name], name
        assert sorted(t.name for t in ours.tensors) == sorted(t.name for t in twin.tensors), name
    same(folder / "F32.gguf", folder / "twin.gguf")

    first = Gemma2ForCausalLM.from_pretrained(folder / "hf", dtype=torch.float32).state_dict()
    for back, tolerance in (("back", 0), ("back-from-gguf", 2.0**-23)):
        second = Gemma2ForCausalLM.from_pretrained(folder / back, dtype=torch.float32).state_dict()
        assert first.keys() == second.keys()
        for name in first:
            assert (first[name] - second[name]).abs().max().item() <= (tolerance if "norm" in name else 0), (back, name)
    print("gguf and transformers read what was written")

    report = folder / "llama.json"
    if report.exists():
        for name, of in json.loads(report.read_text()).items():
            equal, total = same(folder / f"{name}.gguf", folder / f"llama-{name}.gguf")
            print(f"{name:7} {equal} of {total} bytes of tensors equal llama.cpp's; logits in llama.cpp against transformers: {of}")
            assert of["round trip"], name
        plain = json.loads(report.read_text())["F32"]
        # llama.cpp takes GELU from a table in half precision.
        assert plain["largest"] < 0.05 and plain["greedy"] == 1.0, plain


def same(one, other):
    """That tensors are of the same types, shapes and bytes."""
    import gguf

    ours, theirs = ({t.name: t for t in gguf.GGUFReader(path).tensors} for path in (one, other))
    assert ours.keys() == theirs.keys()
    equal = total = 0
    for name in ours:
        a, b = ours[name], theirs[name]
        assert a.tensor_type == b.tensor_type, (one, name, a.tensor_type, b.tensor_type)
        assert a.shape.tolist() == b.shape.tolist(), (one, name)
        x, y = (np.ascontiguousarray(t.data).view(np.uint8).ravel() for t in (a, b))
        equal, total = equal + int((x == y).sum()), total + x.size
    assert equal == total, (one, equal, total)
    return equal, total


if __name__ == "__main__":
    {"make": make, "llama": llama, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
