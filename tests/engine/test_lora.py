"""Adapters: in and out without a trace, from every trainer's names."""

from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from studio.core.errors import AdapterError, ModelBrokenError, UnsafeModelError
from studio.core.model_family import ModelFamily
from studio.engine.lora import Adapters, load_lora
from studio.engine.original_keys import SOURCES

Q = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
OUT = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_out.0"
CONV = "down_blocks.0.resnets.0.conv1"
TEXT = "encoder.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def components() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, block_out_channels=(32, 32), layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=16, attention_head_dim=4,
    )  # fmt: skip
    text = CLIPTextModel(CLIPTextConfig(
        vocab_size=20, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=8,
    ))  # fmt: skip
    return {"unet": unet.half(), "text_encoder": text}


def text_path(components: dict[str, nn.Module]) -> str:
    return next(path for path, _ in components["text_encoder"].named_modules() if path.endswith("self_attn.q_proj"))


def state(components: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
    return {f"{c}.{k}": v.clone() for c, module in components.items() for k, v in module.state_dict().items()}


def halves(components: dict[str, nn.Module], component: str, path: str, rank: int = 2, seed: int = 1):
    shape = components[component].get_parameter(path + ".weight").shape
    generator = torch.Generator().manual_seed(seed)
    down = torch.randn(rank, *shape[1:], generator=generator)
    up = torch.randn(shape[0], rank, *([1] * (len(shape) - 2)), generator=generator)
    return down, up


def kohya(components, folder: Path, name: str = "one", seed: int = 1, alpha: float | None = 1.0) -> Path:
    tensors = {}
    for prefix, component, path in (
        ("lora_unet_", "unet", Q),
        ("lora_unet_", "unet", OUT),
        ("lora_unet_", "unet", CONV),
        ("lora_te_", "text_encoder", text_path(components)),
    ):
        down, up = halves(components, component, path, seed=seed)
        flat = prefix + path.replace(".", "_")
        tensors |= {f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up}
        if alpha is not None:
            tensors[f"{flat}.alpha"] = torch.tensor(alpha)
    save_file(tensors, folder / f"{name}.safetensors")
    return folder / f"{name}.safetensors"


def test_in_and_out_leaves_no_trace(components, tmp_path):
    before = state(components)
    lora, adapters = load_lora(kohya(components, tmp_path), components), Adapters(components)
    assert adapters.use([(lora, 0.7)])
    changed = {name for name, value in state(components).items() if not torch.equal(value, before[name])}
    assert len(changed) == 4
    assert not adapters.use([(lora, 0.7)])
    assert adapters.use([(lora, -2.0)])
    assert adapters.use([])
    assert all(torch.equal(value, before[name]) for name, value in state(components).items())


def test_the_change_is_the_product_of_the_halves(components, tmp_path):
    weight = components["unet"].get_parameter(CONV + ".weight")
    before = weight.detach().clone().float()
    down, up = halves(components, "unet", CONV)
    lora, adapters = load_lora(kohya(components, tmp_path, alpha=1.0), components), Adapters(components)
    adapters.use([(lora, 0.5)])
    expected = before + 0.5 * (1.0 / 2) * torch.einsum("or,rihw->oihw", up[:, :, 0, 0], down)
    assert torch.allclose(weight.float(), expected, atol=0.02)
    adapters.use([])


def test_strength_nothing_is_none_and_two_are_their_sum(components, tmp_path):
    before = state(components)
    one = load_lora(kohya(components, tmp_path, "one", 1), components)
    two = load_lora(kohya(components, tmp_path, "two", 2, alpha=None), components)
    adapters = Adapters(components)
    assert not adapters.use([(one, 0.0)])
    name = f"text_encoder.{text_path(components)}.weight"
    alone = []
    for lora in (one, two):
        adapters.use([(lora, 1.0)])
        alone.append(state(components)[name] - before[name])
    adapters.use([(one, 1.0), (two, 1.0)])
    assert torch.allclose(state(components)[name] - before[name], alone[0] + alone[1], atol=1e-5)
    adapters.use([])
    assert all(torch.equal(value, before[key]) for key, value in state(components).items())


@pytest.mark.parametrize(
    ("layer", "down_name", "up_name"),
    [
        (f"unet.{Q}", "lora_A.weight", "lora_B.weight"),
        (f"unet.{Q}", "lora.down.weight", "lora.up.weight"),
        (f"unet.{Q}", "lora_A.default.weight", "lora_B.default.weight"),
        (f"base_model.model.{Q}", "lora_A.weight", "lora_B.weight"),
        ("unet." + Q.replace("attn1.to_q", "attn1.processor.to_q"), "lora_A.weight", "lora_B.weight"),
    ],
)
def test_other_trainers_names(components, tmp_path, layer, down_name, up_name):
    down, up = halves(components, "unet", Q)
    save_file({f"{layer}.{down_name}": down, f"{layer}.{up_name}": up}, tmp_path / "a.safetensors")
    assert list(load_lora(tmp_path / "a.safetensors", components).deltas) == [("unet", Q)]


@pytest.mark.parametrize("layer", ["encoder.layers.0.self_attn.q_proj", "text_model.encoder.layers.0.self_attn.q_proj"])
def test_text_encoders_with_one_level_more_or_less_are_the_same(components, tmp_path, layer):
    down, up = halves(components, "text_encoder", text_path(components))
    flat = "lora_te_" + layer.replace(".", "_")
    save_file({f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up}, tmp_path / "a.safetensors")
    found = load_lora(tmp_path / "a.safetensors", components).deltas
    assert list(found) == [("text_encoder", text_path(components))]


def test_the_original_names_of_layers(components, tmp_path):
    """As kohya's trainer names the layers of Stable Diffusion XL."""
    down, up = halves(components, "unet", Q)
    flat = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q"
    save_file({f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up}, tmp_path / "a.safetensors")
    with pytest.raises(AdapterError, match="not in this model"):
        load_lora(tmp_path / "a.safetensors", components)
    found = load_lora(tmp_path / "a.safetensors", components, SOURCES[ModelFamily.SDXL])
    assert list(found.deltas) == [("unet", Q)]


class Fused(nn.Module):
    """One block of Flux, as far as its names go."""

    def __init__(self) -> None:
        super().__init__()
        self.config = {"num_attention_heads": 2, "attention_head_dim": 2}
        attention = nn.ModuleDict({name: nn.Linear(4, 4, bias=False) for name in ("to_q", "to_k", "to_v")})
        self.transformer_blocks = nn.ModuleList([nn.ModuleDict({"attn": attention})])


def test_a_layer_that_is_three_here_gives_each_its_rows(tmp_path):
    transformer = Fused()
    up, down = torch.randn(12, 1), torch.randn(1, 4)
    layer = "diffusion_model.double_blocks.0.img_attn.qkv"
    save_file({f"{layer}.lora_A.weight": down, f"{layer}.lora_B.weight": up}, tmp_path / "a.safetensors")
    lora = load_lora(tmp_path / "a.safetensors", {"transformer": transformer}, SOURCES[ModelFamily.FLUX])
    names = [f"transformer_blocks.0.attn.to_{each}" for each in "qkv"]
    assert {path for _, path in lora.deltas} == set(names)
    zero = torch.zeros(4, 4)
    changes = torch.cat([lora.deltas["transformer", name].of(zero) for name in names])
    torch.testing.assert_close(changes, up @ down)


def test_what_cannot_be_used_says_why(components, tmp_path):
    nowhere = {"lora_unet_no.lora_down.weight": torch.ones(1, 4), "lora_unet_no.lora_up.weight": torch.ones(4, 1)}
    save_file(nowhere, tmp_path / "other.safetensors")
    with pytest.raises(AdapterError, match="1 of its 1 layers are not in this model"):
        load_lora(tmp_path / "other.safetensors", components)
    save_file({"weights": torch.ones(3)}, tmp_path / "none.safetensors")
    with pytest.raises(AdapterError, match="no low-rank weights"):
        load_lora(tmp_path / "none.safetensors", components)
    with pytest.raises(UnsafeModelError):
        load_lora(tmp_path / "a.pt", components)
    (tmp_path / "cut.safetensors").write_bytes(kohya(components, tmp_path).read_bytes()[:-100])
    with pytest.raises(ModelBrokenError):
        load_lora(tmp_path / "cut.safetensors", components)


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"alpha": torch.ones(4)}, AdapterError, "alpha holds 4 numbers, not one"),
        ({"alpha": torch.ones(0)}, AdapterError, "alpha holds 0 numbers, not one"),
        ({"lora_up.weight": torch.tensor(1.0)}, AdapterError, "are no matrices"),
        ({"lora_down.weight": torch.ones(32)}, AdapterError, "are no matrices"),
        ({"lora_up.weight": torch.ones(32, 2, dtype=torch.int8)}, ModelBrokenError, r"holds whole numbers \(I8\)"),
    ],
)
def test_halves_that_are_none_get_a_sentence(components, tmp_path, changes, error, sentence):
    flat = "lora_unet_" + Q.replace(".", "_")
    parts = {"lora_down.weight": torch.ones(2, 32), "lora_up.weight": torch.ones(32, 2), "alpha": torch.tensor(1.0)}
    path = tmp_path / "a.safetensors"
    save_file({f"{flat}.{part}": value for part, value in (parts | changes).items()}, path)
    with pytest.raises(error, match=f"The adapter .*{sentence}"):
        load_lora(path, components)


