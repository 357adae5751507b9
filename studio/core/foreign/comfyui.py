"""ComfyUI: from a graph to a recipe. The sampler nearest to the noise is the picture; others are told, not followed."""

from pathlib import PurePosixPath

from studio.core.foreign import samplers
from studio.core.foreign.a1111 import FROM_PICTURE
from studio.core.foreign.comfyui_graph import Graph, Link, Node, number_at, upstream
from studio.core.foreign.comfyui_text import texts_at
from studio.core.foreign.draft import UNKNOWN, Draft, real, shown, whole
from studio.core.foreign.understanding import Program, Understanding

_LATENTS = ("latent_image", "latent", "samples", "latents")
_SAMPLERS_MAX = 8
_WEIGHTS = (".safetensors", ".ckpt", ".pt", ".pth", ".gguf", ".sft")
_MODEL_KEYS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name")
_SIGMAS = {
    "KarrasScheduler": "karras",
    "ExponentialScheduler": "exponential",
    "PolyexponentialScheduler": "polyexponential",
    "BetaSamplingScheduler": "beta",
    "SDTurboScheduler": "turbo",
    "AlignYourStepsScheduler": "align_your_steps",
}
"""Nodes that are a schedule by themselves."""
_SOLVERS = {
    "SamplerEulerAncestral": "euler_ancestral",
    "SamplerEulerAncestralCFGPP": "euler_ancestral_cfg_pp",
    "SamplerLMS": "lms",
    "SamplerDPMPP_2M_SDE": "dpmpp_2m_sde",
    "SamplerDPMPP_3M_SDE": "dpmpp_3m_sde",
    "SamplerDPMPP_SDE": "dpmpp_sde",
    "SamplerDPMPP_2S_Ancestral": "dpmpp_2s_ancestral",
    "SamplerDPMAdaptative": "dpm_adaptive",
}
"""Nodes that are a sampler by themselves."""
_SENTENCES = {
    "ControlNet": "ControlNets are not applied here.",
    "IPAdapter": "IP-Adapters are not applied here.",
    "VAELoader": "The model's own autoencoder is used here.",
    "FreeU": "FreeU is not applied here.",
    "FluxGuidance": "The distilled guidance is not used here.",
    "Upscale": "The picture is not enlarged here.",
    "FaceDetailer": "Faces are not made again here.",
    "Rescale": "The guidance is not rescaled here.",
    "ModelMerge": "Models are not merged here.",
    "ModelSampling": "The model's noise levels are not changed here.",
    "PerturbedAttention": "Perturbed attention guidance is not applied here.",
}
"""By a part of the node's kind."""
_PLUMBING = ("Loader", "TextEncode", "Latent", "Sampler", "Decode", "Save", "Preview", "Scheduler", "Noise", "Guider")
_PLUMBING_EXACT = {"Reroute", "Note", "MarkdownNote", "PrimitiveNode", "LoadImage", "VAEEncode", "CLIPSetLastLayer"}


def read_comfyui(graph: Graph) -> Understanding | None:
    """What the graph says; None where it has no sampler that is understood."""
    found = _samplers(graph)
    return _read(graph, found) if found else None


def _read(graph: Graph, found: list[Node]) -> Understanding:
    draft = Draft(Program.COMFYUI)
    node = _first_pass(graph, found)
    _texts(draft, graph, node)
    _latents(draft, graph, node)
    _noise(draft, graph, node)
    _solver(draft, graph, node)
    _model(draft, graph, node)
    if len(found) > 1:
        draft.differ("The graph samples more than once; the first pass is made here.")
    _other_nodes(draft, graph)
    return draft.finish()


def _samplers(graph: Graph) -> list[Node]:
    return [node for node in graph.values() if _is_sampler(node)][:_SAMPLERS_MAX]


def _is_sampler(node: Node) -> bool:
    guided = isinstance(node.inputs.get("positive"), Link) or isinstance(node.inputs.get("guider"), Link)
    seeded = any(key in node.inputs for key in ("seed", "noise_seed", "noise"))
    return guided and seeded and any(isinstance(node.inputs.get(key), Link) for key in _LATENTS)


def _first_pass(graph: Graph, found: list[Node]) -> Node:
    """The sampler whose latents come from no other; the first of all where they go in circles."""
    for node in found:
        if not any(any(each is other for other in found) for each in upstream(graph, _latent_link(node), len(graph))):
            return node
    return found[0]


def _latent_link(node: Node) -> object:
    return next((node.inputs[key] for key in _LATENTS if isinstance(node.inputs.get(key), Link)), None)


def _texts(draft: Draft, graph: Graph, node: Node) -> None:
    guider = next(upstream(graph, node.inputs.get("guider"), 1), node)
    positive = guider.inputs.get("positive", guider.inputs.get("conditioning"))
    for start, side, setter in (
        (positive, "positive", draft.prompt),
        (guider.inputs.get("negative"), "negative", draft.negative_prompt),
    ):
        texts = texts_at(graph, start, side)
        if texts:
            setter(", ".join(text.strip() for text in texts))
        if len(texts) > 1:
            draft.differ(f"The {side} prompt is put together from {len(texts)} texts; here they are joined by commas.")
    _guidance(draft, graph, guider if "cfg" in guider.inputs else node)


