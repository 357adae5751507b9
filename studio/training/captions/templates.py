"""How clauses are joined. ``{slot}`` is filled by the grammar; everything else is said as it stands."""

from collections.abc import Mapping
from types import MappingProxyType

from studio.training.scenes.kinds import Kind, Terrain

# "{land}" is a terrain with its article.
STANDING: Mapping[Terrain, tuple[str, ...]] = MappingProxyType(
    {
        Terrain.MOUNTAINS: ("in {land}", "in front of {land}", "below {land}"),
        Terrain.HILLS: ("in {land}", "among {land}", "on {land}"),
        Terrain.SEA: ("in {land}", "by {land}"),
        Terrain.LAKE: ("by {land}", "beside {land}", "at {land}"),
        Terrain.DESERT: ("in {land}", "among {land}"),
        Terrain.FOREST: ("in {land}", "in front of {land}", "near {land}"),
        Terrain.CITY: ("in {land}", "in front of {land}", "near {land}"),
        Terrain.SNOWFIELD: ("in {land}", "on {land}"),
        Terrain.CANYON: ("in {land}", "inside {land}"),
        Terrain.ISLANDS: ("in {land}", "near {land}"),
    }
)
FLOATING: Mapping[Terrain, tuple[str, ...]] = MappingProxyType(
    {
        Terrain.SEA: ("on {land}", "in {land}"),
        Terrain.LAKE: ("on {land}",),
        Terrain.CITY: ("in front of {land}", "near {land}"),
        Terrain.ISLANDS: ("near {land}", "by {land}"),
    }
)
FLYING: tuple[str, ...] = ("over {land}", "above {land}", "flying over {land}", "in the sky over {land}")
SPANNING: tuple[str, ...] = ("in {land}", "near {land}")
SPANNING_WATER: tuple[str, ...] = ("over {land}", "across {land}", "on {land}")
VERBS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.SAILBOAT: ("sails", "floats", "drifts"),
        Kind.HOUSE: ("stands", "sits"),
        Kind.LIGHTHOUSE: ("stands", "rises"),
        Kind.WINDMILL: ("stands", "turns"),
        Kind.BALLOON: ("floats", "drifts", "flies"),
        Kind.TREE: ("stands", "grows"),
        Kind.CACTUS: ("stands", "grows"),
        Kind.BIRDS: ("fly", "glide"),
        Kind.BRIDGE: ("stands", "stretches"),
        Kind.TRAIN: ("runs", "rides", "travels"),
        Kind.CASTLE: ("stands", "rises"),
        Kind.WHALE: ("swims", "surfaces"),
        Kind.TENT: ("stands", "is pitched"),
    }
)
EXISTENCE: tuple[str, ...] = (
    "there is {thing}",
    "here we see {thing}",
    "a picture of {thing}",
    "a scene with {thing}",
    "an image of {thing}",
)
PAIRS: tuple[str, ...] = (
    "{first} and {second}",
    "{first} with {second}",
    "{first} next to {second}",
    "{first}, {second}",
)
# What a scene without (said) subjects opens with.
LAND_OPENERS: tuple[str, ...] = ("{land}", "{land}", "{land}", "a view of {land}", "a scene of {land}")
TIME_OVER: tuple[str, ...] = ("{time} over {land}", "{time} above {land}", "{time}, {land}")
WITH_SUBJECT: tuple[str, ...] = ("{rest} with {thing}", "{rest} and {thing}", "{rest}, {thing}")
GLUE: tuple[str, ...] = ("a", "an", "the", "and", "of", "flock", "sky", "landscape", "scene", "it", "scenery")
