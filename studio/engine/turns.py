"""Parts of a model that take turns on a device too small for all of them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from studio.core.memory_plan import MemoryPlan, Placement, next_plan

_MAIN_MEMORY = torch.device("cpu")


class Turns:
    """Has each part on the device while it works, as the plan says. The autoencoder, which is small, always stays.

    By turns: a part that is called comes whole, and the one that worked before goes back to main memory. Layer by
    layer: each layer comes when it is called, and goes after it. Neither changes a result.
    """

    def __init__(self, parts: Mapping[str, nn.Module], device: torch.device) -> None:
        """`parts` are loaded, and on the device or in main memory."""
        self._parts, self._device = parts, device
        self._working: nn.Module | None = None
        self._hooks: list[RemovableHandle] = []
        self.plan = MemoryPlan(Placement.TOGETHER)

    def follow(self, plan: MemoryPlan) -> None:
        """Lay the parts as `plan` says, from now on."""
        while self._hooks:
            self._hooks.pop().remove()
        self._working, self.plan = None, plan
        for name, part in self._parts.items():
            part.to(self._device if plan.placement is Placement.TOGETHER else _MAIN_MEMORY)
            if name in plan.layered:
                self._hooks += [hook for layer in part.modules() for hook in self._layer_hooks(layer)]
            elif plan.placement is not Placement.TOGETHER:
                self._hooks.append(part.register_forward_pre_hook(self._part_comes, with_kwargs=True))

    def spare(self) -> None:
        """Take less of the device from now on, for its memory ran out. In main memory alone there is nothing to do."""
        if self._device != _MAIN_MEMORY:
            self.follow(next_plan(self.plan, frozenset(self._parts)))

    def _layer_hooks(self, layer: nn.Module) -> tuple[RemovableHandle, RemovableHandle]:
        comes = layer.register_forward_pre_hook(self._layer_comes, with_kwargs=True)
        return comes, layer.register_forward_hook(self._layer_goes, always_call=True)

    def _part_comes(self, part: nn.Module, args: Any, kwargs: Any) -> Any:
        if part is not self._working:
            if self._working is not None:
                self._working.to(_MAIN_MEMORY)
            self._working = part.to(self._device)
        return self._brought(args), self._brought(kwargs)

    def _layer_comes(self, layer: Any, args: Any, kwargs: Any) -> Any:
        layer._apply(lambda own: own.to(self._device), recurse=False)
        return self._brought(args), self._brought(kwargs)

    def _layer_goes(self, layer: Any, args: Any, result: Any) -> None:
        layer._apply(lambda own: own.to(_MAIN_MEMORY), recurse=False)

    def _brought(self, value: Any) -> Any:
        """What a part is called with, on the device."""
        match value:
            case Tensor():
                return value.to(self._device)
            case dict():
                return {name: self._brought(each) for name, each in value.items()}
            case list() | tuple():
                return type(value)(self._brought(each) for each in value)
            case _:
                return value
