// Runs: what was trained from which view, how it went, and how well it tells each tag.

import { get } from "./api.js";
import { app, attempt, on } from "./app.js";
import { lineChart } from "./chart.js";
import { h, number, table } from "./dom.js";
import { runningNow } from "./activity.js";

const SHOWN_METRICS = 3;
const QUIET = new Set(["epoch", "epochs", "step", "steps", "seconds", "learning_rate", "lr"]);

/** Whether a figure says how well it goes, and not how much was done. */
const telling = (name) => !QUIET.has(name) && !/_(clips|s|rows)$/.test(name);

export class RunsPanel {
  constructor() {
    this.running = h("div", {});
    this.list = h("div", {});
    this.one = h("div", { "aria-live": "polite" });
    this.element = h("div", {}, h("h2", {}, "Runs"), this.running, this.list, this.one);
    on("running", () => this._tell());
  }

  async opened() {
    this._tell();
    const found = await attempt(() => get("runs"));
    if (!found) return;
    this.list.replaceChildren(found.runs.length ? runTable(found.runs, (name) => this.show(name)) : h("p", { class: "note" }, "No run yet: `echodex train probe --view NAME` makes one from a view."),
      ...found.damaged.map((one) => h("p", { class: "warning" }, one.error)));
  }

  /** What runs, now; once something has ended there may be another run. */
  _tell() {
    const before = this.count ?? 0;
    this.count = app.running.length;
    this.running.replaceChildren(runningNow());
    if (this.element.isConnected && this.count < before) this.opened();
  }

  async show(name) {
    this.wanted = name;
    const found = await attempt(() => get(`runs/${encodeURIComponent(name)}`));
    if (!found || this.wanted !== name) return;
    const { run, log, tags, problems } = found;
    this.one.replaceChildren(
      h("h3", {}, run.name), table(["metric", "value"], Object.entries(run.metrics).map(([metric, value]) => [metric, value]), { "aria-label": "Metrics" }),
      ...problems.map((problem) => h("p", { class: "warning" }, problem)), ...curves(log), ...tagTables(tags),
      h("details", {}, h("summary", {}, "Settings"), table(["setting", "value"], Object.entries(run.config).map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]), { "aria-label": "Settings" })),
    );
    this.one.scrollIntoView({ block: "nearest" });
  }
}

function runTable(runs, show) {
  const byView = [...runs].sort((one, other) => one.view.localeCompare(other.view) || one.created_at.localeCompare(other.created_at));
  const rows = byView.map((run) => [
    h("button", { type: "button", class: "quiet", on: { click: () => show(run.name) } }, run.name), run.view, run.objective,
    run.finished ? Object.entries(run.metrics).filter(([name]) => telling(name)).slice(0, SHOWN_METRICS).map(([name, value]) => `${name} ${number(value)}`).join(", ") : `unfinished, ${number(run.epochs ?? 0)} epochs`,
  ]);
  return table(["run", "view", "objective", "metrics"], rows, { "aria-label": "Runs, by view" });
}

/** One chart for each kind of figure: losses together, everything else together. */
function curves(log) {
  if (!log?.length) return [];
  const names = [...new Set(log.flatMap((line) => Object.keys(line)))].filter((name) => telling(name) && log.some((line) => Number.isFinite(line[name])));
  const losses = names.filter((name) => name.includes("loss"));
  const rest = names.filter((name) => !name.includes("loss") && log.every((line) => !Number.isFinite(line[name]) || Math.abs(line[name]) <= 1.5));
  const line = (name) => ({ name, points: log.filter((entry) => Number.isFinite(entry[name])).map((entry) => [entry.epoch, entry[name]]) });
  return [[losses, "loss"], [rest, "figures"]].filter(([found]) => found.length).map(([found, title]) => lineChart(found.map(line), { x: "epoch", y: found.length > 1 ? title : found[0] }));
}

function tagTables(tags) {
  return (tags ?? []).map((report) => {
    const columns = Object.keys(report.rows[0] ?? {});
    return h("details", {}, h("summary", {}, `Tags, on ${report.split} of ${report.view}`), table(columns, report.rows.map((row) => columns.map((name) => row[name])), { "aria-label": "By tag" }));
  });
}
