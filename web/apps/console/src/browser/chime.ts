// Two soft notes, made on the spot: no file to load.

let context: AudioContext | null = null;

export function chime(): void {
  try {
    context ??= new AudioContext();
    // A browser that has seen no gesture yet keeps it silent; that is its right.
    if (context.state === "suspended") void context.resume();
    note(context, 659.25, 0);
    note(context, 880, 0.11);
  } catch {
    // No audio here.
  }
}

function note(audio: AudioContext, frequency: number, delay: number): void {
  const begin = audio.currentTime + delay;
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(0.12, begin + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.4);
  tone.connect(volume).connect(audio.destination);
  tone.start(begin);
  tone.stop(begin + 0.45);
}
