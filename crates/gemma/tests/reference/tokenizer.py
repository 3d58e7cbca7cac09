"""Small tokenizers of Google's `sentencepiece` and what it makes of awkward texts; written beside this file.

    pip install sentencepiece==0.2.3 tokenizers==0.23.3 protobuf && python tokenizer.py

- tokenizer.model: in the manner of Gemma's (see its settings below), trained on the text of the Apache licence and a few lines
  in other scripts;
- tokenizer-phrases.model: the same, but pieces may reach across spaces;
- tokenizer-ties.model: the first with scores rounded down to multiples of 16, so that many are equal;
- tokenizer.json: the first as Hugging Face would have it, with every pair of pieces that spells a piece as a merge, by falling score;
- tokenizer.cases.json: byte strings with ids, also with special pieces as text, and decoded text for each model, and lists of ids with
  decoded text.
"""

import io
import json
import pathlib
import random

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2 as protobuf

FOLDER = pathlib.Path(__file__).resolve().parent
LICENCE = FOLDER.parents[3] / "LICENSE-APACHE"
LINES = [
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva de crapaüter.",
    "天地玄黃宇宙洪荒 日月盈昃辰宿列張 寒來暑往秋收冬藏 閏餘成歲律呂調陽",
    "いろはにほへと ちりぬるを わかよたれそ つねならむ",
    "키스의 고유조건은 입술끼리 만나야 하고",
    "fn main() { let x = [1, 22, 333]; println!(\"{:?}\", x); } // 4096 + 8192 = 12288",
    "naïve façade, 3.14159, 2024-07-31, a_b_c, C++, don't, 😀😀🎉",
]
SPECIAL = ["<unused0>", "<start_of_turn>", "<end_of_turn>", "[toxicity=0]"]
USER_DEFINED = SPECIAL + ["\n" * n for n in range(1, 6)] + ["▁" * n for n in range(2, 9)] + ["<h1>", "</h1>", "<b>"]
USER_DEFINED += ["\t" * n for n in range(2, 5)]


def train(**settings):
    lines = LICENCE.read_text().splitlines() + LINES * 3
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="bpe", vocab_size=1100, num_threads=1,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>",
        user_defined_symbols=USER_DEFINED, byte_fallback=True, split_digits=True, split_by_unicode_script=True,
        allow_whitespace_only_pieces=True, max_sentencepiece_length=16, normalization_rule_name="identity",
        add_dummy_prefix=False, remove_extra_whitespaces=False, character_coverage=0.995, minloglevel=2, **settings)
    return model.getvalue()


def with_ties(model):
    message = protobuf.ModelProto.FromString(model)
    for piece in message.pieces:
        if piece.type == protobuf.ModelProto.SentencePiece.NORMAL:
            piece.score -= piece.score % 16
    return message.SerializeToString()


def without_special(model):
    """Pieces of the control kind are never found in text: so a text reads if nobody may use the special ones."""
    message = protobuf.ModelProto.FromString(model)
    for piece in message.pieces:
        if piece.piece in SPECIAL:
            piece.type = protobuf.ModelProto.SentencePiece.CONTROL
    return message.SerializeToString()


def hugging_face(model):
    """The settings are those that transformers gives Gemma's tokenizer."""
    pieces = protobuf.ModelProto.FromString(model).pieces
    ids = {piece.piece: id for id, piece in enumerate(pieces)}
    merges = []
    for piece in sorted(pieces, key=lambda piece: -piece.score):
        text = piece.piece
        pairs = [(text[:middle], text[middle:]) for middle in range(1, len(text))]
        merges += [pair for pair in pairs if pair[0] in ids and pair[1] in ids]
    bpe = tokenizers.models.BPE(ids, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = tokenizers.Tokenizer(bpe)
    tokenizer.normalizer = tokenizers.normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = tokenizers.decoders.Sequence(
        [tokenizers.decoders.Replace("▁", " "), tokenizers.decoders.ByteFallback(), tokenizers.decoders.Fuse()])
    tokenizer.add_special_tokens(["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"])
    tokenizer.add_tokens([tokenizers.AddedToken(text, normalized=False) for text in USER_DEFINED])
    return tokenizer


def strings(rng, pieces, count):
    """Random bytes, characters of many scripts, pieces, runs, and texts that look like pieces."""
    ranges = [(0x20, 0x7F), (0xA0, 0x3000), (0x4E00, 0x9FFF), (0x1F300, 0x1F700), (0x430, 0x450)]
    words = LICENCE.read_text().split() + " ".join(LINES).split()
    for _ in range(count):
        parts = []
        for _ in range(rng.randrange(1, 9)):
            parts.append(rng.choice([
                lambda: rng.randbytes(rng.randrange(1, 6)),
                lambda: "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(4)).encode(),
                lambda: rng.choice(pieces).encode() * rng.randrange(1, 3),
                lambda: rng.choice(" \n\t▁").encode() * rng.randrange(1, 20),
                lambda: rng.choice(USER_DEFINED + ["<bos>", "<unk>", "<0x41>"]).encode()[: rng.randrange(2, 20)],
                lambda: " ".join(rng.choices(words, k=rng.randrange(1, 5))).encode(),
            ])())
        yield b"".join(parts)


def main():
    rng = random.Random(1)
    first = train()
    models = {"tokenizer": first, "tokenizer-phrases": train(split_by_whitespace=False), "tokenizer-ties": with_ties(first)}
    texts = [b"", b" ", b"a", "▁".encode(), b"a" * 300, b"ab" * 100, b" the" * 40, "天地".encode() * 50, b"<start_of_turn>user\nhi<end_of_turn>\n"]
    texts += [line.encode() for line in LINES] + LICENCE.read_bytes().splitlines()[:40]
    cases = {}
    for name, model in models.items():
        (FOLDER / f"{name}.model").write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        as_text = sentencepiece.SentencePieceProcessor(model_proto=without_special(model))
        pieces = [processor.id_to_piece(id) for id in range(processor.vocab_size())]
        encodings = []
        for text in texts + list(strings(rng, pieces, 150)):
            ids = processor.encode(text)
            case = {"bytes": text.hex(), "ids": ids, "decoded": processor.decode(ids)}
            encodings.append(case | {"ids_as_text": as_text.encode(text)})
        decodings = []
        for _ in range(80):
            ids = [rng.randrange(rng.choice([4, 300, len(pieces)])) for _ in range(rng.randrange(1, 9))]
            decodings.append({"ids": ids, "decoded": processor.decode(ids)})
        cases[name] = {"encodings": encodings, "decodings": decodings}

    tokenizer = hugging_face(first)
    tokenizer.save(str(FOLDER / "tokenizer.json"), pretty=False)
    ascii = [case for case in cases["tokenizer"]["encodings"] if bytes.fromhex(case["bytes"]).isascii()]
    equal = sum(tokenizer.encode(bytes.fromhex(case["bytes"]).decode()).ids == case["ids"] for case in ascii)
    print(f"tokenizers: {equal} of {len(ascii)} texts as sentencepiece")
    (FOLDER / "tokenizer.cases.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
