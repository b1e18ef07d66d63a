// Duplicate groups: found by a job, shown a page at a time, walked by keys, and found anew after each decision.

import { get } from "./api.js";
import { app, attempt, change, here, on } from "./app.js";
import { DecisionList, showPins } from "./decisions.js";
import { h, number } from "./dom.js";
import { groupCard, heard } from "./group.js";
import { arrive } from "./list.js";
import { player } from "./player.js";
import { Waiting } from "./waiting.js";

const PAGE = 20;
const UNASKED = 50_000;

export class GroupsPanel {
  constructor() {
    this.waiting = new Waiting("Looking for duplicates");
    this.state = h("p", { class: "note", role: "status" });
    this.score = h("input", { id: "min-score", type: "number", min: "0", max: "1", step: "any", placeholder: "default" });
    this.verify = h("input", { id: "verify", type: "checkbox" });
    this.cards = h("div", { class: "cards" });
    this.more = h("button", { type: "button", hidden: true, on: { click: () => this._more() } }, "More");
    this.decided = new DecisionList();
    this.at = -1;
    const form = h("form", { class: "row", on: { submit: (event) => { event.preventDefault(); this.look(); } } },
      h("label", { class: "field", for: "min-score" }, "Score from ", this.score),
      h("label", { class: "tick" }, this.verify, " Lay the waveforms over each other"), h("button", { type: "submit" }, "Look"));
    this.element = h("div", {}, h("h2", {}, "Duplicates"), form, this.waiting.element, this.state, this.decided.element, this.cards, this.more);
    on("within", () => { this.reset(); if (this.element.isConnected) attempt(() => this.opened()); });
  }

  async opened() {
    await this.decided.update();
    if (this.job || this.waiting.busy || !app.space?.rows) return;
    if (app.space.rows <= UNASKED) await this.look();
    else this.state.textContent = `${number(app.space.rows)} clips: press Look.`;
  }

  reset() {
    this.waiting.stop();
    Object.assign(this, { job: null, here: null, at: -1 });
    this.state.textContent = "";
    this.cards.replaceChildren();
    this.more.hidden = true;
  }

  /** Look for groups; show as many as `shown`, and go on from the place `at` among their clips. */
  async look({ at = -1, shown = PAGE } = {}) {
    this.state.textContent = "";
    const done = await this.waiting.run(() => this._asked(), "Looking");
    if (!done) return;
    const pages = [];
    for (let from = 0; from < shown; from += PAGE) pages.push(this._page(done.job, from));
    const found = (await Promise.all(pages)).filter(Boolean);
    if (!found.length || this.waiting.busy) return;
    const focused = this.cards.contains(document.activeElement);
    Object.assign(this, { job: done.job, here: null, at });
    this.cards.replaceChildren();
    this._show(found.flatMap((page) => page.groups), found[0].total);
    if (focused) this._line(at + 1)?.querySelector(".clip-line").focus();
  }

  /** Go to the next clip of the groups, or the one before. */
  move(step) {
    const line = this._line(this.at + step);
    if (!line) return;
    line.querySelector(".clip-line").click();
    line.scrollIntoView({ block: "nearest" });
  }

  /** Something was decided, or taken back. A pin changes no group. */
  async again() {
    await Promise.all([showPins(), this.decided.update()]);
    if (this.job && app.decided.kind !== "pin") await this.look({ at: this.at - 1, shown: this.cards.children.length });
  }

  keep() { this.here?.keep(); }
  distinct() { this.here?.distinct(); }
  pin() { this.here?.pin(); }

  _asked() {
    const score = this.score.value ? Number(this.score.value) : null;
    return { kind: "duplicates", ...here(), min_score: score, verify: this.verify.checked ? "audio" : null, view: app.within || null };
  }

  _page(job, from) {
    return attempt(() => get(`jobs/${job}/groups`, { from, count: PAGE }));
  }

  async _more() {
    const { job } = this;
    this.more.hidden = true; // until the page is there
    const found = await this._page(job, this.cards.children.length);
    if (job !== this.job) return;
    if (found) this._show(found.groups, found.total);
    else this.more.hidden = false;
  }

  _show(groups, total) {
    this.state.textContent = total ? `${number(total)} groups, the largest first.` : "No duplicates at this score.";
    this.cards.append(...groups.map((group) => groupCard(group, (place) => this._reach(place))));
    this.more.hidden = this.cards.children.length >= total;
  }

  _reach({ line, group, member, other, acts }) {
    arrive(this.cards.querySelector(".member.here"), line);
    Object.assign(this, { here: acts, at: this._lines().indexOf(line) });
    player.choose(heard(member), { other: other && heard(other) });
    change({ clip: null, hits: group.members.filter((one) => !one.exact), heard: member });
  }

  /** The line at a place, or else the nearest to it. */
  _line(at) {
    const lines = this._lines();
    return lines[Math.max(0, Math.min(lines.length - 1, at))];
  }

  _lines() {
    return [...this.cards.querySelectorAll(".member")];
  }
}
