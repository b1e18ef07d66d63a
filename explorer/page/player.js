// The one player: whoever plays, the others are silent, because there are no others.

import { audioAddress, packet, whyNoAudio } from "./api.js";
import { say } from "./app.js";
import { byId, clock } from "./dom.js";
import { drawSpectrogram, drawWaveform, markStretches } from "./pictures.js";
import { picturesOf } from "./unheard.js";

const PICTURES = 100;
const SETTLED_MS = 120;
const STEP_S = 2;
const audio = byId("audio");
const wave = byId("waveform");
const spectrum = byId("spectrogram");

/**
 * A sound: { clip_id, name, facts, offset_s, stretches }. offset_s: seconds that its beginning lies behind the beginning
 * of what it is compared with; or { file, name } for a sound that is not in the store.
 */
class Player {
  constructor() {
    this.sound = null;
    this.other = null;
    this.pictures = new Map();
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) audio.addEventListener(name, () => this._tell());
    audio.addEventListener("play", () => { this._button(); this._run(); });
    audio.addEventListener("pause", () => this._button());
    audio.addEventListener("ended", () => this._button());
    audio.addEventListener("error", () => this._failed());
    byId("play").addEventListener("click", () => this.toggle());
    byId("switch").addEventListener("click", () => this.exchange());
    byId("loop").addEventListener("change", (event) => { audio.loop = event.target.checked; });
    for (const picture of [wave, spectrum]) {
      picture.addEventListener("pointerdown", (event) => this._seekTo(event));
      picture.addEventListener("pointermove", (event) => event.buttons && this._seekTo(event));
    }
    wave.addEventListener("keydown", (event) => this._slide(event));
    new ResizeObserver(() => this.redraw()).observe(wave);
  }

  /** Take a sound, and maybe what it is compared with; play it where a person wants that. */
  choose(sound, { other = null, play = byId("autoplay").checked, from = null } = {}) {
    const again = this.sound && sound.clip_id && this._key(this.sound) === sound.clip_id && !audio.error;
    this.other = other;
    byId("switch").disabled = !other;
    byId("switch").setAttribute("aria-pressed", "false");
    if (!again) this._load(sound, from ?? 0);
    else {
      this.sound = sound;
      if (from !== null) audio.currentTime = from;
      this._tell();
    }
    this._name();
    if (play) this.play();
  }

  play() {
    audio.play().catch((error) => { if (error.name === "NotAllowedError") this._button(); });
  }

  toggle() {
    if (!this.sound) return;
    if (audio.paused) this.play();
    else audio.pause();
  }

  seek(seconds) {
    if (this.sound) audio.currentTime = Math.max(0, Math.min(this._duration(), audio.currentTime + seconds));
  }

  /** Go on at the same position in the other of two sounds. */
  exchange() {
    if (!this.other) return;
    const [now, next] = [this.sound, this.other];
    const at = audio.currentTime + (now.offset_s ?? 0) - (next.offset_s ?? 0);
    const playing = !audio.paused;
    this.other = now;
    this._load(next, Math.max(0, at));
    this._name();
    const button = byId("switch");
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    if (playing) this.play();
  }

  redraw() {
    if (!this.sound) return;
    drawSpectrogram(spectrum, this._drawn()?.spectrogram);
    this._tell();
  }

  /** Take a sound at a position; before its metadata is there, the element keeps that for when it is. */
  _load(sound, from) {
    this.drawing?.abort(); // of an hour, seconds of work for nobody
    this.sound = sound;
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = sound.file ? URL.createObjectURL(sound.file) : null;
    audio.src = this.address ?? audioAddress(sound.clip_id, sound.asWav);
    audio.currentTime = from;
    audio.loop = byId("loop").checked;
    this._picture(sound);
  }

  /** What a browser cannot decode comes again as wav, once. */
  async _failed() {
    const { sound } = this;
    if (!sound || audio.error?.code === MediaError.MEDIA_ERR_ABORTED) return;
    if (sound.clip_id && !sound.asWav) {
      sound.asWav = true;
      this._load(sound, audio.currentTime);
      this.play();
      return;
    }
    const why = sound.clip_id ? await whyNoAudio(sound.clip_id) : null;
    say(why ?? `${sound.name} cannot be played: this browser cannot decode it.`);
  }

  async _picture(sound) {
    this.redraw();
    if (this._drawn()) return;
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    if (this._key(this.sound) !== this._key(sound)) return; // who walks through a list asks for no pictures on the way
    this.drawing = new AbortController();
    const { signal } = this.drawing;
    const path = encodeURIComponent(sound.clip_id);
    try {
      const [waveform, spectrogram] = await (sound.file ? picturesOf(sound.file) : Promise.all([packet(`waveform/${path}`, {}, signal), packet(`spectrogram/${path}`, {}, signal)]));
      this._keep(sound, { waveform, spectrogram });
    } catch {
      // what cannot be read tells so when it is played
    }
  }

  _keep(sound, pictures) {
    if (this.pictures.size > PICTURES) this.pictures.clear();
    this.pictures.set(this._key(sound), pictures);
    if (this._key(this.sound) === this._key(sound)) this.redraw();
  }

  _key(sound) {
    return sound.clip_id ?? sound.file;
  }

  /** The pictures of what is chosen, where they are there. */
  _drawn() {
    return this.sound && this.pictures.get(this._key(this.sound));
  }

  _duration() {
    return Number.isFinite(audio.duration) ? audio.duration : this._drawn()?.waveform.header.duration_s ?? 0;
  }

  _tell() {
    const [duration, at] = [this._duration(), audio.currentTime];
    drawWaveform(wave, this._drawn()?.waveform.array, duration ? at / duration : 0);
    if (duration && this.sound?.stretches?.length) markStretches(wave, this.sound.stretches.map(([start, end]) => [start / duration, end / duration]));
    byId("clock").textContent = `${clock(at)} / ${clock(duration)}`;
    wave.setAttribute("aria-valuemax", Math.round(duration));
    wave.setAttribute("aria-valuenow", Math.round(at));
    wave.setAttribute("aria-valuetext", `${clock(Math.round(at))} of ${clock(Math.round(duration))}`);
  }

  _run() {
    if (audio.paused) return;
    this._tell();
    requestAnimationFrame(() => this._run());
  }

  _button() {
    const playing = !audio.paused && !audio.ended;
    byId("play").textContent = playing ? "Pause" : "Play";
    byId("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  _name() {
    byId("playing-name").textContent = this.sound.name;
    byId("playing-facts").textContent = this.sound.facts ?? "";
  }

  _seekTo(event) {
    const box = event.currentTarget.getBoundingClientRect();
    if (this.sound) audio.currentTime = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this._duration();
  }

  /** The keys of a slider that are not those of the page. */
  _slide(event) {
    const step = { Home: -Infinity, End: Infinity, PageDown: -5 * STEP_S, PageUp: 5 * STEP_S }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.seek(step);
  }
}

export const player = new Player();
