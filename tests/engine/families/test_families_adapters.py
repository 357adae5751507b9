"""Adapters with every family, by the names that trainers give the layers; in and out without a trace."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.core.adapters import AdapterUse
from studio.engine.local import LocalEngine
from tests.engine.families.test_families_agree import own
from tests.engine.helpers import Recorder

LAYERS = {
    "sdxl": {
        "lora_unet_middle_block_1_transformer_blocks_0_attn2_to_v": ("unet", "attn2.to_v"),
        "lora_te2_text_model_encoder_layers_0_self_attn_v_proj": ("text_encoder_2", "layers.0.self_attn.v_proj"),
    },
    "sd3": {
        "transformer.transformer_blocks.0.attn.to_v": ("transformer", "transformer_blocks.0.attn.to_v"),
        "lora_te2_text_model_encoder_layers_0_self_attn_v_proj": ("text_encoder_2", "layers.0.self_attn.v_proj"),
    },
    "flux": {"lora_unet_double_blocks_0_img_attn_qkv": ("transformer", "transformer_blocks.0.attn.to_v")},
    "pixart": {"transformer.transformer_blocks.0.attn2.to_v": ("transformer", "transformer_blocks.0.attn2.to_v")},
}
"""By family: what a file calls a layer, and a layer of the same width here."""


@pytest.mark.parametrize("name", LAYERS)
def test_an_adapter_goes_in_and_out(families: Path, tmp_path: Path, name: str) -> None:
    engine = LocalEngine((families, tmp_path / "models"), device="cpu")
    before = engine.generate(own(name), Recorder()).picture.tobytes()
    loaded = engine._loader.loaded
    assert loaded is not None
    tensors = {}
    for number, (layer, (component, part)) in enumerate(LAYERS[name].items()):
        weights = loaded.family.components[component].named_parameters()
        rows, columns = next(value.shape for path, value in weights if path.endswith(f"{part}.weight"))
        generator = torch.Generator().manual_seed(number)
        up = torch.randn(rows * (3 if layer.endswith("qkv") else 1), 1, generator=generator)
        tensors |= {f"{layer}.lora_up.weight": up}
        tensors |= {f"{layer}.lora_down.weight": torch.randn(1, columns, generator=generator)}
    (tmp_path / "loras").mkdir()
    save_file(tensors, tmp_path / "loras" / "ink.safetensors")
    changed = engine.generate(own(name, adapters=(AdapterUse(name="ink"),)), Recorder()).picture.tobytes()
    assert changed != before
    assert engine.generate(own(name), Recorder()).picture.tobytes() == before
