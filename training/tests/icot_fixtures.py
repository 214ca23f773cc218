"""Small GPT-2 models and directories the ICoT tests share."""

import json
from pathlib import Path

import torch

from ..common import safetensors, story_tokenizer
from ..common.gpt2 import Gpt2, Gpt2Config
from ..icot_si.format import own_format
from .fixtures import TOKENIZER

FORM = own_format()


def loud(model: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Gives a model random weights large enough that its greedy choices are clear."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = parameter.shape[-1] ** -0.5 if parameter.dim() >= 2 else 0.1
            centre = 1.0 if ".ln_" in name and name.endswith("weight") else 0.0
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread + centre)
    return model.eval()


def small_gpt2(seed: int = 0, vocab_size: int = FORM.tokenizer.size, **changes) -> Gpt2:
    shape = {"hidden_size": 32, "layers": 3, "heads": 2, "feed": 64, "context": 128}
    return loud(Gpt2(Gpt2Config(vocab_size, **(shape | changes))), seed)


def write_gpt2_base(directory: Path, seed: int = 0) -> Gpt2:
    """A random base in Hugging Face's GPT-2 layout, without the `transformer.` prefix as in OpenAI's upload, with a BPE."""
    model = small_gpt2(seed, TOKENIZER.size)
    tensors = {name.removeprefix("transformer."): value.bfloat16() for name, value in model.state_dict().items()}
    tensors["h.0.attn.bias"] = torch.ones(1, 1, 128, 128).tril().to(torch.uint8)  # a mask buffer, as real uploads have
    safetensors.save(directory / "model.safetensors", tensors)
    config = model.config.to_hf() | {"eos_token_id": TOKENIZER.added["<eos>"]}
    (directory / "config.json").write_text(json.dumps(config))
    story_tokenizer.write_files(TOKENIZER, directory, 128)
    return model
