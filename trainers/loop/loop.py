"""The one training loop: every trainer gives it networks, phases and losses; it alone steps optimisers."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, convert_to_fp32, set_seed
from PIL import Image
from safetensors.torch import load_file
from torch import Generator, Tensor, nn
from torch.optim.swa_utils import AveragedModel

from swapper import hub
from swapper.runtime.memory import keep_freed_memory
from swapper.runtime.program import StopRequest, stop_requests
from trainers.data.stream import Share
from trainers.loop.averaging import ramped_average
from trainers.loop.checkpoint import load_checkpoint, save_checkpoint, weights_file
from trainers.loop.config import STEP_FORMATS, LoopConfig, StepFormat, TrainingProgress
from trainers.loop.flops import FlopCount
from trainers.loop.gemm import gemm_peak
from trainers.loop.log import Log
from trainers.loop.trainer import Batch, Phase, Trainer

_MOST_KEPT = (1 << 31) - 1  # bytes: a step frees and takes all it holds


class Run:
    """A trainer being trained: owns devices, optimisers, averages, checkpoints and the log.

    Attributes:
        stop: whether somebody asked ``train`` to end; the run has kept what it had then.
    """

    def __init__(self, trainer: Trainer, config: LoopConfig):
        """Move, wrap and count everything; nothing is trained yet."""
        self.trainer, self.config, self.stop = trainer, config, StopRequest()
        # Copying buffers between processes at each call would spoil those that a second call's backward still needs.
        wrapping = DistributedDataParallelKwargs(broadcast_buffers=False)
        self.accelerator = Accelerator(mixed_precision="no", cpu=config.device == "cpu", kwargs_handlers=[wrapping])
        self.device = self.accelerator.device
        # On the side of what graphics cards exchange, so that they need not be waited for.
        self._talk = torch.distributed.new_group(backend="gloo") if self.accelerator.num_processes > 1 else None
        set_seed(config.seed)
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
            torch.backends.cudnn.benchmark = True
        if self.device.type == "cpu":
            keep_freed_memory(_MOST_KEPT)
        self.bare = dict(trainer.networks)
        for network in [*self.bare.values(), *trainer.frozen.values()]:
            network.to(device=self.device)
        self._set_format(StepFormat(config.bf16, config.channels_last))
        if config.start:
            self._start_from(config.start)
        decay = 0.5 ** (config.batch / 1000 / config.ema_kimg)
        self.averages = {
            name: AveragedModel(self.bare[name], multi_avg_fn=ramped_average(decay), use_buffers=True)
            for name in trainer.averaged
        }
        self.trainable = {name: [p for p in net.parameters() if p.requires_grad] for name, net in self.bare.items()}
        self.optimizers = {phase.name: self._optimizer(phase) for phase in trainer.phases if not phase.optimizer}
        for name, network in self.bare.items():
            prepared = self.accelerator.prepare(torch.compile(network) if config.compile else network)
            prepared.register_forward_hook(_in_float32)
            trainer.networks[name] = prepared
        self.progress = TrainingProgress()
        self.flops = 0.0

    def _set_format(self, step_format: StepFormat) -> None:
        """Lay the networks out in memory, and remember the precision."""
        self.format = step_format
        layout = torch.channels_last if step_format.channels_last else torch.contiguous_format
        for network in [*self.bare.values(), *self.trainer.frozen.values()]:
            network.to(memory_format=layout)  # type: ignore[call-overload]

    def _start_from(self, source: str) -> None:
        """Load published weights into the network that is averaged."""
        (name,) = self.trainer.averaged
        self.bare[name].load_state_dict(load_file(weights_file(source)))

    def choose_format(self, formats: Sequence[StepFormat] = STEP_FORMATS) -> dict[StepFormat, float]:
        """Train on in the precision and memory layout whose step is fastest here.

        CPUs without bfloat16 units emulate it: convolutions then take up to fifteen times as long.

        Args:
            formats: what to try.

        Returns:
            Seconds that a step's forward and backward passes take in each.
        """
        seconds = {}
        with self._undone():
            for step_format in formats:
                self._set_format(step_format)
                self._try_step()  # the first one also picks the library's kernels
                start = time.perf_counter()
                self._try_step()
                seconds[step_format] = time.perf_counter() - start
        self._set_format(min(seconds, key=seconds.__getitem__))
        return seconds

    def _optimizer(self, phase: Phase) -> torch.optim.Optimizer:
        parameters = [p for name in phase.trained for p in self.trainable[name]]
        optimizer = torch.optim.AdamW(
            parameters, lr=phase.lr, betas=phase.betas, weight_decay=phase.weight_decay, fused=True
        )
        return self.accelerator.prepare(optimizer)

    @property
    def published(self) -> dict[str, nn.Module]:
        """The networks to look at and to ship: averages where kept, else as trained."""
        averaged = {name: average.module for name, average in self.averages.items()}
        return {**self.bare, **averaged}

    def plan(self) -> Batch:
        """The rows of this step's batch that belong to this process; depends on seed, step and process only."""
        index = 0 if self.config.overfit else self.progress.step
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        if self.trainer.supply is not None:
            self.trainer.supply.go_to(index, self.config.batch, Share(rank, world))
        generator = Generator().manual_seed(hash((self.config.seed, index)) % 2**63)
        plan = self.trainer.draw(generator, self.config.batch)
        return {name: rows.tensor_split(world)[rank] for name, rows in plan.items()}

    def step(self) -> dict[str, Tensor]:
        """One training step: every phase that is due, then the averages."""
        torch.manual_seed(hash((self.config.seed, self.progress.step, self.accelerator.process_index)) % 2**63)
        batch = self.trainer.batch(self.plan(), self.device, self.progress.kimg)
        terms: dict[str, Tensor] = {}
        rate = self.config.rate(self.progress.kimg)
        for phase in self.trainer.phases:
            if self.progress.step % phase.interval == 0 and self.progress.kimg >= phase.begins:
                terms |= self._phase(phase, batch, rate)
        for name, average in self.averages.items():
            average.update_parameters(self.bare[name])
        self.progress.step += 1
        self.progress.kimg += self.config.batch / 1000
        return terms

    def _phase(self, phase: Phase, batch: Batch, rate: float) -> dict[str, Tensor]:
        optimizer = self.optimizers[phase.optimizer or phase.name]
        for group in optimizer.param_groups:
            group["lr"] = phase.lr * rate
        loss, terms = self._gradients(phase, batch)
        if self.config.clip and phase.clip:
            norm = self.accelerator.clip_grad_norm_(
                [p for name in phase.trained for p in self.trainable[name]], self.config.clip
            )
            terms = terms | {f"{phase.name}_grad": torch.as_tensor(norm)}
        optimizer.step()
        optimizer.zero_grad()
        return {f"{phase.name}_loss": loss.detach()} | {name: term.detach() for name, term in terms.items()}

    def _gradients(self, phase: Phase, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """A phase's loss and terms; its networks have their gradients afterwards."""
        for name, network in self.bare.items():
            network.train()
            for parameter in self.trainable[name]:
                parameter.requires_grad_(name in phase.trained)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.format.bf16):
            loss, terms = self.trainer.loss(phase.name, batch)
        self.accelerator.backward(loss)
        return loss, terms

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Take back what forward and backward passes within leave behind: gradients and running statistics."""
        kept = {name: {k: v.clone() for k, v in network.state_dict().items()} for name, network in self.bare.items()}
        yield
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        for name, network in self.bare.items():
            network.load_state_dict(kept[name])

    def _try_step(self) -> float:
        """Forward and backward passes of a mean step without its update, and their arithmetic."""
        batch = self.trainer.batch(self.plan(), self.device, self.progress.kimg)
        total = 0.0
        for phase in self.trainer.phases:
            with FlopCount() as counter:
                self._gradients(phase, batch)
            total += counter.total / phase.interval
        return total

    def count_flops(self) -> None:
        """Count a mean step's arithmetic (forward and backward)."""
        with self._undone():
            self.flops = self._try_step()

    def save(self) -> None:
        """Write a checkpoint, from the main process only."""
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            save_checkpoint(self.config.out, self.bare, self.averages, self.optimizers, vars(self.progress))

    def keep(self) -> None:
        """Write the averages as weights files of their own, ``kept/NETWORK-KIMG.safetensors``."""
        kimg = self.progress.kimg
        if self.accelerator.is_main_process:
            for name, average in self.averages.items():
                path = self.config.out / "kept" / f"{name}-{kimg:08.2f}.safetensors"
                hub.save(average.module, path, extra={"kimg": str(kimg)})

    def _due(self, every: float) -> bool:
        """Whether the last step passed a multiple of ``every`` thousand images."""
        kimg = self.progress.kimg
        return int(kimg / every) != int((kimg - self.config.batch / 1000) / every)

    def resume(self) -> None:
        """Continue from the run folder's checkpoint, exactly where it stopped."""
        state = load_checkpoint(self.config.out, self.bare, self.averages, self.optimizers)
        self.progress = TrainingProgress(**state)

    def train(self) -> TrainingProgress:
        """Train until the run is complete, the time budget is spent or the process is asked to end."""
        with stop_requests() as self.stop:
            return self._train()

    def _train(self) -> TrainingProgress:
        config, start = self.config, time.monotonic()
        config.out.mkdir(parents=True, exist_ok=True)
        log = Log(config.out, self.accelerator.is_main_process)
        peak = gemm_peak(self.device)
        if not config.compile:
            self.count_flops()
        began, saved, mark, before = self.progress.seconds, start, start, self.progress.kimg
        stopped = False
        while self.progress.kimg < config.kimg:
            spent = time.monotonic() - start >= config.time_budget
            stopped, spent, due = self._agreed(
                self.stop.number is not None, spent, time.monotonic() - saved > config.save_every
            )
            if stopped or spent:
                break
            if due:
                self.save()
                saved = time.monotonic()
            terms = self.step()
            now = time.monotonic()
            self.progress.seconds = began + now - start
            if self.progress.step % config.log_every == 0 or self.progress.step == 1:
                speed = (self.progress.kimg - before) * 1000 / max(now - mark, 1e-9)
                row = {name: float(value) for name, value in terms.items()}
                row |= {"img_s": speed, "gemm_share": speed / config.batch * self.flops / peak}
                self.progress.first = self.progress.first or row
                self.progress.last = row
                log.write(self.progress, row)
                mark, before = time.monotonic(), self.progress.kimg
            self._evaluate_when_due(log)
            if config.keep_every and self._due(config.keep_every):
                self.keep()
        if not stopped:
            self._evaluate_when_due(log, force=True)
        self.save()
        return self.progress

    def _agreed(self, *wishes: bool) -> list[bool]:
        """What any of the processes wishes for: each has its own clock and signals, but all must do the same."""
        if self._talk is None:
            return list(wishes)
        said = torch.tensor(wishes, dtype=torch.int32)
        torch.distributed.all_reduce(said, torch.distributed.ReduceOp.MAX, group=self._talk)
        return said.bool().tolist()

    def _evaluate_when_due(self, log: Log, force: bool = False) -> None:
        """Write sample grids and scores when they are due."""
        config, kimg = self.config, self.progress.kimg
        if not self.accelerator.is_main_process or (config.overfit and not force):
            return
        networks = self.published
        due = [force or self._due(every) for every in (config.sample_every, config.evaluate_every)]
        if any(due):
            for network in networks.values():
                network.eval()
        with torch.inference_mode():
            if due[0]:
                Image.fromarray(self.trainer.samples(networks)).save(config.out / f"samples-{int(kimg):06d}.png")
            if due[1]:
                log.write(self.progress, {f"val_{k}": v for k, v in self.trainer.evaluate(networks).items()})


def _in_float32(_module: nn.Module, _arguments: object, result: object) -> object:
    """Networks answer in float32 whatever they compute in, so that losses lose nothing."""
    return convert_to_fp32(result)
