"""What commands share: the group's settings, the store they mean, and the options of every reading verb."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import UsageError
from ..progress import Progress, silent
from ..schemas.format import FORMAT_VERSION
from .output import safe
from .progress import Seen, bar

if TYPE_CHECKING:
    from ..api import Store
    from ..store.activity import Reporter

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Settings:
    """The options of the group: which store, and how much to say."""

    store: str | None
    quiet: bool
    _seen_by: list[Reporter] = field(default_factory=list, repr=False, compare=False)

    def open(self, *, create: bool = False) -> Store:
        """Return the store that the command means."""
        from ..api import open as open_store
        from ..store.activity import Reporter

        store = open_store(self.store, create=create)
        if store.migrated_from is not None:
            told = f"{safe(store.place)} was of format version {store.migrated_from}, it is of {FORMAT_VERSION} now"
            click.echo(told, err=True)
        if not self._seen_by:
            verb = click.get_current_context()
            reporter = Reporter(store.path, verb.command_path.removeprefix(verb.find_root().command_path).strip())
            verb.with_resource(closing(reporter))
            self._seen_by.append(reporter)
        return store

    def on(self, ray: str | None, *, create: bool = False) -> AbstractContextManager[Store]:
        """Return the store that the command means, worked on by the cluster of --ray where that is said."""
        return self.open(create=create).on(ray, self.progress)

    @property
    def progress(self) -> Progress:
        """How long work reports: a bar on a terminal, a line now and then elsewhere, nothing with --quiet.

        Other processes see it in the store that the command opened, be it before or after.
        """
        return Seen(silent if self.quiet else bar(), self._seen_by)


def reads(command: F) -> F:
    """Add --view, --where and --json."""
    command = as_json(command)
    command = click.option(
        "--where", metavar="SQL", help="Only clips that this filter selects, as in \"split = 'train'\"."
    )(command)
    return click.option("--view", metavar="NAME[@VERSION]", help="Only clips that this view keeps.")(command)


def as_json(command: F) -> F:
    """Add --json."""
    return click.option("--json", "json_", is_flag=True, help="Print one JSON object.")(command)


def of_space(command: F) -> F:
    """Add --space."""
    return click.option("--space", metavar="NAME", help="The space, or its encoder [default: the newest].")(command)


def of_clustering(command: F) -> F:
    """Add the settings of pruning.clustering.config.ClusterConfig; those not given are None."""
    options = [
        click.option("--algorithm", type=click.Choice(["hdbscan", "kmeans"]), help="[default: hdbscan]"),
        click.option("--min-cluster-size", type=click.IntRange(2), help="HDBSCAN [default: 10]."),
        click.option("--min-samples", type=click.IntRange(1), help="HDBSCAN [default: 5]."),
        click.option(
            "--method", type=click.Choice(["eom", "leaf"]), help="HDBSCAN: excess of mass or leaves [default: eom]."
        ),
        click.option(
            "--epsilon", type=click.FloatRange(0, 2), help="HDBSCAN: no splits below this distance [default: 0]."
        ),
        click.option(
            "--allow-single-cluster", is_flag=True, default=None, help="HDBSCAN: all clips may be one cluster."
        ),
        click.option(
            "--approximate",
            is_flag=True,
            default=None,
            help="HDBSCAN of very many clips; how far it agrees with exact is measured on a sample.",
        ),
        click.option("--clusters", type=click.IntRange(1), metavar="K", help="K-Means: how many."),
        click.option("--seed", type=click.IntRange(0), help="[default: 0]"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def on_cluster(command: F) -> F:
    """Add --ray."""
    return click.option(
        "--ray",
        is_flag=False,
        flag_value="",
        metavar="[ADDRESS]",
        help="On a Ray cluster: HOST:PORT, ray://HOST:PORT, auto, or without one $RAY_ADDRESS, else what this machine "
        "is a node of, else its own cores (docs/ray.md).",
    )(command)


def assigned(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Return what the KEY=VALUE of --set options say. Raises UsageError."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        found = OmegaConf.to_container(OmegaConf.from_dotlist(list(assignments)))
    except (OmegaConfBaseException, ValueError) as error:
        raise UsageError(f"--set takes KEY=VALUE: {error}") from error
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}


def numbers_of_segments(text: str, whole: int | None = None) -> tuple[int, ...]:
    """Return what --lengths says; whole: what "all" is to mean, None where there is no such word. Raises UsageError."""
    words = {} if whole is None else {"all": whole}
    try:
        return tuple(words[part] if part in words else int(part) for part in text.replace(",", " ").split())
    except ValueError:
        such = "numbers of segments, or all, such as '1 2 all'" if words else "numbers of segments such as '1 3 5'"
        raise UsageError(f"--lengths takes {such}, not {text[:80]!r}") from None
