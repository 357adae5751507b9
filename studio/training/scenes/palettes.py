"""One coherent palette for each time of day, and what weather does to it."""

import msgspec

from studio.training.scenes.color import RGB, darken, hex_rgb, lighten, mix, multiply, saturate
from studio.training.scenes.kinds import Color, Time, Weather

_SNOW: RGB = (240, 245, 255)


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of one scene's light.

    ``sky`` runs from the top of the picture to the horizon. ``light`` multiplies what is lit, ``shadow``
    is what unlit things are mixed with, by ``depth`` of shadow 0..1. ``haze`` is what distance fades to.
    ``glow`` is the sky body's own colour; ``lamp`` is lit windows, or ``None`` by day.
    ``snow_cover`` 0..1 is how white falling snow has made the land.
    """

    sky: tuple[RGB, RGB, RGB, RGB]
    light: RGB
    shadow: RGB
    shade: float
    haze: RGB
    haze_strength: float
    glow: RGB
    cloud: RGB
    cloud_shade: RGB
    water: RGB
    lamp: RGB | None
    snow_cover: float = 0.0

    def lit(self, pigment: RGB, distance: float = 0.0) -> RGB:
        """``pigment`` in this light, ``distance`` 0 (near) to 1 (at the horizon)."""
        covered = mix(pigment, _SNOW, self.snow_cover)
        near = mix(multiply(covered, self.light), self.shadow, self.shade)
        return mix(near, self.haze, min(1.0, distance * self.haze_strength))

    def shaded(self, pigment: RGB, distance: float = 0.0) -> RGB:
        """``pigment`` on the side away from the light."""
        return self.lit(mix(darken(pigment, 0.12), self.shadow, 0.32), distance)

    def subject(self, color: Color) -> RGB:
        """A subject's colour: the light touches it, but its name stays true."""
        return mix(mix(PIGMENTS[color], multiply(PIGMENTS[color], self.light), 0.18), self.shadow, self.shade * 0.08)


PIGMENTS: dict[Color, RGB] = {
    Color.RED: hex_rgb("#e0312f"),
    Color.ORANGE: hex_rgb("#f58426"),
    Color.YELLOW: hex_rgb("#fbd02f"),
    Color.GREEN: hex_rgb("#2fa04f"),
    Color.BLUE: hex_rgb("#2467d1"),
    Color.PURPLE: hex_rgb("#8445bd"),
    Color.PINK: hex_rgb("#f77fb2"),
    Color.WHITE: hex_rgb("#fbf8f2"),
    Color.BLACK: hex_rgb("#26262e"),
}


def _palette(
    sky: str, *, light: str, shadow: str, shade: float, haze: str, strength: float,
    glow: str, cloud: str, cloud_shade: str, water: str, lamp: str | None = None,
) -> Palette:  # fmt: skip
    top, upper, lower, horizon = (hex_rgb(code) for code in sky.split())
    return Palette(
        sky=(top, upper, lower, horizon),
        light=hex_rgb(light),
        shadow=hex_rgb(shadow),
        shade=shade,
        haze=hex_rgb(haze),
        haze_strength=strength,
        glow=hex_rgb(glow),
        cloud=hex_rgb(cloud),
        cloud_shade=hex_rgb(cloud_shade),
        water=hex_rgb(water),
        lamp=None if lamp is None else hex_rgb(lamp),
    )


