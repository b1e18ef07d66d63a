// The map: regl-scatterplot draws the points; rings around chosen clips lie on a canvas of their own above them.

import { createRegl, createRenderer, createScatterplot } from "./vendor/regl-scatterplot.js";
import { isDark, named, rgba } from "./colours.js";

const BACKGROUND = { light: [0.969, 0.976, 0.984, 1], dark: [0.071, 0.094, 0.118, 1] };
const LARGE = 200_000;
const MARGIN = 0.05;
const DRAG_PX = 5;
const REACH_PX = 12;

function ends(values) {
  let [low, high] = [values[0], values[0]];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** One coordinate of float32[n, 2]; a plain loop, as a million points wait for it. */
function axis(points, which) {
  const values = new Float32Array(points.length / 2);
  for (let row = 0; row < values.length; row += 1) values[row] = points[2 * row + which];
  return values;
}

const EXTENSIONS = ["OES_texture_float", "OES_element_index_uint", "WEBGL_color_buffer_float", "EXT_float_blend"];

/** As the library makes it, but without antialiasing: it only copies a picture, and that takes twice as long with. */
function renderer() {
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl", { antialias: false, depth: false });
  if (!gl) throw new Error("This browser draws no map: WebGL is switched off or not there.");
  return createRenderer({ canvas, regl: createRegl({ gl, extensions: EXTENSIONS.filter((name) => gl.getExtension(name)) }) });
}

const pointSize = (n) => (n > LARGE ? 1.6 : n > 20_000 ? 2.6 : n > 2000 ? 5 : 8);
const opacity = (n) => (n > LARGE ? 0.5 : n > 20_000 ? 0.7 : 0.85);

export class Plot {
  /** heed: { pick(row), drawn(rows), hover(row|null, x, y), view() } */
  constructor(box, canvas, marks, heed) {
    Object.assign(this, { box, canvas, marks, heed });
    this.entries = [];
    this.hidden = new Set();
    this.marked = [];
    this.count = 0;
  }

  get made() {
    return Boolean(this.plot);
  }

  /** Show points float32[n, 2] with `painted` codes; resolves once they are on the screen. */
  async show(points, painted) {
    this.count = points.length / 2;
    this.x = axis(points, 0);
    this.y = axis(points, 1);
    this.plot.set({ pointSize: pointSize(this.count), pointSizeSelected: 0, pointOutlineWidth: 0 });
    this._take(painted);
    this.all();
    await this._draw();
  }

  /** Colour the same points anew. */
  async colour(painted) {
    if (!this.made) return;
    this._take(painted);
    await this._draw(this.plot.get("spatialIndex"));
  }

  /** Hide the points of some codes. */
  hide(hidden) {
    this.hidden = hidden;
    this.plot.set({ opacity: this._opacities() });
  }

  /** Light or dark has changed. */
  retheme() {
    this.plot.set({ backgroundColor: this._background() });
  }

  /** rings: [{ row, text, kind: "chosen" | "hit" | "drawn" }] */
  mark(rings) {
    this.marked = rings;
    this._ring();
  }

  shown(row) {
    return !this.hidden.has(this.codes[row]);
  }

  zoom(factor) {
    if (!this.count) return;
    const distance = this.plot.get("cameraDistance");
    this.plot.set({ cameraDistance: Math.min(4, Math.max(0.002, distance * factor)) });
  }

  /** Bring every point into view. */
  all() {
    if (!this.count) return;
    const [left, right] = ends(this.x);
    const [low, high] = ends(this.y);
    const [width, height] = [Math.max(right - left, 1e-3), Math.max(high - low, 1e-3)];
    this.plot.zoomToArea({ x: left - MARGIN * width, y: low - MARGIN * height, width: (1 + 2 * MARGIN) * width, height: (1 + 2 * MARGIN) * height }, { transition: false });
  }

  /** Bring rows into view where they are not. */
  bring(rows) {
    if (!this.count) return;
    const inside = rows.every((row) => {
      const [x, y] = this._place(row) ?? [-1, -1];
      return x >= 0 && y >= 0 && x <= this.box.clientWidth && y <= this.box.clientHeight;
    });
    if (!inside) this.plot.zoomToPoints(rows, { padding: 0.4, transition: false });
  }

  lasso(wanted) {
    this.plot?.set({ mouseMode: wanted ? "lasso" : "panZoom" });
  }

  resize() {
    if (!this.made) return;
    const [width, height] = this._size();
    this.renderer.resize(width, height);
    this.plot.set({ width, height });
  }

  /** Where a row is on the page, for tests and for the tip. */
  place(row) {
    return this._place(row);
  }

  /** Get ready to draw: shaders compile while data is still on its way. */
  make() {
    if (this.plot) return;
    const [width, height] = this._size();
    this.renderer = renderer();
    this.renderer.resize(width, height); // its own picture, which the library sizes only where it made it
    this.plot = createScatterplot({
      renderer: this.renderer, canvas: this.canvas, width, height,
      backgroundColor: this._background(), colorBy: "category", opacityBy: "category", lassoColor: rgba(named().kept), lassoInitiator: false,
      deselectOnDblClick: true, deselectOnEscape: false, showReticle: false,
    });
    this.canvas.addEventListener("mousedown", (event) => this._down(event));
    this.canvas.addEventListener("click", (event) => this._click(event), { capture: true });
    this.plot.subscribe("select", ({ points }) => {
      this.plot.deselect({ preventEvent: true }); // what is chosen is told by rings
      if (this.drawing) this.heed.drawn(points.filter((row) => this.shown(row)));
    });
    this.plot.subscribe("lassoStart", () => { this.drawing = true; });
    this.plot.subscribe("lassoEnd", () => queueMicrotask(() => { this.drawing = false; }));
    this.plot.subscribe("pointOver", (row) => this.shown(row) && this.heed.hover(row, ...this._place(row))); // of hidden ones nothing is told
    this.plot.subscribe("pointOut", () => this.heed.hover(null));
    this.plot.subscribe("draw", () => this._ring());
    this.plot.subscribe("view", () => this.heed.view());
  }

  _down(event) {
    this.down = [event.clientX, event.clientY];
    performance.mark("pressed", { startTime: event.timeStamp });
  }

  /** A press, and no drag, chooses the point under it. The library would select it first, and draw everything anew for that. */
  _click(event) {
    event.stopImmediatePropagation();
    const still = Math.hypot(event.clientX - this.down[0], event.clientY - this.down[1]) < DRAG_PX;
    const row = this._under(this.plot.get("hoveredPoint"), event.offsetX, event.offsetY);
    if (still && row >= 0) this.heed.pick(row);
  }

  /** The point at a place: what the library found there, or else, as that knows nothing of hidden ones, the nearest that is shown. */
  _under(found, left, top) {
    if (!this.hidden.size || (found >= 0 && this.shown(found))) return found;
    const [across, up] = [this._axis(this.x, 0), this._axis(this.y, 1)];
    let [nearest, least] = [-1, REACH_PX ** 2];
    for (let row = 0; row < this.count; row += 1) {
      const distance = (across(this.x[row]) - left) ** 2 + (up(this.y[row]) - top) ** 2;
      if (distance < least && this.shown(row)) [nearest, least] = [row, distance];
    }
    return nearest;
  }

  /** Where values lie on the screen along an axis: the map is never turned, so that two points tell of all. */
  _axis(values, axis) {
    let [low, high] = [0, 0];
    for (let row = 1; row < this.count; row += 1) {
      if (values[row] < values[low]) low = row;
      if (values[row] > values[high]) high = row;
    }
    const from = this._place(low)[axis];
    const scale = values[high] > values[low] ? (this._place(high)[axis] - from) / (values[high] - values[low]) : 0;
    return (value) => from + (value - values[low]) * scale;
  }

  _take(painted) {
    this.codes = painted.codes;
    this.entries = painted.entries;
    this.hidden = new Set();
  }

  async _draw(spatialIndex) {
    const palette = this.entries.map((entry) => rgba(entry.colour));
    this.plot.set({ pointColor: palette, pointColorActive: palette, pointColorHover: rgba(named().categories[0]), opacity: this._opacities() });
    await this.plot.draw({ x: this.x, y: this.y, z: this.codes }, { zDataType: "categorical", ...(spatialIndex ? { spatialIndex } : {}) });
  }

  /** One a code: what is hidden has none. */
  _opacities() {
    return this.entries.map((entry, code) => (this.hidden.has(code) ? 0 : opacity(this.count)));
  }

  _size() {
    return [Math.max(1, this.box.clientWidth), Math.max(1, this.box.clientHeight)];
  }

  _background() {
    return BACKGROUND[isDark() ? "dark" : "light"];
  }

  _place(row) {
    return this.plot?.getScreenPosition(row);
  }

  _ring() {
    const ratio = devicePixelRatio || 1;
    this.marks.width = this.box.clientWidth * ratio; // which clears it, too
    this.marks.height = this.box.clientHeight * ratio;
    if (!this.marked.length) return;
    const pen = this.marks.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = "600 11px system-ui, sans-serif";
    const ink = isDark() ? "#fff" : "#111";
    for (const { row, text, kind } of this.marked) {
      const at = this._place(row);
      if (!at) continue;
      const radius = kind === "chosen" ? 9 : kind === "hit" ? 6 : 4;
      pen.beginPath();
      pen.arc(at[0], at[1], radius, 0, 2 * Math.PI);
      pen.lineWidth = kind === "chosen" ? 3 : 1.5;
      pen.strokeStyle = ink;
      pen.stroke();
      if (!text) continue;
      pen.lineWidth = 3;
      pen.strokeStyle = isDark() ? "#12181e" : "#fff";
      pen.strokeText(text, at[0] + radius + 2, at[1] + 4);
      pen.fillStyle = ink;
      pen.fillText(text, at[0] + radius + 2, at[1] + 4);
    }
  }
}
