"""Which family a single weight file belongs to: told by its keys and shapes, never by its name."""

import enum
from collections.abc import Mapping

import msgspec

from studio.core.model_family import FAMILIES, FLOW, ModelFamily, inpainting_channels
from studio.core.safetensors_header import Header, TensorEntry

UNET = "model.diffusion_model."
"""What the original checkpoints put before every key of the denoiser."""
_SD3_KEY = "joint_blocks.0.context_block.attn.qkv.weight"
_FLUX_KEY = "double_blocks.0.img_attn.qkv.weight"
_CLIP_L = "cond_stage_model.transformer.text_model."
_OPEN_CLIP_H = "cond_stage_model.model.transformer."
_CLIP_L_SD3, _CLIP_G_SD3, _T5 = (f"text_encoders.{name}.transformer." for name in ("clip_l", "clip_g", "t5xxl"))
_AUTOENCODERS = ("first_stage_model.", "vae.")
PART_PREFIXES: Mapping[ModelFamily, Mapping[str, tuple[str, ...]]] = {
    ModelFamily.SD1: {"text_encoder": (_CLIP_L.removesuffix("text_model."),), "vae": _AUTOENCODERS},
    ModelFamily.SD2: {"text_encoder": ("cond_stage_model.model.",), "vae": _AUTOENCODERS},
    ModelFamily.SDXL: {
        "text_encoder": ("conditioner.embedders.0.transformer.",),
        "text_encoder_2": ("conditioner.embedders.1.model.",),
        "vae": _AUTOENCODERS,
    },
    ModelFamily.SD3: {
        "text_encoder": (_CLIP_L_SD3,),
        "text_encoder_2": (_CLIP_G_SD3,),
        "text_encoder_3": (_T5,),
        "vae": _AUTOENCODERS,
    },
    ModelFamily.FLUX: {"text_encoder": (_CLIP_L_SD3,), "text_encoder_2": (_T5,), "vae": _AUTOENCODERS},
}
"""What stands before the keys of each part but the denoiser, in single files."""
_CROSS_ATTENTION = ("input_blocks.1.1.", "input_blocks.2.1.", "input_blocks.4.1.")
_SD2_WIDTH = 1024


class FileKind(enum.StrEnum):
    """What a safetensors file holds."""

    CHECKPOINT = "model"
    ADAPTER = "adapter"
    AUTOENCODER = "autoencoder"
    TEXT_ENCODER = "text encoder"
    OTHER = "something else"


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """What a weight file is. Of a checkpoint: its `family`, what it predicts, `prefix` before the denoiser's keys.

    `parts` are those in the file; `purpose` is empty for text to picture, else what the checkpoint is for instead;
    `inpaints`: its denoiser is shown a mask and the masked picture beside the latents; `few_steps` marks models that
    their weights show to be distilled; `latent_channels` is 0 where the file does not tell.
    """

    kind: FileKind
    family: ModelFamily | None = None
    prediction_type: str = ""
    prefix: str = ""
    parts: frozenset[str] = frozenset()
    purpose: str = ""
    inpaints: bool = False
    few_steps: bool = False
    latent_channels: int = 0
    precision: str = ""


def detect(header: Header) -> Detected:
    """What the file with this header is."""
    tensors = header.tensors
    precision = precision_of(header)
    for prefix in (UNET, ""):
        found = _checkpoint(header, prefix)
        if found is not None:
            return msgspec.structs.replace(found, precision=precision, parts=_parts(found, tensors))
    return Detected(kind=_other(tensors), precision=precision)


def precision_of(header: Header) -> str:
    """The number format that most of the weights are in, such as F16."""
    sizes: dict[str, int] = {}
    for entry in header.tensors.values():
        sizes[entry.dtype] = sizes.get(entry.dtype, 0) + entry.count
    return max(sizes, key=lambda dtype: sizes[dtype], default="")


def _parts(found: Detected, tensors: Mapping[str, TensorEntry]) -> frozenset[str]:
    assert found.family is not None
    held = {
        part
        for part, prefixes in PART_PREFIXES[found.family].items()
        if any(key.startswith(prefixes) for key in tensors)
    }
    return frozenset(held | {FAMILIES[found.family].denoiser})


