"""The configurations shipped for single files, against what is published of the models they describe."""

from typing import Any

import pytest
import torch

from studio.core.model_detection import FileKind, detect
from studio.core.model_family import FAMILIES, ModelFamily
from studio.core.model_files import config_of
from studio.core.model_json import read_json
from studio.core.safetensors_header import Header, TensorEntry
from studio.engine.original_keys import SOURCES, vae_source
from studio.engine.parts import part_class
from studio.engine.single_file import sized

COUNTS = {
    (ModelFamily.SD1, "unet"): 859_520_964,
    (ModelFamily.SD1, "vae"): 83_653_863,
    (ModelFamily.SD1, "text_encoder"): 123_060_480,
    (ModelFamily.SD2, "unet"): 865_910_724,
    (ModelFamily.SD2, "text_encoder"): 340_387_840,
    (ModelFamily.SDXL, "unet"): 2_567_463_684,
    (ModelFamily.SDXL, "text_encoder"): 123_060_480,
    (ModelFamily.SDXL, "text_encoder_2"): 694_659_840,
    (ModelFamily.FLUX, "transformer"): 11_901_408_320,
    (ModelFamily.FLUX, "text_encoder_2"): 4_762_310_656,
}
"""Weights, as the models' cards and diffusers' own tests count them."""


def built(family: ModelFamily, part: str) -> Any:
    """The part, without memory for its weights."""
    kind, config = part_class(family, part), read_json(config_of(family, part), "config.json")
    with torch.device("meta"):
        if kind.__module__.startswith("transformers."):
            return kind(kind.config_class(**config))
        return kind.from_config({key: value for key, value in config.items() if not key.startswith("_")})


@pytest.mark.parametrize(("family", "part"), COUNTS, ids=str)
def test_a_shipped_configuration_describes_the_published_model(family: ModelFamily, part: str) -> None:
    assert sum(weight.numel() for weight in built(family, part).parameters()) == COUNTS[family, part]


SINGLE = [family for family in ModelFamily if family not in {ModelFamily.PIXART_SIGMA, ModelFamily.OTHER}]


@pytest.mark.parametrize("family", SINGLE)
def test_every_part_of_every_single_file_family_has_a_configuration(family: ModelFamily) -> None:
    facts = FAMILIES[family]
    for part in (*facts.weighted, *facts.tokenizers, "scheduler"):
        names = {"scheduler": "scheduler_config.json"} | dict.fromkeys(facts.tokenizers, "tokenizer_config.json")
        assert read_json(config_of(family, part), names.get(part, "config.json"))


@pytest.mark.parametrize("family", [ModelFamily.SD1, ModelFamily.SDXL])
def test_every_weight_has_one_place_of_its_own(family: ModelFamily) -> None:
    for part in FAMILIES[family].weighted:
        config = read_json(config_of(family, part), "config.json")
        source_of = vae_source if part == "vae" else SOURCES[family][part]
        wanted = [source_of(key, config) for key in built(family, part).state_dict()]
        assert len(set(wanted)) == len(wanted)


def test_the_larger_members_of_a_family_are_sized_by_their_header() -> None:
    keys = {f"joint_blocks.{n}.context_block.attn.qkv.weight": (7296, 2432) for n in range(38)}
    keys |= {"x_embedder.proj.weight": (2432, 16, 2, 2), "pos_embed": (1, 36864, 2432)}
    keys |= {"joint_blocks.0.x_block.attn.ln_q.weight": (64,)}
    header = Header({key: TensorEntry("F16", shape, (0, 0)) for key, shape in keys.items()}, {})
    found = detect(header)
    assert (found.kind, found.family) == (FileKind.CHECKPOINT, ModelFamily.SD3)
    config = sized(read_json(config_of(ModelFamily.SD3, "transformer"), "config.json"), found, "transformer", header)
    assert (config["num_layers"], config["num_attention_heads"], config["caption_projection_dim"]) == (38, 38, 2432)
    assert (config["pos_embed_max_size"], config["qk_norm"], config["dual_attention_layers"]) == (192, "rms_norm", ())
