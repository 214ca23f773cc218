"""Small models and directories the tests share."""

import json
from pathlib import Path

import torch

from ..common import safetensors, story_tokenizer
from ..common.decoder import Decoder, DecoderConfig
from ..tas.model import TasDecoder

TOKENIZER = story_tokenizer.train(problems=500)


def small_config(**changes) -> DecoderConfig:
    shape = {"vocab_size": TOKENIZER.size, "hidden_size": 32, "intermediate_size": 64, "layers": 4, "heads": 2,
             "kv_heads": 2, "head_dim": 16, "context": 256}
    return DecoderConfig(**(shape | changes))


def small_model(seed: int = 0, thinking_layer: int = 2, **changes) -> TasDecoder:
    """A random model with weights large enough that its greedy choices are clear."""
    model = TasDecoder(small_config(**changes), thinking_layer)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * parameter.shape[-1] ** -0.5)
    return model.eval()


def write_base(directory: Path, shards: int = 1, seed: int = 0, **changes) -> Decoder:
    """A random base checkpoint in Hugging Face layout, optionally sharded, with the tokenizer less `<thought_end>`."""
    config = small_config(**changes)
    model = Decoder(config)
    model.initialise(torch.Generator().manual_seed(seed))
    tensors = {name: value.bfloat16() for name, value in model.state_dict().items()}
    if config.tied:
        del tensors["lm_head.weight"]
    (directory / "config.json").write_text(json.dumps(config.to_hf()))
    if shards == 1:
        safetensors.save(directory / "model.safetensors", tensors)
    else:
        places = {}
        names = sorted(tensors)
        for i in range(shards):
            file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            part = {name: tensors[name] for name in names[i::shards]}
            safetensors.save(directory / file, part)
            places |= {name: file for name in part}
        (directory / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    story_tokenizer.write_files(TOKENIZER, directory, config.context)
    spec = json.loads((directory / "tokenizer.json").read_text())
    spec["added_tokens"] = [token for token in spec["added_tokens"] if token["content"] != "<thought_end>"]
    del spec["model"]["vocab"]["<thought_end>"]
    (directory / "tokenizer.json").write_text(json.dumps(spec))
    return model