def _time_palette(time: Time) -> Palette:
    """Designed by hand: cool rose dawn, azure noon, amber golden hour, burning sunset, violet dusk, navy night."""
    match time:
        case Time.DAWN:
            return _palette(
                "#8fa9dd #c3b8e2 #f3c6cf #ffe6cf", light="#f2dfe6", shadow="#6f75b0", shade=0.20,
                haze="#efcfd8", strength=0.80, glow="#fff3d6", cloud="#fde3e2", cloud_shade="#c9aed6",
                water="#9db4dd",
            )  # fmt: skip
        case Time.NOON:
            return _palette(
                "#1f7fd6 #4aa3ea #8fcdf5 #d4f0fa", light="#fffdf2", shadow="#2d5c9c", shade=0.04,
                haze="#bfe3f2", strength=0.72, glow="#fff6c2", cloud="#ffffff", cloud_shade="#c7dcf0",
                water="#2f8fd6",
            )  # fmt: skip
        case Time.GOLDEN_HOUR:
            return _palette(
                "#e9a04b #f5b95a #fccf78 #ffebad", light="#ffd78c", shadow="#8a5a34", shade=0.14,
                haze="#fbd48a", strength=0.80, glow="#fffbe0", cloud="#fff0c4", cloud_shade="#e8a75c",
                water="#dba55a",
            )  # fmt: skip
        case Time.SUNSET:
            return _palette(
                "#4a2a7c #b53a7c #f2604f #ffb347", light="#ffa27a", shadow="#3c1c4f", shade=0.38,
                haze="#f27a54", strength=0.70, glow="#fff0a0", cloud="#ff9a6b", cloud_shade="#8c2f72",
                water="#c24a66",
            )  # fmt: skip
        case Time.DUSK:
            return _palette(
                "#28346e #4d5398 #8674b4 #cf9fc0", light="#a9a4e0", shadow="#252a5c", shade=0.40,
                haze="#8f80b8", strength=0.72, glow="#fdf2dc", cloud="#a48cc4", cloud_shade="#5a5496",
                water="#5d62a4", lamp="#ffd36b",
            )  # fmt: skip
        case Time.NIGHT:
            return _palette(
                "#070b2a #0f1a47 #1c2f68 #2f4f8a", light="#6f8cd0", shadow="#0a1030", shade=0.46,
                haze="#2c4880", strength=0.74, glow="#fbf6dc", cloud="#41588f", cloud_shade="#1d2b5a",
                water="#16295e", lamp="#ffd257",
            )  # fmt: skip


def _greyed(palette: Palette, veil: RGB, *, sky: float, light: float, haze: float) -> Palette:
    """Mix the whole palette with a veil; the shares are 0..1 for the sky and the light."""
    top, upper, lower, horizon = (mix(c, veil, sky) for c in palette.sky)
    return msgspec.structs.replace(
        palette,
        sky=(top, upper, lower, horizon),
        light=mix(palette.light, veil, light),
        haze=mix(palette.haze, veil, 0.5),
        haze_strength=min(1.0, palette.haze_strength + haze),
        cloud=mix(palette.cloud, veil, sky * 0.7),
        cloud_shade=mix(palette.cloud_shade, veil, sky * 0.7),
        water=mix(palette.water, veil, sky * 0.8),
    )


def palette_for(time: Time, weather: Weather) -> Palette:
    """The palette of a time under a weather; the time stays readable under each."""
    palette = _time_palette(time)
    mean_sky = mix(mix(palette.sky[0], palette.sky[1], 0.5), mix(palette.sky[2], palette.sky[3], 0.5), 0.5)
    grey = saturate(mean_sky, 0.35)
    match weather:
        case Weather.FOG:
            return _greyed(palette, lighten(saturate(palette.haze, 0.7), 0.18), sky=0.55, light=0.10, haze=0.25)
        case Weather.RAIN:
            return _greyed(palette, darken(mix(grey, hex_rgb("#6d88a0"), 0.4), 0.10), sky=0.50, light=0.22, haze=0.1)
        case Weather.STORM:
            return _greyed(palette, darken(mix(grey, hex_rgb("#4a5078"), 0.5), 0.42), sky=0.58, light=0.30, haze=0.0)
        case Weather.SNOW:
            veil = lighten(mix(grey, palette.haze, 0.3), 0.22)
            white = msgspec.structs.replace(palette, snow_cover=0.34)
            return _greyed(white, veil, sky=0.42, light=0.12, haze=0.12)
        case Weather.CLOUDS:
            return _greyed(palette, grey, sky=0.10, light=0.05, haze=0.0)
        case Weather.CLEAR | Weather.AURORA | Weather.STARS:
            return palette
