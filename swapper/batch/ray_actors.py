"""Workers that are actors of a Ray cluster: Ray places them, notices when one dies, and adds machines where it can."""

import logging
from collections.abc import Iterable
from typing import Any

from swapper.batch.replies import Reply, Said, Setup, attempt
from swapper.errors import UserError
from swapper.runtime.memory import keep_freed_memory
from swapper.runtime.proxies import settle_proxies
from swapper.runtime.threads import environment_of_threads, limit_threads

try:
    import ray
    from ray.exceptions import RayError
except ImportError as error:
    raise UserError("--ray: Ray is not installed. Run pip install 'swapper[cluster]', or leave --ray out.") from error

LOCAL = "local"
DIED = (
    "Its worker was lost ({how}). Is there enough memory, and are all machines of the cluster up? Run the same again."
)


def join_cluster(address: str, log: bool = False) -> bool:
    """Join a cluster, unless this process belongs to one already.

    Args:
        address: as ``ray.init`` takes it; ``local`` starts Ray on this machine.
        log: show here what other processes print.

    Returns:
        Whether it was joined now, so that the caller has to leave it.

    Raises:
        UserError: it cannot be reached.
    """
    if ray.is_initialized():
        return False
    try:
        quiet: dict[str, Any] = {"include_dashboard": False} if address == LOCAL else {}
        ray.init(address=address, log_to_driver=log, logging_level=logging.ERROR, **quiet)
    except (ConnectionError, ValueError, RuntimeError, RayError) as error:
        lines = str(error).splitlines() or ["no reason given"]
        raise UserError(f"--ray {address}: the cluster cannot be reached ({lines[0]}). Check it.") from error
    return True


class _Actor:
    """What runs in a process of the cluster; ``told`` is answered while ``run`` is busy."""

    def __init__(self, setup: Setup, threads: int):
        limit_threads(threads)
        keep_freed_memory()
        settle_proxies()
        self._work, self._share = setup(), 0.0

    def run(self, task: Any) -> Reply:
        self._share = 0.0
        return attempt(self._work, task, self._tell)

    def told(self) -> float:
        return self._share

    def _tell(self, share: float) -> None:
        self._share = share


class RayActors:
    """A pool, as ``replies.Pool`` describes it, of actors that each hold a core or a graphics card.

    Attributes:
        most: how many actors there may be.
    """

    def __init__(self, setup: Setup, address: str, workers: int | None = None, gpu: bool | None = None):
        """Join a cluster, unless this process belongs to one already.

        Args:
            setup: makes what an actor does.
            address: as ``ray.init`` takes it; ``local`` starts Ray on this machine.
            workers: how many actors; what the cluster has room for when None.
            gpu: each holds a graphics card, or a share of one where there are more actors than cards; if there are any
                when None.

        Raises:
            UserError: the cluster cannot be reached, or it has no graphics card where one is needed.
        """
        self._ours = join_cluster(address)
        room = ray.cluster_resources()
        cores, cards = int(room.get("CPU", 1)), int(room.get("GPU", 0))
        if gpu and not cards:
            self.close()
            raise UserError(f"--ray {address}: the cluster has no graphics card. Add --device cpu.")
        gpu = cards > 0 if gpu is None else gpu
        self.most = workers or max(cards if gpu else cores, 1)
        held = {"num_gpus": min(cards / self.most, 1)} if gpu else {"num_cpus": 1}
        environment = {"env_vars": environment_of_threads(1)}  # numpy asks for it but once, before an actor is there
        self._class = ray.remote(_Actor).options(max_concurrency=2, runtime_env=environment, **held)
        self._setup = setup
        self._actors: dict[int, Any] = {}
        self._running: dict[Any, int] = {}
        self._asked: dict[Any, int] = {}
        self._started = 0

    def start(self) -> int:
        """As of ``Pool``."""
        number, self._started = self._started, self._started + 1
        self._actors[number] = self._class.remote(self._setup, 1)
        return number

    def send(self, worker: int, task: Any) -> None:
        """As of ``Pool``."""
        self._running[self._actors[worker].run.remote(task)] = worker

    def wait(self) -> Iterable[Said]:
        """As of ``Pool``."""
        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=1.0)
        for future in ready:
            worker = self._running.pop(future)
            self._asked = {question: asked for question, asked in self._asked.items() if asked != worker}
            yield worker, self._reply(worker, future)
        if not ready:
            yield from self._progress()

    def alive(self, worker: int) -> bool:
        """As of ``Pool``."""
        return worker in self._actors

    def release(self, worker: int) -> None:
        """As of ``Pool``."""
        ray.kill(self._actors.pop(worker))

    def close(self) -> None:
        """As of ``Pool``."""
        for worker in list(getattr(self, "_actors", {})):
            self.release(worker)
        if self._ours:
            ray.shutdown()

    def _reply(self, worker: int, future: Any) -> Reply:
        try:
            return ray.get(future)
        except RayError as error:
            self.release(worker)
            last = [line.strip() for line in str(error).splitlines() if line.strip()][-1:]
            return Reply(error=DIED.format(how=": ".join([type(error).__name__, *last])), certain=False)

    def _progress(self) -> Iterable[Said]:
        """Answers of workers that were asked a while ago; those with none on its way are asked again."""
        answered, _ = ray.wait(list(self._asked), num_returns=len(self._asked), timeout=0) if self._asked else ([], [])
        for question in answered:
            worker = self._asked.pop(question)
            try:
                yield worker, float(ray.get(question))
            except RayError:
                continue  # it died, which its task will say
        waiting = set(self._asked.values())
        for worker in set(self._running.values()) - waiting:
            self._asked[self._actors[worker].told.remote()] = worker
