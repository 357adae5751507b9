"""A small U-Net without its Python: recorded once for a size, and replayed at every step.

diffusers' modules take about a fifth of a small model's step on a CPU in Python and dispatch alone. What is replayed
are the same operations of torch in the same order, so the result is the same.
"""

import warnings
from collections import OrderedDict
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from studio.engine.attention import CrossAttention, cross_attentions
from studio.engine.packing import PackedConvolution, is_small_on_cpu, pack, packable, unpack

CALLS_BEFORE = 24
"""Calls of one size before it is recorded: a picture of another size made in passing is not worth it."""
RECORDINGS_MAX = 4
"""Recordings kept, by size; a recording holds no weights of its own."""

_Size: TypeAlias = tuple[torch.Size, torch.Size, torch.dtype]


class TracedUNet:
    """Calls a U-Net, by a recording where there is one.

    A recording refers to the model's own weights, so that adapters which change them in place change it too. Whoever
    replaces parameters or modules must `drop` the recordings.
    """

    def __init__(self, unet: Any) -> None:
        """`unet` is loaded and on its device."""
        self._unet = unet
        self._crossing = cross_attentions(unet)
        self._may_trace = self._crossing is not None and is_small_on_cpu(unet)
        self._convolutions = packable(unet) if self._may_trace else ()
        self._calls: OrderedDict[_Size, int] = OrderedDict()
        self._traced: OrderedDict[_Size, Any] = OrderedDict()

    def __call__(self, z: Tensor, timestep: Tensor, tokens: Tensor) -> Tensor:
        """The prediction (B, C, h, w) for `z` at `timestep` (scalar), told `tokens` (B, tokens, width)."""
        if not self._may_trace:
            return self._plainly(z, timestep, tokens)
        pack(self._convolutions, lambda: self._plainly(z, timestep, tokens))
        traced = self._recording(z, timestep, tokens)
        if traced is None:
            return self._plainly(z, timestep, tokens)
        prediction: Tensor = traced(z, timestep, *self._told(tokens))
        return prediction

    def prepare(self, z: Tensor, timestep: Tensor, tokens: Tensor) -> None:
        """Record now, where the U-Net may be recorded, for calls of this size."""
        if self._may_trace:
            pack(self._convolutions, lambda: self._plainly(z, timestep, tokens))
            self._calls[z.shape, tokens.shape, timestep.dtype] = CALLS_BEFORE
            self._recording(z, timestep, tokens)

    @property
    def may_record(self) -> bool:
        """Whether it is worth to record this U-Net, and possible."""
        return self._may_trace

    @property
    def recordings(self) -> int:
        """How many sizes are recorded."""
        return len(self._traced)

    def drop(self) -> None:
        """Forget every recording; for whoever changes the U-Net by other means than in its weights' own storage."""
        self._traced.clear()
        self._calls.clear()
        for each in self._convolutions:
            unpack(each)

    def _plainly(self, z: Tensor, timestep: Tensor, tokens: Tensor) -> Tensor:
        prediction: Tensor = self._unet(z, timestep, encoder_hidden_states=tokens, return_dict=False)[0]
        return prediction

    def _recording(self, z: Tensor, timestep: Tensor, tokens: Tensor) -> Any | None:
        size = (z.shape, tokens.shape, timestep.dtype)
        if size not in self._traced:
            self._calls[size] = self._calls.get(size, 0) + 1
            if self._calls[size] <= CALLS_BEFORE:
                return None
            try:
                self._traced[size] = self._record(z, timestep, tokens)
            except RuntimeError:  # an operation that torch cannot record on this machine: it never will
                self._may_trace = False
                return None
        self._traced.move_to_end(size)
        while len(self._traced) > RECORDINGS_MAX:
            self._calls.pop(self._traced.popitem(last=False)[0], None)
        return self._traced[size]

    def _told(self, tokens: Tensor) -> list[Tensor]:
        """What a recording is told beside `z` and the timestep: see `_Told`."""
        assert self._crossing is not None
        pairs = [processor.keys_and_values(attention, tokens) for attention, processor in self._crossing]
        packed = [each.packed for each in self._convolutions if each.packed is not None]
        return [*packed, *(each for pair in pairs for each in pair)]

    def _record(self, z: Tensor, timestep: Tensor, tokens: Tensor) -> Any:
        assert self._crossing is not None
        module = _Told(self._unet, self._crossing, self._convolutions, tokens.shape).eval()
        given = (z, timestep, *self._told(tokens))
        trace: Any = torch.jit.trace  # torch does not say its types
        with warnings.catch_warnings():
            # torch says which of diffusers' branches it took for good: those on sizes, which are this recording's own.
            warnings.simplefilter("ignore")
            return trace(module, given, check_trace=False)


class _Told(nn.Module):
    """A U-Net that is told what stays the same from call to call, so that its recording holds nothing of it.

    These are the packed weights of its convolutions, and the keys and values of its cross-attentions, in place of the
    embeddings they are made of.
    """

    def __init__(
        self, unet: Any, crossing: tuple[CrossAttention, ...], packed: tuple[PackedConvolution, ...], tokens: torch.Size
    ) -> None:
        super().__init__()
        self.unet, self._crossing, self._packed, self._tokens = unet, crossing, packed, tokens

    def forward(self, z: Tensor, timestep: Tensor, *told: Tensor) -> Tensor:
        own = [each.packed for each in self._packed]
        keys_and_values = told[len(own) :]
        for convolution, weights in zip(self._packed, told, strict=False):
            convolution.packed = weights
        pairs = zip(keys_and_values[::2], keys_and_values[1::2], strict=True)
        for (_, processor), pair in zip(self._crossing, pairs, strict=True):
            processor.given = pair
        try:
            prediction: Tensor = self.unet(
                z, timestep, encoder_hidden_states=z.new_zeros(self._tokens), return_dict=False
            )[0]
        finally:
            for _, processor in self._crossing:
                processor.given = None
            for convolution, packed in zip(self._packed, own, strict=True):
                convolution.packed = packed
        return prediction
