"""The attributes a scene is made of. Each value is the word the judge and the vocabulary file use."""

from enum import StrEnum


class Terrain(StrEnum):
    """The land or the water that fills the lower part of the picture."""

    MOUNTAINS = "mountains"
    HILLS = "hills"
    SEA = "sea"
    LAKE = "lake"
    DESERT = "desert"
    FOREST = "forest"
    CITY = "city"
    SNOWFIELD = "snowfield"
    CANYON = "canyon"
    ISLANDS = "islands"


class Time(StrEnum):
    """The time of day, which decides the palette."""

    DAWN = "dawn"
    NOON = "noon"
    GOLDEN_HOUR = "golden hour"
    SUNSET = "sunset"
    DUSK = "dusk"
    NIGHT = "night"


class Weather(StrEnum):
    """What the sky does. ``CLEAR`` has neither clouds nor stars."""

    CLEAR = "clear"
    CLOUDS = "clouds"
    FOG = "fog"
    RAIN = "rain"
    SNOW = "snow"
    STORM = "storm"
    AURORA = "aurora"
    STARS = "stars"


class Style(StrEnum):
    """How the picture is made; a style changes every shape, not only the colours."""

    FLAT = "flat"
    PASTEL = "pastel"
    WATERCOLOUR = "watercolour"
    INK = "ink"
    NEON = "neon"
    LINOCUT = "linocut"
    RISOGRAPH = "risograph"
    BLUEPRINT = "blueprint"


class Kind(StrEnum):
    """What a subject is."""

    SAILBOAT = "sailboat"
    HOUSE = "house"
    LIGHTHOUSE = "lighthouse"
    WINDMILL = "windmill"
    BALLOON = "hot air balloon"
    TREE = "tree"
    CACTUS = "cactus"
    BIRDS = "birds"
    BRIDGE = "bridge"
    TRAIN = "train"
    CASTLE = "castle"
    WHALE = "whale"
    TENT = "tent"


class Color(StrEnum):
    """The colour most of a subject has."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    BLUE = "blue"
    PURPLE = "purple"
    PINK = "pink"
    WHITE = "white"
    BLACK = "black"


class Size(StrEnum):
    """How much of the picture's height a subject takes: about 18, 28 or 42 %."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Place(StrEnum):
    """Which third of the picture's width a subject stands in."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class SkyBody(StrEnum):
    """The light in the sky; ``NONE`` where weather hides it or the sampler left it out."""

    SUN = "sun"
    MOON = "moon"
    NONE = "none"
