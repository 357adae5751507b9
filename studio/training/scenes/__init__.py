"""Horizon's world: scenes sampled from a seed, and drawn."""

from studio.training.scenes.draw import draw_scene
from studio.training.scenes.kinds import (
    Color,
    Kind,
    Place,
    Size,
    SkyBody,
    Style,
    Terrain,
    Time,
    Weather,
)  # fmt: skip
from studio.training.scenes.scene import Scene, Subject, is_held_out, sample_scene, scene_attributes

__all__ = [
    "Color", "Kind", "Place", "Scene", "Size", "SkyBody", "Style", "Subject", "Terrain", "Time", "Weather",
    "draw_scene", "is_held_out", "sample_scene", "scene_attributes",
]  # fmt: skip
