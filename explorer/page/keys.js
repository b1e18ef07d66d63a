// Keys, for whoever does not use a mouse or does not want to.

import { byId, fill, h } from "./dom.js";

const KEYS = [
  ["space", "play or pause"], ["b", "the other of two clips, at the same position"], ["left, right", "two seconds back, on"],
  ["down, up", "the next clip of the list, the one before"], ["enter", "ask for the neighbours of the clip that plays"],
  ["/", "find a name"], ["+  -  0", "nearer, farther, all clips"], ["l", "draw around clips"],
  ["1 to 5", "clip, duplicates, prune, compare, runs"], ["k", "keep this one of a group of duplicates"],
  ["n", "not a duplicate"], ["p", "pin the clip, or unpin it"], ["?", "this list"],
];
const REPEATED = new Set(["ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp", "+", "-"]);
const TYPED_IN = "input:not([type=checkbox]):not([type=range]), textarea, select";
const PRESSED = "button, a, summary, input";

/** Whether the element that has the focus does something of its own with a key. */
function isTaken(target, key) {
  if (key === " " || key === "Enter") return Boolean(target.closest(PRESSED)) && !target.closest(".here .clip-line"); // which was pressed already
  if (!key.startsWith("Arrow")) return false;
  return target.matches("input[type=range]") || (target.matches(".scrolls") && !/Up|Down/.test(key));
}

/** actions: by the key of an event, what to do. */
export function heedKeys(actions) {
  const box = byId("keys");
  const show = () => box.showModal();
  fill(byId("keys-list"), KEYS.map(([key, what]) => [h("dt", {}, key), h("dd", {}, what)]));
  byId("help").addEventListener("click", show);
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || box.open) return;
    if (target.closest(TYPED_IN)) {
      if (key === "Escape") target.blur();
      return;
    }
    if (isTaken(target, key)) return;
    const action = key === "?" ? show : actions[key.length === 1 ? key.toLowerCase() : key];
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || REPEATED.has(key)) action();
  });
}
