"""The numbers in models' configurations: strangers wrote them, so each is looked at before anybody counts with it.

Only fields that we count with, or that say how much is built, are looked at; one that is not there has its default.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec


class _Number(msgspec.Struct, frozen=True):
    """What a field may hold: a number from `low` to `high`, or a list of up to `many` of them where that is not 0."""

    low: float
    high: float
    many: int = 0
    whole: bool = True
    may_be_null: bool = False

    def holds(self, value: object) -> bool:
        """Whether `value` is one of them."""
        is_number = isinstance(value, int if self.whole else int | float) and not isinstance(value, bool)
        return (value is None and self.may_be_null) or (is_number and self.low <= value <= self.high)  # type: ignore[operator]

    def __str__(self) -> str:
        return f"{'a whole' if self.whole else 'a'} number from {self.low:,} to {self.high:,}"


class _Word(msgspec.Struct, frozen=True):
    """What a field may hold: one of these words."""

    words: tuple[str, ...]
    many: int = 0

    def holds(self, value: object) -> bool:
        """Whether `value` is one of them."""
        return value in self.words

    def __str__(self) -> str:
        return f"one of {', '.join(self.words)}"


_LAYERS_MAX = 1000
"""Of any kind: a model is built before its weights are looked at."""
_CHANNELS = _Number(1, 65_536, many=8)
_BETA = _Number(1e-6, 0.999, whole=False)
_EPSILON = _Number(0, 1, whole=False)
_SHIFT = _Number(-100, 100, whole=False)
_PATCHES = _Number(1, 1_000_000)
_FIELDS: Mapping[str, Mapping[str, _Number | _Word]] = MappingProxyType(
    {
        "config.json": {
            "attention_head_dim": _Number(1, 4096, many=8, may_be_null=True),
            "block_out_channels": _CHANNELS,
            "downsample_padding": _Number(0, 8),
            "encoder_block_out_channels": _CHANNELS,
            "latent_channels": _Number(1, 1024),
            "layer_norm_eps": _EPSILON,
            "max_position_embeddings": _Number(8, 10_000_000),
            "mid_block_scale_factor": _Number(0.001, 1000, whole=False),
            "norm_eps": _EPSILON,
            "norm_num_groups": _Number(1, 65_536, may_be_null=True),
            "sample_size": _Number(1, 4096, many=3, may_be_null=True),
            "scaling_factor": _Number(0.0001, 10_000, whole=False),
            "shift_factor": msgspec.structs.replace(_SHIFT, may_be_null=True),
        },
        "scheduler_config.json": {
            "base_image_seq_len": _PATCHES,
            "base_shift": _SHIFT,
            "beta_end": _BETA,
            "beta_start": _BETA,
            "max_image_seq_len": _PATCHES,
            "max_shift": _SHIFT,
            "num_train_timesteps": _Number(10, 100_000),
            "original_inference_steps": _Number(1, 1000),
            "shift": _Number(0.001, 1000, whole=False),
            "shift_terminal": _Number(0.0001, 0.9, whole=False, may_be_null=True),
            "steps_offset": _Number(0, 1000),
            "time_shift_type": _Word(("exponential", "linear")),
            "timestep_scaling": _Number(0.001, 1000, whole=False),
            "timestep_spacing": _Word(("leading", "linspace", "trailing")),
            "trained_betas": _Number(0, 1, many=100_000, whole=False, may_be_null=True),
        },
        "horizon.json": {
            "default_guidance": _Number(1, 30, whole=False),
            "default_size": _Number(64, 4096, many=2),
            "default_steps": _Number(1, 1000),
            "size_multiple": _Number(1, 512),
        },
    }
)
"""By the file's name, whichever part it is of."""


def check_config(name: str, config: Mapping[str, Any]) -> None:
    """Raise ValueError, which names file and field, where the JSON file `name` says what no model of its kind can."""
    fields = _FIELDS.get(name.rpartition("/")[2], {})
    for field, value in config.items() if fields else ():
        if field in fields:
            _check_field(name, field, value, fields[field])
        elif "layers" in field or "blocks" in field:
            _check_count(name, field, value)


def _check_field(name: str, field: str, value: object, wanted: _Number | _Word) -> None:
    several = value if isinstance(value, list) and wanted.many else [value]
    if len(several) > wanted.many > 0:
        raise ValueError(f"{name} gives {field} as a list of {len(several):,}, and not of {wanted.many:,} at most")
    for each in several:
        if not wanted.holds(each):
            said = json.dumps(each, ensure_ascii=False)
            raise ValueError(f"{name} gives {field} as {said[:40]}, and not as {wanted}")


def _check_count(name: str, field: str, value: object) -> None:
    """Of a number, or of lists of numbers in a list; what else such a field may hold builds nothing."""
    several = value if isinstance(value, list) else [value]
    flat = (each for one in several for each in (one if isinstance(one, list) else [one]))
    if any(isinstance(each, int | float) and each > _LAYERS_MAX for each in flat):
        raise ValueError(f"{name} gives {field} as {json.dumps(value)[:40]}, and not as {_LAYERS_MAX:,} at most")
