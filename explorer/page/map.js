// The map with all that belongs to it: where clips lie, their colours, the legend, the rings, the names under the mouse.

import { changed, get, job, packet } from "./api.js";
import { app, attempt, here, on, say } from "./app.js";
import { paint } from "./columns.js";
import { byId, h, number, options } from "./dom.js";
import { Legend } from "./legend.js";
import { Plot } from "./plot.js";

const GROUPS = { clip: "Clip", clusters: "Clusters", view: "Views", decisions: "Decisions" };
const RINGS = 500;
const HOVER_MS = 40;

let painted = null;
let latest = 0; // of several colours that were asked for, only the last is shown
let paints = 0;
let turn = Promise.resolve(); // of the plot, which passes over what it is to draw while it draws
let heed = { picked() {}, drawn() {} };

const plot = new Plot(byId("canvas-box"), byId("canvas"), byId("marks"), {
  pick: (row) => heed.picked(row), drawn: (rows) => { lasso(false); heed.drawn(rows); }, hover, view: () => { byId("tip").hidden = true; },
});
const legend = new Legend(plot, (name) => paintMap(paint(painted.column, name)));

/** picked(row): a clip was pressed; drawn(rows): clips were drawn around. */
export function heedMap(heeds) {
  heed = heeds;
  byId("colour").addEventListener("change", (event) => event.target.value && colourBy(event.target.value));
  byId("method").addEventListener("change", (event) => drawMap(event.target.value));
  byId("zoom-in").addEventListener("click", nearer);
  byId("zoom-out").addEventListener("click", farther);
  byId("zoom-all").addEventListener("click", wholeMap);
  byId("lasso").addEventListener("click", () => lasso());
  for (const name of ["clip", "hits", "heard", "selection"]) on(name, ring);
  on("heard", () => hasRow(app.heard) && plot.bring([app.heard.row]));
  new ResizeObserver(() => plot.resize()).observe(byId("canvas-box"));
}

/** Get ready to draw, while what is to be drawn is on its way. Without a map, lists and names still serve. */
export function prepareMap() {
  try {
    plot.make();
  } catch (error) {
    emptyMap(error.message);
  }
}

/** Draw app.space from the start; asked: its points and colours. */
export async function openMap(asked) {
  const { space } = app;
  latest += 1; // what was asked before is of another space
  if (!space.rows) { emptyMap("No usable clip has a vector in this space."); return; }
  if (!plot.made) return;
  byId("empty").hidden = true;
  hover.clip = null;
  const map = await attempt(() => asked.points);
  const column = space.columns.length ? await attempt(() => asked.colours) : null;
  if (!map) return;
  if (map.header.state !== space.state) { changed(); return; }
  offerMethods(map.header.method);
  painted = column ? paint(column) : { codes: new Uint8Array(space.rows), entries: [{ name: "clips", colour: "#4a90c2", count: space.rows }], title: "Clips" };
  await inTurn(() => plot.show(map.array, painted));
  legend.show(painted);
  if (column) offerColumns(column.header.name);
}

/** The clip of a row: the one under the mouse is known already. */
export async function clipOf(row) {
  if (hover.clip?.row === row) return hover.clip;
  return (await get("rows", { ...here(), rows: row })).clips[0];
}

/** Say why there is nothing to draw. */
export function emptyMap(sentence) {
  byId("empty").hidden = false;
  byId("empty").textContent = sentence;
}

/** Colour the map by what columns.js painted. */
export async function paintMap(found) {
  if (!plot.made) return;
  latest += 1;
  paints += 1;
  const mine = paints;
  painted = found;
  await inTurn(() => mine === paints && plot.colour(found));
  if (mine !== paints) return;
  legend.show(found);
  document.body.dataset.painted = found.title;
  offerColumns(found.column?.header.name ?? "");
}

/** Offer the columns that there are, and what a tab has painted, if that is what is shown: then `chosen` is "". */
export function offerColumns(chosen) {
  const groups = Object.entries(GROUPS).map(([group, label]) => ({ label, options: app.space.columns.filter((column) => column.group === group).map((column) => [column.name, column.title]) }));
  const painting = chosen === "" ? [["", painted?.title ?? "Clips"]] : [];
  options(byId("colour"), [...painting, ...groups.filter((group) => group.options.length)], chosen);
}

