// Pruning by hand: what to prune and how is asked once; the plan that this makes is then moved (tuning.js).

import { app, here } from "./app.js";
import { h, options } from "./dom.js";
import { Tuning } from "./tuning.js";
import { Waiting } from "./waiting.js";

const SELECTORS = [
  ["facility", "facility: what stands best for the rest"], ["jsd", "jsd: as even a spread as asked for"],
  ["kcenter", "kcenter: the farthest from what is kept"], ["semdedup", "semdedup: what is alike goes"], ["random", "random"],
];
const NEEDS_BUDGET = new Set(["kcenter", "random"]);

const field = (name, control) => h("label", { class: "field", for: control.id }, `${name} `, control);

export class PrunePanel {
  /** paint(painted): colour the map; saved(view): a view was saved. */
  constructor(heed) {
    this.tuning = new Tuning(heed);
    this.waiting = new Waiting("Working the plan out");
    this.selector = h("select", { id: "selector" });
    options(this.selector, SELECTORS, "facility");
    this.source = h("select", { id: "source" });
    this.duplicates = h("input", { id: "duplicate-score", type: "number", min: "0", max: "1", step: "any", value: "0.98", required: true });
    this.noise = h("select", { id: "noise" });
    options(this.noise, [["keep", "keep"], ["prune", "prune"], ["cluster", "select from"]], "keep");
    this.split = h("select", { id: "split" });
    this.approximate = h("input", { id: "approximate", type: "checkbox" });
    const form = h("form", { class: "fields", on: { submit: (event) => { event.preventDefault(); this.work(); } } },
      field("Selector", this.selector), field("Of", this.source), field("Split", this.split), field("Duplicates from score", this.duplicates),
      field("Clips in no cluster", this.noise), h("label", { class: "tick" }, this.approximate, " Approximate clusters"), h("button", { type: "submit", id: "plan" }, "Work out the plan"));
    this.asked = h("details", { open: true }, h("summary", {}, "What to prune, and how"), form);
    this.element = h("div", {}, h("h2", {}, "Prune"), h("p", { class: "note" }, "Nothing is written before you save, and no file is ever deleted: a view is a list of what to keep."), this.asked, this.waiting.element, this.tuning.element);
  }

  async opened() {
    const views = app.store.views.map((view) => [view.address, view.address]);
    options(this.source, [["all", "all clips"], ...views], this.source.value || "all");
    const splits = app.space?.splits ?? [];
    options(this.split, [["", splits.length ? "train" : "no splits"], ...splits.filter((name) => name !== "train").map((name) => [name, name]), ["all", "every clip"]], this.split.value);
    await this.tuning.repaint();
  }

  reset() {
    this.waiting.stop();
    this.tuning.close();
    this.asked.open = true;
  }

  async work() {
    const done = await this.waiting.run(() => ({ kind: "plan", ...here(), view: this.source.value, settings: this._settings() }), "Working the plan out");
    if (!done) return;
    const focused = this.asked.contains(document.activeElement);
    if (!await this.tuning.open(done.job)) return;
    this.asked.open = false;
    if (focused) this.tuning.element.querySelector("input").focus();
  }

  _settings() {
    const selector = this.selector.value;
    return {
      selector, duplicate_score: Number(this.duplicates.value), noise: this.noise.value, ...(this.split.value ? { split: this.split.value } : {}),
      ...(this.approximate.checked ? { approximate: true } : {}), ...(NEEDS_BUDGET.has(selector) ? { keep: 0.5 } : {}),
    };
  }
}
