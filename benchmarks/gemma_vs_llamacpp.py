"""Gemma 2 of the true 2B shape with random weights, here and in llama.cpp, on the same file: tokens read and written in a second.

    pip install gguf==0.19.0 numpy
    CMAKE_ARGS="-DGGML_NATIVE=ON" pip install --no-binary :all: llama-cpp-python==0.3.36
    python benchmarks/gemma_vs_llamacpp.py [--types Q4_0 Q8_0 BF16] [--threads 2] [--rounds 3] [--prompt 512] [--write 32] \
        [--program target/release/autodidact] [--folder FOLDER]

Writes one file of each type into the folder (1.6 to 5.2 GB each; kept and used again), with the vocabulary's size but no vocabulary: tokens
are random ids. Then each engine in turn, round after round, in a fresh process: reads the prompt at once and writes tokens greedily. Prints
medians of both speeds, of the ratio within each round (above 1 we are faster), and of the largest memory. A bandwidth probe runs in
every round; the share is bytes of weights read for a token, divided by its time and by that bandwidth. The interpreter that llama.cpp is
installed in is named by `--llama`.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
D, FFN, LAYERS, HEADS, KV, HEAD, VOCAB = 2304, 9216, 26, 8, 4, 256, 256000


def make(path, kind):
    """A file whose numbers are of a size that lets logits stay finite."""
    import gguf

    rng = np.random.default_rng(0)
    types = gguf.GGMLQuantizationType
    writer = gguf.GGUFWriter(path, "gemma2")
    writer.add_name("random 2B")
    writer.add_context_length(8192)
    writer.add_embedding_length(D)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_sliding_window(4096)
    writer.add_attn_logit_softcapping(50.0)
    writer.add_final_logit_softcapping(30.0)
    writer.add_file_type({"Q4_0": 2, "Q8_0": 7, "BF16": 32}[kind])
    pieces = [b"<pad>", b"<eos>", b"<bos>", b"<unk>"] + [b"<0x%02X>" % i for i in range(256)]
    pieces += [b"w%d" % i for i in range(VOCAB - len(pieces))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores([0.0] * VOCAB)
    writer.add_token_types([3, 3, 3, 2] + [6] * 256 + [1] * (VOCAB - 260))
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)

    def blocks(count, size, scales, at):
        data = rng.integers(0, 256, (count, size), dtype=np.uint8)
        for place, scale in zip(at, scales):
            data[:, place : place + 2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
        return data

    def matrix(name, rows, columns, of=None):
        of = of or kind
        std = columns**-0.5
        if of == "BF16":
            data = (rng.standard_normal((rows, columns), dtype=np.float32) * std).view(np.uint32) >> 16
            return writer.add_tensor(name, data.astype(np.uint16).view(np.uint8), raw_dtype=types.BF16)
        size, length, scale, at, raw = {
            "Q4_0": (18, 32, std / 4.6, 0, types.Q4_0),
            "Q8_0": (34, 32, std / 74, 0, types.Q8_0),
            "Q6_K": (210, 256, std / 1350, 208, types.Q6_K),
        }[of]
        data = blocks(rows * columns // length, size, [scale], [at])
        writer.add_tensor(name, data.reshape(rows, -1), raw_dtype=raw)

    def norm(name):
        writer.add_tensor(name, np.ones(D, np.float32))

    matrix("token_embd.weight", VOCAB, D, "Q6_K" if kind == "Q4_0" else None)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        norm(block + "attn_norm.weight")
        matrix(block + "attn_q.weight", HEADS * HEAD, D)
        matrix(block + "attn_k.weight", KV * HEAD, D)
        matrix(block + "attn_v.weight", KV * HEAD, D)
        matrix(block + "attn_output.weight", D, HEADS * HEAD)
        norm(block + "post_attention_norm.weight")
        norm(block + "ffn_norm.weight")
        matrix(block + "ffn_gate.weight", FFN, D)
        matrix(block + "ffn_up.weight", FFN, D)
        matrix(block + "ffn_down.weight", D, FFN)
        norm(block + "post_ffw_norm.weight")
    norm("output_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


LLAMA = """
import ctypes, json, sys, time
import numpy as np
import llama_cpp as l
path, threads, tokens, write = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])
l.llama_backend_init()
silent = l.llama_log_callback(lambda *_: None)
l.llama_log_set(silent, ctypes.c_void_p(0))
model = l.llama_model_load_from_file(path.encode(), l.llama_model_default_params())
p = l.llama_context_default_params()
p.n_ctx, p.n_batch, p.n_ubatch = len(tokens) + write + 1, max(len(tokens), 512), 512
p.n_threads, p.n_threads_batch = threads, threads
context = l.llama_init_from_model(model, p)
vocab = l.llama_vocab_n_tokens(l.llama_model_get_vocab(model))
def run(ids):
    array = (l.llama_token * len(ids))(*ids)
    assert l.llama_decode(context, l.llama_batch_get_one(array, len(ids))) == 0
    return int(np.ctypeslib.as_array(l.llama_get_logits_ith(context, -1), (vocab,)).argmax())
