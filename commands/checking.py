"""check, repair: whether what is on the disk is what was written, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ..errors import EXIT_BAD_FILES, Damaged, NotFound
from ..schemas.finding import Damage
from .options import Settings, as_json
from .output import SHOWN_PROBLEMS, print_json, print_more, print_table, safe

if TYPE_CHECKING:
    from ..api import Store
    from ..schemas.finding import CheckReport, Finding


def share(text: str) -> float:
    """Return the share that "5%" or "0.05" means, above 0 and up to 1. Raises click.BadParameter."""
    text = text.strip()
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise click.BadParameter(f"{text!r} is no share: give 5% or 0.05")
    return found


@click.command()
@click.option("--data", is_flag=True, help="Also read every row, blob, index and checkpoint and compare its sums.")
@click.option("--sample", type=share, metavar="5%", help="Read this share of the rows, other ones each day.")
@click.option("--sources", is_flag=True, help="Also look whether the audio files are there; with --data, read them.")
@as_json
@click.pass_context
def check(context: click.Context, /, data: bool, sample: float | None, sources: bool, json_: bool) -> int:
    """Find what is wrong with the store: files that are missing or left over, keys that are there twice, views,
    clusterings, indexes and runs that are not whole. Nothing is changed.

    Ends with 5 where something that was written is lost or altered, else with 3 where audio files are missing or are
    not those that were added, else with 0: what is merely stale or left over is told, too.

    \b
    Example:
      echodex check
      echodex check --data --sample 5%
    """
    settings: Settings = context.obj
    store = _store(settings)
    report = store.check(
        data=data or sample is not None, sample=sample or 1.0, sources=sources, progress=settings.progress
    )
    if json_:
        print_json({"path": report.path, "damaged": report.damaged, "rows": report.rows, "findings": report.findings})
    else:
        _print_findings(report.findings)
        click.echo(_summary(report))
    if report.damaged:
        return Damaged.exit_code
    return EXIT_BAD_FILES if report.sources else 0


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@as_json
@click.pass_context
def repair(context: click.Context, /, dry_run: bool, json_: bool) -> int:
    """Mend what `check --data` finds. Indexes, graphs and maps that are damaged are taken away, to be built again; rows
    and files that are not what was written move to quarantine/ in the store, and `add`, `embed`, `materialise` and
    `train` make them again. What is sound stays, and nothing is deleted that might be the only copy.

    Ends with 5 where something is left that it cannot mend.

    \b
    Example:
      echodex repair --dry-run
      echodex repair
    """
    settings: Settings = context.obj
    report = _store(settings).repair(dry_run=dry_run, progress=settings.progress)
    if json_:
        print_json(report)
    else:
        verb = "would mend" if dry_run else "mended"
        print_table(
            ["damage", "where", verb], [(one.finding.kind, one.finding.where, one.did) for one in report.mended]
        )
        _print_findings(report.left)
        line = f"{verb} {len(report.mended)}, {len(report.left)} left"
        click.echo(f"{line}; what was moved is in {safe(report.quarantine)}" if report.quarantine else line)
    return Damaged.exit_code if any(finding.grave for finding in report.left) else 0


def _store(settings: Settings) -> Store:
    """Return the store that is meant, be it one that no other command opens."""
    from ..api import open_damaged

    try:
        return settings.open()
    except (Damaged, NotFound) as error:
        try:
            return open_damaged(settings.store)
        except NotFound:
            raise error from None


def _print_findings(findings: Sequence[Finding]) -> None:
    kinds: dict[Damage, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    shown = [one for found in kinds.values() for one in found[:SHOWN_PROBLEMS]]
    if shown:
        print_table(
            ["damage", "where", "what", "repair"],
            [(one.kind, one.where, one.what, one.remedy or "cannot") for one in shown],
        )
    for kind, found in kinds.items():
        print_more(len(found) - SHOWN_PROBLEMS, kind)


def _summary(report: CheckReport) -> str:
    rows = f", {sum(report.rows.values())} rows read" if report.rows else ""
    lines = _sources(report)
    own, grave = len(report.findings) - len(report.sources), sum(finding.grave for finding in report.findings)
    if not own:
        return "\n".join([f"{safe(report.path)} is sound{rows}", *lines])
    found = f"{grave} damaged, {own - grave} merely stale or left over{rows}"
    return "\n".join([f"{safe(report.path)}: {found}; `echodex repair --dry-run` says what can be done", *lines])


def _sources(report: CheckReport) -> list[str]:
    """Return a line on the source files that are not what was added, none where all are."""
    said = ((Damage.SOURCE_MISSING, "missing"), (Damage.SOURCE_CHANGED, "not what was added"))
    files = [(len({one.where for one in report.sources if one.kind is kind}), what) for kind, what in said]
    told = [f"{count} source files are {what}" for count, what in files if count]
    return [f"{', '.join(told)}; put them back, or say where they are by `echodex relocate OLD NEW`"] if told else []
