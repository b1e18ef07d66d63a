// Colours that people with any common kind of colour blindness tell apart, on light and on dark.

/** Okabe and Ito (2008) without black and yellow, and four of ours. */
const CATEGORIES = {
  light: ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#7a5ab5", "#8a6d00", "#00685c", "#a02c5a"],
  dark: ["#4aa8e0", "#f0b429", "#2ec49a", "#f07b3f", "#e39bc4", "#8fd0f5", "#a992e0", "#c9ac3c", "#3fb8a8", "#e0709a"],
};
const OTHER = { light: "#9aa3ad", dark: "#6d7884" };
const NONE = { light: "#c6ccd3", dark: "#4a545f" };
const KEPT = { light: "#0072b2", dark: "#4aa8e0" };
const PRUNED = { light: "#d55e00", dark: "#f07b3f" };

/** Viridis (Smith and van der Walt, 2015) at nine even steps: from low to high it only grows lighter. */
const SCALE = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
export const STEPS = 64;

export const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

const theme = () => (isDark() ? "dark" : "light");

export const named = () => ({
  other: OTHER[theme()], none: NONE[theme()], kept: KEPT[theme()], pruned: PRUNED[theme()],
  categories: CATEGORIES[theme()],
});

export const rgba = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).concat(1);

/** The colour at 0..1 on the scale of numbers. */
export function onScale(share) {
  const at = Math.min(1, Math.max(0, share)) * (SCALE.length - 1);
  const low = Math.min(SCALE.length - 2, Math.floor(at));
  const [from, to] = [rgba(SCALE[low]), rgba(SCALE[low + 1])];
  const mixed = from.map((value, channel) => Math.round(255 * (value + (at - low) * (to[channel] - value))));
  return `#${mixed.slice(0, 3).map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

export const scale = () => Array.from({ length: STEPS }, (_, step) => onScale(step / (STEPS - 1)));
