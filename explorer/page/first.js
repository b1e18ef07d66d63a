// What the page needs before anything else, asked for before most of its scripts are there, and all at once: the store, its
// space, where the clips lie and what colours them. Getting ready to draw blocks a script for a while; the answers come meanwhile.

import { get, packet } from "./api.js";

export const wanted = new URLSearchParams(location.search);

/** Points and colours of a space to begin with, on their way; the server chooses which. */
export const drawing = (of) => ({ points: late(packet("map", of)), colours: late(packet("column", of)) });

const of = { space: wanted.get("space") };
export const first = { store: late(get("store")), space: late(get("space", of)), drawing: drawing(of) };

/** Whoever awaits it hears of a failure, and nobody else does. */
function late(asked) {
  asked.catch(() => {});
  return asked;
}
