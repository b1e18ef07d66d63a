"""The cost model: it finds the coefficients of costs that follow it, and its plans and its page are what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def module() -> Any:
    """Import a script of the benchmarks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])
        yield import_module


def costs(stage: Any, figure: str, coefficients: list[float], n: int, dim: int) -> float:
    terms = zip(coefficients, stage.costs[figure], strict=True)
    return float(sum(coefficient * term(n, dim) for coefficient, term in terms))


@given(coefficients=st.lists(st.floats(0.5, 50), min_size=4, max_size=4))
def test_costs_that_follow_the_formula_are_predicted(module: Any, coefficients: list[float]) -> None:
    model = module("cost_model")
    stage, sizes = model.STAGES["graph"], [(n, dim) for n in (30_000, 100_000, 300_000) for dim in (128, 512)]

    def measured(n: int, dim: int) -> Any:
        values = {model.CPU_S: costs(stage, model.CPU_S, coefficients, n, dim), model.PEAK_GB: 1 + n * dim / 1e9}
        return model.Measured("graph", n, dim, values)

    fitted = model.fit([measured(*size) for size in sizes])
    off = model.errors(fitted, [measured(1_000_000, 256)])
    assert set(off) == {"graph cpu_s", "graph peak_gb"}
    assert max(off.values()) < 0.05  # below LEAST, small costs weigh less


def test_with_few_measurements_the_fastest_growing_term_decides(module: Any) -> None:
    model = module("cost_model")
    one = model.Measured("graph-exact", 1_000_000, 512, {model.CPU_S: 7.0})
    assert model.fit([one]).coefficients["graph-exact"][model.CPU_S] == [0.0, pytest.approx(7.0)]
    assert model.fit([one]).predict("graph-exact", model.CPU_S, 2_000_000, 256) == pytest.approx(14.0)


def test_what_is_out_of_range_is_not_fitted_and_the_largest_size_is_held_out(module: Any) -> None:
    model, script = module("cost_model"), module("scale_model")
    measured = [
        model.Measured("graph", n, 128, {model.CPU_S: 1.0, model.PEAK_GB: 1.0}) for n in (10_000, 30_000, 100_000)
    ]
    fitted, asked = script.held_out(measured)
    assert [each.n for each in fitted] == [30_000]
    assert [each.n for each in asked] == [100_000]
    assert script.held_out(measured[:2]) == ([], [])  # nothing to fit on


def test_the_largest_error_is_the_figure(module: Any) -> None:
    model, script = module("cost_model"), module("scale_model")
    measured = [
        model.Measured("graph-exact", n, 512, {model.CPU_S: taken}) for n, taken in ((10_000, 1.0), (100_000, 125.0))
    ]
    figures = script.figures_of(measured)
    assert figures["cost_model_error_max"] == figures["graph-exact cpu_s error"] == pytest.approx(0.2)


def test_a_plan_grows_as_its_formulas_say(module: Any) -> None:
    plan = module("plan")
    known = plan.measured()
    small, large = ({line.stage: line for line in plan.plan(known, plan.Collection(clips))} for clips in (1e8, 2e8))
    assert large["graph-exact"].cpu_s == pytest.approx(4 * small["graph-exact"].cpu_s, rel=0.01)
    assert large["facility"].cpu_s == pytest.approx(2 * small["facility"].cpu_s)
    assert large["materialise"].disk_gb == pytest.approx(2 * small["materialise"].disk_gb)
    assert large["materialise"].memory_gb == small["materialise"].memory_gb
    assert small["duplicates"].memory_gb > 4 * 512 * 1e8 / 1e9
    machine = plan.Machine(64, 256.0)
    assert plan.verdict(small["view"], machine) == "yes"
    assert plan.verdict(small["cluster"], machine).startswith("memory of")
    assert plan.verdict(plan.Line("slow", 64 * 86_400 * 1000, 1.0), machine) == "1,000 days"


def test_a_gpu_takes_the_encoding(module: Any) -> None:
    plan = module("plan")
    of = plan.Collection(1e6, encoder="clmr")
    without, with_one = (plan.plan(plan.measured(), of, gpus)[0].cpu_s for gpus in (0, 1))
    assert with_one < 0.5 * without


def test_the_page_is_what_the_results_make_of_it(module: Any) -> None:
    plan = module("plan")
    text = plan.PAGE.read_text()
    assert plan.page(text, plan.measured()) == text, "run `python benchmarks/plan.py --docs`"


def test_a_plan_is_printed() -> None:
    command = [sys.executable, "plan.py", "--clips", "5e7", "--machine", "32cores-128GB", "--gpus", "1"]
    done = subprocess.run(command, cwd=BENCHMARKS, check=True, capture_output=True, text=True)
    assert "over 32 cores" in done.stdout
    assert "duplicates" in done.stdout


@pytest.mark.slow
def test_a_size_is_measured_stage_by_stage(module: Any) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("asks the kernel for the peak of resident memory")
    done = subprocess.run(
        [sys.executable, "scale_model.py", "--measure", "1000", "16"],
        cwd=BENCHMARKS,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    found = {each["stage"]: each["figures"] for each in map(json.loads, done.stdout.splitlines())}
    stages = module("cost_model").STAGES
    assert set(found) == set(stages)
    assert all(set(found[name]) >= set(stage.costs) for name, stage in stages.items())
    assert found["write"]["disk_gb"] > 1000 * 16 * 4 / 1e9


def test_what_was_measured_is_not_measured_again_and_the_least_counts(module: Any, tmp_path: Path) -> None:
    script, runs = module("scale_model"), tmp_path / "runs.jsonl"
    took = [(10**9, 1.0, 5.0), (1000, 3.0, 6.0), (1000, 2.0, 7.0), (2000, 9.0, 9.0)]
    lines = [{"stage": "view", "n": n, "dim": 8, "figures": {"cpu_s": cpu, "peak_gb": gb}} for n, cpu, gb in took]
    runs.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = script.in_processes([(1000, 8), (10**9, 8)], runs)
    assert [(each.n, dict(each.figures)) for each in found] == [
        (10**9, {"cpu_s": 1.0, "peak_gb": 5.0}),
        (1000, {"cpu_s": 2.0, "peak_gb": 6.0}),
    ]


def test_the_figures_of_scale_are_those_of_its_parts(module: Any, tmp_path: Path) -> None:
    scale = module("scale")
    for part, names in scale.PARTS.items():
        said = {"figures": {**dict.fromkeys(names, 0.5), "beside": 1.0}}
        (tmp_path / f"{part}.json").write_text(json.dumps(said))
    assert scale.figures(tmp_path) == dict.fromkeys(sum(scale.PARTS.values(), ()), 0.5)
