// Chance that can be repeated: the seed is printed, and SMILECHAT_SEED sets it.

export function chooseSeed(given = process.env.SMILECHAT_SEED) {
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`seed ${seed} (repeat with SMILECHAT_SEED=${seed})`);
  return seed;
}

/** mulberry32: a function that yields numbers from 0 to just under 1. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function between(random, low, high) {
  return low + random() * (high - low);
}
