// Making elements. All text goes in as text, never as markup: names of files and labels are not to be trusted.

export const byId = (id) => document.getElementById(id);

/** An element: `h("button", { class: "quiet", on: { click } }, "Play", other)`; null children are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, heed] of Object.entries(value)) element.addEventListener(event, heed);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value" || name === "checked" || name === "selected" || name === "disabled") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replace what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A table: `rows` are lists of texts, numbers or elements; numbers are set to the right. */
export function table(columns, rows, properties = {}) {
  const cell = (tag, value) => h(tag, { class: typeof value === "number" || isNumeral(value) ? "number" : null }, shown(value));
  return h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": properties["aria-label"] ?? "Table" }, h(
    "table", properties,
    h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value, at) => (at ? cell("td", value) : h("th", { scope: "row" }, shown(value))))))),
  ));
}

/** Options of a <select>: pairs of value and text, or groups { label, options }. */
export function options(select, entries, chosen) {
  const option = ([value, text]) => h("option", { value, selected: value === chosen }, text);
  fill(select, entries.map((entry) => (Array.isArray(entry)
    ? option(entry)
    : h("optgroup", { label: entry.label }, entry.options.map(option)))));
}

const isNumeral = (value) => typeof value === "string" && /^[+-]?[\d,.]+\s?%?$/.test(value);

function shown(value) {
  if (value === null || value === undefined) return "-";
  return typeof value === "number" ? number(value) : value;
}

/** A number for people: up to three digits behind the point, thousands apart. */
export const number = (value) => (Number.isFinite(value)
  ? value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) >= 100 ? 1 : 3 })
  : "-");

export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;

/** Seconds as "1:02:03.5" or "2:03.5". */
export function clock(seconds) {
  const tenths = Math.max(0, Math.round(seconds * 10));
  const [hours, minutes, rest] = [Math.floor(tenths / 36000), Math.floor(tenths / 600) % 60, tenths % 600];
  const tail = (rest / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Seconds as what is left: "40 s", "3 min". */
const left = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`);

/** How far work is, in words: "duplicates, 3 of 40, about 20 s left". */
export const howFar = ({ stage, done, total, left_s: leftS }) => [
  stage, total ? `${number(done)} of ${number(total)}` : done ? number(done) : null, leftS ? `about ${left(leftS)} left` : null,
].filter(Boolean).join(", ");
