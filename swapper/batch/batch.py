"""A batch: what of it is left to do, doing that, and an account of it."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from swapper.batch.account import Account, Line
from swapper.batch.engine import Ended, Engine, Told, run_tasks
from swapper.batch.job import Job
from swapper.batch.places import working_folder
from swapper.batch.swapping import JobResult, Swapping
from swapper.provenance.settings import MarkSettings
from swapper.runtime.finished import seal
from swapper.runtime.outputs import claim_outputs
from swapper.version import __version__


@dataclass(frozen=True)
class BatchState:
    """Where a batch is.

    Attributes:
        total: jobs.
        before: of them, those that an earlier run has finished.
        done: finished by this run.
        failed: that ended without a result.
        share: of the jobs of this run that is done, those under way included, 0 to 1.
        line: of the job that has just ended; None where one has only gone on.
    """

    total: int
    before: int
    done: int
    failed: int
    share: float
    line: Line | None = None


def run_batch(
    jobs: Sequence[Job],
    folder: Path,
    engine: Engine,
    *,
    device: str = "auto",
    marks: MarkSettings | None = None,
    overwrite: bool = False,
    show: Callable[[BatchState], object] = lambda _state: None,
) -> BatchState:
    """Do what is missing or has failed.

    Args:
        jobs: all of them; names and outputs differ.
        folder: of the results; it is made where there is none.
        engine: where jobs run.
        device: as of ``FaceSwapper``, in each worker.
        marks: how the results say that they were swapped; those of the environment when None.
        overwrite: files that this batch has not made are replaced, and what it has finished before is made again.
        show: called once at the start, whenever a job ends, and about twice a second for jobs that take long.

    Returns:
        How it ended.

    Raises:
        UserError: an output is an input or exists already, or the folder cannot be written to.
    """
    folder, marks = folder.absolute(), marks or MarkSettings.from_environment()
    with Account.opened(folder) as account:
        left = [job for job in jobs if overwrite or not _is_done(job, account, marks)]
        left.sort(key=_kind)
        fresh = [job.output for job in left if not working_folder(folder, job.name).exists()]
        claim_outputs(fresh, {photo for job in jobs for photo in job.inputs}, overwrite)
        account.begin(job.name for job in left)
        state = BatchState(len(jobs), len(jobs) - len(left), 0, 0, 0.0)
        show(state)
        shares = dict.fromkeys(range(len(left)), 0.0)
        for event in run_tasks(engine, partial(Swapping, folder, device, marks), left):
            line = None
            if isinstance(event, Ended):
                job = left[event.index]
                line = _line(job, folder, event, marks)
                account.add(line)
                shutil.rmtree(working_folder(folder, job.name), ignore_errors=True)
            shares[event.index] = event.share if isinstance(event, Told) else 1.0
            state = _next(state, line, sum(shares.values()) / len(left))
            show(state)
        return state


def _kind(job: Job) -> tuple[bool, str, str, str]:
    """Jobs that need the same networks come together, and those that take long come first."""
    said = job.settings
    return not job.moving, said.method or "", said.weights or "", said.restore or ""


def _next(state: BatchState, line: Line | None, share: float) -> BatchState:
    done, failed = state.done, state.failed
    if line is not None:
        done, failed = (done, failed + 1) if line.error else (done + 1, failed)
    return BatchState(state.total, state.before, done, failed, share, line)


def _line(job: Job, folder: Path, event: Ended, marks: MarkSettings) -> Line:
    output = job.output.relative_to(folder).as_posix()
    if event.error is not None:
        error = event.error
        return Line(job.name, "failed", str(job.target), output, attempts=event.attempts, error=error)
    result: JobResult = event.value
    return Line(
        job.name,
        "done",
        str(job.target),
        output,
        round(result.seconds, 3),
        result.faces,
        result.frames,
        event.attempts,
        tuple(result.warnings),
        seal=seal(_described(job, marks), job.output, job.target),
    )


def _is_done(job: Job, account: Account, marks: MarkSettings) -> bool:
    """Whether a result is as this job has left it."""
    line = account.lines.get(job.name)
    with suppress(OSError):
        return line is not None and line.seal == seal(_described(job, marks), job.output, job.target)
    return False


def _described(job: Job, marks: MarkSettings) -> dict[str, object]:
    return {**job.described(), "marks": [marks.mark, marks.label], "version": __version__}
