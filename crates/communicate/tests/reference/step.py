"""One step of a Lewis game in PyTorch, double precision: messages, both losses and all gradients for given weights and draws.

    python step.py > step.json

Made with torch 2.15.0 and numpy 2.4.6. The modules are PyTorch's own (`LSTMCell`, `GRUCell`, `LayerNorm`, `Embedding`, `Linear`); the
layout of the numbers is that of crate `communicate`: an encoder's table is the transpose of a linear layer's weight, and the last
row of the speaker's embedding is the learnt first input.
"""
import json

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from transformer import HEADS, LAYERS, TransformerListener, TransformerSpeaker

torch.set_default_dtype(torch.float64)
ENTROPY = 0.07


class Cell(nn.Module):
    """A cell with layer norm on its states, or without."""

    def __init__(self, kind, embedded, hidden, normalised):
        super().__init__()
        self.is_lstm = kind == "lstm"
        self.cell = (nn.LSTMCell if self.is_lstm else nn.GRUCell)(embedded, hidden)
        self.norm_h = nn.LayerNorm(hidden) if normalised else None
        self.norm_c = nn.LayerNorm(hidden) if normalised and self.is_lstm else None

    def forward(self, x, state):
        state = self.cell(x, state) if self.is_lstm else (self.cell(x, state[0]),)
        return tuple(norm(s) if norm else s for norm, s in zip((self.norm_h, self.norm_c), state))

    def named(self, of):
        numbers = {
            "cell.input_weight": of(self.cell.weight_ih),
            "cell.state_weight": of(self.cell.weight_hh),
            "cell.input_bias": of(self.cell.bias_ih),
            "cell.state_bias": of(self.cell.bias_hh),
        }
        for name, norm in (("norm_h", self.norm_h), ("norm_c", self.norm_c)):
            if norm:
                numbers |= {f"{name}.gamma": of(norm.weight), f"{name}.beta": of(norm.bias)}
        return numbers


class Speaker(nn.Module):
    def __init__(self, kind, inputs, vocab, embedded, hidden, normalised):
        super().__init__()
        self.encoder = nn.Linear(inputs, hidden)
        self.start = nn.Parameter(torch.randn(embedded))
        self.embedding = nn.Embedding(vocab, embedded)
        self.cell = Cell(kind, embedded, hidden, normalised)
        self.output = nn.Linear(hidden, vocab)

    def begin(self, x):
        """What the first symbol is told from, and what goes from step to step."""
        h = self.encoder(x)
        state = self.cell(self.start.expand(len(x), -1), (h, torch.zeros_like(h)) if self.cell.is_lstm else (h,))
        return state[0], state

    def go_on(self, embedded, state):
        state = self.cell(embedded, state)
        return state[0], state

    def named(self, of):
        return {
            "encoder.table": of(self.encoder.weight).T,
            "encoder.bias": of(self.encoder.bias),
            "embedding": torch.cat([of(self.embedding.weight), of(self.start)[None]]),
            **self.cell.named(of),
            "output.weight": of(self.output.weight),
            "output.bias": of(self.output.bias),
        }


def speak(speaker, x, drawn):
    """Messages, their lengths, log-probabilities and entropies."""
    log_prob, entropy, alive = 0.0, 0.0, torch.ones(len(x))
    lengths, symbols = torch.zeros(len(x)), []
    told, state = speaker.begin(x)
    for step in range(drawn.shape[1]):
        log_probs = F.log_softmax(speaker.output(told), 1)
        probs = log_probs.exp()
        # The first symbol whose cumulated probability is above the number.
        symbol = (probs.cumsum(1) <= drawn[:, step : step + 1]).sum(1).clamp(max=probs.shape[1] - 1)
        log_prob = log_prob + alive * log_probs.gather(1, symbol[:, None]).squeeze(1)
        entropy = entropy - alive * (probs * log_probs).sum(1)
        lengths = lengths + alive
        symbols.append(symbol * alive.long())
        alive = alive * (symbol != 0)
        if step + 1 < drawn.shape[1]:
            told, state = speaker.go_on(speaker.embedding(symbol), state)
    return torch.stack(symbols, 1), lengths, log_prob, entropy


