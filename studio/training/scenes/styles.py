"""Which painter draws which style."""

from collections.abc import Mapping
from types import MappingProxyType

from studio.training.scenes.kinds import Style
from studio.training.scenes.painter import Painter
from studio.training.scenes.styles_line import BlueprintPainter, InkPainter, NeonPainter
from studio.training.scenes.styles_print import LinocutPainter, RisographPainter
from studio.training.scenes.styles_wet import PastelPainter, WatercolourPainter

PAINTERS: Mapping[Style, type[Painter]] = MappingProxyType(
    {
        Style.FLAT: Painter,
        Style.PASTEL: PastelPainter,
        Style.WATERCOLOUR: WatercolourPainter,
        Style.INK: InkPainter,
        Style.NEON: NeonPainter,
        Style.LINOCUT: LinocutPainter,
        Style.RISOGRAPH: RisographPainter,
        Style.BLUEPRINT: BlueprintPainter,
    }
)
