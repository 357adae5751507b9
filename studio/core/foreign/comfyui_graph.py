"""A ComfyUI graph as plain nodes, from either of its two JSON forms, and how to look upstream in it.

The API form (`prompt`) is {id: {"class_type", "inputs": {name: literal or [id, slot]}}}. The editor's form (`workflow`)
keeps links apart and the widgets' values by position; only the kinds listed here have their positions known.
Graphs may hold anything, circles included: every walk counts its nodes.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

_NODES_MAX = 2000
_INPUTS_MAX = 64
WALK_MAX = 200
"""Nodes of one walk upstream: the deepest graphs people share have fewer in one chain."""
_KEY_MAX = 100


class Link(NamedTuple):
    """Where an input comes from: a node and which of its outputs."""

    node: str
    slot: int


class Node(NamedTuple):
    """A node's kind, and its inputs by name: links or literal values."""

    kind: str
    inputs: Mapping[str, Any]

    @property
    def links(self) -> list[Link]:
        """Everything this node hangs on."""
        return [value for value in self.inputs.values() if isinstance(value, Link)]


Graph: TypeAlias = dict[str, Node]

_VALUE_KEYS = ("value", "int", "float", "number", "seed", "noise_seed", "Number", "Value")
"""What nodes that only hold a number call it."""
_KSAMPLER = ("seed", "", "steps", "cfg", "sampler_name", "scheduler", "denoise")
_WIDGETS: Mapping[str, tuple[str, ...]] = {
    "KSampler": _KSAMPLER,
    "KSampler (Efficient)": _KSAMPLER,
    "KSamplerAdvanced": (
        *("add_noise", "noise_seed", "", "steps", "cfg", "sampler_name", "scheduler"),
        *("start_at_step", "end_at_step", "return_with_leftover_noise"),
    ),
    "SamplerCustom": ("add_noise", "noise_seed", "", "cfg"),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "KarrasScheduler": ("steps", "sigma_max", "sigma_min", "rho"),
    "ExponentialScheduler": ("steps", "sigma_max", "sigma_min"),
    "PolyexponentialScheduler": ("steps", "sigma_max", "sigma_min", "rho"),
    "BetaSamplingScheduler": ("steps", "alpha", "beta"),
    "SDTurboScheduler": ("steps", "denoise"),
    "AlignYourStepsScheduler": ("model_type", "steps", "denoise"),
    "RandomNoise": ("noise_seed", ""),
    "CFGGuider": ("cfg",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeSDXL": ("width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "VAELoader": ("vae_name",),
    "FluxGuidance": ("guidance",),
    "PrimitiveNode": ("value", ""),
}
"""The names of the widgets' values, in their order; "" is one that says nothing."""
_MUTED = 2


def graph_of_prompt(prompt: Mapping[str, Any]) -> Graph:
    """The API form. Entries that are no nodes are left out."""
    graph: Graph = {}
    for name, entry in list(prompt.items())[:_NODES_MAX]:
        if isinstance(entry, dict) and isinstance(entry.get("class_type"), str):
            inputs = entry.get("inputs")
            pairs = list(inputs.items())[:_INPUTS_MAX] if isinstance(inputs, dict) else []
            graph[name] = Node(entry["class_type"][:_KEY_MAX], {key[:_KEY_MAX]: _link(value) for key, value in pairs})
    return graph


def graph_of_workflow(workflow: Mapping[str, Any]) -> Graph:
    """The editor's form. Muted nodes are left out."""
    links = dict(filter(None, map(_wire, _list(workflow.get("links")))))
    graph: Graph = {}
    for entry in _list(workflow.get("nodes"))[:_NODES_MAX]:
        if isinstance(entry, dict) and isinstance(entry.get("type"), str) and entry.get("mode") != _MUTED:
            graph[str(entry.get("id"))[:_KEY_MAX]] = _editor_node(entry, links)
    return graph


def upstream(graph: Graph, start: object, limit: int = WALK_MAX) -> Iterator[Node]:
    """The nodes that `start`, a link, hangs on, the nearest first; each once, at most `limit`."""
    waiting = deque([start] if isinstance(start, Link) else [])
    seen: set[str] = set()
    while waiting and len(seen) < limit:
        link = waiting.popleft()
        if link.node in seen or link.node not in graph:
            continue
        seen.add(link.node)
        node = graph[link.node]
        yield node
        waiting.extend(node.links)


def number_at(graph: Graph, node: Node, name: str, read: Callable[[object], Any]) -> Any:
    """The number under `name`, also from a node that holds nothing else; None where it is computed or not there.

    `read` gives a number or None for a literal.
    """
    value = node.inputs.get(name)
    for _ in range(WALK_MAX):
        if not isinstance(value, Link):
            return read(value)
        source = graph.get(value.node)
        if source is None:
            return None
        value = _only_value(source, name, read)
    return None


def _only_value(source: Node, name: str, read: Callable[[object], Any]) -> object:
    """What a node hands on, if that is plain: the value of that name, or its only number, or its only link."""
    for key in (name, *_VALUE_KEYS):
        if key in source.inputs:
            return source.inputs[key]
    numbers = [value for value in source.inputs.values() if not isinstance(value, Link) and read(value) is not None]
    if len(numbers) == 1 and not source.links:
        return numbers[0]
    return source.links[0] if len(source.links) == 1 and not numbers else None


def _link(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int) and isinstance(value[0], (str, int)):
        return Link(_name(value[0]), value[1])
    return value


def _wire(entry: Any) -> tuple[str, Link] | None:
    if isinstance(entry, dict):
        entry = [entry.get("id"), entry.get("origin_id"), entry.get("origin_slot")]
    if isinstance(entry, list) and len(entry) >= 3 and isinstance(entry[2], int):
        return _name(entry[0]), Link(_name(entry[1]), entry[2])
    return None


def _editor_node(entry: Mapping[str, Any], links: Mapping[str, Link]) -> Node:
    kind, values = entry["type"][:_KEY_MAX], entry.get("widgets_values")
    if isinstance(values, list):
        names = _WIDGETS.get(kind, ())
        padded = (*names, *(f"widget {index}" for index in range(len(names), _INPUTS_MAX)))
        literals = {name: value for name, value in zip(padded, values, strict=False) if name}
    else:
        literals = dict(list(values.items())[:_INPUTS_MAX]) if isinstance(values, dict) else {}
    for each in _list(entry.get("inputs"))[:_INPUTS_MAX]:
        if isinstance(each, dict) and isinstance(each.get("name"), str) and _name(each.get("link")) in links:
            literals[each["name"][:_KEY_MAX]] = links[_name(each["link"])]
    return Node(kind, literals)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(value: Any) -> str:
    return f"{value}"[:_KEY_MAX] if isinstance(value, (str, int)) else ""
