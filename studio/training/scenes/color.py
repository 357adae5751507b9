"""Colour arithmetic on RGB triples with components from 0 to 255."""

import colorsys

RGB = tuple[float, float, float]


def hex_rgb(code: str) -> RGB:
    """``"#rrggbb"`` as a triple."""
    return (int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16))


def mix(a: RGB, b: RGB, t: float) -> RGB:
    """``a`` at t = 0, ``b`` at t = 1, straight between."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def multiply(a: RGB, b: RGB) -> RGB:
    """What pigment ``a`` looks like in light ``b`` (white light changes nothing)."""
    return (a[0] * b[0] / 255, a[1] * b[1] / 255, a[2] * b[2] / 255)


def lighten(a: RGB, t: float) -> RGB:
    """``a`` moved towards white by t in 0..1."""
    return mix(a, (255, 255, 255), t)


def darken(a: RGB, t: float) -> RGB:
    """``a`` moved towards black by t in 0..1."""
    return mix(a, (0, 0, 0), t)


def luminance(a: RGB) -> float:
    """Perceived lightness from 0 to 1 (Rec. 709 weights on the encoded values)."""
    return (0.2126 * a[0] + 0.7152 * a[1] + 0.0722 * a[2]) / 255


def saturate(a: RGB, factor: float) -> RGB:
    """``a`` with its distance from grey scaled; 0 is grey, 1 leaves it."""
    grey = luminance(a) * 255
    scaled = mix((grey, grey, grey), a, factor)
    return (min(255, max(0, scaled[0])), min(255, max(0, scaled[1])), min(255, max(0, scaled[2])))


def hue_of(a: RGB) -> float:
    """Hue from 0 to 1 (red 0, green 1/3, blue 2/3)."""
    return colorsys.rgb_to_hsv(a[0] / 255, a[1] / 255, a[2] / 255)[0]


def hsv(hue: float, saturation: float, value: float) -> RGB:
    """A triple from hue, saturation and value, each 0 to 1."""
    r, g, b = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return (r * 255, g * 255, b * 255)


def ramp(stops: tuple[RGB, ...], t: float) -> RGB:
    """The colour at t in 0..1 along evenly spaced stops."""
    position = min(1.0, max(0.0, t)) * (len(stops) - 1)
    index = min(int(position), len(stops) - 2)
    return mix(stops[index], stops[index + 1], position - index)


def argb(a: RGB, alpha: float = 1.0) -> int:
    """The 32-bit value skia takes; alpha from 0 to 1."""
    r, g, b = (min(255, max(0, round(c))) for c in a)
    return (round(alpha * 255) << 24) | (r << 16) | (g << 8) | b
