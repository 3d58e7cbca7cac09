"""Games per second of a speaker and a listener that both learn, here and in PyTorch, on the same game, interleaved.

    cargo build --release -p autodidact-communicate --example time_lewis
    python benchmarks/lewis.py [--threads 2] [--rounds 5] [--json]

Needs torch (2.x). A step plays a game with each object of the batch: the speaker samples messages, the listener reads them up to
their end, cross-entropy, both gradients (REINFORCE with the batch's mean and an entropy term), Adam for both. PyTorch runs what one would
write there: `LSTMCell`/`GRUCell` with `LayerNorm` where agents normalise, and `nn.LSTM`/`nn.GRU` on packed sequences for a listener
that does not. Each side runs in a process of its own. Prints medians over rounds, games per second, and the median of the
rounds' ratios (above 1: we are faster).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

# name, cell, attributes, values, V, T, hidden, batch, does the listener normalise, steps
CONFIGS = [
    ("small: 4 x 6, V 8, T 5, LSTM 64, batch 400", "lstm", 4, 6, 8, 5, 64, 400, True, 60),
    ("the same, plain listener", "lstm", 4, 6, 8, 5, 64, 400, False, 60),
    ("the same, GRU", "gru", 4, 6, 8, 5, 64, 400, True, 60),
    ("authors': 6 x 10, V 10, T 10, LSTM 128, batch 2048", "lstm", 6, 10, 10, 10, 128, 2048, False, 8),
    ("the same, listener normalised too", "lstm", 6, 10, 10, 10, 128, 2048, True, 8),
]
WARM = 3
RATE = 5e-4
ENTROPY = 0.05


def torch_side(cell, attributes, values, vocab, length, hidden, batch, normalised, steps, threads):
    """One process: seconds per step, one a line."""
    import time

    import torch
    import torch.nn.functional as F
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    lstm = cell == "lstm"

    class Cell(nn.Module):
        """A cell with layer norm on its states."""

        def __init__(self):
            super().__init__()
            self.cell = (nn.LSTMCell if lstm else nn.GRUCell)(hidden, hidden)
            self.norm_h = nn.LayerNorm(hidden)
            self.norm_c = nn.LayerNorm(hidden) if lstm else None

        def forward(self, x, state):
            if not lstm:
                return (self.norm_h(self.cell(x, state[0])),)
            h, c = self.cell(x, state)
            return self.norm_h(h), self.norm_c(c)

    class Speaker(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Linear(attributes * values, hidden)
            self.start = nn.Parameter(torch.randn(hidden))
            self.embedding = nn.Embedding(vocab, hidden)
            self.cell = Cell()
            self.output = nn.Linear(hidden, vocab)

        def forward(self, x):
            h = self.encoder(x)
            state = (h, torch.zeros_like(h)) if lstm else (h,)
            given = self.start.expand(len(x), -1)
            symbols, log_probs, entropies = [], [], []
            for _ in range(length):
                state = self.cell(given, state)
                logits = F.log_softmax(self.output(state[0]), 1)
                probabilities = logits.exp()
                with torch.no_grad():
                    symbol = torch.multinomial(probabilities, 1).squeeze(1)
                symbols.append(symbol)
                log_probs.append(logits.gather(1, symbol[:, None]).squeeze(1))
                entropies.append(-(probabilities * logits).sum(1))
                given = self.embedding(symbol)
            symbols = torch.stack(symbols, 1)
            ended = (symbols == 0).cumsum(1)
            mask = ((ended - (symbols == 0).long()) == 0).float()
            lengths = mask.sum(1)
            log_prob = (torch.stack(log_probs, 1) * mask).sum(1)
            entropy = (torch.stack(entropies, 1) * mask).sum(1) / lengths
            return symbols, lengths.long(), log_prob, entropy

    class Listener(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(vocab, hidden)
            self.cell = Cell() if normalised else (nn.LSTM if lstm else nn.GRU)(hidden, hidden, batch_first=True)
            self.output = nn.Linear(hidden, attributes * values)

        def forward(self, symbols, lengths):
            x = self.embedding(symbols)
            if not normalised:
                packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
                last = self.cell(packed)[1]
                last = (last[0] if lstm else last).squeeze(0)
            else:
                zeros = x.new_zeros(len(x), hidden)
                state, states = (zeros, zeros) if lstm else (zeros,), []
                for t in range(length):
                    state = self.cell(x[:, t], state)
                    states.append(state[0])
                last = torch.stack(states, 1)[torch.arange(len(x)), lengths - 1]
            return self.output(last).view(-1, attributes, values)

    speaker, listener = Speaker(), Listener()
    adams = [torch.optim.Adam(agent.parameters(), lr=RATE) for agent in (speaker, listener)]
    objects = torch.randint(values, (batch, attributes))
    x = F.one_hot(objects, values).float().view(batch, -1)
    for step in range(WARM + steps):
        begun = time.perf_counter()
        symbols, lengths, log_prob, entropy = speaker(x)
        logits = listener(symbols, lengths)
        loss = F.cross_entropy(logits.flatten(0, 1), objects.flatten(), reduction="none").view(batch, -1).sum(1)
        reward = -loss.detach()
        speaker_loss = -((reward - reward.mean()) * log_prob).mean() - ENTROPY * entropy.mean()
        for adam in adams:
            adam.zero_grad()
        loss.mean().backward()
        speaker_loss.backward()
        for adam in adams:
            adam.step()
        if step >= WARM:
            print(time.perf_counter() - begun)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--program", help="the built example")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--torch-side", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.torch_side is not None:
        torch_side(*CONFIGS[arguments.torch_side][1:], arguments.threads)
        return
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    program = arguments.program or os.path.join(target, "release", "examples", "time_lewis")
    threads = str(arguments.threads)
    environment = os.environ | {"RAYON_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}

    def run(command):
        out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
        return statistics.median(map(float, out))

    rows = []
    for index, (name, *settings, normalised, steps) in enumerate(CONFIGS):
        batch = settings[-1]
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            words = [*map(str, settings), "normalised" if normalised else "plain", str(steps)]
            ours.append(run([program, *words]))
            theirs.append(run([sys.executable, __file__, "--torch-side", str(index), "--threads", threads]))
        rows.append(
            {
                "game": name,
                "ours_ms": 1e3 * statistics.median(ours),
                "pytorch_ms": 1e3 * statistics.median(theirs),
                "ours_games_per_second": batch / statistics.median(ours),
                "pytorch_games_per_second": batch / statistics.median(theirs),
                # Pairs of the same round: the machine's rate moves from round to round.
                "ratio": statistics.median(b / a for a, b in zip(ours, theirs)),
            }
        )
    if arguments.json:
        print(json.dumps({"version": 1, "threads": arguments.threads, "rounds": arguments.rounds, "rows": rows}))
        return
    print(f"{threads} threads; medians of {arguments.rounds} rounds\n")
    print("| game | ours, ms | PyTorch, ms | ours, games/s | PyTorch, games/s | ratio |\n|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['game']} | {row['ours_ms']:.2f} | {row['pytorch_ms']:.2f} | {row['ours_games_per_second']:.0f} "
            f"| {row['pytorch_games_per_second']:.0f} | {row['ratio']:.2f} |"
        )


if __name__ == "__main__":
    main()
