// Two views beside each other: what only one keeps, what both, in clips, hours and labels at once, then in their space.

import { get, job, packet } from "./api.js";
import { app, attempt, here } from "./app.js";
import { sides } from "./columns.js";
import { h, howFar, number, options, table } from "./dom.js";

const LABELS = 60;

export class ComparePanel {
  constructor({ paint }) {
    this.paint = paint;
    this.a = h("select", { id: "compare-a" });
    this.b = h("select", { id: "compare-b" });
    this.result = h("div", { "aria-live": "polite" });
    const form = h("form", { class: "row", on: { submit: (event) => { event.preventDefault(); this.compare(); } } },
      h("label", { class: "field", for: "compare-a" }, "A ", this.a), h("label", { class: "field", for: "compare-b" }, "B ", this.b), h("button", { type: "submit", id: "compare" }, "Compare"));
    this.element = h("div", {}, h("h2", {}, "Compare two views"), form, this.result);
  }

  opened() {
    const entries = [["all", "all clips"], ...app.store.views.map((view) => [view.address, view.address])];
    const last = entries.at(-1)[0];
    options(this.a, entries, this.a.value || entries.at(-2)?.[0] || "all");
    options(this.b, entries, this.b.value || last);
    if (entries.length < 2) this.result.replaceChildren(h("p", { class: "note" }, "No view has been saved yet: the tab Prune makes one."));
    else if (this.painted) this.paint(this.painted);
  }

  reset() {
    this.abort?.abort();
    this.painted = null;
    this.result.replaceChildren();
  }

  async compare() {
    this.abort?.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    const [a, b] = [this.a.value, this.b.value];
    this.result.replaceChildren(note("Comparing"));
    const found = await attempt(() => packet("diff", { ...here(), a, b }, signal));
    if (signal.aborted) return;
    this.result.replaceChildren();
    if (!found) return;
    const { header, array } = found;
    const space = h("div", { "aria-busy": "true" }, note("Comparing in the space they were made from"));
    this.result.replaceChildren(parts(header), space, labels(header));
    this.painted = sides(array, [header.a, header.b]);
    await this.paint(this.painted);
    space.replaceChildren(await this._space(header, (words) => space.replaceChildren(note(words)), signal) ?? "");
    space.removeAttribute("aria-busy");
  }

  /** How two views differ in a space, which takes a while where there are many clips; null where that failed or was let be. */
  async _space({ a, b }, tell, signal) {
    const said = (found) => tell(`Comparing: ${howFar(found)}`);
    const done = await attempt(() => job({ kind: "diff", ...here(), a, b }, said, signal));
    const found = done && await attempt(() => get(`jobs/${done.job}/diff`, {}, signal));
    return found && inSpace({ a, b }, found);
  }
}

const note = (words) => h("p", { class: "note" }, words);

const parts = ({ a, b, only_a: onlyA, only_b: onlyB, both }) => table(["kept by", "clips", "hours"], [
  [`only ${a}`, onlyA.clips, onlyA.hours], [`only ${b}`, onlyB.clips, onlyB.hours], ["both", both.clips, both.hours],
], { "aria-label": "Clips and hours" });

function inSpace({ a, b }, { coverage, leakage, clusters, notes }) {
  const rows = [];
  if (coverage) rows.push([`coverage of both sources by`, coverage.source_by_a, coverage.source_by_b], ["coverage of the other view", coverage.b_by_a, coverage.a_by_b]);
  if (leakage) rows.push(["clips with a duplicate in another split", leakage.a, leakage.b]);
  for (const one of clusters) rows.push([`of the ${number(one.clusters)} clusters of ${one.of}`, one.in_a, one.in_b], ["clusters lost to the other", one.lost_a.length, one.lost_b.length]);
  return h("div", {}, rows.length ? table(["", a, b], rows, { "aria-label": "In the space" }) : "", notes.map(note));
}

function labels({ a, b, labels: found }) {
  if (!found.length) return note("No clip of either has a label.");
  const most = [...found].sort((one, other) => Math.abs(other.a - other.b) - Math.abs(one.a - one.b)).slice(0, LABELS);
  return h("div", {}, h("h3", {}, "Labels, the most different first"), table(["label", a, b, "both"], most.map((one) => [one.label, one.a, one.b, one.both]), { "aria-label": "Labels" }));
}
