// The chosen clip: its neighbours, all that is known of it, and asking with a sound of one's own.

import { get } from "./api.js";
import { app, attempt, change, here } from "./app.js";
import { askWith, soundForm } from "./asking.js";
import { pin, pinButton, showPins } from "./decisions.js";
import { byId, clock, h, number } from "./dom.js";
import { known, matchTable } from "./known.js";
import { ClipList, sound } from "./list.js";
import { player } from "./player.js";
import { Selection } from "./selection.js";

const K = 20;

export class ClipPanel {
  /** asked(clip): its neighbours are wanted. */
  constructor(asked) {
    this.list = new ClipList({ label: "Nearest clips", chosen: (clip) => this._hear(clip), asked });
    this.drawn = new Selection(asked);
    this.head = h("div", { class: "clip-head" });
    this.title = h("h2", {});
    this.note = h("p", { class: "note", role: "status" });
    this.matches = h("div", {});
    this.facts = h("div", {});
    this.details = h("details", { on: { toggle: () => this._fill() } }, h("summary", {}, "All that is known of it"), this.facts);
    this.element = h("div", {}, soundForm((file) => this.ask(file)), this.drawn.element, this.head, this.title, this.note, this.matches, this.list.element, this.details);
    this.reset();
  }

  /** Another space: nothing is chosen. */
  reset() {
    this.abort?.abort();
    this.query = null;
    this.drawn.show([]);
    this._show("Choose a clip", "Press a point of the map, find a name, drop a sound on the page, or record one.");
  }

  /** Show a clip and its neighbours; resolves when they are listed. */
  async choose(clip, { play } = {}) {
    const signal = this._begin(clip);
    const asked = get(`clip/${encodeURIComponent(clip.clip_id)}/similar`, { ...here(), k: K, view: app.within }, signal);
    player.choose(sound(clip), play === undefined ? {} : { play });
    change({ clip, heard: null, hits: [] });
    this._show("Its neighbours", "Looking for them", clip);
    const found = await attempt(() => asked);
    if (signal.aborted) return;
    if (!found) { this.note.textContent = "No answer"; return; }
    this._answer(found, `Nearest to it${app.within ? `, of what ${app.within} keeps` : ""}`);
    if (performance.getEntriesByName("pressed").length) performance.measure("neighbours", "pressed");
    await showPins();
  }

  /** Ask with a sound: a File, from disk or the microphone. */
  async ask(file, { play } = {}) {
    const signal = this._begin({ file, name: file.name });
    player.choose({ file, name: file.name, facts: "not in the store" }, play === undefined ? {} : { play });
    change({ clip: null, heard: null, hits: [] });
    this._show("Its neighbours", "Listening", { name: file.name });
    const found = await attempt(() => askWith(file, { k: K, view: app.within }, signal));
    if (signal.aborted) return;
    if (!found) { this.note.textContent = "No answer"; return; }
    this._answer(found, `Nearest to ${file.name}`, found.matches);
  }

  /** Ask the same again, within another view; nothing begins to play. */
  async again() {
    const { query } = this;
    if (query?.file) await this.ask(query.file, { play: false });
    else if (query) await this.choose(query, { play: false });
  }

  /** Ask in this space what was asked in the one before; a clip that has no vector here is let be. */
  async goOn(query) {
    if (query?.file) await this.ask(query.file, { play: false });
    if (!query?.clip_id) return;
    const found = await attempt(() => get(`clip/${encodeURIComponent(query.clip_id)}`, { space: app.space.space }));
    if (found && found.row !== null && !this.query) await this.choose(found, { play: false });
  }

  /** Clips that were drawn around on the map. */
  async selection(rows) {
    await this.drawn.show(rows);
    this.current = this.drawn.open ? this.drawn.list : this.list;
  }

  move(step) {
    this._walked().move(step);
  }

  enter() {
    this._walked().ask();
  }

  pin() {
    if (this.query?.clip_id) pin(this.query);
  }

  /** The list that arrows walk: the one that came last. */
  _walked() {
    return this.current === this.drawn.list && this.drawn.open ? this.drawn.list : this.list;
  }

  _begin(query) {
    this.abort?.abort();
    this.abort = new AbortController();
    this.query = query;
    return this.abort.signal;
  }

  /** Show what is asked about, and no answer yet. */
  _show(title, note, clip = null) {
    if (this.list.element.contains(document.activeElement)) byId("panel").focus({ preventScroll: true }); // its line goes
    this.title.textContent = title;
    this.note.textContent = note;
    this.list.show([]);
    this.matches.replaceChildren();
    this.facts.replaceChildren();
    this.details.open = false;
    this.details.hidden = !clip?.clip_id;
    this.head.replaceChildren(...clip ? headOf(clip) : []);
  }

  _answer(found, title, matches = []) {
    this.title.textContent = title;
    this.note.textContent = `${found.hits.length} clips in ${number(found.took_ms)} ms. Arrows walk the list, b switches between the two, enter goes on from there.`;
    this.list.show(found.hits);
    this.current = this.list;
    if (matches.length) this.matches.replaceChildren(matchTable(matches, (match) => this._hear(match)));
    change({ hits: found.hits });
  }

  /** Hear a neighbour, or from where on it matches what was asked. */
  _hear(clip) {
    const query = this.query.file ? { ...this.query, facts: "asked" } : sound(this.query);
    const match = clip.clip_start_s === undefined ? {} : { stretches: [[clip.clip_start_s, clip.clip_end_s]], offset_s: clip.query_start_s - clip.clip_start_s };
    player.choose(sound(clip, match), { other: query, from: clip.clip_start_s });
    change({ heard: clip });
  }

  async _fill() {
    const { query } = this;
    if (!this.details.open || !query?.clip_id) return;
    const found = await attempt(() => get(`clip/${encodeURIComponent(query.clip_id)}`, { space: app.space.space }));
    if (!found || query !== this.query) return;
    this.facts.replaceChildren(...known(found));
  }
}

function headOf(clip) {
  const title = h("h2", { title: clip.name }, clip.name);
  if (!clip.clip_id) return [title];
  const labels = (clip.labels ?? []).map((label) => h("span", { class: "tag" }, label));
  const length = h("span", { class: "note" }, Number.isFinite(clip.duration_s) ? clock(clip.duration_s) : "");
  return [title, h("p", { class: "row" }, labels, length, pinButton(clip, false, { class: "small" }))];
}