def test_a_change_of_as_many_numbers_in_another_order_does_not_fit(components, tmp_path):
    key = OUT.replace("to_out.0", "to_k")
    for layer, turn in (
        (key, lambda down, up: (up.T, down.T)),
        (CONV, lambda down, up: (down.permute(0, 2, 3, 1), up)),
        (CONV, lambda down, up: (down.permute(0, 2, 3, 1).flatten(2), up)),
    ):
        down, up = turn(*halves(components, "unet", layer))
        parts = {"lora_down.weight": down.contiguous(), "lora_up.weight": up.contiguous()}
        save_file({f"unet.{layer}.{part}": value for part, value in parts.items()}, tmp_path / "a.safetensors")
        with pytest.raises(AdapterError, match="does not fit"):
            Adapters(components).use([(load_lora(tmp_path / "a.safetensors", components), 1.0)])


def test_a_convolution_may_be_kept_as_a_matrix(components, tmp_path):
    down, up = halves(components, "unet", CONV)
    changed = []
    for kept in (down, down.flatten(1)):
        tensors = {f"unet.{CONV}.lora_A.weight": kept.contiguous(), f"unet.{CONV}.lora_B.weight": up}
        save_file(tensors, tmp_path / "a.safetensors")
        adapters = Adapters(components)
        adapters.use([(load_lora(tmp_path / "a.safetensors", components), 1.0)])
        changed.append(components["unet"].get_parameter(f"{CONV}.weight").clone())
        adapters.use([])
    assert torch.equal(*changed)
    assert not torch.equal(changed[0], components["unet"].get_parameter(f"{CONV}.weight"))


