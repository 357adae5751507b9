"""Convolutions whose weights lie ready in the order that oneDNN multiplies them in.

torch puts a convolution's weights into that order anew at every call, which in a small U-Net on a CPU takes a seventh
of a step, and of a small autoencoder's decoding a twelfth. The operations are those that torch's own compiler uses, and
what they compute is what torch computes.
"""

import warnings
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

_CONVOLVE = """
def convolve(
    x: Tensor, weight: Tensor, bias: Optional[Tensor], padding: List[int], stride: List[int], dilation: List[int],
    groups: int
) -> Tensor:
    nothing = torch.jit.annotate(List[Optional[number]], [])
    return torch.ops.mkldnn._convolution_pointwise(
        x, weight, bias, padding, stride, dilation, groups, "none", nothing, "")
"""
"""In torch's own language, for from Python a recording (see `tracing`) cannot hold this call."""


WEIGHT_BYTES_MAX = 256 << 20
"""Of a small model. Above, the arithmetic takes so long that nothing else matters."""


class PackedConvolution(nn.Conv2d):
    """A convolution that multiplies by `packed`, its own weights in oneDNN's order, where it is there.

    Whoever changes `weight` calls `unpack`.
    """

    packed: Tensor | None = None

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of `input` (B, C, H, W)."""
        if self.packed is None:
            return super().forward(input)
        shape = (list(_pair(each)) for each in (self.padding, self.stride, self.dilation))
        convolved: Tensor = _compiled().convolve(input, self.packed, self.bias, *shape, self.groups)
        return convolved

    def pack(self, size: torch.Size) -> None:
        """Bring the weights into the order that is best for inputs of `size`; it serves any other."""
        shape = (list(_pair(each)) for each in (self.padding, self.stride, self.dilation))
        reorder: Any = torch.ops.mkldnn._reorder_convolution_weight
        self.packed = reorder(self.weight, *shape, self.groups, list(size))

    def unpack(self) -> None:
        """Forget the packed weights: they are not the convolution's any more."""
        self.packed = None

    def __getstate__(self) -> dict[str, Any]:
        """A copy packs its own: torch cannot copy packed weights."""
        return {name: value for name, value in self.__dict__.items() if name != "packed"}


def is_small_on_cpu(model: nn.Module) -> bool:
    """Whether the model's arithmetic on a CPU takes so little time that what is done beside it matters."""
    weights = tuple(model.parameters())
    small = sum(each.numel() * each.element_size() for each in weights) <= WEIGHT_BYTES_MAX
    return small and all(each.device.type == "cpu" for each in weights)


def packable(model: nn.Module) -> tuple[PackedConvolution, ...]:
    """The plain float32 convolutions of `model`, on a CPU, from now on packable; none where torch cannot pack."""
    if not _can_pack():
        return ()
    found = [each for each in model.modules() if type(each) in (nn.Conv2d, PackedConvolution)]
    whole = [each for each in found if each.weight.dtype is torch.float32]
    plain = [each for each in whole if each.padding_mode == "zeros" and not isinstance(each.padding, str)]
    for each in plain:
        each.__class__ = PackedConvolution
    return tuple(each for each in plain if isinstance(each, PackedConvolution))


def pack(convolutions: Iterable[PackedConvolution], run: Callable[[], object]) -> None:
    """Pack those that are not, for inputs as they get them in `run`, which calls their model."""
    missing = [each for each in convolutions if each.packed is None]
    if not missing:
        return
    sizes: dict[nn.Module, torch.Size] = {}

    def note(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        sizes[module] = given[0].shape

    hooks = [each.register_forward_pre_hook(note) for each in missing]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    for each in missing:
        each.pack(sizes.get(each, torch.Size((1, each.in_channels, 16, 16))))


def unpack(module: nn.Module) -> None:
    """To be called where `module`'s weights were changed."""
    if isinstance(module, PackedConvolution):
        module.unpack()


@cache
def _can_pack() -> bool:
    """Whether this torch, on this processor, has what it takes: tried out on a convolution of one weight."""
    backend: Any = torch.backends.mkldnn  # torch does not say its types
    if not backend.is_available():
        return False
    trial = PackedConvolution(1, 1, 1).requires_grad_(False)
    try:
        trial.pack(torch.Size((1, 1, 1, 1)))
        trial(torch.zeros(1, 1, 1, 1))
    except (AttributeError, RuntimeError):
        return False
    return True


@cache
def _compiled() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises its compiler, which needs one of C++ on the artist's machine
        return torch.jit.CompilationUnit(_CONVOLVE)


def _pair(value: str | tuple[int, ...]) -> tuple[int, ...]:
    assert not isinstance(value, str)  # "same" is not packable
    return value
