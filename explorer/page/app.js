// What all parts of the page share: what is looked at, and who wants to know when that changes.

const events = new EventTarget();

/**
 * store: what /api/store said; space: what /api/space said; clip: the chosen clip, as a row of a list; hits: its
 * neighbours; heard: the clip of a list that plays; within: the view that neighbours come from; selection: rows drawn around;
 * running: what other processes do.
 */
export const app = { store: null, space: null, clip: null, hits: [], heard: null, within: "", selection: [], running: [] };

/** Parameters that every question about rows carries. Throws where there is nothing to ask about. */
export function here() {
  if (!app.space?.rows) throw new Error("There is nothing to ask about yet: no clip has a vector.");
  return { space: app.space.space, state: app.space.state };
}

export function change(fields) {
  Object.assign(app, fields);
  for (const name of Object.keys(fields)) events.dispatchEvent(new CustomEvent(name));
}

export const on = (name, heed) => events.addEventListener(name, heed);

/** Say something at the top of the page; nothing hides it. */
export function say(sentence, { tone = "bad", action = null } = {}) {
  const box = document.getElementById("message");
  box.hidden = !sentence;
  box.dataset.tone = tone;
  box.replaceChildren(sentence ?? "");
  if (!sentence) return;
  if (action) box.append(" ", action);
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.className = "quiet";
  close.addEventListener("click", () => say(null));
  box.append(" ", close);
}

/** Run what a person asked for; say what was refused. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError" && !error.told) say(error.message);
    return null;
  }
}