run(tokens[:8])
l.llama_memory_clear(l.llama_get_memory(context), True)
begun = time.perf_counter()
token = run(tokens)
read = time.perf_counter() - begun
begun = time.perf_counter()
written = []
for _ in range(write):
    written.append(token)
    token = run([token])
took = time.perf_counter() - begun
print(json.dumps(dict(read=len(tokens) / read, written=write / took, tokens=written, peak=next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024)))
"""


def bandwidth(threads):
    """Bytes that both cores read in a second, by summing an array that no cache holds."""
    import multiprocessing

    with multiprocessing.Pool(threads) as pool:
        return sum(pool.map(_read, range(threads)))


def _read(_):
    array = np.ones(1 << 27, np.float64)
    best = 0.0
    for _ in range(3):
        begun = time.perf_counter()
        array.sum()
        best = max(best, array.nbytes / (time.perf_counter() - begun))
    return best


def ask(command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output[output.index("{") :])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--types", nargs="+", default=["Q4_0", "Q8_0", "BF16"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--write", type=int, default=32)
    parser.add_argument("--program", default=str(ROOT / "target/release/autodidact"))
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target/gemma-models")
    parser.add_argument("--llama", default=sys.executable)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    tokens = np.random.default_rng(1).integers(300, VOCAB, arguments.prompt).tolist()
    print(f"{'type':6}{'':10}{'read/s':>10}{'ratio':>8}{'written/s':>12}{'ratio':>8}{'of bandwidth':>14}{'peak GB':>10}")
    for kind in arguments.types:
        path = arguments.folder / f"random-2b-{kind}.gguf"
        if not path.exists():
            make(path.with_suffix(".partial"), kind)
            path.with_suffix(".partial").rename(path)
        rounds = []
        for _ in range(arguments.rounds):
            ours = ask([arguments.program, "gemma", "bench", "--model", str(path), "--threads", str(arguments.threads), "--tokens",
                        json.dumps(tokens)[1:-1].replace(" ", ""), "--write", str(arguments.write), "--json"])
            theirs = ask([arguments.llama, "-c", LLAMA, str(path), str(arguments.threads), json.dumps(tokens), str(arguments.write)])
            rounds.append((ours, theirs, bandwidth(arguments.threads)))
        median = lambda values: statistics.median(list(values))
        size = path.stat().st_size
        for side, name in enumerate(["autodidact", "llama.cpp"]):
            of = [round[side] for round in rounds]
            keys = [("read_per_second", "read"), ("written_per_second", "written"), ("peak_bytes", "peak")]
            get = lambda values, index: values[keys[index][side]]
            ratios = [median(r[0][keys[i][0]] / r[1][keys[i][1]] for r in rounds) if side == 0 else 1.0 for i in range(2)]
            share = median(get(r[side], 1) * size / r[2] for r in rounds)
            print(f"{kind:6}{name:10}{median(get(o, 0) for o in of):10.1f}{ratios[0]:8.2f}{median(get(o, 1) for o in of):12.2f}{ratios[1]:8.2f}"
                  f"{share:14.2f}{median(get(o, 2) for o in of) / 1e9:10.2f}")
        same = sum(a == b for a, b in zip(rounds[0][0]["tokens"], rounds[0][1]["tokens"]))
        print(f"{kind:6}tokens written by both alike, from the first on: {same} of {arguments.write}", flush=True)


if __name__ == "__main__":
    main()
