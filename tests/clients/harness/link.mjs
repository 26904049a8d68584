// A TCP link between the server and its database, or its bucket, that a test can cut, at the worst moment too.

import { connect, createServer } from "node:net";

const commit = Buffer.from("commit\0");

/**
 * `link.cutAnswers = n`: the next n commits are carried out, and their answers never arrive.
 * `link.allowance = n`: the next n bytes of the server arrive, and then nothing more, until there is another allowance.
 */
export async function startLink(port) {
  const link = { cutAnswers: 0, cuts: 0, allowance: Infinity, pairs: new Set() };
  const listener = createServer((near) => join(link, near, connect(port, "127.0.0.1")));
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  link.port = listener.address().port;
  link.close = () => {
    listener.close();
    for (const cut of link.pairs) cut();
  };
  return link;
}

function join(link, near, far) {
  const cut = () => {
    link.pairs.delete(cut);
    near.destroy();
    far.destroy();
  };
  link.pairs.add(cut);
  let isDoomed = false;
  near.setNoDelay(true);
  far.setNoDelay(true);
  near.on("data", (bytes) => {
    link.allowance -= bytes.length;
    if (link.allowance < 0) return cut();
    if (link.cutAnswers > 0 && !isDoomed && bytes.includes(commit)) {
      isDoomed = true;
      link.cutAnswers -= 1;
      link.cuts += 1;
    }
    far.write(bytes);
  });
  far.on("data", (bytes) => (isDoomed ? cut() : near.write(bytes)));
  for (const end of [near, far]) end.on("error", cut).on("close", cut);
}
