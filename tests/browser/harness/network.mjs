// A network between browsers and the server that can be cut for everybody at once.

import { connect, createServer } from "node:net";

/** `cut()` ends all connections and refuses new ones until `mend()`. */
export async function startNetwork(port) {
  const pairs = new Set();
  let isCut = false;
  const listener = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(port, "127.0.0.1");
    const end = () => {
      pairs.delete(end);
      near.destroy();
      far.destroy();
    };
    pairs.add(end);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.setNoDelay(true);
      from
        .on("data", (bytes) => to.write(bytes))
        .on("error", end)
        .on("close", end);
    }
  });
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  const endAll = () => {
    for (const end of [...pairs]) end();
  };
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    cut() {
      isCut = true;
      endAll();
    },
    mend() {
      isCut = false;
    },
    close() {
      listener.close();
      endAll();
    },
  };
}

/** What a browser says of a server that it does not reach. */
export function isConnectionLost(fault) {
  return /net::ERR_(CONNECTION|EMPTY_RESPONSE|INTERNET|NETWORK|SOCKET)|WebSocket connection to .* failed/.test(fault);
}