class Listener(nn.Module):
    def __init__(self, kind, vocab, embedded, hidden, outputs, normalised):
        super().__init__()
        self.embedding = nn.Embedding(vocab, embedded)
        self.cell = Cell(kind, embedded, hidden, normalised)
        self.output = nn.Linear(hidden, outputs)
        self.hidden = hidden

    def states(self, embedded):
        """The state after each symbol, [N, T, H]."""
        zeros = torch.zeros(len(embedded), self.hidden)
        state, states = (zeros, zeros) if self.cell.is_lstm else (zeros,), []
        for step in range(embedded.shape[1]):
            state = self.cell(embedded[:, step], state)
            states.append(state[0])
        return torch.stack(states, 1)

    def forward(self, symbols, lengths):
        states = self.states(self.embedding(symbols))
        return self.output(states[torch.arange(len(symbols)), lengths.long() - 1])

    def named(self, of):
        return {
            "embedding": of(self.embedding.weight),
            **self.cell.named(of),
            "output.weight": of(self.output.weight),
            "output.bias": of(self.output.bias),
        }


def speaker_of(kind, inputs, vocab, length, embedded, hidden, normalised):
    if kind == "transformer":
        return TransformerSpeaker(inputs, vocab, length, hidden)
    return Speaker(kind, inputs, vocab, embedded, hidden, normalised)


def listener_of(kind, vocab, length, embedded, hidden, outputs, normalised):
    if kind == "transformer":
        return TransformerListener(vocab, length, hidden, outputs)
    return Listener(kind, vocab, embedded, hidden, outputs, normalised)


def sizes(kind):
    """Numbers that a symbol is embedded in and those of a state, and what else a transformer is made of."""
    is_transformer = kind == "transformer"
    return (12 if is_transformer else 6), 12, ({"layers": LAYERS, "heads": HEADS} if is_transformer else {})


def case(kind, normalised, count, seed):
    torch.manual_seed(seed)
    attributes, values, vocab, length = 3, 4, 5, 4
    embedded, hidden, further = sizes(kind)
    speaker = speaker_of(kind, attributes * values, vocab, length, embedded, hidden, normalised[0])
    listener = listener_of(kind, vocab, length, embedded, hidden, attributes * values, normalised[1])
    for agent in (speaker, listener):
        for parameter in agent.parameters():
            # As the other side reads them; larger than they begin, so that every gradient is worth comparing.
            parameter.data = (1.5 * parameter.data + 0.1 * torch.randn_like(parameter)).float().double()
    objects = torch.randint(values, (count, attributes))
    drawn = torch.rand(count, length).float().double()
    x = F.one_hot(objects, values).double().view(count, -1)

    symbols, lengths, log_prob, entropy = speak(speaker, x, drawn)
    logits = listener(symbols, lengths).view(count, attributes, values)
    likelihood = F.log_softmax(logits, 2).gather(2, objects[:, :, None]).sum((1, 2))
    listener_loss = -likelihood.mean()
    reward = likelihood.detach()
    speaker_loss = -((reward - reward.mean()) * log_prob).mean() - ENTROPY * (entropy / lengths).mean()
    listener_loss.backward()
    speaker_loss.backward()
    flat = lambda numbers: {name: value.detach().reshape(-1).tolist() for name, value in numbers.items()}
    agent = lambda agent: {
        "values": flat(agent.named(lambda parameter: parameter)),
        "gradient": flat(agent.named(lambda parameter: parameter.grad)),
    }
    return {
        "cell": kind,
        **further,
        "normalised": normalised,
        "attributes": attributes,
        "values": values,
        "vocab_size": vocab,
        "max_length": length,
        "embedding": embedded,
        "hidden": hidden,
        "entropy_weight": ENTROPY,
        "objects": objects.tolist(),
        "drawn": drawn.reshape(-1).tolist(),
        "messages": symbols.tolist(),
        "log_probs": log_prob.tolist(),
        "entropies": entropy.tolist(),
        "likelihoods": likelihood.tolist(),
        "listener_loss": listener_loss.item(),
        "speaker_loss": speaker_loss.item(),
        "speaker": agent(speaker),
        "listener": agent(listener),
    }


def rounded(value):
    if isinstance(value, float):
        return float(np.format_float_positional(value, precision=9, unique=True, fractional=False))
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return {name: rounded(item) for name, item in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    cases = [
        case("lstm", [True, True], 70, 1),
        case("gru", [True, True], 20, 2),
        case("lstm", [True, False], 20, 3),
        case("gru", [False, False], 20, 4),
        case("transformer", [True, True], 70, 5),
    ]
    print(json.dumps([rounded(value) for value in cases]))
