"""What a weight file is, by its keys and shapes alone. The shapes here are those of the published models."""

import pytest

from studio.core.model_detection import FileKind, detect, precision_of
from studio.core.model_family import FLOW, ModelFamily
from studio.core.safetensors_header import Header, TensorEntry

P = "model.diffusion_model."


def header(shapes, dtype="F16", **metadata):
    return Header({key: TensorEntry(dtype, tuple(shape), (0, 0)) for key, shape in shapes.items()}, metadata)


def unet(given=4, words=768, prefix=P):
    return {
        f"{prefix}input_blocks.0.0.weight": (320, given, 3, 3),
        f"{prefix}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, words),
        f"{prefix}out.2.weight": (4, 320, 3, 3),
    }


def flux(given=64, prefix=P):
    return {
        f"{prefix}double_blocks.0.img_attn.qkv.weight": (9216, 3072),
        f"{prefix}img_in.weight": (3072, given),
        f"{prefix}final_layer.linear.weight": (64, 3072),
    }


CLIP_L = {"cond_stage_model.transformer.text_model.final_layer_norm.weight": (768,)}
OPEN_CLIP = {"cond_stage_model.model.transformer.resblocks.0.ln_1.weight": (1024,)}
XL = {f"{P}label_emb.0.0.weight": (1280, 2816)}
SD3 = {f"{P}joint_blocks.0.context_block.attn.qkv.weight": (4608, 1536), f"{P}x_embedder.proj.weight": (1536, 16, 2, 2)}


@pytest.mark.parametrize(
    ("shapes", "family", "prediction"),
    [
        (unet() | CLIP_L, ModelFamily.SD1, "epsilon"),
        (unet(), ModelFamily.SD1, "epsilon"),
        (unet(prefix=""), ModelFamily.SD1, "epsilon"),
        (unet(words=1024) | OPEN_CLIP, ModelFamily.SD2, "v_prediction"),
        (unet(words=1024), ModelFamily.SD2, "v_prediction"),
        (unet(words=2048) | XL, ModelFamily.SDXL, "epsilon"),
        (unet(words=2048) | XL | {"v_pred": ()}, ModelFamily.SDXL, "v_prediction"),
        (SD3, ModelFamily.SD3, FLOW),
        (flux() | {f"{P}guidance_in.in_layer.weight": (3072, 256)}, ModelFamily.FLUX, FLOW),
        (flux(prefix=""), ModelFamily.FLUX, FLOW),
    ],
)
def test_a_checkpoint_is_known_by_its_keys(shapes, family, prediction):
    found = detect(header(shapes))
    assert (found.kind, found.family, found.prediction_type) == (FileKind.CHECKPOINT, family, prediction)
    assert found.purpose == ""
    assert found.precision == "F16"


def test_what_a_trainer_wrote_of_the_prediction_counts():
    said = {"modelspec.prediction_type": "epsilon"}
    assert detect(header(unet(words=1024) | OPEN_CLIP, **said)).prediction_type == "epsilon"
    assert detect(header(unet() | CLIP_L, **{"modelspec.prediction_type": "v"})).prediction_type == "v_prediction"


def test_schnell_is_known_by_the_scale_it_is_not_told():
    assert detect(header(flux())).few_steps
    assert not detect(header(flux() | {f"{P}guidance_in.in_layer.weight": (3072, 256)})).few_steps


@pytest.mark.parametrize(
    ("shapes", "purpose"),
    [
        (unet(given=8) | CLIP_L, "instructions about a picture"),
        (flux(given=384), "pictures as input"),
    ],
)
def test_a_model_for_something_else_is_told_apart(shapes, purpose):
    assert detect(header(shapes)).purpose == purpose


@pytest.mark.parametrize(
    ("shapes", "family"),
    [
        (unet(given=9) | CLIP_L, ModelFamily.SD1),
        (unet(given=9, words=1024) | OPEN_CLIP, ModelFamily.SD2),
        (unet(given=9, words=2048) | XL, ModelFamily.SDXL),
    ],
)
def test_an_inpainting_checkpoint_is_known_by_its_channels_and_predicts_noise(shapes, family):
    found = detect(header(shapes))
    assert (found.family, found.inpaints, found.purpose) == (family, True, "")
    assert found.prediction_type == "epsilon"
    assert not detect(header(unet() | CLIP_L)).inpaints


@pytest.mark.parametrize(
    ("shapes", "kind"),
    [
        ({"lora_unet_down_blocks_0.lora_down.weight": (4, 320)}, FileKind.ADAPTER),
        ({"transformer.blocks.0.attn.lora_A.weight": (4, 320)}, FileKind.ADAPTER),
        ({"decoder.conv_in.weight": (512, 4, 3, 3)}, FileKind.AUTOENCODER),
        ({"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}, FileKind.AUTOENCODER),
        ({"text_model.encoder.layers.0.mlp.fc1.weight": (3072, 768)}, FileKind.TEXT_ENCODER),
        ({"encoder.block.0.layer.0.SelfAttention.q.weight": (4096, 4096)}, FileKind.TEXT_ENCODER),
        ({"emb_params": (4, 768)}, FileKind.OTHER),
        ({}, FileKind.OTHER),
    ],
)
def test_what_is_no_checkpoint_is_told_apart(shapes, kind):
    found = detect(header(shapes))
    assert (found.kind, found.family) == (kind, None)


def test_the_parts_in_the_file_are_listed():
    shapes = unet() | CLIP_L | {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
    assert detect(header(shapes)).parts == {"unet", "text_encoder", "vae"}
    shapes = flux() | {"text_encoders.t5xxl.transformer.shared.weight": (32128, 4096)}
    assert detect(header(shapes)).parts == {"transformer", "text_encoder_2"}


def test_the_precision_is_that_of_most_weights():
    mixed = {"a": TensorEntry("F32", (10,), (0, 40)), "b": TensorEntry("BF16", (30,), (40, 100))}
    assert precision_of(Header(mixed, {})) == "BF16"
