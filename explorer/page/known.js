// All that is known of a clip: its metadata, what was decided about it, and what each view says of it and why.

import { get } from "./api.js";
import { attempt } from "./app.js";
import { clock, h, table } from "./dom.js";

const TOLD_APART = new Set(["views", "decisions", "row", "uris", "labels", "extra"]);

/** What /api/clip said, as elements. */
export const known = (clip) => [metadata(clip), fates(clip)];

function metadata(clip) {
  const plain = (value) => (typeof value === "object" ? JSON.stringify(value) : value);
  const rows = Object.entries(clip).filter(([name, value]) => !TOLD_APART.has(name) && value !== null && value !== "").map(([name, value]) => [name, plain(value)]);
  const extra = Object.entries(clip.extra ?? {}).map(([name, value]) => [name, String(plain(value))]);
  const labels = [["labels", clip.labels?.join(", ") || "-"], ["decisions", clip.decisions.join(", ") || "-"]];
  return h("div", {}, table(["", ""], [...rows, ...labels, ...extra, ...clip.uris.map((uri) => ["file", uri])], { "aria-label": "Metadata", class: "facts" }));
}

/** What each view says of a clip, and on demand why. */
function fates(clip) {
  if (!clip.views.length) return h("p", { class: "note" }, "No view has been saved yet.");
  const why = h("p", { class: "note", role: "status" });
  const ask = async (view) => {
    const found = await attempt(() => get(`clip/${encodeURIComponent(clip.clip_id)}/why`, { view }));
    if (found) why.textContent = found.sentence;
  };
  const rows = clip.views.map((view) => [
    h("button", { type: "button", class: "quiet", title: "Why?", on: { click: () => ask(view.address) } }, view.address),
    view.kept ? "kept" : "pruned", view.reason, view.similarity,
  ]);
  return h("div", {}, table(["view", "", "reason", "similarity"], rows, { "aria-label": "Views" }), why);
}

/** Which stretch of which clip plays where in a sound. hear(match): one was pressed. */
export function matchTable(matches, hear) {
  const rows = matches.map((match) => [
    h("button", { type: "button", class: "quiet", on: { click: () => hear(match) } }, match.name),
    `${clock(match.query_start_s)}-${clock(match.query_end_s)}`, `${clock(match.clip_start_s)}-${clock(match.clip_end_s)}`, match.score,
  ]);
  return h("div", { class: "matches" }, h("h3", {}, "Heard in it"), table(["clip", "in the sound", "in the clip", "score"], rows, { "aria-label": "Matching time ranges" }));
}
