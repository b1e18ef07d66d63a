// What the colours mean; a press on one hides its clips, or shows them again. Of numbers, a part of the scale is chosen.

import { byId, fill, h, number, options } from "./dom.js";

export class Legend {
  /** colour(name): a value is to have a colour of its own. */
  constructor(plot, colour) {
    Object.assign(this, { plot, colour });
    this.box = byId("legend");
    this.hidden = new Set();
  }

  show(painted) {
    this.hidden = new Set();
    this.painted = painted;
    const { entries, scale, others } = painted;
    this.chips = entries.map((entry, code) => (entry.count && !(scale && code < entries.length - 1) ? this._chip(entry, code) : null));
    this.all = h("button", { type: "button", class: "quiet", hidden: true, on: { click: () => { this.show(this.painted); this.plot.hide(this.hidden); this.box.querySelector("button, input")?.focus(); } } }, "Show all");
    fill(this.box, scale ? this._range(entries.slice(0, -1), scale) : null, this.chips, others?.length ? this._others(others) : null, this.all);
  }

  _chip({ name, colour, count }, code) {
    const swatch = h("span", { class: "swatch" });
    swatch.style.background = colour;
    return h("button", {
      type: "button", class: "chip", "aria-pressed": "true", title: "Hide or show; with Shift: this alone", on: { click: (event) => this._press(code, event.shiftKey) },
    }, swatch, h("span", { class: "chip-name" }, name), h("span", { class: "count" }, number(count)));
  }

  /** Those that share a colour, to choose one from. */
  _others(names) {
    const select = h("select", { class: "small", "aria-label": "Give another value a colour of its own", on: { change: () => select.value && this.colour(names[Number(select.value)]) } });
    const sorted = names.map((name, at) => [String(at), name]).sort(([, one], [, other]) => one.localeCompare(other));
    options(select, [["", "Colour another"], ...sorted], "");
    return select;
  }

  _press(code, alone) {
    const hidden = alone ? new Set(this.painted.entries.map((_, at) => at).filter((at) => at !== code)) : new Set(this.hidden);
    if (!alone && !hidden.delete(code)) hidden.add(code);
    this._hide(hidden);
  }

  _hide(hidden) {
    this.hidden = hidden;
    this.plot.hide(hidden);
    for (const [code, chip] of this.chips.entries()) chip?.setAttribute("aria-pressed", String(!hidden.has(code)));
    this.all.hidden = !hidden.size;
  }

  /** The scale of a number, and from where to where on it clips are shown. */
  _range(steps, { min, max, unit, log, at }) {
    const bar = h("span", { class: "ramp", role: "img", "aria-label": `from ${number(min)} to ${number(max)} ${unit ?? ""}` });
    bar.style.background = `linear-gradient(to right, ${steps.map((entry) => entry.colour).join(", ")})`;
    const said = h("output", { class: "count" }, `${number(min)} to ${number(max)} ${unit ?? ""}${log ? " (logarithmic)" : ""}`);
    const end = (name, value) => h("input", { type: "range", min: "0", max: String(steps.length), step: "1", value, "aria-label": name, "aria-valuetext": number(at(value)), on: { input: () => chosen() } });
    const [low, high] = [end("Shown from", 0), end("Shown to", steps.length)];
    const chosen = () => {
      const [from, to] = [Number(low.value), Number(high.value)].sort((one, other) => one - other);
      const outside = steps.map((_, step) => step).filter((step) => step < from || step >= to);
      this._hide(new Set([...outside, ...[...this.hidden].filter((code) => code >= steps.length)]));
      said.textContent = `${number(at(from))} to ${number(at(to))} ${unit ?? ""}${log ? " (logarithmic)" : ""}`;
      for (const one of [low, high]) one.setAttribute("aria-valuetext", number(at(Number(one.value))));
    };
    return h("span", { class: "range" }, bar, low, high, said);
  }
}
