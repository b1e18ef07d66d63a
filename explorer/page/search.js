// Finding clips by name, title, artist or label.

import { get } from "./api.js";
import { app, attempt, here, on } from "./app.js";
import { byId, h, number } from "./dom.js";
import { ClipList } from "./list.js";

const LIMIT = 50;
const TYPED_MS = 150;

/** chosen(clip): a clip that was found and chosen. */
export function heedSearch(chosen) {
  const [form, input] = [byId("search"), byId("search-text")];
  const box = h("div", { id: "found", hidden: true, role: "region", "aria-label": "Found clips" });
  const close = () => { box.hidden = true; };
  const list = new ClipList({ label: "Found clips", score: false, chosen: (clip) => { close(); byId("panel").focus({ preventScroll: true }); chosen(clip); } });
  const said = h("p", { class: "note", role: "status" });
  box.append(said, list.element);
  form.append(box);
  let last = 0;
  const look = async () => {
    const text = input.value.trim();
    last += 1;
    const mine = last;
    if (!text || !app.space) { close(); return; }
    const found = await attempt(() => get("find", { ...here(), text, limit: LIMIT }));
    if (!found || mine !== last) return;
    list.show(found.clips);
    said.textContent = found.total ? `${number(found.total)} found${found.total > LIMIT ? `, the first ${LIMIT}` : ""}` : "Nothing is called so.";
    box.hidden = false;
  };
  let waiting = 0;
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, TYPED_MS); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); look(); });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { close(); input.focus(); }
    if (!box.hidden && walk(event, input, list.element)) event.preventDefault();
  });
  form.addEventListener("focusout", (event) => { if (event.relatedTarget && !form.contains(event.relatedTarget)) close(); });
  document.addEventListener("pointerdown", (event) => { if (!form.contains(event.target)) close(); });
  on("space", () => { last += 1; close(); });
}

/** Arrows go from the text to the lines and back; whether the key was one of them. */
function walk({ key }, input, lines) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!step) return false;
  const stops = [input, ...lines.querySelectorAll(".clip-line")];
  stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(document.activeElement) + step))].focus();
  return true;
}
