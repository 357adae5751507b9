"""The words for each attribute. Grammar and reader share this table, and nothing else.

A ``Noun`` knows how it takes an article. British and American spellings both occur.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from studio.training.scenes.kinds import Color, Kind, Place, Size, SkyBody, Style, Terrain, Time, Weather


class Noun(NamedTuple):
    """A noun phrase without article; ``single`` says whether it takes "a"."""

    text: str
    single: bool = True


def _nouns(single: str, other: str = "") -> tuple[Noun, ...]:
    """Phrases separated by ``|``: first those that take "a", then plurals and masses."""
    ones = [Noun(text) for text in single.split("|") if text]
    return tuple(ones + [Noun(text, single=False) for text in other.split("|") if text])


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


TERRAIN_NOUNS: Mapping[Terrain, tuple[Noun, ...]] = MappingProxyType(
    {
        Terrain.MOUNTAINS: _nouns(
            "mountain range|mountain landscape",
            "mountains|snowy mountains|snowy peaks|snow capped mountains|mountain peaks",
        ),
        Terrain.HILLS: _nouns("hilly landscape", "rolling hills|hills|grassy hills|meadows|the countryside"),
        Terrain.SEA: _nouns("sea|wide sea|seascape", "the ocean|the open sea|the sea"),
        Terrain.LAKE: _nouns("lake|mountain lake|wide lake"),
        Terrain.DESERT: _nouns("desert|sandy desert|desert landscape", "sand dunes|dunes"),
        Terrain.FOREST: _nouns("pine forest|forest|evergreen forest", "pine trees|the woods|pines"),
        Terrain.CITY: _nouns("city|city skyline|skyline|cityscape", "skyscrapers|city buildings"),
        Terrain.SNOWFIELD: _nouns("snowfield|snowy field|snowy plain|winter landscape|snow covered plain"),
        Terrain.CANYON: _nouns("canyon|deep canyon|rocky canyon|gorge"),
        Terrain.ISLANDS: _nouns("tropical sea", "islands|tropical islands|palm islands|small islands"),
    }
)

TIME_NOUNS: Mapping[Time, tuple[str, ...]] = MappingProxyType(
    {
        Time.DAWN: _phrases("dawn|sunrise|daybreak"),
        Time.NOON: _phrases("noon|midday|daytime"),
        Time.GOLDEN_HOUR: _phrases("golden hour|golden light"),
        Time.SUNSET: _phrases("sunset|sundown"),
        Time.DUSK: _phrases("dusk|twilight|nightfall"),
        Time.NIGHT: _phrases("night|midnight|nighttime"),
    }
)
TIME_ADVERBS: Mapping[Time, tuple[str, ...]] = MappingProxyType(
    {
        Time.DAWN: _phrases("at dawn|at sunrise|at daybreak|in the early morning|in soft dawn light"),
        Time.NOON: _phrases("at noon|at midday|in the daytime|in bright daylight|by day"),
        Time.GOLDEN_HOUR: _phrases("at golden hour|during golden hour|in golden light|in warm golden light"),
        Time.SUNSET: _phrases("at sunset|at sundown|during sunset|as the day ends"),
        Time.DUSK: _phrases("at dusk|at twilight|in the twilight|at nightfall"),
        Time.NIGHT: _phrases("at night|at midnight|by night|in the night|late at night"),
    }
)

WEATHER_NOUNS: Mapping[Weather, tuple[str, ...]] = MappingProxyType(
    {
        Weather.CLEAR: _phrases("clear sky|cloudless sky|clear weather"),
        Weather.CLOUDS: _phrases("clouds|cloudy sky|big clouds|fluffy clouds"),
        Weather.FOG: _phrases("fog|mist|thick fog|morning mist|haze"),
        Weather.RAIN: _phrases("rain|falling rain|rainy weather"),
        Weather.SNOW: _phrases("falling snow|snowfall|snowflakes"),
        Weather.STORM: _phrases("storm|thunderstorm|lightning|storm clouds"),
        Weather.AURORA: _phrases("aurora|northern lights|aurora borealis"),
        Weather.STARS: _phrases("stars|starry sky|bright stars"),
    }
)
WEATHER_ADVERBS: Mapping[Weather, tuple[str, ...]] = MappingProxyType(
    {
        Weather.CLEAR: _phrases("under a clear sky|in clear weather|under a cloudless sky"),
        Weather.CLOUDS: _phrases(
            "under a cloudy sky|with clouds|with big clouds|under fluffy clouds|with clouds in the sky"
        ),
        Weather.FOG: _phrases("in the fog|in the mist|in thick fog|with mist|in fog"),
        Weather.RAIN: _phrases("in the rain|in falling rain|with rain|in rainy weather"),
        Weather.SNOW: _phrases("in falling snow|during snowfall|with snow falling|while it is snowing|with snowflakes"),
        Weather.STORM: _phrases("in a storm|in a thunderstorm|with lightning|under storm clouds|during a storm"),
        Weather.AURORA: _phrases(
            "under the aurora|under the northern lights|with an aurora|with northern lights in the sky"
        ),
        Weather.STARS: _phrases(
            "under the stars|under a starry sky|with stars|with stars in the sky|beneath the stars"
        ),
    }
)
WEATHER_ADJECTIVES: Mapping[Weather, tuple[str, ...]] = MappingProxyType(
    {
        Weather.CLEAR: _phrases("clear"),
        Weather.CLOUDS: _phrases("cloudy"),
        Weather.FOG: _phrases("misty|foggy|hazy"),
        Weather.RAIN: _phrases("rainy"),
        Weather.SNOW: _phrases("snowy|wintry"),
        Weather.STORM: _phrases("stormy"),
        Weather.AURORA: _phrases("aurora lit"),
        Weather.STARS: _phrases("starry"),
    }
)
WEATHER_SENTENCES: Mapping[Weather, tuple[str, ...]] = MappingProxyType(
    {
        Weather.CLEAR: _phrases("the sky is clear|there is not a cloud in the sky"),
        Weather.CLOUDS: _phrases("clouds drift by|the sky is cloudy|clouds fill the sky"),
        Weather.FOG: _phrases("fog covers the land|everything is misty|mist hangs in the air"),
        Weather.RAIN: _phrases("it is raining|rain is falling|rain falls"),
        Weather.SNOW: _phrases("it is snowing|snow is falling|snow falls"),
        Weather.STORM: _phrases("a storm is raging|lightning strikes|there is a thunderstorm"),
        Weather.AURORA: _phrases("the aurora glows|northern lights glow in the sky"),
        Weather.STARS: _phrases("stars fill the sky|the stars are out|the sky is starry"),
    }
)

STYLE_TAGS: Mapping[Style, tuple[str, ...]] = MappingProxyType(
    {
        Style.FLAT: _phrases("flat illustration|flat|flat design|flat style|vector illustration"),
        Style.PASTEL: _phrases("pastel|pastel drawing|soft pastel|pastel colours|pastel colors|chalk pastel"),
        Style.WATERCOLOUR: _phrases("watercolour|watercolor|watercolour painting|watercolor painting"),
        Style.INK: _phrases("ink|ink drawing|pen and ink|ink illustration"),
        Style.NEON: _phrases("neon|neon lights|neon style|glowing neon"),
        Style.LINOCUT: _phrases("linocut|linocut print|block print|lino print"),
        Style.RISOGRAPH: _phrases("risograph|risograph print|riso print|riso"),
        Style.BLUEPRINT: _phrases("blueprint|blueprint drawing|blueprint style|technical drawing"),
    }
)
STYLE_OPENERS: Mapping[Style, tuple[str, ...]] = MappingProxyType(
    {
        Style.FLAT: _phrases("a flat illustration of|flat illustration of|a vector illustration of|a flat picture of"),
        Style.PASTEL: _phrases("a pastel drawing of|pastel drawing of|a soft pastel of|a chalk pastel picture of"),
        Style.WATERCOLOUR: _phrases(
            "a watercolour of|a watercolor of|a watercolour painting of|a watercolor painting of|watercolour of"
        ),
        Style.INK: _phrases("an ink drawing of|a pen and ink drawing of|ink drawing of|an ink illustration of"),
        Style.NEON: _phrases("a neon picture of|a neon drawing of|a glowing neon picture of|neon illustration of"),
        Style.LINOCUT: _phrases("a linocut of|a linocut print of|a block print of|linocut print of"),
        Style.RISOGRAPH: _phrases("a risograph of|a risograph print of|a riso print of|risograph print of"),
        Style.BLUEPRINT: _phrases("a blueprint of|a blueprint drawing of|blueprint of|a technical drawing of"),
    }
)
STYLE_ADVERBS: Mapping[Style, tuple[str, ...]] = MappingProxyType(
    {
        Style.FLAT: _phrases("in flat style|as a flat illustration|in a flat design"),
        Style.PASTEL: _phrases("in pastel|in soft pastel colours|in pastel colors|in pastel tones"),
        Style.WATERCOLOUR: _phrases("in watercolour|in watercolor|painted in watercolour|painted in watercolor"),
        Style.INK: _phrases("in ink|drawn in ink|in pen and ink"),
        Style.NEON: _phrases("in neon|in neon lights|in neon style|in glowing neon"),
        Style.LINOCUT: _phrases("as a linocut|as a linocut print|as a block print"),
        Style.RISOGRAPH: _phrases("as a risograph|as a risograph print|as a riso print"),
        Style.BLUEPRINT: _phrases("as a blueprint|in blueprint style|as a technical drawing"),
    }
)

KIND_NOUNS: Mapping[Kind, tuple[Noun, ...]] = MappingProxyType(
    {
        Kind.SAILBOAT: _nouns("sailboat|sailing boat|sailboat|boat|yacht"),
        Kind.HOUSE: _nouns("house|house|cottage|cabin"),
        Kind.LIGHTHOUSE: _nouns("lighthouse"),
        Kind.WINDMILL: _nouns("windmill|windmill|mill"),
        Kind.BALLOON: _nouns("hot air balloon|hot-air balloon|balloon"),
        Kind.TREE: _nouns("tree|tree|round tree"),
        Kind.CACTUS: _nouns("cactus|cactus|saguaro"),
        Kind.BIRDS: _nouns("", "birds|birds|seagulls|flying birds"),
        Kind.BRIDGE: _nouns("bridge|bridge|suspension bridge"),
        Kind.TRAIN: _nouns("train|steam train|locomotive"),
        Kind.CASTLE: _nouns("castle|castle|fortress"),
        Kind.WHALE: _nouns("whale"),
        Kind.TENT: _nouns("tent|tent|camping tent"),
    }
)
COLOR_WORDS: Mapping[Color, tuple[str, ...]] = MappingProxyType(
    {
        Color.RED: _phrases("red|red|red|crimson|scarlet"),
        Color.ORANGE: _phrases("orange"),
        Color.YELLOW: _phrases("yellow"),
        Color.GREEN: _phrases("green"),
        Color.BLUE: _phrases("blue"),
        Color.PURPLE: _phrases("purple|purple|purple|violet"),
        Color.PINK: _phrases("pink"),
        Color.WHITE: _phrases("white"),
        Color.BLACK: _phrases("black"),
    }
)
SIZE_WORDS: Mapping[Size, tuple[str, ...]] = MappingProxyType(
    {
        Size.SMALL: _phrases("small|small|little|tiny"),
        Size.MEDIUM: _phrases("medium|medium-sized"),
        Size.LARGE: _phrases("large|large|big|huge"),
    }
)
PLACE_PHRASES: Mapping[Place, tuple[str, ...]] = MappingProxyType(
    {
        Place.LEFT: _phrases("on the left|at the left|on the left side|to the left"),
        Place.CENTRE: _phrases("in the middle|in the centre|in the center"),
        Place.RIGHT: _phrases("on the right|at the right|on the right side|to the right"),
    }
)
BODY_NOUNS: Mapping[SkyBody, tuple[str, ...]] = MappingProxyType(
    {SkyBody.SUN: _phrases("sun|the sun|bright sun"), SkyBody.MOON: _phrases("moon|the moon|bright moon")}
)
BODY_ADVERBS: Mapping[SkyBody, tuple[str, ...]] = MappingProxyType(
    {
        SkyBody.SUN: _phrases("with the sun in the sky|under the sun|with a bright sun|and the sun"),
        SkyBody.MOON: _phrases("under the moon|with the moon in the sky|in the moonlight|under a bright moon"),
    }
)
BODY_SENTENCES: Mapping[SkyBody, tuple[str, ...]] = MappingProxyType(
    {
        SkyBody.SUN: _phrases("the sun shines|the sun is in the sky|the sun glows"),
        SkyBody.MOON: _phrases("the moon shines|the moon is out|the moon glows in the sky"),
    }
)
REFLECTIONS: Mapping[SkyBody, tuple[str, ...]] = MappingProxyType(
    {
        SkyBody.SUN: _phrases("with the sun reflected in the water|with the reflection of the sun on the water"),
        SkyBody.MOON: _phrases("with the moon reflected in the water|with moonlight on the water"),
    }
)
CALM_WORDS: tuple[str, ...] = ("calm", "quiet")
