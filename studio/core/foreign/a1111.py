"""AUTOMATIC1111, Forge, SD.Next, Civitai, Fooocus's second scheme, and our own infotext: one grammar, many hands."""

from collections.abc import Mapping

from studio.core.blend import Law
from studio.core.foreign import samplers
from studio.core.foreign.draft import UNKNOWN, UNSUPPORTED, Draft, real, whole
from studio.core.foreign.infotext_reader import Infotext, read_infotext
from studio.core.foreign.understanding import Program, Understanding
from studio.core.schedulers import SolverType

GPU_NOISE = "The noise was drawn on a GPU there and is drawn on the CPU here: the same seed gives another picture."
FROM_PICTURE = "The picture was made from another picture, which it does not carry; here it starts from noise."
_LARGER = "The second pass at a higher resolution is not made here."
_NO_GPU_NOISE = (Program.LATENT_STUDIO, Program.FOOOCUS, Program.COMFYUI, Program.CIVITAI)
"""They draw noise on the CPU, as here; of Civitai, which gathers pictures of others, it is not known."""
_READ = {
    *("Steps", "Sampler", "Schedule type", "Scheduler", "CFG scale", "Seed", "Size", "Model", "Model hash"),
    *("TI hashes", "VAE hash"),
    *("Base model", "Base model hash", "Variation seed", "Variation seed strength", "Variation law", "RNG"),
}
_TELLS_NOTHING = {"Version", "User", "App", "Parser", "Backend", "Operations", "Pipeline", "Created Date", "Hashes"}
_HARMLESS = {
    "Clip skip": ("1", "0"),
    "ENSD": ("0",),
    "Face restoration": ("", "None"),
    "VAE": ("", "Automatic", "None", "Default (model)"),
}
"""Values that are as if the key were absent."""
_SENTENCES = {
    "Clip skip": "Clip skip {} is not applied here: the text encoder's last layer is used.",
    "ENSD": "The noise seed delta {} is not applied here.",
    "Face restoration": "Faces are not restored here.",
    "Refiner": "The refiner {} is not used here.",
    "Seed resize from": "The noise is not resized from {} here.",
    "Tiling": "The picture is not made tileable here.",
    "Token merging ratio": "Tokens are not merged here: slower, and a little different.",
    "Image CFG scale": "The image guidance {} is not used here.",
    "Distilled CFG Scale": "The distilled guidance {} is not used here.",
    "Sharpness": "Fooocus's sharpness {} is not applied here.",
    "ADM Guidance": "Fooocus's ADM guidance {} is not applied here.",
    "Styles": "Fooocus's styles are not added to the prompt here: {}.",
}
_SETTINGS = {
    "Eta": "eta",
    "Order": "order",
    "Solver": "solver_type",
    "Lower order at the end": "lower_order_final",
    "Sigma churn": "s_churn",
    "Sigma noise": "s_noise",
}


def read_a1111(text: str) -> Understanding | None:
    """What the infotext says; None where it states no parameters."""
    infotext = read_infotext(text)
    if not infotext.parameters:
        return None
    program = _program(infotext.parameters)
    draft = Draft(program)
    draft.prompt(infotext.parameters.get("Raw prompt", infotext.prompt))
    draft.negative_prompt(infotext.parameters.get("Raw negative prompt", infotext.negative_prompt))
    _numbers(draft, infotext.parameters)
    _variation(draft, infotext.parameters)
    _noise(draft, infotext.parameters)
    if "TI hashes" in infotext.parameters:
        draft.embeddings(infotext.parameters["TI hashes"])
    _others(draft, infotext)
    return draft.finish()


def _program(parameters: Mapping[str, str]) -> Program:
    version, app = parameters.get("Version", ""), parameters.get("App", "")
    if version.startswith("Latent Studio"):
        return Program.LATENT_STUDIO
    if version.startswith("Fooocus"):
        return Program.FOOOCUS
    if version.startswith("ComfyUI"):
        return Program.COMFYUI
    if app.startswith("SD.Next"):
        return Program.SD_NEXT
    if version[:2] in ("f0", "f1", "f2") or "forge" in version.lower() or version == "neo":
        return Program.FORGE
    return Program.CIVITAI if "Civitai resources" in parameters and not version else Program.A1111


