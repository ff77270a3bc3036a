"""What every network can do beside computing: come from the Hub, and go there."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

N = TypeVar("N", bound="Pretrained")
_HUB = "swapper.hub.pretrained"  # does the work; imported when it is asked for, since networks need torch alone


class Pretrained:
    """The methods of the Hub's own mixin (``PyTorchModelHubMixin``), for networks that are built from a ``Config``.

    Attributes:
        crops: ``template`` and ``size`` of the faces that the network was trained on, and what else a swap with it
            needs (``registry.pipelines``); empty where nobody said.
        colour_range: that the network brings RGB in [0, 1] to before it computes: ``-1..1``, ``0..1``, ``imagenet``
            (its mean and deviation), or ``own`` for what no official network takes.
    """

    crops: Mapping[str, str] = MappingProxyType({})
    colour_range: str = "own"

    @classmethod
    def from_pretrained(
        cls: type[N],
        pretrained_model_name_or_path: str | Path,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        map_location: str = "cpu",
    ) -> N:
        """Build the network from its weights, verified and every tensor matched by name.

        Args:
            pretrained_model_name_or_path: a folder that ``save_pretrained`` wrote, the name of such a repository on the
                Hub, or the name of weights that ship with the project, such as ``ghost-lite``.
            revision: branch, tag or commit of the repository; its main branch when None.
            token: of the Hub; as the Hub's client finds it when None.
            cache_dir: where downloads are kept; where the Hub's client keeps them when None.
            force_download: even if it is there already.
            local_files_only: use what was downloaded before and ask no network.
            map_location: device the network is moved to.

        Returns:
            The network in float32, evaluating; call ``train()`` to go on training it.

        Raises:
            UserError: nothing is found under that name, it is damaged, or it holds another network.
        """
        return import_module(_HUB).load_pretrained(
            cls,
            pretrained_model_name_or_path,
            revision,
            map_location,
            token=token,
            cache_dir=None if cache_dir is None else Path(cache_dir),
            again=force_download,
            ask=not local_files_only,
        )

    def save_pretrained(self, save_directory: str | Path, *, crops: Mapping[str, str] | None = None) -> None:
        """Write a folder from which ``from_pretrained`` loads: weights, ``config.json``, and a card if there is none.

        Args:
            save_directory: made when missing.
            crops: ``template`` and ``size`` of the faces it takes; those of the attribute when None.
        """
        import_module(_HUB).save_pretrained(self, save_directory, crops=crops)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Add weights",
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        create_pr: bool | None = None,
    ) -> str:
        """Upload what ``save_pretrained`` writes.

        Args:
            repo_id: such as ``me/my-network``; made when missing.
            commit_message: of the commit.
            private: whether a new repository is; as the account has it when None.
            token: of the Hub; as the Hub's client finds it when None.
            branch: to commit to; the main one when None.
            create_pr: as a pull request.

        Returns:
            Address of the commit.

        Raises:
            UserError: the Hub does not take it.
        """
        options: dict[str, Any] = {"commit_message": commit_message, "private": private, "token": token}
        return import_module(_HUB).push_to_hub(self, repo_id, **options, branch=branch, create_pr=create_pr)
