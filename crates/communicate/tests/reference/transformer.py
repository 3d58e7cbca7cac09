"""Agents of `step.py` that are transformers: PyTorch's own pre-norm encoder layers with a causal mask, over the whole sequence at every
step.
"""
import functools

import torch
import torch.nn.functional as F
from torch import nn

LAYERS, HEADS = 2, 3


class Blocks(nn.Module):
    """Embeddings, learnt positions, blocks, and a last normalisation."""

    def __init__(self, vocab, length, width):
        super().__init__()
        self.embedding = nn.Embedding(vocab, width)
        self.positions = nn.Embedding(length, width)
        gelu = functools.partial(F.gelu, approximate="tanh")
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, HEADS, 4 * width, dropout=0.0, activation=gelu, batch_first=True, norm_first=True
            )
            for _ in range(LAYERS)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens):
        """States [N, T, H] of tokens [N, T, H], each of which sees those up to its own."""
        length = tokens.shape[1]
        x = tokens + self.positions.weight[:length]
        hidden = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        for block in self.blocks:
            x = block(x, src_mask=hidden)
        return self.norm(x)

    def named(self, of):
        stack = lambda part: torch.stack([of(part(block)) for block in self.blocks])
        return {
            "embedding": of(self.embedding.weight),
            "positions": of(self.positions.weight),
            "blocks.norm_1.gamma": stack(lambda block: block.norm1.weight),
            "blocks.norm_1.beta": stack(lambda block: block.norm1.bias),
            "blocks.norm_2.gamma": stack(lambda block: block.norm2.weight),
            "blocks.norm_2.beta": stack(lambda block: block.norm2.bias),
            "blocks.attention.input_weight": stack(lambda block: block.self_attn.in_proj_weight),
            "blocks.attention.input_bias": stack(lambda block: block.self_attn.in_proj_bias),
            "blocks.attention.output_weight": stack(lambda block: block.self_attn.out_proj.weight),
            "blocks.attention.output_bias": stack(lambda block: block.self_attn.out_proj.bias),
            "blocks.wide.input_weight": stack(lambda block: block.linear1.weight),
            "blocks.wide.input_bias": stack(lambda block: block.linear1.bias),
            "blocks.wide.output_weight": stack(lambda block: block.linear2.weight),
            "blocks.wide.output_bias": stack(lambda block: block.linear2.bias),
            "norm.gamma": of(self.norm.weight),
            "norm.beta": of(self.norm.bias),
        }


class TransformerSpeaker(nn.Module):
    def __init__(self, inputs, vocab, length, width):
        super().__init__()
        self.encoder = nn.Linear(inputs, width)
        self.blocks = Blocks(vocab, length, width)
        self.output = nn.Linear(width, vocab)

    def begin(self, x):
        """What the first symbol is told from, and what goes from step to step."""
        tokens = self.encoder(x)[:, None]
        return self.blocks(tokens)[:, -1], tokens

    @property
    def embedding(self):
        return self.blocks.embedding

    def go_on(self, embedded, tokens):
        tokens = torch.cat([tokens, embedded[:, None]], 1)
        return self.blocks(tokens)[:, -1], tokens

    def named(self, of):
        return {
            "encoder.table": of(self.encoder.weight).T,
            "encoder.bias": of(self.encoder.bias),
            **self.blocks.named(of),
            "output.weight": of(self.output.weight),
            "output.bias": of(self.output.bias),
        }


class TransformerListener(nn.Module):
    def __init__(self, vocab, length, width, outputs):
        super().__init__()
        self.blocks = Blocks(vocab, length, width)
        self.output = nn.Linear(width, outputs)

    @property
    def embedding(self):
        return self.blocks.embedding

    def states(self, embedded):
        return self.blocks(embedded)

    def forward(self, symbols, lengths):
        states = self.states(self.embedding(symbols))
        return self.output(states[torch.arange(len(symbols)), lengths.long() - 1])

    def named(self, of):
        return {
            **self.blocks.named(of),
            "output.weight": of(self.output.weight),
            "output.bias": of(self.output.bias),
        }
