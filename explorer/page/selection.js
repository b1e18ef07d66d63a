// Clips that were drawn around on the map: the first of them listed, all of them to be saved.

import { get } from "./api.js";
import { app, attempt, change, here, say } from "./app.js";
import { h, number } from "./dom.js";
import { audition, ClipList } from "./list.js";

const SHOWN = 200;
const AT_ONCE = 500;

export class Selection {
  /** asked(clip): its neighbours are wanted. */
  constructor(asked) {
    this.list = new ClipList({ label: "Clips drawn around", score: false, asked, chosen: (clip) => { audition(clip); change({ heard: clip }); } });
    this.title = h("h2", {});
    this.note = h("p", { class: "note" });
    const acts = h("p", { class: "row" }, h("button", { type: "button", class: "quiet", on: { click: () => this._save() } }, "Save the list"), h("button", { type: "button", class: "quiet", on: { click: () => this.show([]) } }, "Clear"));
    this.element = h("div", { hidden: true }, this.title, acts, this.note, this.list.element);
  }

  get open() {
    return !this.element.hidden;
  }

  /** Show rows; none: nothing is drawn around any more. */
  async show(rows) {
    change({ selection: rows });
    this.element.hidden = !rows.length;
    this.list.show([]);
    this.title.textContent = rows.length === 1 ? "1 clip drawn around" : `${number(rows.length)} clips drawn around`;
    this.note.textContent = rows.length > SHOWN ? `The first ${SHOWN} are listed.` : "";
    if (!rows.length) return;
    const found = await attempt(() => get("rows", { ...here(), rows: rows.slice(0, SHOWN).join(",") }));
    if (found && app.selection === rows) this.list.show(found.clips);
  }

  async _save() {
    const [rows, clips] = [app.selection, []];
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const found = await attempt(() => get("rows", { ...here(), rows: rows.slice(from, from + AT_ONCE).join(",") }));
      if (!found) return;
      clips.push(...found.clips);
      if (rows.length > 10 * AT_ONCE) say(`${number(clips.length)} of ${number(rows.length)} clips are read.`, { tone: "good" });
    }
    download(clips);
  }
}

function download(clips) {
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const lines = ["clip_id,name", ...clips.map((clip) => `${clip.clip_id},${quoted(clip.name)}`)];
  const address = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
  h("a", { href: address, download: "clips.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
