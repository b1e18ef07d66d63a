// A plan, moved by hand: its knob or a budget, what that keeps, and the view that it becomes.

import { get, packet, post } from "./api.js";
import { attempt, say } from "./app.js";
import { lineChart } from "./chart.js";
import { planned } from "./columns.js";
import { h, number, percent } from "./dom.js";

const KNOBS = {
  eps: { title: "eps: coverage that may be lost", text: (value) => `eps ${value}` },
  t: { title: "t: how even a spread", text: (value) => `t ${value}` },
};
const BUDGETS = Array.from({ length: 100 }, (_, at) => (at + 1) / 100);
const BUDGET = { title: "or a budget", text: (value) => `keep ${percent(value, 0)}` };
const HALF = 0.5;

export class Tuning {
  /** paint(painted): colour the map; saved(view): a view was saved. */
  constructor({ paint, saved }) {
    Object.assign(this, { paint, saved });
    this.element = h("div", {});
    this.job = null;
  }

  /** Show the plan that a job made; false where it cannot be had. */
  async open(job) {
    this.close();
    const plan = await attempt(() => get(`jobs/${job}/plan`));
    if (!plan) return false;
    Object.assign(this, { job, plan, sliders: [], numbers: h("div", { class: "figures", "aria-live": "polite" }), curve: h("div", {}) });
    const { name, at, values } = plan.knob;
    this.element.replaceChildren(
      ...plan.warnings.map((warning) => h("p", { class: "warning" }, warning)), name ? this._slider(name, values, at, KNOBS[name]) : "",
      this._slider("keep", BUDGETS, HALF, name ? BUDGET : { ...BUDGET, title: "budget" }), this.numbers, this.curve, this._form(),
    );
    await this._move(name ? { [name]: at } : { keep: HALF });
    return true;
  }

  close() {
    Object.assign(this, { job: null, answer: null, wanted: null, setting: null });
    this.element.replaceChildren();
  }

  /** Colour the map by what is kept, where there is a plan. */
  async repaint() {
    if (this.answer) await this.paint(planned(this.answer.array));
  }

  /** A slider over the values that there are; moving it asks for that setting of the same plan. */
  _slider(name, values, at, { title, text }) {
    const nearest = values.reduce((best, value, place) => (Math.abs(value - at) < Math.abs(values[best] - at) ? place : best), 0);
    const said = h("output", { for: `slide-${name}` });
    const slider = h("input", { id: `slide-${name}`, type: "range", min: "0", max: String(values.length - 1), step: "1", value: String(nearest), "aria-valuetext": text(values[nearest]) });
    slider.addEventListener("input", () => this._move({ [name]: values[Number(slider.value)] }));
    this.sliders.push({ name, slider, said, text });
    return h("label", { class: "slider", for: slider.id }, h("span", {}, title), slider, said);
  }

  _form() {
    const name = h("input", { id: "view-name", type: "text", required: true, maxlength: "60", placeholder: "lean", "aria-label": "Name of the view" });
    const save = h("button", { type: "submit", id: "save-view" }, "Save the view");
    const asked = async (event) => {
      event.preventDefault();
      if (save.disabled || !name.value.trim()) return;
      save.disabled = true; // a second press would save it a second time
      await this._save(name.value.trim());
      save.disabled = false;
    };
    return h("form", { class: "row", on: { submit: asked } }, h("label", { class: "field", for: name.id }, "Save as ", name), save);
  }

  /** Ask for a setting; of many moves in a row only the last is asked. */
  async _move(setting) {
    this.wanted = setting;
    this._say();
    if (this.moving) return;
    this.moving = true;
    while (this.job && this.wanted !== this.setting) {
      const [asked, job] = [this.wanted, this.job];
      this.setting = asked;
      const answer = await attempt(() => packet(`jobs/${job}/at`, asked));
      if (!answer) break;
      if (job !== this.job) continue;
      this.answer = answer;
      this._figures(answer.header);
      await this.repaint();
    }
    this.moving = false;
  }

  /** The slider that was moved last is what counts; the other says nothing. */
  _say() {
    for (const { name, slider, said, text } of this.sliders) {
      const value = this.wanted[name];
      said.textContent = value === undefined ? "" : text(value);
      if (value !== undefined) slider.setAttribute("aria-valuetext", text(value));
    }
  }

  _figures(found) {
    const one = (name, value, more = "") => h("div", {}, h("strong", {}, value), h("span", {}, name), more ? h("small", {}, more) : null);
    this.numbers.replaceChildren(
      one("kept", percent(found.kept_share), `${number(found.pool_kept)} of ${number(found.pool)}${this.plan.split ? ` of split ${this.plan.split}` : ""}`), one("hours", number(found.hours)),
      one("coverage", found.coverage.toFixed(3)), one("duplicates left", number(found.duplicates_left)),
    );
    const points = this.plan.curve.map((point) => [point.kept_share, point.coverage]);
    if (points.length) this.curve.replaceChildren(lineChart([{ name: "coverage", points }], { x: "share kept", y: "coverage", mark: found.kept_share }));
  }

  async _save(name) {
    const view = await attempt(() => post(`jobs/${this.job}/save`, { name, ...this.wanted }));
    if (!view) return;
    say(`Saved ${view.address}: ${number(view.kept)} of ${number(view.clips)} clips.`, { tone: "good" });
    await this.saved(view);
  }
}
