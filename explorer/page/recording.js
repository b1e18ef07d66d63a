// What the microphone hears, as a wav file: a format that the server reads whatever the browser is.

const WORKLET = new URL("worklet.js", import.meta.url);

export class Recording {
  /** Begin; asks for the microphone without what telephones do to a sound. */
  static async start() {
    if (!navigator.mediaDevices) throw new Error("browsers lend it to pages of this machine or over https alone");
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    try {
      const context = new AudioContext();
      await context.audioWorklet.addModule(WORKLET);
      return new Recording(stream, context);
    } catch (error) {
      silence(stream);
      throw error;
    }
  }

  constructor(stream, context) {
    Object.assign(this, { stream, context, blocks: [] });
    const tap = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    tap.port.onmessage = ({ data }) => this.blocks.push(data);
    context.createMediaStreamSource(stream).connect(tap);
  }

  /** End; the file, or null where nothing was heard. */
  async stop() {
    silence(this.stream);
    const rate = this.context.sampleRate;
    await this.context.close();
    return this.blocks.length ? new File([wav(this.blocks, rate)], "microphone.wav", { type: "audio/wav" }) : null;
  }
}

const silence = (stream) => stream.getTracks().forEach((track) => track.stop());

/** 16-bit mono wav of blocks of float32. */
function wav(blocks, rate) {
  const length = blocks.reduce((total, block) => total + block.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * length));
  const text = (at, letters) => [...letters].forEach((letter, offset) => view.setUint8(at + offset, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * length, true);
  let at = 44;
  for (const block of blocks) {
    for (const value of block) {
      view.setInt16(at, Math.max(-1, Math.min(1, value)) * 32767, true);
      at += 2;
    }
  }
  return view.buffer;
}
