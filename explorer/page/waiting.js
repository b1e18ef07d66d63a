// How far a job is, and a button to stop it: one job at a time in one place.

import { job } from "./api.js";
import { attempt } from "./app.js";
import { h, howFar } from "./dom.js";

export class Waiting {
  constructor(label) {
    this.bar = h("progress", { max: 1, value: 0, "aria-label": label });
    this.far = h("span", { class: "note" }); // changes too often to be read out
    this.working = h("div", { class: "row working", hidden: true }, this.bar, this.far, h("button", { type: "button", class: "small", on: { click: () => this.stop() } }, "Stop"));
    this.said = h("p", { class: "note", role: "status" });
    this.element = h("div", {}, this.working, this.said);
    this.abort = null;
  }

  get busy() {
    return this.abort !== null;
  }

  /** Do the job that `asked` returns in the place of the one before; null where it was stopped, refused, or made way for another. */
  async run(asked, sentence) {
    this.stop();
    const own = new AbortController();
    this.abort = own;
    this.working.hidden = false;
    this.said.textContent = sentence;
    this._tell({});
    const done = await attempt(() => job(asked(), (found) => own === this.abort && this._tell(found), own.signal));
    if (own !== this.abort) return null;
    this._end();
    return done;
  }

  /** Give up what is worked on. */
  stop() {
    this.abort?.abort();
    this._end();
  }

  _end() {
    this.abort = null;
    this.working.hidden = true;
    this.said.textContent = "";
    this.far.textContent = "";
  }

  _tell(found) {
    if (found.total) this.bar.value = found.done / found.total;
    else this.bar.removeAttribute("value");
    this.far.textContent = howFar(found);
  }
}