/** Light or dark has changed: the colours of what is painted are others. */
export async function retheme() {
  if (!plot.made) return;
  plot.retheme();
  if (!painted) return;
  await paintMap(painted.column ? paint(painted.column) : painted);
}

export const nearer = () => plot.zoom(0.7);
export const farther = () => plot.zoom(1 / 0.7);
export const wholeMap = () => plot.all();

export function lasso(wanted = byId("lasso").getAttribute("aria-pressed") !== "true") {
  byId("lasso").setAttribute("aria-pressed", String(wanted));
  plot.lasso(wanted);
}

/** Draw once what was to be drawn before is drawn, or has failed. */
function inTurn(draw) {
  turn = turn.catch(() => {}).then(draw);
  return turn;
}

async function colourBy(name) {
  latest += 1;
  const mine = latest;
  const column = await attempt(() => packet("column", { ...here(), name }));
  if (column && mine === latest) await paintMap(paint(column));
}

function offerMethods(method) {
  const made = app.space.maps.some((map) => map.method === "umap");
  options(byId("method"), [["pca", "PCA"], ["umap", made ? "UMAP" : app.store.umap ? "UMAP (to be made)" : "UMAP (needs echodex[map])"]], method);
}

async function drawMap(method) {
  const { space } = app;
  if (method === "umap" && !space.maps.some((map) => map.method === "umap")) {
    const done = await attempt(() => job({ kind: "map", ...here(), method, seed: 0 }, tell));
    if (app.space.space !== space.space) return; // another is looked at by now
    if (!done) { byId("method").value = "pca"; return; }
    say(null);
    await refresh();
    offerMethods(method);
  }
  const map = await attempt(() => packet("map", { ...here(), method }));
  if (map && app.space.space === space.space && byId("method").value === method) await plot.show(map.array, painted);
}

/** Ask anew what the space has to show; where its clips are others by now, the page goes on with those it knows, and says so. */
export async function refresh() {
  const space = await attempt(() => get("space", { space: here().space }));
  if (space && space.state !== app.space.state) changed();
  else if (space) Object.assign(app.space, space);
}

const tell = ({ stage, done, total }) => say(`UMAP: ${stage || "working"}${total ? `, ${number(done)} of ${number(total)}` : ""}. A first run compiles for a minute.`, { tone: "good" });

async function hover(row, x, y) {
  const tip = byId("tip");
  hover.row = row;
  if (row === null) { tip.hidden = true; return; }
  await new Promise((resolve) => setTimeout(resolve, HOVER_MS));
  if (hover.row !== row) return;
  const found = await get("rows", { ...here(), rows: row }).catch(() => null);
  if (!found || hover.row !== row) return;
  const [clip] = found.clips;
  hover.clip = clip;
  tip.replaceChildren(h("strong", {}, clip.name), (clip.labels ?? []).join(", "));
  tip.hidden = false;
  tip.style.left = `${Math.min(x + 12, byId("canvas-box").clientWidth - tip.offsetWidth - 4)}px`;
  tip.style.top = `${Math.max(0, y - tip.offsetHeight - 8)}px`;
}

const hasRow = (clip) => clip?.row !== null && clip?.row !== undefined;

function ring() {
  const rings = app.selection.slice(0, RINGS).map((row) => ({ row, kind: "drawn" }));
  app.hits.filter(hasRow).forEach((hit, at) => rings.push({ row: hit.row, kind: "hit", text: at < 9 ? String(at + 1) : "" }));
  if (hasRow(app.heard)) rings.push({ row: app.heard.row, kind: "hit", text: "♪" });
  if (hasRow(app.clip)) rings.push({ row: app.clip.row, kind: "chosen" });
  plot.mark(rings);
}

/** For tests: where a clip is, in pixels of the window. */
window.placeOf = (row) => {
  const [x, y] = plot.place(row);
  const box = byId("canvas").getBoundingClientRect();
  return [box.left + x, box.top + y];
};
