"""Training on a Ray cluster: Ray Train starts the processes, and starts them again where one was lost."""

import argparse
from collections.abc import Iterator
from typing import Any

from swapper.batch.ray_actors import join_cluster
from swapper.types import UserError
from trainers.training import configured, train

try:
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchTrainer
except ImportError as error:
    raise UserError("--ray: Ray Train is not installed. Run pip install 'swapper[cluster]'.") from error


def train_on_ray(args: argparse.Namespace) -> int:
    """Train one system in several processes of a cluster; returns the exit code.

    Every process needs the data and the run folder at the same path. When one is lost, all go on from the last
    checkpoint.

    Args:
        args: of ``add_training_arguments``, with ``ray``, ``workers`` and ``restarts``.

    Raises:
        UserError: the cluster cannot be reached or is too small, or a process has said what is wrong.
    """
    if args.workers < 1 or args.restarts < 0:
        raise UserError(f"--workers {args.workers} --restarts {args.restarts}: give 1 or more, and 0 or more.")
    configured(args)  # what is wrong with the settings is said before anything is started
    ours = join_cluster(args.ray, log=True)
    try:
        room = ray.cluster_resources()
        cards = int(room.get("GPU", 0)) if args.device != "cpu" else 0
        if cards and args.workers > cards:
            raise UserError(f"--workers {args.workers}: the cluster has {cards} graphics cards. Ask for as many.")
        cores = max(int(room.get("CPU", 1)) // cards, 1) if cards else 1
        trainer = TorchTrainer(
            _process,
            train_loop_config={"args": {**vars(args), "out": args.out.absolute(), "data": args.data.absolute()}},
            scaling_config=ScalingConfig(
                num_workers=args.workers,
                use_gpu=cards > 0,
                resources_per_worker={"CPU": cores, **({"GPU": 1} if cards else {})},
                placement_strategy="SPREAD",
            ),
            run_config=RunConfig(
                name=".ray",
                storage_path=str(args.out.absolute()),
                failure_config=FailureConfig(max_failures=args.restarts),
            ),
        )
        trainer.fit()
    except TrainingFailedError as error:
        said = next((cause for cause in _causes(error) if isinstance(cause, UserError)), None)
        raise said or UserError(f"--ray {args.ray}: the processes failed {args.restarts + 1} times. {error}") from error
    finally:
        if ours:
            ray.shutdown()
    return 0


def _process(settings: dict[str, Any]) -> None:
    """What each process does; Ray has told it and the others of each other."""
    args = argparse.Namespace(**settings["args"])
    args.auto_resume = True
    args.ray = None
    train(args)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it came from."""
    failures = getattr(error, "worker_failures", {})
    for one in [error, *(failures.values() if isinstance(failures, dict) else [])]:
        found: BaseException | None = one
        while found is not None:
            yield found
            inner = getattr(found, "cause", None)
            found = inner if isinstance(inner, BaseException) else found.__cause__
