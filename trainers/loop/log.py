"""What a run writes down while it trains."""

import json
from collections.abc import Mapping
from pathlib import Path

from trainers.loop.config import TrainingProgress


class Log:
    """Scalars of a run, as JSON lines and for TensorBoard, and one line on the terminal."""

    def __init__(self, folder: Path, active: bool):
        self.active = active
        if active:
            from torch.utils.tensorboard import SummaryWriter  # heavy, and of use to the main process only

            self.file = (folder / "log.jsonl").open("a", buffering=1)
            self.board = SummaryWriter(str(folder / "tensorboard"))

    def write(self, progress: TrainingProgress, row: Mapping[str, float]) -> None:
        """Add one row at the present number of images."""
        if not self.active:
            return
        place = {"step": progress.step, "kimg": round(progress.kimg, 3), "seconds": round(progress.seconds, 1)}
        self.file.write(json.dumps(place | {k: round(v, 6) for k, v in row.items()}) + "\n")
        for name, value in row.items():
            self.board.add_scalar(name, value, progress.step)
        shown = " ".join(f"{name} {value:.4g}" for name, value in row.items())
        print(f"{progress.kimg:9.1f} kimg {progress.seconds:7.0f} s  {shown}", flush=True)
