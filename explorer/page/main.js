// The page, put together: load the store, open its space, and let the parts hear of each other.

import { get, onStale, post } from "./api.js";
import { watchActivity } from "./activity.js";
import { app, attempt, change, on, say } from "./app.js";
import { heedDrops } from "./asking.js";
import { ClipPanel } from "./clip.js";
import { isDark } from "./colours.js";
import { ComparePanel } from "./compare.js";
import { byId, h, number, options } from "./dom.js";
import { drawing, first, wanted } from "./first.js";
import { GroupsPanel } from "./groups.js";
import { heedKeys } from "./keys.js";
import { clipOf, emptyMap, farther, heedMap, lasso, nearer, offerColumns, openMap, paintMap, prepareMap, refresh, retheme, wholeMap } from "./map.js";
import { player } from "./player.js";
import { PrunePanel } from "./prune.js";
import { RunsPanel } from "./runs.js";
import { heedSearch } from "./search.js";
import { heedTabs, openTab, tabs } from "./tabs.js";

const panels = {
  clip: new ClipPanel(choose), groups: new GroupsPanel(), prune: new PrunePanel({ paint: paintMap, saved }), compare: new ComparePanel({ paint: paintMap }), runs: new RunsPanel(),
};

async function start() {
  heedControls();
  prepareMap();
  const store = await attempt(() => first.store);
  if (!store) return;
  change({ store });
  document.title = `${store.name} · echodex`;
  byId("store-name").textContent = store.name;
  byId("store-name").title = `${number(store.clips)} clips, ${number(store.hours)} hours`;
  const view = wanted.get("view");
  offerViews(store.views.findLast((one) => one.address === view || one.name === view)?.address ?? "");
  openTab("clip");
  if (store.spaces.length) {
    const space = await attempt(() => first.space);
    options(byId("space"), store.spaces.map((one) => [one.name, `${one.encoder} (${number(one.clips)})`]), space?.space);
    if (space) await openSpace(space, first.drawing);
  } else emptyMap(store.clips ? "No clip has a vector yet: run `echodex embed timbre`, then reload this page." : "The store is empty: run `echodex add FOLDER --embed timbre`, then reload this page.");
  window.ready_ms = performance.now();
  watchActivity();
}

/** Look at a space. asked: what its map is drawn from, on its way. */
async function openSpace(space, asked) {
  change({ space, clip: null, heard: null, hits: [], selection: [] });
  const { query } = panels.clip;
  for (const panel of Object.values(panels)) panel.reset?.();
  await openMap(asked);
  await attempt(async () => panels[tabs.open].opened?.());
  await panels.clip.goOn(query);
  if (space.rows) post("jobs", { kind: "index", space: space.space }).catch(() => {}); // opened before the first is asked for
}

function offerViews(chosen) {
  options(byId("within"), [["", "all clips"], ...app.store.views.map((view) => [view.address, `${view.address} (${number(view.kept)})`])], chosen);
  change({ within: chosen });
}

async function choose(clip, settings) {
  openTab("clip");
  await panels.clip.choose(clip, settings);
}

let picked = null;

async function pick(row) {
  picked = row;
  const clip = await attempt(() => clipOf(row));
  if (clip && picked === row) await choose(clip); // and none was pressed since
}

/** A view was saved: it can be chosen wherever views are. */
async function saved() {
  const store = await attempt(() => get("store"));
  if (store) change({ store });
  await refresh();
  offerViews(byId("within").value);
  offerColumns("");
}

function heedControls() {
  heedMap({ picked: pick, drawn: (rows) => { openTab("clip"); panels.clip.selection(rows); } });
  heedTabs(panels);
  heedSearch(choose);
  heedDrops((file) => { openTab("clip"); panels.clip.ask(file); });
  byId("space").addEventListener("change", async (event) => {
    const { value } = event.target;
    const space = await attempt(() => get("space", { space: value }));
    if (space && byId("space").value === value) await openSpace(space, drawing({ space: space.space, state: space.state }));
    else if (!space) byId("space").value = app.space.space;
  });
  byId("within").addEventListener("change", (event) => { change({ within: event.target.value }); panels.clip.again(); });
  const recolour = () => { retheme(); player.redraw(); };
  byId("theme").addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; recolour(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  on("decided", () => panels.groups.again());
  onStale((sentence) => say(sentence, { action: h("button", { type: "button", on: { click: () => location.reload() } }, "Reload") }));
  const now = () => panels[tabs.open];
  heedKeys({
    " ": () => player.toggle(), b: () => player.exchange(), ArrowLeft: () => player.seek(-2), ArrowRight: () => player.seek(2),
    ArrowDown: () => now().move?.(1), ArrowUp: () => now().move?.(-1), Enter: () => now().enter?.(), k: () => now().keep?.(), n: () => now().distinct?.(), p: () => now().pin?.(),
    "/": () => byId("search-text").focus(), "+": nearer, "-": farther, 0: wholeMap, l: () => lasso(),
    ...Object.fromEntries(Object.keys(panels).map((name, at) => [at + 1, () => openTab(name)])),
  });
}

start();
