"""prune: what to keep, as a plan and then as a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from .idle import refuse_beside_plan, refuse_idle_clustering, refuse_idle_selecting
from .options import Settings, assigned, of_clustering, of_space, on_cluster, reads
from .output import print_json
from .showing import print_summary, print_sweep
from .undoing import undo

if TYPE_CHECKING:
    from ..api.views import Plan

COMPAT = ("farthest", "mean_distance", "k_medoids", "dpp")
"""Kept in step with pruning.selectors.fork by a test: NumPy is too heavy to import for --help."""


def _budget(_context: click.Context, _option: click.Parameter, text: str | None) -> float | int | None:
    """Return the count or the share that --keep says: 1 is one clip, 1.0 is all of them."""
    if text is None:
        return None
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        raise click.BadParameter(f"{text[:80]!r} is neither a share such as 0.5 nor a count such as 1000") from None


@click.command()
@click.argument("selector", default="facility")
@click.option("--as", "name", metavar="NAME", help="Save the plan as this view.")
@click.option("--dry-run", is_flag=True, help="Show the plan only.")
@click.option(
    "--eps",
    type=click.FloatRange(0, 1),
    help="facility, kcenter: coverage given up per cluster; semdedup: 1 - cosine of clips that are alike "
    "[default: 0.05].",
)
@click.option("--t", type=click.FloatRange(0, 1), help="jsd: from 0, keep all, to 1, in hundredths [default: 0.5].")
@click.option(
    "--keep", callback=_budget, metavar="SHARE|COUNT", help="A budget instead: a share (0.5) or a count (1000)."
)
@click.option("--compat", type=click.Choice(COMPAT), help="kcenter: as the published CLMR pruning fork selects.")
@click.option(
    "--set", "options", multiple=True, metavar="KEY=VALUE", help="Another setting of SELECTOR, as bins=64 of jsd."
)
@click.option(
    "--duplicate-score",
    type=click.FloatRange(0, 1),
    help="Duplicates collapse first, from this cosine on; 0: none do [default: 0.98].",
)
@click.option(
    "--match",
    type=click.Choice(["mean", "best-pair"]),
    help="Duplicates by the means of clips, or by their nearest segments [default: mean].",
)
@click.option(
    "--versions",
    type=click.Choice(["keep", "one-per-work"]),
    help="Clips of one work: none goes because of another performance of it, or one of each work stays.",
)
@click.option(
    "--verify",
    type=click.Choice(["audio"]),
    help="With --versions keep: clips of a work are one recording, too, where their waveforms align.",
)
@click.option("--noise", type=click.Choice(["keep", "prune", "cluster"]), help="Clips in no cluster [default: keep].")
@click.option(
    "--split", metavar="NAME", help="The only split to prune; all: every clip [default: train, where there are splits]."
)
@click.option(
    "--prefer",
    type=click.Choice(["longer", "quality", "labelled"]),
    help="Clips to choose before others, of duplicates and in a cluster.",
)
@click.option("--pin", multiple=True, metavar="ID|PATH", help="Always keep this clip; may be repeated.")
@click.option("--pin-where", metavar="SQL", help="Always keep the clips that this filter selects.")
@click.option(
    "--min-per-label",
    type=click.IntRange(0),
    help="Clips that every label keeps at least, copies last [default: 0].",
)
@click.option(
    "--leakage",
    type=click.Choice(["report", "keep-test", "error"]),
    help="Clips with a duplicate in another split [default: report].",
)
@click.option("--no-decisions", is_flag=True, default=None, help="As if nothing was decided about any clip.")
@of_clustering
@click.option(
    "--from-plan", metavar="VIEW", help="Cut the plan of this view at --keep; nothing is clustered or selected again."
)
@click.option("--sweep", is_flag=False, flag_value="", metavar="[SHARES]", help="Show the plan at 0.1,0.2,... kept.")
@click.option("--plot", type=click.Path(dir_okay=False), metavar="PNG", help="Draw the curves of --sweep.")
@click.option("--undo", metavar="VIEW", help="Take back the last save of this view; nothing else is done.")
@click.option("--yes", is_flag=True, help="Do not ask before --undo.")
@of_space
@on_cluster
@reads
@click.pass_context
def prune(
    context: click.Context, /, selector: str, name: str | None, dry_run: bool, json_: bool, **options: Any
) -> None:
    """Plan which clips to keep: duplicates collapse, HDBSCAN clusters, SELECTOR chooses in each. Files are never
    touched.

    SELECTOR is facility, jsd, kcenter, medoid, random, semdedup, or another that is registered.

    \b
    Example:
      echodex prune facility --eps 0.05 --dry-run
      echodex prune facility --eps 0.05 --as lean
      echodex prune --from-plan lean --sweep --plot curve.png
      echodex prune --from-plan lean --keep 0.3 --as leaner
      echodex prune --undo leaner
    """
    taken_back, yes = options.pop("undo"), options.pop("yes")
    if taken_back is not None:
        undo(context, taken_back, yes, json_)
        return
    shares, plot = _shares(options.pop("sweep")), options.pop("plot")
    if plot and shares is None:
        raise UsageError("--plot draws what --sweep finds; say --sweep as well")
    if not name and not dry_run and shares is None:
        raise UsageError("say --as NAME to save the plan as a view, or --dry-run or --sweep to look at it")
    view, given = options.pop("from_plan"), {key: value for key, value in options.items() if value not in (None, ())}
    only_swept = shares is not None and not name
    if only_swept and "keep" in given:
        raise UsageError("--sweep shows many budgets, whatever --keep says; leave it out, or say --as NAME as well")
    if view is not None:
        plan = _saved_plan(context, view, given)
    else:
        plan = _new_plan(context.obj, selector, given, only_swept=only_swept)
    saved = plan.save(name, progress=context.obj.progress) if name and not dry_run else None
    points = None if shares is None else plan.sweep(shares or None, plot=plot)
    if json_:
        print_json({"view": saved, "summary": plan.summary()} if points is None else {"view": saved, "sweep": points})
        return
    if points is None:
        print_summary(plan.summary())
    else:
        print_sweep(points)
    click.echo(f"saved as {saved.address}" if saved else "nothing written (dry run)")


def _shares(text: str | None) -> list[float] | None:
    """Return the shares of --sweep: None without it, empty for those by default."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",") if part]
    except ValueError:
        raise UsageError(
            f"--sweep takes shares such as 0.1,0.5, not {text[:80]!r}; the selector goes before it"
        ) from None


def _new_plan(settings: Settings, selector: str, given: dict[str, Any], *, only_swept: bool) -> Plan:
    from ..pruning.selectors.registry import selector_class

    if only_swept and selector_class(selector).needs_keep:
        given = {**given, "keep": 1.0}  # a sweep looks at every budget
    refuse_idle_clustering(given)
    refuse_idle_selecting(selector, given)
    if given.pop("no_decisions", False):
        given["decisions"] = False
    if "options" in given:
        given = {**given, "options": assigned(given["options"])}
    with settings.on(given.pop("ray", None)) as store:
        return store.prune(selector, progress=settings.progress, **given)


def _saved_plan(context: click.Context, view: str, given: dict[str, Any]) -> Plan:
    settings: Settings = context.obj
    if context.get_parameter_source("selector") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError(f"--from-plan takes the plan of {view} as it is; leave out {context.params['selector']!r}")
    refuse_beside_plan(view, given.keys() - {"keep"})
    plan = settings.open().view(view).plan()
    return plan.at(given["keep"]) if "keep" in given else plan
