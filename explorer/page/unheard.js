// The pictures of a sound that is not in the store, as the server makes those of a clip (explorer/sound/).

const RATE_HZ = 22_050;
const [BINS, FRAMES, BANDS, WINDOW] = [1000, 600, 96, 2048];
const [LOW_HZ, HIGH_HZ, RANGE_DB] = [30, RATE_HZ / 2, 80];

/** [waveform, spectrogram] of a File. Throws where the browser cannot decode it. */
export async function picturesOf(file) {
  const sound = await new OfflineAudioContext(1, 1, RATE_HZ).decodeAudioData(await file.arrayBuffer());
  const samples = mixed(sound);
  const header = { duration_s: sound.duration };
  return [{ array: peaks(samples), header }, { array: levels(samples), header: { ...header, shape: [BANDS, FRAMES] } }];
}

function mixed(sound) {
  const channels = Array.from({ length: sound.numberOfChannels }, (_, at) => sound.getChannelData(at));
  if (channels.length === 1) return channels[0];
  return Float32Array.from(channels[0], (_, at) => channels.reduce((sum, channel) => sum + channel[at], 0) / channels.length);
}

/** int8[BINS, 2]: lowest and highest. */
function peaks(samples) {
  const array = new Int8Array(2 * BINS);
  for (let bin = 0; bin < BINS; bin += 1) {
    let [low, high] = [0, 0];
    for (let at = Math.floor((bin * samples.length) / BINS); at < ((bin + 1) * samples.length) / BINS; at += 1) {
      low = Math.min(low, samples[at] ?? 0);
      high = Math.max(high, samples[at] ?? 0);
    }
    array.set([Math.max(-127, 127 * low), Math.min(127, 127 * high)], 2 * bin);
  }
  return array;
}

/** uint8[BANDS, FRAMES] of mel bands: 255 the loudest, 0 what is RANGE_DB or more under it. */
function levels(samples) {
  const filters = melFilters();
  const power = new Float32Array(BANDS * FRAMES);
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const spectrum = powerAt(samples, Math.floor(((frame + 0.5) * samples.length) / FRAMES) - WINDOW / 2);
    for (const [band, { first, weights }] of filters.entries()) {
      power[band * FRAMES + frame] = weights.reduce((sum, weight, at) => sum + weight * spectrum[first + at], 0);
    }
  }
  const loudest = power.reduce((most, value) => Math.max(most, value), 0);
  if (!loudest) return new Uint8Array(power.length);
  return Uint8Array.from(power, (value) => Math.round(255 * Math.max(0, 1 + (10 * Math.log10(value / loudest)) / RANGE_DB)));
}

/** Triangles of height 1, evenly spaced on the mel scale of HTK: their first bin, and their weights from there on. */
function melFilters() {
  const mel = (hz) => 2595 * Math.log10(1 + hz / 700);
  const edges = Array.from({ length: BANDS + 2 }, (_, at) => mel(LOW_HZ) + (at / (BANDS + 1)) * (mel(HIGH_HZ) - mel(LOW_HZ)))
    .map((value) => ((700 * (10 ** (value / 2595) - 1)) * WINDOW) / RATE_HZ);
  return Array.from({ length: BANDS }, (_, band) => {
    const [low, middle, high] = edges.slice(band, band + 3);
    const first = Math.ceil(low);
    const weights = Array.from({ length: Math.max(0, Math.floor(high) - first + 1) }, (_, at) => Math.max(0, Math.min((first + at - low) / (middle - low), (high - first - at) / (high - middle))));
    return { first, weights };
  });
}

const hann = Float32Array.from({ length: WINDOW }, (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / WINDOW));

/** float[WINDOW / 2 + 1]: the power of a window that starts at a sample, with silence around the sound. */
function powerAt(samples, start) {
  const real = Float64Array.from(hann, (weight, at) => weight * (samples[start + at] ?? 0));
  const imaginary = new Float64Array(WINDOW);
  transform(real, imaginary);
  return Float64Array.from({ length: WINDOW / 2 + 1 }, (_, at) => real[at] ** 2 + imaginary[at] ** 2);
}

const cosine = Float64Array.from(hann, (_, at) => Math.cos((2 * Math.PI * at) / WINDOW));
const sine = Float64Array.from(hann, (_, at) => -Math.sin((2 * Math.PI * at) / WINDOW));

/** The Fourier transform in place (Cooley and Tukey, 1965); their length is WINDOW. */
function transform(real, imaginary) {
  const length = real.length;
  for (let at = 1, mirrored = 0; at < length; at += 1) {
    let bit = length >> 1;
    for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
    mirrored |= bit;
    if (at < mirrored) [real[at], real[mirrored]] = [real[mirrored], real[at]];
  }
  for (let size = 2; size <= length; size *= 2) {
    for (let first = 0; first < length; first += size) {
      for (let at = 0; at < size / 2; at += 1) {
        const turn = (at * length) / size;
        const low = first + at;
        const high = low + size / 2;
        const a = real[high] * cosine[turn] - imaginary[high] * sine[turn];
        const b = real[high] * sine[turn] + imaginary[high] * cosine[turn];
        real[high] = real[low] - a;
        imaginary[high] = imaginary[low] - b;
        real[low] += a;
        imaginary[low] += b;
      }
    }
  }
}
