// What other processes are doing with the store right now: app.running, asked for every few seconds while the page is seen.

import { get } from "./api.js";
import { app, change } from "./app.js";
import { byId, h, howFar, table } from "./dom.js";

const EVERY_MS = 4000;
const SHOWN = 2;

/** Show at the top what runs, and whether the server still answers. */
export function watchActivity() {
  const box = byId("activity");
  const look = async () => {
    if (!document.hidden) {
      const found = await get("activity").catch(() => null);
      box.replaceChildren(...(found ? lines(found.running) : [h("span", { class: "warning" }, "The server does not answer")]));
      if (found) change({ running: found.running });
    }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, 500);
}

const lines = (running) => running.slice(0, SHOWN).map((one) => h("span", { class: "busy" }, `${one.verb}: ${howFar(one)}`));

/** All that runs, as a table. */
export function runningNow() {
  if (!app.running.length) return h("p", { class: "note" }, "Nothing is running in another process.");
  return table(["running", "how far"], app.running.map((one) => [one.verb, howFar(one)]), { "aria-label": "Running now" });
}
