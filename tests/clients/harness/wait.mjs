// Waiting for a condition, with a bound, instead of sleeping and hoping.

export async function poll(what, limit, condition) {
  const deadline = Date.now() + limit;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${limit} ms in vain for ${what}`);
    await pause(25);
  }
}

/** For load that is spread over time, and for showing that something does *not* happen. */
export function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
