// Asking with a sound: a file, dropped or chosen, or the microphone.

import { upload } from "./api.js";
import { app, here, on, say } from "./app.js";
import { h } from "./dom.js";
import { Recording } from "./recording.js";

const LIMIT_BYTES = 64 * 2 ** 20;

/** Send a sound; answers hits, and matches where the space holds fingerprints. */
export async function askWith(file, params, signal) {
  if (file.size > LIMIT_BYTES) throw new Error(`${file.name} is larger than 64 MB; cut a part out of it, or use \`echodex similar\`.`);
  const bytes = await file.arrayBuffer().catch(() => { throw new Error(`${file.name} cannot be read: it is a folder, or gone.`); });
  return upload("ask", { ...here(), ...params, name: file.name }, bytes, signal);
}

export function soundForm(asked) {
  const input = h("input", { type: "file", id: "ask-file", accept: "audio/*,video/*", on: { change: () => take(input, asked) } });
  const record = h("button", { type: "button", id: "record", "aria-pressed": "false" }, "Record");
  record.addEventListener("click", () => toggle(record, asked));
  const form = h("div", { class: "ask", hidden: true }, h("label", { class: "button", for: "ask-file" }, "Ask with a file"), input, record, h("span", { class: "note" }, "or drop one anywhere"));
  on("space", () => { form.hidden = !canAsk(); });
  return form;
}

/** Whether the space has an encoder that hears; vectors that were imported have none. */
const canAsk = () => app.store?.spaces.find((space) => space.name === app.space?.space)?.can_ask ?? false;

function take(input, asked) {
  const [file] = input.files;
  input.value = ""; // so that the same file can be chosen again
  if (file) asked(file);
}

let recording = null;

/** Begin to record, or end and ask. The button waits while the browser asks for leave: one microphone at a time. */
async function toggle(button, asked) {
  button.disabled = true;
  const file = recording ? await ended() : await begun();
  button.disabled = false;
  button.textContent = recording ? "Stop and ask" : "Record";
  button.setAttribute("aria-pressed", String(Boolean(recording)));
  button.focus();
  if (file) asked(file);
}

async function begun() {
  try {
    recording = await Recording.start();
  } catch (error) {
    say(`The microphone cannot be used (${error.message}): allow it for this page, or drop a file.`);
  }
  return null;
}

async function ended() {
  const heard = recording;
  recording = null;
  return heard.stop();
}

/** Take files that are dropped anywhere. */
export function heedDrops(asked) {
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", event.type === "dragover");
  };
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", over);
  document.addEventListener("drop", (event) => {
    over(event);
    const file = event.dataTransfer?.files[0];
    if (file && canAsk()) asked(file);
    else if (file) say(app.space ? "This space cannot hear a new sound: its vectors were imported, or are made from others." : "There is nothing to compare a sound with yet: no clip has a vector.");
  });
}
