// What people decide about clips; the store keeps it, and it can be undone.

import { get, post, remove } from "./api.js";
import { attempt, change, say } from "./app.js";
import { h, table } from "./dom.js";

const WORDS = { pin: "pinned", distinct: "not a duplicate of", representative: "stands for its duplicates" };

/** Decide something, and offer to take it back. */
export async function decide(asked, sentence) {
  const made = await attempt(() => post("decisions", asked));
  if (!made) return null;
  const undo = h("button", { type: "button", on: { click: () => undone(made.id) } }, "Undo");
  say(`${sentence}.`, { tone: "good", action: undo });
  change({ decided: made });
  return made;
}

/** Pin a clip, or take that back where it is pinned. */
export async function pin({ clip_id: clipId, name }) {
  const pinned = (await standing()).find((one) => one.kind === "pin" && one.clip_id === clipId);
  if (pinned) await undone(pinned.id);
  else await decide({ kind: "pin", clip_id: clipId }, `${name} is pinned: every view will keep it`);
}

/** One clip stands for its group from now on: of several that were chosen one after the other, the last counts. */
export const represent = (member) => decide({ kind: "representative", clip_id: member.clip_id }, `${member.name} stands for its group from now on`);

/** A button that pins a clip. */
export const pinButton = (clip, pinned, more = {}) => h("button", {
  type: "button", title: "Keep it in every view (p)", "aria-pressed": String(pinned), data: { pins: clip.clip_id }, on: { click: () => pin(clip) }, ...more,
}, "Pin");

/** Let all such buttons show what stands now. */
export async function showPins() {
  const pinned = new Set((await standing()).filter((one) => one.kind === "pin").map((one) => one.clip_id));
  for (const button of document.querySelectorAll("[data-pins]")) button.setAttribute("aria-pressed", String(pinned.has(button.dataset.pins)));
}

const standing = async () => ((await attempt(() => get("decisions")))?.decisions ?? []).filter((one) => !one.undone_at);

async function undone(id) {
  const taken = await attempt(() => remove(`decisions/${encodeURIComponent(id)}`));
  if (!taken) return;
  say("Taken back.", { tone: "good" });
  change({ decided: taken });
}

/** The decisions that stand, as an element that can be brought up to date. */
export class DecisionList {
  constructor() {
    this.title = h("summary", {}, "Decisions");
    this.rows = h("div", {});
    this.element = h("details", { class: "decisions" }, this.title, this.rows);
  }

  async update() {
    const found = await standing();
    const rows = found.map((one) => [
      one.name, WORDS[one.kind], one.other_name ?? "",
      h("button", { type: "button", class: "quiet", "aria-label": `Undo: ${one.name} is ${WORDS[one.kind]} ${one.other_name ?? ""}`, on: { click: () => undone(one.id) } }, "Undo"),
    ]);
    this.title.textContent = `Decisions (${found.length})`;
    this.rows.replaceChildren(rows.length ? table(["clip", "is", "of", ""], rows, { "aria-label": "Decisions" }) : h("p", { class: "note" }, "None yet. What you decide here is kept in the store, and every later pruning heeds it."));
  }
}
