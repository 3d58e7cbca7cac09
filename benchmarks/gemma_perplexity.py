"""The perplexity of a file and a text, here and in llama.cpp.

    CMAKE_ARGS="-DGGML_NATIVE=ON" pip install --no-binary :all: llama-cpp-python==0.3.36
    python benchmarks/gemma_perplexity.py --model MODEL.gguf --text TEXT [--context 512] [--program target/release/autodidact]

llama.cpp's side is taken from its logits, by its own tokens, as its `perplexity` program does: pieces of as many tokens as the context, each
begun anew, of which the second half is foretold. Prints both, ours exactly and with integer products, and how far they are apart.
"""

import argparse
import ctypes
import json
import pathlib
import subprocess

import llama_cpp as llama
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


def theirs(path, text, context_len):
    silent = llama.llama_log_callback(lambda *_: None)
    llama.llama_log_set(silent, ctypes.c_void_p(0))
    model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
    vocab = llama.llama_model_get_vocab(model)
    size = llama.llama_vocab_n_tokens(vocab)
    text = text.removesuffix(b"\n")
    room = (llama.llama_token * (len(text) + 8))()
    count = llama.llama_tokenize(vocab, text, len(text), room, len(room), True, False)
    tokens = list(room[:count])
    params = llama.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = context_len
    context = llama.llama_init_from_model(model, params)
    batch = llama.llama_batch_init(context_len, 0, 1)
    total, foretold = 0.0, 0
    for begin in range(0, count - context_len + 1, context_len):
        piece = [llama.llama_vocab_bos(vocab)] + tokens[begin + 1 : begin + context_len]
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        batch.n_tokens = context_len
        for at, token in enumerate(piece):
            batch.token[at], batch.pos[at], batch.n_seq_id[at], batch.logits[at] = token, at, 1, 1
            batch.seq_id[at][0] = 0
        assert llama.llama_decode(context, batch) == 0
        logits = np.ctypeslib.as_array(llama.llama_get_logits(context), (context_len, size)).astype(np.float64)
        for at in range(context_len // 2, context_len - 1):
            row = logits[at] - logits[at].max()
            total -= row[piece[at + 1]] - np.log(np.exp(row).sum())
            foretold += 1
    return float(np.exp(total / foretold)), foretold


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--program", default=str(ROOT / "target/release/autodidact"))
    arguments = parser.parse_args()
    reference, foretold = theirs(arguments.model, pathlib.Path(arguments.text).read_bytes(), arguments.context)
    print(f"llama.cpp          {reference:.4f} over {foretold} tokens")
    for precision in ["f32", "int8"]:
        command = [arguments.program, "gemma", "perplexity", "--model", arguments.model, "--text", arguments.text,
                   "--context", str(arguments.context), "--precision", precision, "--json", "--quiet"]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        apart = 100 * (told["perplexity"] / reference - 1)
        print(f"autodidact, {precision:5}  {told['perplexity']:.4f} over {told['tokens']} tokens, {apart:+.3f} %")


if __name__ == "__main__":
    main()
