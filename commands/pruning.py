"""prune: what to keep, as a plan and then as a view."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UsageError
from .options import Settings, of_clustering, of_space, reads
from .output import print_json, print_table, safe
from .undoing import undo

SELECTORS = ("facility", "jsd", "kcenter", "medoid", "random", "semdedup")
"""Kept in step with pruning.selectors by a test: the registry itself is too heavy to import for --help."""


@click.command()
@click.argument("selector", type=click.Choice(SELECTORS), default="facility")
@click.option("--as", "name", metavar="NAME", help="Save the plan as this view.")
@click.option("--dry-run", is_flag=True, help="Show the plan only.")
@click.option(
    "--eps", type=click.FloatRange(0, 1), help="facility, kcenter: coverage given up per cluster [default: 0.05]."
)
@click.option("--t", type=click.FloatRange(0, 1), help="jsd: from 0, keep all, to 1 [default: 0.5].")
@click.option("--keep", type=float, help="A budget instead: a share (0.5) or a count (1000).")
@click.option(
    "--duplicate-score", type=click.FloatRange(0, 1), help="Duplicates collapse at this cosine first [0.98]; 0: off."
)
@click.option(
    "--match",
    type=click.Choice(["mean", "best-pair"]),
    help="Duplicates by clip means, or their nearest segments [mean].",
)
@click.option("--noise", type=click.Choice(["keep", "prune", "cluster"]), help="Clips in no cluster [default: keep].")
@click.option("--split", metavar="NAME", help="The only split to prune [default: train, where there are splits].")
@click.option("--compat", metavar="NAME", help="A published reading, of selectors that have one.")
@click.option("--prefer", type=click.Choice(["longer", "quality", "labelled"]), help="Clips that count for more.")
@click.option("--pin", multiple=True, metavar="ID|PATH", help="Always keep this clip; may be repeated.")
@click.option("--pin-where", metavar="SQL", help="Always keep the clips that this filter selects.")
@click.option("--min-per-label", type=click.IntRange(0), help="Clips that every label keeps at least [default: 0].")
@click.option(
    "--leakage",
    type=click.Choice(["report", "keep-test", "error"]),
    help="Clips with a duplicate in another split [default: report].",
)
@of_clustering
@click.option("--from-plan", metavar="VIEW", help="Cut the plan of this view at --keep; nothing is computed again.")
@click.option("--sweep", is_flag=False, flag_value="", metavar="[SHARES]", help="Show the plan at 0.1,0.2,... kept.")
@click.option("--plot", type=click.Path(dir_okay=False), metavar="PNG", help="Draw the curves of --sweep.")
@click.option("--undo", metavar="VIEW", help="Take back the last save of this view; nothing else is done.")
@click.option("--yes", is_flag=True, help="Do not ask before --undo.")
@of_space
@reads
@click.pass_context
def prune(
    context: click.Context, /, selector: str, name: str | None, dry_run: bool, json_: bool, **options: Any
) -> None:
    """Plan which clips to keep: duplicates collapse, HDBSCAN clusters, SELECTOR chooses in each. Files are never
    touched.

    \b
    Example:
      echodex prune facility --eps 0.05 --dry-run
      echodex prune facility --eps 0.05 --as lean
      echodex prune --from-plan lean --sweep --plot curve.png
      echodex prune --from-plan lean --keep 0.3 --as leaner
      echodex prune --undo leaner
    """
    taken_back, yes = options.pop("undo"), options.pop("yes")
    if taken_back:
        undo(context, taken_back, yes, json_)
        return
    shares, plot = _shares(options.pop("sweep")), options.pop("plot")
    if plot and shares is None:
        raise UsageError("--plot draws what --sweep finds; say --sweep as well")
    if not name and not dry_run and shares is None:
        raise UsageError("say --as NAME to save the plan as a view, or --dry-run or --sweep to look at it")
    plan = _plan(context, selector, options)
    saved = plan.save(name, progress=context.obj.progress) if name and not dry_run else None
    points = None if shares is None else plan.sweep(shares or None, plot=plot)
    if json_:
        print_json({"view": saved, "summary": plan.summary()} if points is None else {"view": saved, "sweep": points})
        return
    if points is None:
        _print_summary(plan.summary())
    else:
        _print_sweep(points)
    click.echo(f"saved as {saved.address}" if saved else "nothing written (dry run)")


def _shares(text: str | None) -> list[float] | None:
    """Return the shares of --sweep: None without it, empty for those by default."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",") if part]
    except ValueError:
        raise UsageError(f"--sweep takes shares such as 0.1,0.5, not {text[:80]!r}") from None


def _plan(context: click.Context, selector: str, options: dict[str, Any]) -> Any:
    settings: Settings = context.obj
    view = options.pop("from_plan")
    given = {key: value for key, value in options.items() if value not in (None, ())}
    if (keep := given.get("keep")) is not None and keep > 1:
        given["keep"] = int(keep)
    if view is None:
        return settings.open().prune(selector, progress=settings.progress, **given)
    if context.get_parameter_source("selector") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError(f"--from-plan takes the plan of {view} as it is; leave out {selector!r}")
    other = sorted(given.keys() - {"keep"})
    if other:
        raise UsageError(f"--from-plan takes the plan of {view} as it is; leave out --{other[0].replace('_', '-')}")
    plan = settings.open().view(view).plan()
    return plan.at(given["keep"]) if "keep" in given else plan


def _print_sweep(points: Any) -> None:
    rows = [(p.share, p.kept, p.hours, p.coverage, p.duplicates_left, p.label_shift, p.duration_shift) for p in points]
    print_table(["share", "kept", "hours", "coverage", "duplicates left", "label shift", "duration shift"], rows)


def _print_summary(summary: Any) -> None:
    share = summary.kept / summary.clips if summary.clips else 0.0
    hours = f"{summary.hours_kept:.2f} of {summary.hours:.2f} h"
    click.echo(f"keeps {summary.kept} of {summary.clips} clips ({share:.1%}), {hours}")
    for warning in summary.warnings:
        click.echo(f"warning: {safe(warning)}")
    print_table(["reason", "clips"], sorted(summary.reasons.items()))
    clusters = [(c.cluster, c.size, c.kept, c.coverage) for c in summary.clusters]
    print_table(["cluster", "size", "kept", "coverage"], clusters)
    for example in summary.examples:
        pruned, kept = safe(example.path), safe(example.representative_path)
        click.echo(f"  {example.similarity:.3f}  {pruned}  is covered by  {kept}")