def _guidance(draft: Draft, graph: Graph, node: Node) -> None:
    if "cfg" in node.inputs:
        draft.guidance(number_at(graph, node, "cfg", real))


def _latents(draft: Draft, graph: Graph, node: Node) -> None:
    for each in upstream(graph, _latent_link(node)):
        if "pixels" in each.inputs or "VAEEncode" in each.kind:
            draft.differ(FROM_PICTURE)
            return
        if "width" in each.inputs and "height" in each.inputs:
            draft.size(number_at(graph, each, "width", whole), number_at(graph, each, "height", whole))
            if (number_at(graph, each, "batch_size", whole) or 1) > 1:
                draft.differ("The graph makes several pictures at once; which of them this is, it does not say.")
            return


def _noise(draft: Draft, graph: Graph, node: Node) -> None:
    holder = next(upstream(graph, node.inputs.get("noise"), 1), node)
    for key in ("noise_seed", "seed"):
        if key in holder.inputs:
            draft.seed(number_at(graph, holder, key, whole))
            return


def _solver(draft: Draft, graph: Graph, node: Node) -> None:
    sigmas = _sigmas_node(graph, node)
    steps = number_at(graph, sigmas, "steps", whole)
    if "steps" in sigmas.inputs:
        draft.steps(steps)
    name = _text(node, "sampler_name") or _sampler_name(graph, node)
    if name:
        draft.sampler(samplers.COMFYUI, name, _text(sigmas, "scheduler") or _SIGMAS.get(sigmas.kind, ""))
    denoise = number_at(graph, sigmas, "denoise", real)
    if denoise is not None and denoise < 1:
        draft.not_applied("denoise", denoise, FROM_PICTURE)
    first, last = (number_at(graph, node, key, whole) for key in ("start_at_step", "end_at_step"))
    if (first or 0) > 0 or (last is not None and steps is not None and last < steps):
        draft.not_applied("steps", f"{first} to {last}", "Only a part of the steps was taken there; here all are.")


def _sigmas_node(graph: Graph, node: Node) -> Node:
    return next((each for each in upstream(graph, node.inputs.get("sigmas")) if "steps" in each.inputs), node)


def _sampler_name(graph: Graph, node: Node) -> str:
    for each in upstream(graph, node.inputs.get("sampler")):
        name = _text(each, "sampler_name") or _SOLVERS.get(each.kind, "")
        if name:
            return name
    return ""


def _model(draft: Draft, graph: Graph, node: Node) -> None:
    """The checkpoint, and what was put between it and the sampler."""
    guider = next(upstream(graph, node.inputs.get("guider"), 1), node)
    for each in upstream(graph, guider.inputs.get("model", node.inputs.get("model"))):
        _networks(draft, each)
        name = next(filter(None, (_text(each, key) for key in _MODEL_KEYS)), "")
        if name and not draft.has("model"):
            draft.model(_file_name(name))


def _networks(draft: Draft, node: Node) -> None:
    stacked = [value for value in node.inputs.values() if isinstance(value, dict) and value.get("on", True)]
    for each in stacked:
        if _is_file(each.get("lora")):
            draft.adapter(each["lora"], each.get("strength", 1.0))
    for key, value in node.inputs.items():
        if key == "lora_name" and _is_file(value):
            strength = node.inputs.get("strength_model", 1.0)
            of_text = node.inputs.get("strength_clip", strength)
            draft.adapter(value, strength, "" if of_text == strength else f"text encoder {shown(of_text)}")
        elif key.startswith("lora_name") and _is_file(value):  # of a stack, whose nodes name their strengths at will
            name = shown(_file_name(value))
            draft.not_applied("lora", name, f"The network “{name}” is not applied here.")


def _is_file(value: object) -> bool:
    return isinstance(value, str) and value not in ("", "None")


def _other_nodes(draft: Draft, graph: Graph) -> None:
    """Every kind of node once: what it would have changed, or that it is not known."""
    kinds = dict.fromkeys(node.kind for node in graph.values())
    for node in graph.values():
        layer = node.inputs.get("stop_at_clip_layer")
        if isinstance(layer, int) and layer != -1:
            draft.not_applied("clip layer", layer, f"Clip skip {-layer} is not applied here.")
    for kind in kinds:
        sentence = next((text for part, text in _SENTENCES.items() if part in kind), "")
        if sentence:
            draft.not_applied("node", kind, sentence)
        elif kind not in _PLUMBING_EXACT and not any(part in kind for part in _PLUMBING):
            draft.ignore("node", kind, UNKNOWN)


def _text(node: Node, key: str) -> str:
    value = node.inputs.get(key)
    return value if isinstance(value, str) else ""


def _file_name(path: str) -> str:
    """The model's name: without its folder and without what kind of file it is."""
    name = PurePosixPath(path.replace("\\", "/")).name
    ending = next((each for each in _WEIGHTS if name.lower().endswith(each)), "")
    return name.removesuffix(name[len(name) - len(ending) :]) if ending else name
