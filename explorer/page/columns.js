// A column of the store as what the map draws: a small number per clip, and what each number means.

import { named, scale, STEPS } from "./colours.js";
import { number } from "./dom.js";

const SHOWN = 10;

/**
 * codes: Uint8Array[n]; entries: per code { name, colour, count }; others: names that share a colour. wanted: a name that is
 * to have a colour of its own, however few clips have it.
 */
export function paint(column, wanted = null) {
  const { header, array } = column;
  const painted = header.kind === "number" ? numbers(header, array) : header.kept ? fates(header, array) : categories(header, array, wanted);
  return { ...painted, column };
}

function categories(header, array, wanted) {
  const colours = named();
  const none = header.none ?? -1;
  const ranked = header.names.map((name, code) => code).filter((code) => code !== none);
  const first = header.names.indexOf(wanted);
  const own = (first < 0 ? ranked : [first, ...ranked.filter((code) => code !== first)]).slice(0, SHOWN);
  const place = new Uint8Array(header.names.length).fill(own.length);
  own.forEach((code, at) => { place[code] = at; });
  if (none >= 0) place[none] = own.length + 1;
  const entries = own.map((code, at) => ({ name: header.names[code], colour: colours.categories[at], count: header.counts[code] }));
  const rest = header.names.length - own.length - (none >= 0 ? 1 : 0);
  entries.push({ name: rest === 1 ? "1 other" : `${number(rest)} others`, colour: colours.other, count: sum(header.counts) - sum(own.map((code) => header.counts[code])) - (none >= 0 ? header.counts[none] : 0) });
  entries.push({ name: "none", colour: colours.none, count: none >= 0 ? header.counts[none] : 0 });
  const others = ranked.filter((code) => !own.includes(code)).map((code) => header.names[code]);
  const codes = new Uint8Array(array.length);
  for (let row = 0; row < codes.length; row += 1) codes[row] = place[array[row]]; // a million of them
  return { codes, entries, others, title: header.title };
}

/** Kept and pruned are two families: filled blue for kept, warm for pruned, by what the view says of why. */
function fates(header, array) {
  const colours = named();
  const warm = [colours.pruned, colours.categories[1], colours.categories[4], colours.categories[7]];
  const cool = [colours.kept, colours.categories[2], colours.categories[5], colours.categories[6]];
  const entries = header.names.map((name, code) => {
    const kept = header.kept[code];
    const family = kept ? cool : warm;
    const colour = code === header.none ? colours.none : family.shift() ?? (kept ? colours.kept : colours.pruned);
    return { name, colour, count: header.counts[code] };
  });
  return { codes: Uint8Array.from(array), entries, title: header.title };
}

function numbers(header, array) {
  const { min, max } = header;
  const span = max > min ? max - min : 1;
  // long tails (durations of a few hours among seconds) would leave one colour for all the rest
  const log = min > 0 && max / min > 50;
  const share = log ? (value) => Math.log(value / min) / Math.log(max / min) : (value) => (value - min) / span;
  const codes = new Uint8Array(array.length);
  const counts = new Array(STEPS + 1).fill(0);
  for (let row = 0; row < array.length; row += 1) {
    const value = array[row];
    codes[row] = Number.isNaN(value) ? STEPS : Math.max(0, Math.min(STEPS - 1, Math.floor(share(value) * STEPS)));
    counts[codes[row]] += 1;
  }
  const at = (step) => (log ? min * (max / min) ** (step / STEPS) : min + (span * step) / STEPS);
  const entries = scale().map((colour, step) => ({ name: `${number(at(step))} to ${number(at(step + 1))}`, colour, count: counts[step] }));
  entries.push({ name: "none", colour: named().none, count: counts[STEPS] });
  return { codes, entries, title: header.title, scale: { min, max, unit: header.unit, log, at } };
}

/** What only one of two views keeps, what both, what neither. */
export function sides(array, [a, b]) {
  const colours = named();
  const names = ["neither", `only ${a}`, `only ${b}`, "both"];
  const shades = [colours.none, colours.pruned, colours.kept, colours.other];
  return counted(array, names, shades, "Compared");
}

/** What a plan keeps. */
export function planned(array) {
  const colours = named();
  return counted(array, ["not asked", "pruned", "kept"], [colours.none, colours.pruned, colours.kept], "Plan");
}

function counted(codes, names, shades, title) {
  const counts = new Array(names.length).fill(0);
  for (const code of codes) counts[code] += 1;
  return { codes, entries: names.map((name, code) => ({ name, colour: shades[code], count: counts[code] })), title };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
