"""Gemma's tokenizer here and in Google's `sentencepiece`, on the same texts: are the ids equal, and how long do they take?

    pip install sentencepiece==0.2.3
    python benchmarks/tokenizer.py --model tokenizer.model TEXT[.gz]... [--lines 20000] [--rounds 7] [--fuzz 1000000]

Builds the example `tokenize_records` in release mode. First compares the ids of the first so many lines of each text, then, with
`--fuzz`, of so many random byte strings, from a fixed seed. Then encodes each text line by line in turn,
round after round: on one thread here, in a fresh process with nothing remembered, and with the Python binding called
for each line and for the list of all lines. Prints medians over rounds of milliseconds and MB/s, of the ratio within each
round (above 1 we are faster), and of the time to load the tokenizer; once by the time that passed and once by the time
that the processor spent, which other programs disturb less (Linux).
"""

import argparse
import gzip
import json
import pathlib
import random
import statistics
import struct
import subprocess
import time

import sentencepiece

ROOT = pathlib.Path(__file__).resolve().parent.parent


def build():
    command = ["cargo", "build", "--release", "-p", "autodidact-gemma", "--example", "tokenize_records", "--message-format=json"]
    messages = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return next(program for line in messages if (program := json.loads(line).get("executable")))


def records(texts):
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def ours(program, model, texts):
    output = subprocess.run([program, model], input=records(texts), check=True, capture_output=True).stdout
    numbers = memoryview(output).cast("I")
    ids, place = [], 0
    for _ in texts:
        end = place + 1 + numbers[place]
        ids.append(numbers[place + 1 : end].tolist())
        place = end
    return ids


def compare(program, model, processor, texts, name):
    got = ours(program, model, texts)
    different = 0
    for text, ids in zip(texts, got):
        expected = processor.encode(text)
        if ids != expected:
            different += 1
            if different <= 5:
                print(f"  {text!r}\n    here          {ids}\n    sentencepiece {expected}")
    print(f"{name}: {len(texts) - different} of {len(texts)} equal")
    return different


def fuzz(rng, processor):
    """Random bytes, characters, pieces and whitespace, mixed."""
    ranges = [(0x20, 0x7F), (0xA0, 0x3000), (0x4E00, 0x9FFF), (0x1F300, 0x1F700)]
    alike = [b"<start_of_turn>", b"<end_of_turn>", b"<h1>", b"</code>", b"<bos>", b"<unused7>", b"[toxicity=0]", b"<0x41>"]
    kinds = [
        lambda: rng.randbytes(rng.randrange(1, 6)),
        lambda: "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(4)).encode(),
        lambda: processor.id_to_piece(rng.randrange(processor.vocab_size())).encode(),
        lambda: rng.choice(" \n\t▁").encode() * rng.randrange(1, 40),
        lambda: rng.choice(alike)[: rng.randrange(3, 20)],
        lambda: bytes(rng.choices(b"abcdeinorst ,.'0123456789", k=rng.randrange(1, 30))),
    ]
    return b"".join(rng.choice(kinds)() for _ in range(rng.randrange(1, 12)))


def measure(program, model, processor, path, texts, rounds):
    data, strings = records(texts), [text.decode() for text in texts]
    megabytes = sum(map(len, texts)) / 1e6
    times = {"load": [], "here": [], "each line": [], "list of lines": []}
    all_threads = []

    def timed(name, work):
        passed, spent = time.perf_counter(), time.process_time()
        work()
        times[name].append([time.perf_counter() - passed, time.process_time() - spent])

    for _ in range(rounds):
        output = subprocess.run([program, model, "--time"], input=data, check=True, capture_output=True).stdout
        ours = json.loads(output)
        assert ours["same"]
        times["load"].append(ours["load"])
        times["here"].append(ours["one_thread"])
        all_threads.append(ours["all_threads"])
        timed("each line", lambda: [processor.encode(text) for text in strings])
        timed("list of lines", lambda: processor.encode(strings, num_threads=1))
    print(f"{path.name}: {len(texts)} lines, {megabytes:.2f} MB, {ours['tokens']} tokens, {rounds} rounds")
    for clock, name in enumerate(["time that passed", "time of the processor"]):
        own = [seconds[clock] for seconds in times["here"]]
        print(f"  {name}; loading here {1000 * statistics.median(seconds[clock] for seconds in times['load']):.0f} ms")
        for contestant in ["here", "each line", "list of lines"]:
            measured = [seconds[clock] for seconds in times[contestant]]
            seconds = statistics.median(measured)
            ratio = statistics.median(other / own for other, own in zip(measured, own))
            print(f"    {contestant:14} {1000 * seconds:9.1f} ms {megabytes / seconds:8.2f} MB/s  ratio {ratio:6.2f}")
    print(f"  all threads here: {megabytes / statistics.median(all_threads):.2f} MB/s of time that passed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("texts", nargs="*", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=20000, help="lines of each text to compare")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fuzz", type=int, default=0, help="random byte strings to compare")
    arguments = parser.parse_args()

    program = build()
    start = time.perf_counter()
    processor = sentencepiece.SentencePieceProcessor(model_file=arguments.model)
    print(f"sentencepiece {sentencepiece.__version__} loads in {1000 * (time.perf_counter() - start):.0f} ms")
    different = 0
    texts = {}
    for path in arguments.texts:
        data = path.read_bytes()
        texts[path] = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
        different += compare(program, arguments.model, processor, texts[path][: arguments.lines], path.name)
    rng = random.Random(1)
    for start in range(0, arguments.fuzz, 100_000):
        strings = [fuzz(rng, processor) for _ in range(min(100_000, arguments.fuzz - start))]
        different += compare(program, arguments.model, processor, strings, f"random strings from {start}")
    for path, lines in texts.items():
        if arguments.rounds:
            measure(program, arguments.model, processor, path, lines, arguments.rounds)
    return different > 0


if __name__ == "__main__":
    raise SystemExit(main())
