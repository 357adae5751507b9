"""Files of other programs, made by hand from the grammars of their formats."""

import io
import json
import struct
import zlib

import numpy as np
from PIL import Image

PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def text_chunk(keyword, text):
    """As Pillow writes it: tEXt where Latin-1 can hold it, else iTXt."""
    try:
        return chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return chunk(b"iTXt", keyword.encode() + b"\0\0\0\0\0" + text.encode("utf-8", "surrogatepass"))


def png(texts=None, *, size=(64, 48), chunks=(), pixels=b""):
    """A PNG with these texts and no pixels unless they are given, packed."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    named = [text_chunk(key, text) for key, text in (texts or {}).items()]
    return b"".join([PNG_HEAD, head, *named, *chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


def exif(user_comment=b"", *, order=">", main=(), inner=()):
    """A TIFF with one directory and an EXIF directory; `main` and `inner` are (tag, bytes) of type ASCII."""
    inner = [*([(0x9286, user_comment)] if user_comment else []), *inner]
    first = [*main, (0x8769, None)]
    head = {">": b"MM\0*", "<": b"II*\0"}[order] + struct.pack(f"{order}I", 8)
    inner_at = 8 + 2 + 12 * len(first) + 4
    data_at = inner_at + 2 + 12 * len(inner) + 4
    tail = b""

    def directory(entries):
        nonlocal tail
        out = struct.pack(f"{order}H", len(entries))
        for tag, value in entries:
            if value is None:
                out += struct.pack(f"{order}HHII", tag, 4, 1, inner_at)
            else:
                out += struct.pack(f"{order}HHII", tag, 7, max(len(value), 5), data_at + len(tail))
                tail += value.ljust(5, b"\0")
        return out + b"\0\0\0\0"

    return head + directory(first) + directory(inner) + tail


def jpeg(exif_block=b"", *, xmp=b"", size=(64, 48)):
    """A JPEG's segments up to its pixels, which are missing."""
    segments = [b"\xff\xd8"]
    if exif_block:
        body = b"Exif\0\0" + exif_block
        segments.append(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    if xmp:
        body = b"http://ns.adobe.com/xap/1.0/\0" + xmp
        segments.append(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    frame = struct.pack(">BHHB", 8, size[1], size[0], 3) + bytes(9)
    segments.append(b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame)
    return b"".join([*segments, b"\xff\xda\0\2"])


def webp(exif_block=b"", *, size=(64, 48)):
    """A WebP's extended header and EXIF, without pixels."""
    head = b"\0" * 4 + (size[0] - 1).to_bytes(3, "little") + (size[1] - 1).to_bytes(3, "little")
    body = b"WEBP" + riff(b"VP8X", head) + (riff(b"EXIF", exif_block) if exif_block else b"")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff(kind, body):
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def hide(payload, *, signature, size=(96, 80), colour=False, file_format="PNG"):
    """A real picture with `payload` in its lowest bits, column by column."""
    width, height = size
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] |= 254
    data = signature + struct.pack(">I", 8 * len(payload)) + payload
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    channels = [0, 1, 2] if colour else [3]
    columns = pixels.transpose(1, 0, 2)[:, :, channels].reshape(-1)
    columns[: len(bits)] = (columns[: len(bits)] & 254) | bits
    changed = pixels.transpose(1, 0, 2).copy()
    changed[:, :, channels] = columns.reshape(width, height, len(channels))
    pixels = np.ascontiguousarray(changed.transpose(1, 0, 2))
    buffer = io.BytesIO()
    image = Image.fromarray(pixels[..., :3] if colour else pixels)
    image.save(buffer, file_format, **({"lossless": True, "exact": True} if file_format == "WEBP" else {}))
    return buffer.getvalue()


A1111 = (
    "a red sailboat, (calm sea:1.2), <lora:watercolour:0.8>\n"
    "Negative prompt: fog, rain\n"
    "Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 965400086, Size: 512x768, "
    "Model hash: 45dee52b11, Model: dreamy_v3, Clip skip: 2, RNG: CPU, "
    'Lora hashes: "watercolour: 0123456789ab", Version: v1.9.4'
)

COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 2**40 + 7,
            "steps": 25,
            "cfg": 8.0,
            "sampler_name": "dpmpp_2m_sde_gpu",
            "scheduler": "karras",
            "denoise": 1.0,
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "SDXL\\dreamy_v3.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 832, "height": 1216, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red sailboat", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["8", 0]}},
    "10": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "ink.safetensors", "strength_model": 0.7, "model": ["4", 0], "clip": ["4", 1]},
    },
    "11": {"class_type": "MysteryNode", "inputs": {"images": ["8", 0]}},
}

