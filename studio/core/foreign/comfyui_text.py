"""The prompt of a ComfyUI graph: the texts that a sampler's `positive` or `negative` input hangs on."""

import re
from typing import NamedTuple

from studio.core.foreign.comfyui_graph import WALK_MAX, Graph, Link, Node

_TEXT_KEYS = ("text", "text_g", "text_l", "prompt", "clip_l", "clip_g", "t5xxl", "string", "value", "widget 0")
_PIECES = re.compile(r"(?:text|string|prompt)[_ ]?\w{0,3}", re.IGNORECASE)
"""Inputs of nodes that put a text together."""
_NOT_TEXT = {
    *("model", "clip", "vae", "image", "images", "pixels", "mask", "control_net", "style_model", "clip_vision"),
    *("clip_vision_output", "samples", "latent", "latent_image", "sigmas", "sampler", "noise", "optional_vae"),
}
_EMPTY = {"ConditioningZeroOut"}
_SIDES = ("positive", "negative")


class _Walk(NamedTuple):
    graph: Graph
    side: str
    seen: set[str]


def texts_at(graph: Graph, start: object, side: str) -> list[str]:
    """The texts upstream of `start` in the order of the graph, without repeats; `side` is positive or negative."""
    return list(dict.fromkeys(_texts(_Walk(graph, side, set()), start)))


def _texts(walk: _Walk, value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Link) or value.node in walk.seen or len(walk.seen) >= WALK_MAX:
        return []
    walk.seen.add(value.node)
    node = walk.graph.get(value.node)
    if node is None or node.kind in _EMPTY:
        return []
    own = _own_inputs(node, walk.side)
    return _gather(walk, own) or _gather(walk, _through(node, value.slot, walk.side))


def _gather(walk: _Walk, values: list[object]) -> list[str]:
    return [text for value in values for text in _texts(walk, value)]


def _own_inputs(node: Node, side: str) -> list[object]:
    """The inputs that are the node's text, if it has one. A literal under `side` is an all-in-one loader's."""
    if isinstance(node.inputs.get(side), str):
        return [node.inputs[side]]
    named = [node.inputs[key] for key in _TEXT_KEYS if isinstance(node.inputs.get(key), (str, Link))]
    return named or [
        value for key, value in node.inputs.items() if _PIECES.fullmatch(key) and isinstance(value, (str, Link))
    ]


def _through(node: Node, slot: int, side: str) -> list[object]:
    """What a node hands on: of one with both sides, the side of its output; else all that may be text."""
    if all(isinstance(node.inputs.get(each), Link) for each in _SIDES):
        return [node.inputs[_SIDES[slot] if slot in (0, 1) else side]]
    return [value for key, value in node.inputs.items() if isinstance(value, Link) and key not in _NOT_TEXT]
