// A list of clips that can be walked with the arrows and heard.

import { h, number } from "./dom.js";
import { player } from "./player.js";

export const facts = (clip) => [
  Number.isFinite(clip.duration_s) ? `${number(Math.round(10 * clip.duration_s) / 10)} s` : null, (clip.labels ?? []).join(", ") || null,
].filter(Boolean).join(" · ");

/** What the player plays for a clip of a list. */
export const sound = (clip, more = {}) => ({ clip_id: clip.clip_id, name: clip.name, facts: facts(clip), ...more });

/** Mark the line that was reached, and no longer the one before. */
export function arrive(before, line) {
  before?.classList.remove("here");
  before?.querySelector(".clip-line").removeAttribute("aria-current");
  line.classList.add("here");
  line.querySelector(".clip-line").setAttribute("aria-current", "true");
}

export class ClipList {
  /** chosen(clip): a clip of the list was reached; asked(clip): it was pressed again, or Enter was; score: whether to show scores. */
  constructor({ chosen, asked, score = true, label }) {
    Object.assign(this, { chosen, asked, score });
    this.clips = [];
    this.at = -1;
    this.element = h("ol", { class: "clips", "aria-label": label });
  }

  show(clips) {
    this.clips = clips;
    this.at = -1;
    this.element.replaceChildren(...clips.map((clip, at) => this._line(clip, at)));
  }

  move(step) {
    if (!this.clips.length) return;
    this.choose(Math.max(0, Math.min(this.clips.length - 1, this.at + step)));
  }

  ask() {
    if (this.at >= 0) this.asked?.(this.clips[this.at]);
  }

  choose(at) {
    const line = this.element.children[at];
    arrive(this.element.children[this.at], line);
    this.at = at;
    line.scrollIntoView({ block: "nearest" });
    this.chosen(this.clips[at]);
  }

  _line(clip, at) {
    return h("li", {},
      h("button", { type: "button", class: "clip-line", title: clip.name, on: { click: () => this.choose(at), dblclick: () => this.asked?.(clip) } },
        this.score ? h("span", { class: "score" }, clip.score.toFixed(3)) : null,
        h("span", { class: "clip-name" }, clip.name),
        h("span", { class: "clip-facts" }, [facts(clip), clip.offset_s ? `best at ${number(clip.offset_s)} s` : ""].filter(Boolean).join(" · "))),
      this.asked ? h("button", { type: "button", class: "quiet small", "aria-label": `Neighbours of ${clip.name}`, title: "Its neighbours (enter)", on: { click: () => this.asked(clip) } }, "→") : null);
  }
}

/** Play a clip of a list, compared with none. */
export const audition = (clip) => player.choose(sound(clip));
