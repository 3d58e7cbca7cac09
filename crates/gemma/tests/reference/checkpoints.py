"""Writes checkpoints.json: what PyTorch finds in the tensors of the random models beside this file.

    python checkpoints.py    (torch 2.15.0, transformers 5.23.0)

Of each tensor: its sum and the sum of its magnitudes in double precision, the first number and the last, and for the weights of
norms all numbers of 1 + w in single precision.
"""

import json
import pathlib

import torch
import transformers

assert transformers.__version__ == "5.23.0", transformers.__version__
FOLDER = pathlib.Path(__file__).parent
values = {}
for folder in sorted((FOLDER / "models").iterdir()):
    model = transformers.Gemma2ForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tensors = values[folder.name] = {}
    for name, weight in model.named_parameters():
        flat = weight.detach().flatten()
        entry = {
            "shape": list(weight.shape), "sum": flat.double().sum().item(), "magnitudes": flat.double().abs().sum().item(),
            "first": flat[0].item(), "last": flat[-1].item(),
        }
        if "norm" in name:
            entry["multiplier"] = (1.0 + flat).tolist()
        tensors[name] = entry
(FOLDER / "checkpoints.json").write_text(json.dumps(values, indent=1) + "\n")
