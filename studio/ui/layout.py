"""How the window lies."""

import msgspec


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Qt's own bytes of the window, its docks and the middle, and whether the latent canvas is open."""

    geometry: bytes = b""
    docks: bytes = b""
    split: bytes = b""
    has_canvas: bool = False
