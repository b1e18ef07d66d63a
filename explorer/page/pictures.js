// Waveform and spectrogram of a clip, drawn on canvases.

import { isDark, named, onScale, rgba } from "./colours.js";

function prepared(canvas) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.max(1, canvas.clientWidth * ratio);
  canvas.height = Math.max(1, canvas.clientHeight * ratio);
  return canvas.getContext("2d");
}

/** Draw int8[bins, 2]; what is behind `share` of the clip is paler. */
export function drawWaveform(canvas, peaks, share = 0) {
  const pen = prepared(canvas);
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  if (!peaks) return;
  const bins = peaks.length / 2;
  const [played, ahead] = [named().kept, isDark() ? "#71808e" : "#8b98a5"];
  for (let x = 0; x < width; x += 1) {
    const [first, last] = [Math.floor((x * bins) / width), Math.max(Math.floor((x * bins) / width), Math.ceil(((x + 1) * bins) / width) - 1)];
    let [low, high] = [127, -127];
    for (let bin = first; bin <= last; bin += 1) {
      low = Math.min(low, peaks[2 * bin]);
      high = Math.max(high, peaks[2 * bin + 1]);
    }
    const top = (height / 2) * (1 - high / 127);
    const bottom = (height / 2) * (1 - low / 127);
    pen.fillStyle = x / width <= share ? played : ahead;
    pen.fillRect(x, top, 1, Math.max(1, bottom - top));
  }
  pen.fillStyle = named().pruned;
  pen.fillRect(Math.round(share * (width - 2)), 0, 2, height);
}

/** Mark stretches of a clip, [start, end] as shares of it. */
export function markStretches(canvas, stretches) {
  const pen = canvas.getContext("2d");
  pen.fillStyle = `rgba(${rgba(named().categories[1]).slice(0, 3).map((value) => Math.round(255 * value)).join(",")},0.35)`;
  for (const [start, end] of stretches) pen.fillRect(start * canvas.width, 0, Math.max(2, (end - start) * canvas.width), canvas.height);
}

const COLOURS = Array.from({ length: 256 }, (_, level) => rgba(onScale(level / 255)).slice(0, 3).map((value) => Math.round(255 * value)));

/** Draw uint8[bands, frames], band 0 at the bottom. */
export function drawSpectrogram(canvas, picture) {
  const pen = prepared(canvas);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (!picture) return;
  const { array, header: { shape: [bands, frames] } } = picture;
  const image = new ImageData(frames, bands);
  for (let band = 0; band < bands; band += 1) {
    for (let frame = 0; frame < frames; frame += 1) {
      const at = 4 * ((bands - 1 - band) * frames + frame);
      const [red, green, blue] = COLOURS[array[band * frames + frame]];
      image.data.set([red, green, blue, 255], at);
    }
  }
  const whole = new OffscreenCanvas(frames, bands);
  whole.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(whole, 0, 0, canvas.width, canvas.height);
}
