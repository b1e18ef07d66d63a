// Questions to the server. The page lies below a secret prefix, so that relative addresses carry it.

/**
 * What the server refused: its sentence, its HTTP status, and the exit code that the command line would end with. told: whoever
 * heeds onStale has said so already.
 */
export class Refused extends Error {
  constructor(sentence, status, code, told = false) {
    super(sentence);
    Object.assign(this, { status, code, told });
  }
}

const heard = new Set();

/** Be told, with its sentence, whenever the server says that the store has changed since the page was loaded. */
export const onStale = (heed) => heard.add(heed);

/** The store is not what the page took it for any more. */
export const changed = (sentence = "The store has changed since this page was loaded.") => { for (const heed of heard) heed(sentence); };

const STALE = 6;

/** Whether a question is about rows as the page numbers them: it says of which state. */
const asksOfRows = (params, init) => Boolean(params?.state) || (typeof init.body === "string" && "state" in JSON.parse(init.body));

/** read(answer): takes the body of an answer. */
async function ask(path, params, init, read) {
  const query = new URLSearchParams(Object.entries(params ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  const address = query.size ? `api/${path}?${query}` : `api/${path}`;
  let answer;
  try {
    answer = await fetch(address, init);
    if (answer.ok) return await read(answer);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer: is `echodex explore` still running?", 0, 1);
  }
  const said = await answer.json().catch(() => ({}));
  const stale = said.code === STALE && asksOfRows(params, init); // that a file has changed is another matter
  if (stale) changed(said.error);
  throw new Refused(said.error ?? `The server answered ${answer.status}.`, answer.status, said.code, stale);
}

const json = (answer) => answer.json();

export const get = (path, params, signal) => ask(path, params, { signal }, json);

const send = (method, path, body) => ask(path, {}, {
  method,
  headers: body === undefined ? {} : { "Content-Type": "application/json" },
  body: body === undefined ? undefined : JSON.stringify(body),
}, json);

export const post = (path, body) => send("POST", path, body);
export const remove = (path) => send("DELETE", path);

/** Send the bytes of a sound as they are. */
export const upload = (path, params, bytes, signal) => ask(path, params, {
  method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: bytes, signal,
}, json);

const ARRAYS = { float32: Float32Array, uint32: Uint32Array, uint16: Uint16Array, uint8: Uint8Array, int8: Int8Array };

/** A JSON header and one array: uint32 length of the header, the header, padding to 8 bytes, the array. */
export async function packet(path, params, signal) {
  const bytes = await ask(path, params, { signal }, (answer) => answer.arrayBuffer());
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const array = new ARRAYS[header.dtype](bytes, 4 + length);
  return { header, array };
}

export const audioAddress = (clipId, asWav) => `api/audio/${encodeURIComponent(clipId)}${asWav ? "?as=wav" : ""}`;

/** Why the sound of a clip cannot be had, in the server's words; null where it can. */
export const whyNoAudio = (clipId) => ask(`audio/${encodeURIComponent(clipId)}`, { as: "wav" }, { headers: { Range: "bytes=0-43" } }, () => null).catch((error) => error.message);

/** Wait for a job; `tell` hears how far it is. Throws Refused where it failed, AbortError where `signal` ended it. */
export async function job(asked, tell, signal) {
  const { job: id } = await post("jobs", asked);
  for (let wait = 30; ; wait = Math.min(400, wait * 1.5)) {
    const found = await get(`jobs/${id}`);
    if (signal?.aborted) {
      if (found.state === "running") await remove(`jobs/${id}`).catch(() => {});
      throw new DOMException("cancelled", "AbortError");
    }
    if (found.state === "done") return found;
    if (found.state === "failed") throw new Refused(found.error, 0, 1);
    if (found.state === "cancelled") return job(asked, tell, signal); // by who asked the same before, and gave it up
    tell?.(found);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
