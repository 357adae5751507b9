"""The stage `student`: low-rank changes of the U-Net that walk the guided teacher's ways in a few unguided steps.

Plain regression, no teacher at hand: a step from where the teacher was must land where the teacher was some steps
later. For a share of the batches the student's own steps lead to where it starts from, as they will when it draws, so
that it learns to come back to the teacher's way (Ross et al. 2011, "DAgger", arXiv 1011.0686).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.func import functional_call

from studio.training import checkpoint, workers
from studio.training.channels import channel_weights
from studio.training.config import DefaultsConfig, StudentConfig, read
from studio.training.judge.figures import correlation
from studio.training.loop import Trainer
from studio.training.places import Places
from studio.training.shards import UInt8, Ways, WaysStore, to_pictures
from studio.training.sheets import write_sheet
from studio.training.ways import Level, all_levels, levels, load_unet, stepped, teacher_hash, walk, ways_folder

FILE = Path("draft") / "pytorch_lora_weights.safetensors"
"""Within the model's folder."""
TIMESTEP_SHIFT = 10
"""How much lower a timestep it is told for each step fewer than the most: so it knows how far a step is to lead."""
Weights = Mapping[str, Tensor]


class LowRank(nn.Module):
    """A change B·A of the weights of every linear and convolution of a U-Net; none at first."""

    def __init__(self, unet: UNet2DConditionModel, rank: int) -> None:
        """`rank` is less where a layer's own would be."""
        super().__init__()
        layers = {name: part for name, part in unet.named_modules() if isinstance(part, nn.Linear | nn.Conv2d)}
        self.layers = tuple(layers)
        self.downs, self.ups = nn.ParameterList(), nn.ParameterList()
        for part in layers.values():
            outputs, inputs = part.weight.shape[0], part.weight[0].numel()
            own = min(rank, outputs, inputs)
            self.downs.append(torch.randn(own, inputs) / inputs**0.5)
            self.ups.append(torch.zeros(outputs, own))

    def changed(self, unet: UNet2DConditionModel) -> dict[str, Tensor]:
        """The changed weights, by name."""
        given = {f"{name}.weight": unet.get_parameter(f"{name}.weight") for name in self.layers}
        pairs = zip(given.items(), self.ups, self.downs, strict=True)
        return {name: weight + (up @ down).view_as(weight) for (name, weight), up, down in pairs}

    @torch.no_grad()
    def take(self, tensors: Weights) -> None:
        """Go on from what `tensors` gave. Raises KeyError, RuntimeError where it was of another U-Net or rank."""
        for name, up, down in zip(self.layers, self.ups, self.downs, strict=True):
            for own, part in ((down, "A"), (up, "B")):
                own.copy_(tensors[f"unet.{name}.lora_{part}.weight"].flatten(1))

    def tensors(self, unet: UNet2DConditionModel) -> dict[str, Tensor]:
        """As a LoRA file has them, in diffusers' names: A as the layer's own weights with few outputs, fp16."""
        found = {}
        for name, up, down in zip(self.layers, self.ups, self.downs, strict=True):
            shape = unet.get_parameter(f"{name}.weight").shape
            found[f"unet.{name}.lora_A.weight"] = down.detach().half().reshape(-1, *shape[1:]).contiguous()
            found[f"unet.{name}.lora_B.weight"] = up.detach().half().reshape(*up.shape, *[1] * (len(shape) - 2))
        return found


