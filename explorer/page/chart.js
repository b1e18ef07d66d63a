// Line charts, small and without a library: an axis below, one at the left, lines told apart by colour and dash.

import { named } from "./colours.js";
import { h, number } from "./dom.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [400, 190, 46, 30, 10, 12];
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** lines: [{ name, points: [[x, y], ..] }]; mark: an x to draw a line at. */
export function lineChart(lines, { x, y, mark = null }) {
  const points = lines.flatMap((line) => line.points).filter((point) => point.every(Number.isFinite));
  if (!points.length) return h("p", { class: "note" }, "Nothing to draw yet.");
  const [left, right] = range(points.map((point) => point[0]));
  const [low, high] = range(points.map((point) => point[1]));
  const across = (value) => LEFT + ((value - left) / (right - left)) * (WIDTH - LEFT - RIGHT);
  const up = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${y} by ${x}: ${lines.map((line) => line.name).join(", ")}`, class: "chart" });
  for (const value of ticks(low, high)) picture.append(svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: up(value), y2: up(value), class: "grid" }), label(LEFT - 6, up(value) + 4, number(value), "end"));
  for (const value of ticks(left, right)) picture.append(label(across(value), HEIGHT - BOTTOM + 15, number(value), "middle"));
  picture.append(label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 3, x, "middle"));
  const colours = named().categories;
  lines.forEach((line, at) => {
    const drawn = line.points.filter((point) => point.every(Number.isFinite));
    const path = drawn.map(([a, b]) => `${across(a).toFixed(1)},${up(b).toFixed(1)}`).join(" ");
    picture.append(drawn.length === 1
      ? svg("circle", { cx: across(drawn[0][0]), cy: up(drawn[0][1]), r: 3, fill: colours[at % colours.length] })
      : svg("polyline", { points: path, fill: "none", stroke: colours[at % colours.length], "stroke-width": 2, "stroke-dasharray": DASHES[Math.floor(at / colours.length) % DASHES.length] }));
  });
  if (mark !== null && mark >= left && mark <= right) picture.append(svg("line", { x1: across(mark), x2: across(mark), y1: TOP, y2: HEIGHT - BOTTOM, class: "mark" }));
  const legend = h("p", { class: "row note" }, lines.map((line, at) => {
    const swatch = h("span", { class: "swatch" });
    swatch.style.background = colours[at % colours.length];
    return h("span", {}, swatch, ` ${line.name}`);
  }));
  return h("figure", {}, h("figcaption", {}, y), picture, lines.length > 1 ? legend : "");
}

const label = (x, y, text, anchor) => svg("text", { x, y, "text-anchor": anchor }, text);

function range(values) {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (high === low) [low, high] = [low - 0.5, high + 0.5];
  return [low, high];
}

/** Three to six round numbers within a range. */
function ticks(low, high) {
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, at) => Number((first + at * step).toPrecision(12)));
}
