"""Random Gemma 2 models made so that every trap bites, and what transformers computes with them.

    pip install torch==2.15.0 transformers==5.23.0 safetensors numpy
    python models.py

Each folder has a checkpoint as `save_pretrained` writes it and `expected.safetensors`: `tokens` and `logits` of all
positions, by eager attention in f32. Widths of heads are not width / heads, queries are not divided by the root of the
width of a head, windows are shorter than the text, weights of norms are far from 0, and both caps bend what they cap.
"""

import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import Gemma2Config, Gemma2ForCausalLM

FOLDER = pathlib.Path(__file__).parent / "models"

# name: (config, stored as, size of a shard)
MODELS = {
    # Two query heads for each of two; width of a head 16, not 32 / 4.
    "like-2b": (
        dict(hidden_size=32, intermediate_size=96, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
             head_dim=16, query_pre_attn_scalar=24, sliding_window=5, vocab_size=96),
        torch.float32, "150KB",
    ),
    # The root of 56 is not a number of bfloat16.
    "like-9b": (
        dict(hidden_size=56, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             head_dim=16, query_pre_attn_scalar=16, sliding_window=7, vocab_size=80),
        torch.bfloat16, "5GB",
    ),
    # Queries are divided by the root of width / heads; other constants than the released models'.
    "like-27b": (
        dict(hidden_size=48, intermediate_size=96, num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=4,
             head_dim=10, query_pre_attn_scalar=6, sliding_window=4, vocab_size=64, rope_theta=500.0,
             rms_norm_eps=1e-3, attn_logit_softcapping=20.0, final_logit_softcapping=None),
        torch.float16, "5GB",
    ),
    # Rows of most matrices consist of blocks of 256.
    "of-blocks": (
        dict(hidden_size=256, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
             head_dim=16, query_pre_attn_scalar=16, sliding_window=16, vocab_size=32),
        torch.bfloat16, "5GB",
    ),
    # As many tokens as `tokenizer.model` has pieces.
    "of-words": (
        dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
             head_dim=16, query_pre_attn_scalar=16, sliding_window=16, vocab_size=1100),
        torch.bfloat16, "5GB",
    ),
}
TOKENS = 40


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    for seed, (name, (sizes, stored, shard)) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        config = Gemma2Config(**sizes, max_position_embeddings=256, attn_implementation="eager", pad_token_id=0)
        model = Gemma2ForCausalLM(config).eval()
        with torch.no_grad():
            for key, weight in model.named_parameters():
                if "norm" in key:
                    weight.uniform_(-0.6, 0.8)
                elif "embed" in key:
                    weight.normal_(0, 0.5)
                elif "q_proj" in key or "k_proj" in key:
                    weight.normal_(0, 4 * weight.shape[1] ** -0.5)
                else:
                    weight.normal_(0, weight.shape[1] ** -0.5)
        model.to(stored)
        folder = FOLDER / name
        model.save_pretrained(folder, max_shard_size=shard)
        (folder / "generation_config.json").unlink(missing_ok=True)
        # Read anew: a model that was in bfloat16 once keeps the rounded root of its width.
        model = Gemma2ForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        tokens = torch.randint(3, config.vocab_size, (TOKENS if config.vocab_size < 1000 else 8,))
        scores = []
        hooks = [layer.self_attn.register_forward_hook(lambda _, __, out: scores.append(out[1])) for layer in model.model.layers]
        with torch.no_grad():
            logits = model(tokens[None], output_attentions=True).logits[0]
        for hook in hooks:
            hook.remove()
        save_file({"tokens": tokens.to(torch.int32), "logits": logits.contiguous()}, folder / "expected.safetensors")
        print(name, sum(p.numel() for p in model.parameters()), "numbers; logits within",
              f"{logits.min():.2f} {logits.max():.2f}, std {logits.std():.2f}, largest attention {max(s.max() for s in scores):.3f}")
        print(json.dumps(json.loads((folder / "config.json").read_text()), indent=None))


if __name__ == "__main__":
    main()
