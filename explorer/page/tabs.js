// The tabs at the side: one panel is there at a time, and keeps what it shows, and how far it was scrolled, when another
// is looked at.

import { app, attempt } from "./app.js";
import { byId } from "./dom.js";

export const tabs = { open: "" };
let panels = {};
const scrolled = {};

export function openTab(name) {
  const panel = byId("panel");
  const { element } = panels[name];
  if (panel.firstElementChild === element) return;
  scrolled[tabs.open] = panel.scrollTop;
  tabs.open = name;
  for (const button of buttons()) {
    const chosen = button.dataset.tab === name;
    button.setAttribute("aria-selected", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
    if (chosen) panel.setAttribute("aria-labelledby", button.id);
  }
  panel.replaceChildren(element);
  panel.scrollTop = scrolled[name] ?? 0;
  if (app.store) attempt(async () => panels[name].opened?.());
}

/** Arrows, Home and End go from tab to tab, as in any list of tabs. */
export function heedTabs(found) {
  panels = found;
  for (const [at, button] of buttons().entries()) {
    button.addEventListener("click", () => openTab(button.dataset.tab));
    button.addEventListener("keydown", (event) => {
      const last = buttons().length - 1;
      const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = buttons()[to];
      openTab(next.dataset.tab);
      next.focus();
    });
  }
}

const buttons = () => [...document.querySelectorAll("[role=tab]")];
