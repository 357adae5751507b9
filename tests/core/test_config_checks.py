"""Numbers in models' configurations that nobody can count with."""

import json
import math

import pytest

from studio.core.config_checks import check_config
from studio.core.errors import ModelBrokenError
from studio.core.models import read_model
from studio.core.places import resources_dir
from tests.scripted_engine import write_model

VAE, UNET, NOISE = "vae/config.json", "unet/config.json", "scheduler/scheduler_config.json"


@pytest.mark.parametrize(
    ("name", "field", "value", "sentence"),
    [
        (VAE, "scaling_factor", None, "scaling_factor as null, and not as a number from 0.0001 to 10,000"),
        (VAE, "scaling_factor", 0, "scaling_factor as 0, "),
        (VAE, "scaling_factor", math.nan, "scaling_factor as NaN, "),
        (VAE, "scaling_factor", True, "scaling_factor as true, "),
        (VAE, "shift_factor", "much", 'shift_factor as "much", '),
        (VAE, "latent_channels", 0, "latent_channels as 0, and not as a whole number from 1 to 1,024"),
        (VAE, "latent_channels", 4.5, "latent_channels as 4.5, "),
        (VAE, "block_out_channels", [8] * 5000, "block_out_channels as a list of 5,000, and not of 8 at most"),
        (VAE, "block_out_channels", [8, -8], "block_out_channels as -8, "),
        (UNET, "sample_size", 10**12, "sample_size as 1000000000000, "),
        (UNET, "layers_per_block", [2, 10**9], r"layers_per_block as \[2, 1000000000\], and not as 1,000 at most"),
        (UNET, "transformer_layers_per_block", [[1], [10**7]], "transformer_layers_per_block as "),
        (UNET, "attention_head_dim", -1, "attention_head_dim as -1, "),
        ("text_encoder/config.json", "max_position_embeddings", 1, "max_position_embeddings as 1, "),
        (NOISE, "num_train_timesteps", -5, "num_train_timesteps as -5, "),
        (NOISE, "num_train_timesteps", 10**12, "num_train_timesteps as 1000000000000, "),
        (NOISE, "num_train_timesteps", 10**4000, "num_train_timesteps as 1000"),
        (NOISE, "num_train_timesteps", [1000], r"num_train_timesteps as \[1000\], "),
        (NOISE, "beta_end", math.inf, "beta_end as Infinity, "),
        (NOISE, "timestep_spacing", ["leading"], "timestep_spacing as .*, and not as one of leading, linspace, trail"),
        (NOISE, "trained_betas", [0.1, "x"], 'trained_betas as "x", '),
        ("horizon.json", "size_multiple", 0, "size_multiple as 0, and not as a whole number from 1 to 512"),
        ("horizon.json", "default_steps", -3, "default_steps as -3, "),
        ("horizon.json", "default_guidance", 10**9, "default_guidance as 1000000000, "),
        ("horizon.json", "default_size", [64, 10**9], "default_size as 1000000000, "),
    ],
)
def test_a_number_out_of_all_bounds_gets_a_sentence_with_file_and_field(tmp_path, name, field, value, sentence):
    path = write_model(tmp_path / "m") / name
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(ModelBrokenError, match=f"cannot be loaded: {name} gives {sentence}") as caught:
        read_model(tmp_path / "m")
    assert len(str(caught.value)) < 400


def test_what_is_not_said_or_said_of_other_files_is_not_looked_at():
    check_config("vae/config.json", {"shift_factor": None, "scaling_factor": 0.18215, "size_multiple": 0})
    check_config("tokenizer/vocab.json", {"shift": 40_000, "num_layers": 12_345})


def test_our_own_configurations_are_within_bounds():
    names = ("config.json", "scheduler_config.json", "horizon.json")
    for path in (each for name in names for each in resources_dir().rglob(name)):
        check_config(path.name, json.loads(path.read_text(encoding="utf-8")))