class StudentTask:
    """Land where the teacher was."""

    def __init__(
        self,
        student: LowRank,
        unet: UNet2DConditionModel,
        config: StudentConfig,
        store: WaysStore,
        *,
        vae: AutoencoderKL,
        held_out: Ways,
    ) -> None:
        """`unet` and `vae` are the teacher's and stay as they are; `held_out` are ways for the reports."""
        self.modules = nn.ModuleDict({"student": student})
        self._unet, self._config, self._store, self._vae, self._held_out = unet, config, store, vae, held_out
        self._channels = channel_weights(vae, config.channel_power)
        self._kept, self._most = all_levels(config.steps), max(config.steps)
        unet.set_attn_processor(AttnProcessor())

    def batch(self, count: int, generator: torch.Generator) -> tuple[Ways, int]:
        """Ways for `count` steps or a few less, and in how many steps they are walked."""
        steps = self._config.steps[int(torch.randint(len(self._config.steps), (1,), generator=generator))]
        return self._store.sample(max(1, count // steps), generator), steps

    def loss(self, batch: tuple[Ways, int], generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """Squared distance of all landings, in units of the picture: as a share of what of x0 is there."""
        ways, steps = batch
        device = next(self.modules.parameters()).device
        nodes, told = levels(steps), ways.told.to(device)
        on_way = ways.latents[:, [self._kept.index(node) for node in nodes]].to(device)
        weights = self.modules["student"].changed(self._unet)
        starts = on_way[:, :-1]
        if float(torch.rand((), generator=generator)) < self._config.drift:
            starts = self._drifted(weights, on_way[:, 0], told, nodes)
        landed = self._landings(weights, starts, told, nodes)
        scale = torch.tensor([node.alpha for node in nodes[1:]], device=device).view(1, -1, 1, 1, 1)
        error = ((landed - on_way[:, 1:]) / scale).square().mean(dim=(0, 3, 4)) @ self._channels.to(device)
        return error.mean(), {}

    def predict(self, weights: Weights, latents: Tensor, timesteps: Tensor, told: Tensor, steps: int) -> Tensor:
        """The prediction v `(n, c, h, w)`, float32, for one of so many steps, by these weights in the U-Net."""
        told_so = {"encoder_hidden_states": told, "return_dict": False}
        shifted = timesteps - TIMESTEP_SHIFT * (self._most - steps)
        v: Tensor = functional_call(self._unet, dict(weights), (latents, shifted), told_so)[0]
        return v.float()

    def _landings(self, weights: Weights, starts: Tensor, told: Tensor, nodes: tuple[Level, ...]) -> Tensor:
        """Where a step from every start `(n, nodes - 1, c, h, w)` leads: all in one call of the U-Net."""
        count, steps = starts.shape[:2]
        timesteps = torch.tensor([node.timestep for node in nodes[:-1]], device=starts.device).repeat(count)
        v = self.predict(weights, starts.flatten(0, 1), timesteps, told.repeat_interleave(steps, 0), steps)
        pairs = zip(starts.unbind(1), v.view_as(starts).unbind(1), nodes, nodes[1:], strict=False)
        return torch.stack([stepped(*each) for each in pairs], dim=1)

    @torch.no_grad()
    def _drifted(self, weights: Weights, noises: Tensor, told: Tensor, nodes: tuple[Level, ...]) -> Tensor:
        """Where the student's own steps start from, `(n, nodes - 1, c, h, w)`."""

        def predict(latents: Tensor, timestep: int) -> Tensor:
            return self.predict(weights, latents, torch.tensor(timestep, device=latents.device), told, len(nodes) - 1)

        starts = [noises]
        for start, end in itertools.pairwise(nodes[:-1]):
            starts.append(stepped(starts[-1], predict(starts[-1], start.timestep), start, end))
        return torch.stack(starts, dim=1)

    @torch.no_grad()
    def report(self, average: nn.ModuleDict, sheet: Path) -> dict[str, float]:
        """How like the teacher's pictures those of the student are, from noises and words it has not seen."""
        device = next(average.parameters()).device
        noises, told = self._held_out.latents[:, 0].to(device), self._held_out.told.to(device)
        weights = average["student"].changed(self._unet)
        finals = self._decoded(self._held_out.latents[:, -1])
        rows, figures = [finals], dict[str, float]()

        for steps in self._config.steps:

            def predict(latents: Tensor, timestep: int, steps: int = steps) -> Tensor:
                with torch.autocast(device.type, torch.bfloat16):
                    return self.predict(weights, latents, torch.tensor(timestep, device=device), told, steps)

            rows.append(self._decoded(walk(predict, noises, steps, levels(steps)[-1:])[:, -1]))
            found = [correlation(*pair) for pair in zip(rows[-1], finals, strict=True)]
            figures |= {f"alike_{steps}": sum(found) / len(found), f"least_{steps}": min(found)}
        columns = min(8, len(finals))
        write_sheet(sheet, np.concatenate([row[:columns] for row in rows]), columns)
        return figures

    def _decoded(self, latents: Tensor) -> UInt8:
        """Pictures `(n, h, w, 3)`."""
        return to_pictures(torch.cat([self._vae.decode(part).sample for part in latents.cpu().split(4)]))


def train_student(places: Places) -> None:
    """Learn from the ways of the exported model; of other weights, a student learns anew or goes on from the last."""
    config = read(places.configs / "student.toml", StudentConfig)
    folder = ways_folder(places)
    store = WaysStore([folder / bucket for bucket in sorted(set(config.ways.buckets))])
    held_out = WaysStore([folder / "held-out"]).whole()
    unet = load_unet(places).to(workers.pick_device())
    vae = AutoencoderKL.from_pretrained(places.model / "vae", local_files_only=True, low_cpu_mem_usage=False).eval()
    torch.manual_seed(config.loop.seed)
    student, last = LowRank(unet, config.rank), places.model / FILE
    if config.start_from_model and last.exists():
        student.take(load_file(last))
    task = StudentTask(student, unet, config, store, vae=vae, held_out=held_out)
    print(f"student: {len(store)} ways", flush=True)
    folder = places.run(f"student-{teacher_hash(places)[:12]}")
    trainer = Trainer(task, config.loop, folder)
    trainer.run()
    if trainer.is_first:
        student = LowRank(unet, config.rank)
        checkpoint.load_average(folder / "checkpoint.pt", nn.ModuleDict({"student": student}))
        export_student(places, config, student, unet)


def export_student(places: Places, config: StudentConfig, student: LowRank, unet: UNet2DConditionModel) -> None:
    """Write the student into the folder of the exported model, with what it is a student of."""
    facts = {
        "format": "pt",
        "made_for": teacher_hash(places),
        "guidance": f"{read(places.configs / 'defaults.toml', DefaultsConfig).guidance:g}",
        "steps": ",".join(map(str, config.steps)),
        "timestep_shift": str(TIMESTEP_SHIFT),
    }
    path = places.model / FILE
    path.parent.mkdir(exist_ok=True)
    save_file(student.tensors(unet), path, facts)
    path.chmod(0o644)