def test_a_linear_layer_may_be_kept_as_a_convolution_of_one_pixel(components, tmp_path):
    down, up = (half[..., None, None] for half in halves(components, "unet", Q))
    save_file({f"unet.{Q}.lora_A.weight": down, f"unet.{Q}.lora_B.weight": up}, tmp_path / "a.safetensors")
    adapters = Adapters(components)
    assert adapters.use([(load_lora(tmp_path / "a.safetensors", components), 1.0)])
    adapters.use([])


def test_a_change_that_does_not_fit_changes_nothing(components, tmp_path):
    before = state(components)
    flat = "lora_unet_" + Q.replace(".", "_")
    save_file(
        {f"{flat}.lora_down.weight": torch.ones(2, 7), f"{flat}.lora_up.weight": torch.ones(5, 2)},
        tmp_path / "a.safetensors",
    )
    lora = load_lora(tmp_path / "a.safetensors", components)
    with pytest.raises(AdapterError, match="does not fit"):
        Adapters(components).use([(lora, 1.0)])
    assert all(torch.equal(value, before[name]) for name, value in state(components).items())
    save_file(
        {f"{flat}.lora_down.weight": torch.ones(2, 32), f"{flat}.lora_up.weight": torch.ones(32, 3)},
        tmp_path / "b.safetensors",
    )
    with pytest.raises(AdapterError, match="rank 3"):
        load_lora(tmp_path / "b.safetensors", components)
