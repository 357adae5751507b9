"""Take a picture of the studio's window: build the real thing, make a picture in it, save what is on the screen.

python packaging/screenshot.py OUT.png [--dark] [--prompt TEXT] [--seed N] [--count N] [--model NAME] [--size 1280x800]
                                   [--steps N] [--canvas KEYFRAMES] [--even] [--heat]

Needs no screen: without one it draws on Qt's offscreen platform.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform != "linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

import studio.app
from studio.core.canvas_edits import Arrangement
from studio.core.places import Places
from studio.core.settings import Appearance, Settings, save_settings
from studio.ui.main_window import MainWindow

_TIMEOUT_MS = 300_000
_SETTLE_MS = 400
_ATLAS_SECONDS, _ATLAS_TILES = 90, 84
"""How long to wait for the plane to fill: two passes over it, or as far as this machine comes."""
_LINE_TILES = 60
"""Between two keyframes the map is a band."""
_RENDER_SECONDS = 60
_PROMPTS = ("snowy mountains above a lake at night", "a lighthouse on a cliff at dawn", "a green forest in summer")
_PROMPT = "a red sailboat on a calm sea at sunset"


def main() -> int:
    """Parse the arguments, take the picture."""
    arguments = _parser().parse_args()
    app = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder))
        look = Appearance.DARK if arguments.dark else Appearance.LIGHT
        save_settings(places.settings, Settings(appearance=look))
        window = studio.app.build(places.data_dir, model=arguments.model)
        window.resize(*(int(side) for side in arguments.size.split("x")))
        window.show()
        if arguments.steps:
            window.controller.session.change_recipe(steps=arguments.steps)
        made = _make(window, arguments.prompt, arguments.seed, arguments.count)
        if arguments.canvas:
            _fill_canvas(window, arguments.canvas, arguments.prompt, has_heat=arguments.heat)
        if arguments.even:
            _show_even_steps(window)
        _wait(_SETTLE_MS)
        window.grab().save(arguments.out)
        window.close()
        app.processEvents()
    if not made:
        print("No picture was made: see the window's banner in the screenshot.", file=sys.stderr)
    return 0 if made else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Take a screenshot of the studio with a finished picture.")
    parser.add_argument("out", metavar="OUT.png")
    parser.add_argument("--dark", action="store_true", help="the dark look")
    parser.add_argument("--prompt", default=_PROMPT)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--count", type=int, default=1, help="pictures, with seeds that follow one another")
    parser.add_argument("--model", default=None)
    parser.add_argument("--steps", type=int, default=0, help="instead of what the model wants")
    parser.add_argument("--canvas", type=int, default=0, metavar="KEYFRAMES", help="open the canvas, with so many")
    parser.add_argument("--even", action="store_true", help="with two keyframes: turn even steps on")
    parser.add_argument("--heat", action="store_true", help="show where over the plane the picture changes")
    parser.add_argument("--size", default="1280x800")
    return parser


def _make(window: MainWindow, prompt: str, seed: int, count: int) -> bool:
    """Make the pictures and wait for the last; False where it failed."""
    controller = window.controller
    recipe = controller.session.recipe
    changed = {"prompt": prompt, "seed": seed}
    controller.session.change(recipe=type(recipe)(**{**_fields(recipe), **changed}), count=count)
    loop = QEventLoop()
    controller.jobs.busyChanged.connect(lambda is_busy: None if is_busy else loop.quit())
    controller.generate()
    QTimer.singleShot(_TIMEOUT_MS, loop, loop.quit)
    if controller.jobs.is_busy:
        loop.exec()
    return controller.pictures.on_show is not None


def _fill_canvas(window: MainWindow, count: int, prompt: str, *, has_heat: bool) -> None:
    """Send the picture to the canvas, add others, go between them, and wait until the plane is filled."""
    controller, session = window.controller, window.controller.session
    window.action("sendToCanvas").trigger()
    for text in (_PROMPTS * 3)[: count - 1]:
        session.change_recipe(prompt=text)
        window.canvas_panel.toolbar.add_button.click()
    session.change_recipe(prompt=prompt)
    if count == 4:
        controller.canvas.canvas._on_arrange_requested(Arrangement.SQUARE)
    view = window.canvas_panel.view
    window.canvas_panel.toolbar.heat_button.setChecked(has_heat)
    view.puckMoved.emit(view.material, (0.15, 0.1 if count > 2 else 0.0))
    for _ in range(_ATLAS_SECONDS):
        _wait(1000)
        if view.tile_count >= (_ATLAS_TILES if count > 2 else _LINE_TILES):
            break


def _show_even_steps(window: MainWindow) -> None:
    """Turn even steps on, and go to where half of the change is behind."""
    fade = window.canvas_panel.crossfade
    fade.even_button.setChecked(True)
    fade.slider.setValue(fade.slider.maximum() // 2)
    desk = window.controller.canvas
    for _ in range(_RENDER_SECONDS):
        _wait(1000)
        if not desk.is_busy and not desk.canvas.pictures.is_waiting:
            break


def _fields(recipe: object) -> dict[str, object]:
    return {name: getattr(recipe, name) for name in type(recipe).__struct_fields__}  # type: ignore[attr-defined]


def _wait(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


if __name__ == "__main__":
    sys.exit(main())