def _numbers(draft: Draft, parameters: Mapping[str, str]) -> None:
    names = samplers.OURS if draft.program is Program.LATENT_STUDIO else samplers.A1111
    if parameters.get("Sampler", "Undefined") != "Undefined":  # what Civitai writes for "not known"
        schedule = parameters.get("Schedule type") or parameters.get("Scheduler", "")
        draft.sampler(names, parameters["Sampler"], schedule)
    for key, setter in (("Steps", draft.steps), ("CFG scale", draft.guidance), ("Seed", draft.seed)):
        if key in parameters:
            setter(parameters[key])
    if "Size" in parameters:
        width, _, height = parameters["Size"].partition("x")
        draft.size(width, height)
    for key in ("Model", "Base model"):
        draft.model(parameters.get(key), parameters.get(f"{key} hash", ""))
    _settings(draft, parameters)


def _settings(draft: Draft, parameters: Mapping[str, str]) -> None:
    for key, name in _SETTINGS.items():
        if key in parameters:
            value = _setting(name, parameters[key])
            if value is None:
                draft.ignore(key, parameters[key], "not a value this setting has")
            else:
                draft.setting(name, value)


def _setting(name: str, text: str) -> float | bool | SolverType | None:
    if name == "solver_type":
        return next((each for each in SolverType if each.value == text), None)
    if name == "lower_order_final":
        return {"True": True, "False": False}.get(text)
    return whole(text) if name == "order" else real(text)


def _variation(draft: Draft, parameters: Mapping[str, str]) -> None:
    strength = parameters.get("Variation seed strength", "0")
    if "Variation seed" in parameters and real(strength) != 0:
        is_whole = draft.program is Program.LATENT_STUDIO and parameters.get("Variation law") != Law.COLUMNS
        draft.variation(parameters["Variation seed"], strength, Law.SLERP if is_whole else Law.COLUMNS)


def _noise(draft: Draft, parameters: Mapping[str, str]) -> None:
    source = parameters.get("RNG", "GPU")
    if draft.program not in _NO_GPU_NOISE and source != "CPU" and draft.has("seed"):
        draft.differ(GPU_NOISE)


def _others(draft: Draft, infotext: Infotext) -> None:
    if infotext.dropped:
        draft.ignore("parameters", infotext.dropped, "there are too many; the first were read")
    for key, value in infotext.parameters.items():
        if key not in _READ and key not in _SETTINGS and not key.startswith("Raw "):
            _other(draft, key, value, infotext.parameters)


def _other(draft: Draft, key: str, value: str, parameters: Mapping[str, str]) -> None:
    if key == "Lora hashes":
        draft.ignore(key, value, "adapters are found by their names; their files are not compared")
    elif key in _TELLS_NOTHING:
        draft.ignore(key, value, "it does not change the picture")
    elif value in _HARMLESS.get(key, ()):
        draft.ignore(key, value, "it is what this studio does anyway")
    elif key == "VAE":
        draft.vae(value, parameters.get("VAE hash", ""))
    elif key in _SENTENCES:
        draft.not_applied(key, value, _SENTENCES[key].format(value[:100]))
    elif key.startswith("Hires "):
        draft.not_applied(key, value, _LARGER)
    elif key == "Denoising strength":
        second = any(each.startswith("Hires ") for each in parameters)
        draft.not_applied(key, value, _LARGER if second else FROM_PICTURE)
    else:
        draft.ignore(key, value, UNSUPPORTED if key in _KNOWN else UNKNOWN)


_INPAINTING = {"Mask blur", "Inpaint area", "Masked area padding"}
_KNOWN = {"Refiner switch at", "NGMS", "Emphasis", "Civitai resources"} | _INPAINTING
