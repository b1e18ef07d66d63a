// What the page uses of regl-scatterplot and regl; build.sh bundles them with all that they need.
export { default as createRegl } from "regl";
export { createRenderer, default as createScatterplot } from "regl-scatterplot";
