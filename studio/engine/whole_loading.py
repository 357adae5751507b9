"""Loading a pipeline that is run whole: only classes of diffusers and transformers, offline, safetensors only.

What a folder says of itself is looked up, never run: a class is taken by its name from the two libraries, and only
where it is a network, a scheduler, a tokenizer or a preprocessor.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.core.errors import ModelBrokenError
from studio.core.model_info import ModelInfo
from studio.core.pipelines import Part
from studio.engine import libraries
from studio.engine.device import Device
from studio.engine.parts import part_dtype
from studio.engine.pipeline_folder import guarded, load_weights
from studio.engine.whole_pipeline import WholePipeline

_LIBRARIES: dict[str, ModuleType] = {"diffusers": libraries.diffusers, "transformers": libraries.transformers}
_KINDS: tuple[type[Any], ...] = (
    libraries.ModelMixin,
    libraries.diffusers.SchedulerMixin,
    libraries.transformers.PreTrainedModel,
    libraries.transformers.PreTrainedTokenizerBase,
    libraries.transformers.FeatureExtractionMixin,
    libraries.transformers.ImageProcessingMixin,
    libraries.transformers.ProcessorMixin,
)


def load_whole_pipeline(info: ModelInfo, device: Device, begin: Callable[[str, float], None]) -> WholePipeline:
    """Load the parts one by one. `begin` hears each one's name and the fraction done; what it raises ends the work.

    Raises ModelBrokenError, which names the part.
    """
    assert info.pipeline is not None
    kind = getattr(libraries.diffusers, info.pipeline.class_name)
    parts: dict[str, Any] = {}
    for number, part in enumerate(info.pipeline.parts):
        begin(part.name.replace("_", " "), number / len(info.pipeline.parts))
        parts[part.name] = _load(info, part, device)
    taken = inspect.signature(kind.__init__).parameters
    left_out = {name: None for name in kind._optional_components if name in taken}
    settings = {name: value for name, value in info.pipeline.settings if name in taken}
    given = {**left_out, **settings, **parts}
    made: WholePipeline = guarded(info.folder, kind.__name__, lambda: WholePipeline(info, kind(**given)))
    return made


def _load(info: ModelInfo, part: Part, device: Device) -> Any:
    kind = part_class(info.folder, part)
    if part.has_weights:
        model = load_weights(info.folder, part.name, kind, part_dtype(info.family, part.name, device))
        return model.to(device.torch_device).eval().requires_grad_(False)
    source = info.folder / part.name
    return guarded(info.folder, part.name, lambda: kind.from_pretrained(source, local_files_only=True))


def part_class(folder: Path, part: Part) -> type[Any]:
    """The class that `part` says it is. Raises ModelBrokenError for one that is not of the two libraries."""
    library = _LIBRARIES.get(part.library) or getattr(libraries.diffusers.pipelines, part.library, None)
    found = guarded(folder, part.name, lambda: getattr(library, part.class_name, None))
    if not (isinstance(library, ModuleType) and inspect.isclass(found)):
        raise _unknown(folder, part)
    if found.__module__.partition(".")[0] not in _LIBRARIES or not issubclass(found, _KINDS):
        raise _unknown(folder, part)
    if part.has_weights != issubclass(found, _KINDS[0] | _KINDS[2]):
        raise _unknown(folder, part)
    return found


def _unknown(folder: Path, part: Part) -> ModelBrokenError:
    named = f"{part.library}.{part.class_name}"
    return ModelBrokenError(folder, f"its {part.name} is a {named}, which is no part that diffusers knows here")
