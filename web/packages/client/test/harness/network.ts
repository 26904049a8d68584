/** A network between client and server that can be cut, or swallow everything without a word. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

export interface Network {
  readonly url: string;
  /** Ends all connections and refuses new ones. */
  cut(): void;
  /** Keeps the connections that are there and loses what they carry; as after sleep. */
  swallow(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function network(port: number): Promise<Network> {
  const pairs = new Set<[Socket, Socket]>();
  let state: "whole" | "cut" | "swallowing" = "whole";
  const server = createServer((near) => {
    if (state === "cut") return near.destroy();
    const far = connect(port, "127.0.0.1");
    const pair: [Socket, Socket] = [near, far];
    const swallows = state === "swallowing";
    let isLost = swallows;
    const lose = () => {
      isLost = true;
    };
    near.once("lose", lose);
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.on("data", (data) => isLost || far.write(data));
    far.on("data", (data) => isLost || near.write(data));
    for (const socket of pair) socket.on("error", end).on("close", end);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      state = "cut";
      for (const [near, far] of pairs) {
        near.destroy();
        far.destroy();
      }
    },
    swallow() {
      state = "swallowing";
      for (const [near] of pairs) near.emit("lose");
    },
    mend() {
      state = "whole";
    },
    async close() {
      const ended = new Promise((done) => server.close(done));
      for (const [near, far] of pairs) {
        near.destroy();
        far.destroy();
      }
      await ended;
    },
  };
}
