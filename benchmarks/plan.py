"""What a collection will cost: bytes, processor time and memory of each stage, by the cost model, for a machine.

    python benchmarks/plan.py --clips 100e6 --seconds-per-clip 10 --machine 64cores-256GB
    python benchmarks/plan.py --docs        # make the tables of docs/scaling.md anew

Stages on vectors are predicted by cost_model.py from results/scale_model.json, which says how far off that was at a
size it was not fitted on; above that size a plan is an extrapolation. Stages on audio are seconds of audio over what a
core does in a second (scale_model, timbre, fingerprint and chroma.json), and what a clip costs whatever its length
(ingest.json). The time over the cores of a machine is a lower bound of wall time; a GPU takes the encoder's share of
`embed`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cost_model
from cost_model import CPU_S, DISK_GB, MILLION, PEAK_GB, STAGES, Model
from report import RESULTS

from echodex.indexing.kinds.registry import build_kind

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scaling.md"
SIZES = (10_000, 1_000_000, 100_000_000, 1_000_000_000)
KINDS = ("flat", "ivf", "ivf-fp16", "ivf-sq8", "ivf-rabitq", "ivfpq", "hnsw")
K = 15
RATE_HZ = 22_050
FILE_BYTES_PER_S = 16_000
"""Of a source file: MP3 of 128 kbit/s."""

DAY_S = 86_400.0
LONGEST_DAYS = 7.0
"""A stage that would take longer is said not to go."""


@dataclass(frozen=True)
class Machine:
    """cores, memory_gb: of one; gpus: how many, each of which takes encoding off the cores."""

    cores: int
    memory_gb: float
    gpus: int = 0


@dataclass(frozen=True)
class Collection:
    """How many clips, of how many seconds, with vectors of how many numbers by which encoder."""

    clips: float
    seconds: float = 10.0
    dim: int = 512
    encoder: str = "timbre"


@dataclass(frozen=True)
class Line:
    """What a stage takes: cpu_s of all cores, memory_gb in one process, disk_gb written, wire_gb read."""

    stage: str
    cpu_s: float
    memory_gb: float
    disk_gb: float = 0.0
    wire_gb: float = 0.0


@dataclass(frozen=True)
class Costs:
    """Everything that was measured: the model of the vectors' stages, and what audio costs.

    clip_s: seconds of a core for a clip of no length; decode_x, encode_x: seconds of audio for one of a core.
    """

    model: Model
    figures: Mapping[str, float]
    clip_s: float
    decode_x: float
    encode_x: Mapping[str, float]


def measured() -> Costs:
    """Return what the results beside this script say."""
    model, figures = cost_model.load()
    rates = {name: _figure(name, "realtime_factor_one_core") for name in ("timbre", "fingerprint", "chroma")}
    rates["clmr"] = figures["encode_x_clmr"]
    return Costs(model, figures, _figure("ingest", "cpu_s_per_clip_10k"), figures["decode_x_mp3"], rates)


def _figure(result: str, name: str) -> float:
    return float(json.loads((RESULTS / f"{result}.json").read_text())["figures"][name])


def bytes_per_clip(costs: Costs, of: Collection) -> dict[str, tuple[str, float]]:
    """Return what each thing on disk takes of a clip: what -> (formula, bytes)."""
    d = of.dim

    def fitted(stage: str, dim: int) -> float:
        return costs.model.predict(stage, DISK_GB, MILLION, dim) / MILLION * 1e9

    rows = {
        "source file, MP3 of 128 kbit/s": ("16,000 s", FILE_BYTES_PER_S * of.seconds),
        "row of `clips.lance`": ("measured", fitted("write", 0)),
        "vector, float32": ("4 d, and its row", fitted("write", d) - fitted("write", 0)),
        "row of a view": ("measured", fitted("view", d)),
        f"waveform of `materialise` at {RATE_HZ:,} Hz": ("2 rate s", 2 * RATE_HZ * of.seconds),
        f"kNN graph, k = {K}": ("8 + 12 k", 8 + 12 * K),
    }
    kinds = {f"index `{kind}`": ("", build_kind(kind).bytes_per_vector(d)) for kind in KINDS}
    formulas = (
        "4 d",
        "4 d + 8",
        "2 d + 8",
        "d + 8",
        "2 d + d / 8 + 16 and more",
        "d / 2 + 8",
        "4 d + 4 (2 m) and more",
    )
    return rows | {name: (text, size) for (name, (_, size)), text in zip(kinds.items(), formulas, strict=True)}


def plan(costs: Costs, of: Collection, gpus: int = 0) -> list[Line]:
    """Return the stages of a collection, from its files to a view."""
    seconds, base_gb = of.clips * of.seconds, costs.model.predict("view", PEAK_GB, 1e4, of.dim)
    decode_s = of.clips * costs.clip_s + seconds / costs.decode_x
    encode_s = 0.0 if gpus else seconds / costs.encode_x[of.encoder]
    files_gb, matrix_gb = seconds * FILE_BYTES_PER_S / 1e9, 4.0 * of.dim * of.clips / 1e9
    waveforms_gb = 2 * RATE_HZ * seconds / 1e9
    lines = [
        Line(f"add --embed {of.encoder}", decode_s + encode_s, base_gb, _cost(costs, "write", DISK_GB, of), files_gb),
        Line("materialise", decode_s, base_gb, waveforms_gb, files_gb),
    ]
    for stage in ("index", "duplicates", "graph", "graph-exact", "cluster", "cluster-exact", "facility", "view"):
        disk_gb = _cost(costs, stage, DISK_GB, of) if DISK_GB in STAGES[stage].costs else 0.0
        disk_gb += (8 + 12 * K) * of.clips / 1e9 if stage.startswith("graph") else 0.0
        wire_gb = 0.0 if stage == "view" else matrix_gb
        memory = "graph" if stage == "graph-exact" else stage
        lines.append(Line(stage, _cost(costs, stage, CPU_S, of), _cost(costs, memory, PEAK_GB, of), disk_gb, wire_gb))
    return lines


def _cost(costs: Costs, stage: str, figure: str, of: Collection) -> float:
    """Return what a stage costs; of clusters, above a million clips, in proportion: more of them, no larger ones."""
    if stage == "facility" and of.clips > MILLION:
        return costs.model.predict(stage, figure, MILLION, of.dim) * of.clips / MILLION
    return costs.model.predict(stage, figure, of.clips, of.dim)


def verdict(line: Line, machine: Machine) -> str:
    """Return whether one such machine does it, and if not, why."""
    if line.memory_gb > machine.memory_gb:
        return f"memory of {-(-line.memory_gb // machine.memory_gb):.0f} machines"
    days = line.cpu_s / machine.cores / DAY_S
    return f"{days:,.0f} days" if days > LONGEST_DAYS else "yes"


# ---------------------------------------------------------------------------------------------- text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)) + "\n"


def size(gigabytes: float) -> str:
    """Return a size in a unit that suits it."""
    for unit, factor in (("PB", 1e6), ("TB", 1e3), ("GB", 1.0)):
        if gigabytes >= factor:
            return f"{gigabytes / factor:.3g} {unit}"
    return f"{gigabytes * 1e3:.3g} MB"


def time_of(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    for unit, factor in (("years", 365 * DAY_S), ("days", DAY_S), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * factor:
            return f"{seconds / factor:,.3g} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"


def plan_table(lines: Sequence[Line], of: Collection, machine: Machine) -> str:
    """Return a plan as a table."""
    head = [
        "stage",
        "processor time, a clip",
        "in all",
        f"over {machine.cores} cores",
        "memory",
        "written",
        "read",
        "one machine",
    ]
    rows = [
        [
            f"`{line.stage}`" if "--" in line.stage or line.stage == "materialise" else line.stage,
            f"{1e3 * line.cpu_s / of.clips:.3g} ms",
            time_of(line.cpu_s),
            time_of(line.cpu_s / machine.cores),
            size(line.memory_gb),
            size(line.disk_gb) if line.disk_gb else "",
            size(line.wire_gb) if line.wire_gb else "",
            verdict(line, machine),
        ]
        for line in lines
    ]
    return table(head, rows)


def bytes_table(costs: Costs, of: Collection) -> str:
    """Return what a clip takes on disk, and so many of them."""
    head = ["what", "bytes a clip", "here", *(f"{clips:,.0f} clips" for clips in SIZES)]
    return table(
        head,
        (
            [what, formula, f"{value:,.0f}", *(size(value * clips / 1e9) for clips in SIZES)]
            for what, (formula, value) in bytes_per_clip(costs, of).items()
        ),
    )


def formula(costs: Costs, stage: str, figure: str) -> str:
    """Return the terms of a cost that are not 0, n in millions and d in 512 numbers."""
    found = zip(costs.model.coefficients[stage][figure], STAGES[stage].costs[figure], strict=True)
    texts = []
    for coefficient, term in found:
        if coefficient > 0:
            number = f"{coefficient:,.0f}" if coefficient >= 100 else f"{coefficient:.3g}"
            power = term.name.replace("_", " ").replace("1.5", "^1.5").replace("2", "^2")
            texts.append(number if term == cost_model.ONE else f"{number} {power}")
    return " + ".join(texts) or "0"


def formulas_table(costs: Costs) -> str:
    """Return the fitted formulas, and how far off each was at a size that it was not fitted on."""
    rows = []
    for stage, about in STAGES.items():
        if stage in costs.model.coefficients:
            off = [f"{costs.figures[name]:.0%}" for name in (f"{stage} {CPU_S} error",) if name in costs.figures]
            memory = formula(costs, stage, PEAK_GB) if PEAK_GB in about.costs else ""
            rows.append([stage, about.what, about.why, formula(costs, stage, CPU_S), *(off or [""]), memory])
    return table(["stage", "what", "grows with", "seconds of a core", "off by", "memory, GB"], rows)


def fitted(costs: Costs) -> str:
    """Return what the model was fitted on, and what it says of a whole pruning that it was not fitted on."""
    about = json.loads(cost_model.FITTED.read_text())
    stages = ("read", "duplicates", "cluster", "facility", "view")
    cpu_s = sum(costs.model.predict(stage, CPU_S, MILLION, 512) for stage in stages)
    return (
        f"Fitted by `{about['command']}` on {about['machine']}, {about['date']}; predictions were off by up to "
        f"{costs.figures['cost_model_error_max']:.0%}. Beside it: `prune facility --approximate` of 1,000,000 clips "
        f"took {_figure('prune_pipeline', 'seconds_1m_512'):,.0f} s on two cores, reading and writing included; the "
        f"model's stages of it come to {cpu_s:,.0f} s of one core.\n"
    )


def page(text: str, costs: Costs) -> str:
    """Return the text of docs/scaling.md with its tables made anew."""
    machine = Machine(64, 256.0)
    tables = {
        "fitted": fitted(costs),
        "bytes": bytes_table(costs, Collection(MILLION)),
        "formulas": formulas_table(costs),
    }
    for clips in SIZES:
        of = Collection(clips)
        tables[f"plan {clips}"] = plan_table(plan(costs, of), of, machine)
    for name, made in tables.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, count = marked.subn(lambda found: f"{found[1]}{made}{found[2]}", text)  # noqa: B023
        if count != 1:
            raise ValueError(f"{PAGE} has {count} places for the table {name!r}")
    return text


def machine_of(text: str) -> Machine:
    """Return the machine that "64cores-256GB" means."""
    found = re.fullmatch(r"(\d+)cores-(\d+)GB", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 64cores-256GB")
    return Machine(int(found[1]), float(found[2]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=float, default=MILLION)
    parser.add_argument("--seconds-per-clip", type=float, default=10.0)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--encoder", default="timbre", choices=("timbre", "fingerprint", "chroma", "clmr"))
    parser.add_argument("--machine", type=machine_of, default="64cores-256GB")
    parser.add_argument("--gpus", type=int, default=0)
    parser.add_argument("--docs", action="store_true", help="make the tables of docs/scaling.md anew")
    options = parser.parse_args()
    costs = measured()
    if options.docs:
        PAGE.write_text(page(PAGE.read_text(), costs))
        return
    of = Collection(options.clips, options.seconds_per_clip, options.dim, options.encoder)
    print(bytes_table(costs, of))
    print(plan_table(plan(costs, of, options.gpus), of, options.machine))
    print(
        f"predictions were off by up to {costs.figures['cost_model_error_max']:.0%} at a size they were not fitted on"
    )


if __name__ == "__main__":
    main()