def _checkpoint(header: Header, prefix: str) -> Detected | None:
    tensors = header.tensors
    if f"{prefix}{_FLUX_KEY}" in tensors:
        return _flux(tensors, prefix)
    if f"{prefix}{_SD3_KEY}" in tensors:
        channels = _side(tensors, f"{prefix}x_embedder.proj.weight", 1)
        return Detected(
            kind=FileKind.CHECKPOINT,
            family=ModelFamily.SD3,
            prediction_type=FLOW,
            prefix=prefix,
            latent_channels=channels,
        )
    if f"{prefix}input_blocks.0.0.weight" in tensors and f"{prefix}out.2.weight" in tensors:
        return _unet(header, prefix)
    return None


def _flux(tensors: Mapping[str, TensorEntry], prefix: str) -> Detected:
    given, made = _side(tensors, f"{prefix}img_in.weight", 1), _side(tensors, f"{prefix}final_layer.linear.weight", 0)
    return Detected(
        kind=FileKind.CHECKPOINT,
        family=ModelFamily.FLUX,
        prediction_type=FLOW,
        prefix=prefix,
        # Fill, Canny, Depth and Kontext's kin are given more channels than they make.
        purpose="" if given == made else "pictures as input",
        few_steps=f"{prefix}guidance_in.in_layer.weight" not in tensors,
        latent_channels=made // 4,
    )


def _unet(header: Header, prefix: str) -> Detected:
    tensors = header.tensors
    family = _unet_family(tensors, prefix)
    given, made = (
        _side(tensors, f"{prefix}{key}.weight", side) for key, side in (("input_blocks.0.0", 1), ("out.2", 0))
    )
    inpaints = given == inpainting_channels(made)
    return Detected(
        kind=FileKind.CHECKPOINT,
        family=family,
        prediction_type=_prediction_type(header, family, inpaints=inpaints),
        prefix=prefix,
        purpose="" if inpaints else _purpose(given, made),
        inpaints=inpaints,
        latent_channels=made,
    )


def _unet_family(tensors: Mapping[str, TensorEntry], prefix: str) -> ModelFamily:
    if f"{prefix}label_emb.0.0.weight" in tensors:
        return ModelFamily.SDXL
    if any(key.startswith(_CLIP_L) for key in tensors):
        return ModelFamily.SD1
    if any(key.startswith(_OPEN_CLIP_H) for key in tensors):
        return ModelFamily.SD2
    keys = (f"{prefix}{place}transformer_blocks.0.attn2.to_k.weight" for place in _CROSS_ATTENTION)
    widths = {tensors[key].shape[-1] for key in keys if key in tensors and tensors[key].shape}
    return ModelFamily.SD2 if _SD2_WIDTH in widths else ModelFamily.SD1


def _prediction_type(header: Header, family: ModelFamily, *, inpaints: bool) -> str:
    """Neither keys nor shapes tell ε from v, but trainers write it: a marking tensor, or an entry of the metadata.

    Where nothing is written, what the family's own release predicts: Stable Diffusion 2.1 is a v model, but its
    release for inpainting predicts ε.
    """
    said = header.metadata.get("modelspec.prediction_type", "")
    if "v_pred" in header.tensors or said == "v":
        return "v_prediction"
    return "v_prediction" if family is ModelFamily.SD2 and said != "epsilon" and not inpaints else "epsilon"


def _purpose(given: int, made: int) -> str:
    if given == made:
        return ""
    return "instructions about a picture" if given == 2 * made else "pictures as input"


def _other(tensors: Mapping[str, TensorEntry]) -> FileKind:
    keys = list(tensors)
    if any(".lora_" in key or key.startswith(("lora_", "lycoris_")) for key in keys):
        return FileKind.ADAPTER
    if any(key.removeprefix("first_stage_model.").startswith("decoder.conv_in.") for key in keys):
        return FileKind.AUTOENCODER
    if any("text_model.encoder.layers.0." in key or key.startswith("encoder.block.0.layer.0.") for key in keys):
        return FileKind.TEXT_ENCODER
    return FileKind.OTHER


def _side(tensors: Mapping[str, TensorEntry], key: str, side: int) -> int:
    """One side of a tensor's shape; 0 where there is no such tensor."""
    entry = tensors.get(key)
    return entry.shape[side] if entry is not None and len(entry.shape) > side else 0