COMFY_CUSTOM = {
    "1": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            "noise": ["2", 0],
            "guider": ["3", 0],
            "sampler": ["4", 0],
            "sigmas": ["5", 0],
            "latent_image": ["6", 0],
        },
    },
    "2": {"class_type": "RandomNoise", "inputs": {"noise_seed": ["12", 0]}},
    "3": {
        "class_type": "CFGGuider",
        "inputs": {"cfg": 4.5, "model": ["7", 0], "positive": ["8", 0], "negative": ["8", 1]},
    },
    "4": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler_ancestral"}},
    "5": {
        "class_type": "BasicScheduler",
        "inputs": {"scheduler": "sgm_uniform", "steps": 12, "denoise": 1.0, "model": ["7", 0]},
    },
    "6": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024, "batch_size": 1}},
    "7": {"class_type": "UNETLoader", "inputs": {"unet_name": "wide.safetensors", "weight_dtype": "default"}},
    "8": {
        "class_type": "ControlNetApplyAdvanced",
        "inputs": {"positive": ["9", 0], "negative": ["10", 0], "control_net": ["11", 0], "strength": 1.0},
    },
    "9": {"class_type": "CLIPTextEncode", "inputs": {"text": ["13", 0], "clip": ["7", 1]}},
    "10": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["7", 1]}},
    "11": {"class_type": "ControlNetLoader", "inputs": {"control_net_name": "canny.safetensors"}},
    "12": {"class_type": "Seed Everywhere", "inputs": {"seed": 77}},
    "13": {
        "class_type": "StringConcatenate",
        "inputs": {"string_a": "a lighthouse", "string_b": "at dusk", "delimiter": " "},
    },
}

COMFY_EDITOR = {
    "nodes": [
        {
            "id": 1,
            "type": "KSampler",
            "mode": 0,
            "inputs": [
                {"name": "model", "link": 10},
                {"name": "positive", "link": 11},
                {"name": "negative", "link": 12},
                {"name": "latent_image", "link": 13},
            ],
            "widgets_values": [5, "randomize", 22, 7, "euler", "normal", 1],
        },
        {"id": 2, "type": "CheckpointLoaderSimple", "inputs": [], "widgets_values": ["plain.ckpt"]},
        {
            "id": 3,
            "type": "CLIPTextEncode",
            "inputs": [{"name": "clip", "link": 14}],
            "widgets_values": ["a harbour"],
        },
        {"id": 4, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "link": 14}], "widgets_values": [""]},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [640, 384, 1]},
    ],
    "links": [
        [10, 2, 0, 1, 0, "MODEL"],
        [11, 3, 0, 1, 1, "CONDITIONING"],
        [12, 4, 0, 1, 2, "CONDITIONING"],
        [13, 5, 0, 1, 3, "LATENT"],
        [14, 2, 1, 3, 0, "CLIP"],
    ],
    "version": 0.4,
}

INVOKE = {
    "generation_mode": "txt2img",
    "positive_prompt": "a red sailboat++ at sea",
    "negative_prompt": "fog",
    "width": 768,
    "height": 512,
    "seed": 4294967295,
    "rand_device": "cpu",
    "cfg_scale": 7.5,
    "cfg_rescale_multiplier": 0,
    "steps": 30,
    "scheduler": "dpmpp_2m_k",
    "clip_skip": 1,
    "model": {"key": "k", "hash": "blake3:00", "name": "dreamy", "base": "sd-1", "type": "main"},
    "loras": [{"model": {"name": "ink"}, "weight": 0.6}],
    "app_version": "5.6.0",
}

FOOOCUS = {
    "adm_guidance": "(1.5, 0.8, 0.3)",
    "base_model": "juggernautXL_v8",
    "base_model_hash": "aeb7e9e689",
    "full_prompt": ["a red sailboat, cinematic"],
    "guidance_scale": 4,
    "loras": [["offset", 0.1, "4852686128"]],
    "negative_prompt": "fog",
    "performance": "Speed",
    "prompt": "a red sailboat",
    "resolution": "(1152, 896)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "12345",
    "sharpness": 2,
    "styles": "['Fooocus V2', 'Fooocus Enhance']",
    "version": "Fooocus v2.5.5",
}

FOOOCUS_A1111 = (
    "a red sailboat, cinematic, sharp\nNegative prompt: fog, ugly\n"
    "Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 12345, Size: 1152x896, CFG scale: 4, Sharpness: 2, "
    'ADM Guidance: "(1.5, 0.8, 0.3)", Base model: juggernautXL_v8, Base model hash: aeb7e9e689, Performance: Speed, '
    "Scheduler: karras, VAE: Default (model), Raw prompt: a red sailboat, Raw negative prompt: fog, "
    "Version: Fooocus v2.5.5"
)

NOVELAI = {
    "prompt": "a red sailboat, {calm}",
    "steps": 28,
    "height": 1216,
    "width": 832,
    "scale": 5.0,
    "uc": "fog",
    "seed": 3321,
    "sampler": "k_euler_ancestral",
    "noise_schedule": "karras",
    "sm": False,
}
NOVELAI_TEXTS = {
    "Title": "AI generated image",
    "Description": "a red sailboat, {calm}",
    "Software": "NovelAI",
    "Source": "Stable Diffusion XL 7BCCAA2C",
    "Comment": json.dumps(NOVELAI),
}

SD_NEXT = (
    "a harbour\nNegative prompt: fog\nSteps: 20, Size: 1024x1024, Sampler: UniPC, Seed: 99, CFG scale: 6, "
    "Model: dreamy, Model hash: 0123456789, App: SD.Next, Version: 3e9b6a1, Operations: txt2img, Parser: native"
)

VARIATION = (
    "a harbour\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 11, Size: 512x512, Model: plain, "
    "Variation seed: 4000000000, Variation seed strength: 0.25, Version: v1.6.0"
)
