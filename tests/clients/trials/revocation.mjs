// Who loses a right by one of two nodes loses it on both: by a logout, a new password, another role, a closed account, a
// revoked key. From the answer on nothing is changed by it, through REST or a socket; within 2 s nothing is read either, and
// its sockets are cut.
//
//   node tests/clients/trials/revocation.mjs --rounds 25

import assert from "node:assert/strict";

import { withCluster } from "../harness/cluster.mjs";
import { asCommand } from "../harness/command.mjs";
import { allMessages, call, login, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { chooseSeed, seeded } from "../harness/random.mjs";
import { connect, heard, tell, transports } from "../harness/sockets.mjs";
import { poll } from "../harness/wait.mjs";

const within = 2_000;
const removeKey = (node, admin, { api_key_id }) => call(node, "DELETE", `/api/api-keys/${api_key_id}`, { token: admin.token });

/** Makes a right, and says how it is taken away at a node, what it reads and what it changes. */
const ways = {
  "a logout": ofPerson((node, person) => post(node, person, "/api/auth/logout", {})),
  "a new password": ofPerson(async (node, person) => {
    const elsewhere = await login(node, person.username, person.password);
    await put(node, elsewhere, "/api/users/profile", { current_password: person.password, new_password: "another horse battery" });
  }),
  "another role": ofPerson((node, { id }, admin) => put(node, admin, `/api/users/${id}`, { roles: ["customer"] })),
  "a closed account": ofPerson((node, { id }, admin) => put(node, admin, `/api/users/${id}`, { is_disabled: true })),
  "a revoked publishable key": async (node, admin) => {
    const [person, key] = [await newCustomer(node), await post(node, admin, "/api/api-keys", { kind: "publishable", name: "Widget" })];
    // Its sockets belong to people who are still signed in: what they say until they are cut is theirs.
    return {
      person,
      auth: { token: person.token, apiKey: key.api_key },
      headers: { "x-api-key": key.api_key },
      reads: "/api/widget",
      changes: ["/api/auth/anonymous", {}],
      saysUntilCut: true,
      revoke: () => removeKey(node, admin, key),
    };
  },
  "a revoked secret key": async (node, admin) => {
    const customer = await newCustomer(node);
    const key = await post(node, admin, "/api/api-keys", { kind: "secret", name: "Server", scopes: ["tickets:read", "tickets:write"] });
    return {
      headers: { "x-api-key": key.api_key },
      reads: "/api/tickets",
      changes: ["/api/tickets", { subject: "Late", customer_id: customer.id }],
      revoke: () => removeKey(node, admin, key),
    };
  },
};

function ofPerson(revoke) {
  return async (node, admin) => {
    const person = await newSupport(node);
    return {
      person,
      auth: { token: person.token },
      headers: { authorization: `Bearer ${person.token}` },
      reads: "/api/users/profile",
      changes: ["/api/tickets", { subject: "Late" }],
      revoke: () => revoke(node, person, admin),
    };
  };
}

/** Each time another way, at one of the nodes. */
export async function cutOff({ nodes }, { rounds = 1, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const choose = (some) => some[Math.floor(random() * some.length)];
  const admin = await newStaff(nodes[0], "admin");
  const [cut, refused] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    for (const [way, make] of Object.entries(ways)) {
      const right = { way, ...(await make(choose(nodes), admin)) };
      const found = await isCutOff(nodes, admin, right, choose(Object.keys(transports)));
      cut.push(...found.cut);
      refused.push(...found.refused);
    }
  }
  const sockets = `${rounds} rounds of ${Object.keys(ways).length} ways: ${cut.length} sockets on both nodes`;
  const [slowest, latest] = [Math.max(...cut), Math.max(...refused)];
  console.log(`${sockets} cut after ${slowest} ms at most, reads refused after ${latest} ms, nothing changed`);
}

/** In milliseconds from the answer on: when each socket was cut, and when each node refused to be read. */
async function isCutOff(nodes, admin, { way, person, auth, headers, reads, changes, saysUntilCut, revoke }, transport) {
  const read = async (node) => (await call(node, "GET", reads, { headers })).status;
  const change = async (node) => (await call(node, "POST", changes[0], { headers, body: changes[1] })).status;
  const ticket_id = person && (await newTicket(nodes[0], person)).ticket_id;
  const lines = person ? await Promise.all(nodes.map((node) => connect(node, person, transport, { auth }))) : [];
  // All nodes know it, and may remember.
  for (const line of lines) await tell(line, "chat_message", { ticket_id, message_content: "Before" });
  for (const node of nodes) assert.deepEqual([await read(node), await change(node)], [200, 201], `before ${way}`);

  await revoke();
  const began = Date.now();
  for (const { socket } of lines) socket.emit("chat_message", { ticket_id, message_content: "After" });
  const changed = nodes.map(change);
  const refused = nodes.map(async (node) => {
    await poll(`a read to be refused after ${way}`, within, async () => (await read(node)) === 401);
    return Date.now() - began;
  });
  const cut = lines.map(async (line) => {
    await heard(line, "disconnect", () => true, within).catch((late) => assert.fail(`after ${way}: ${late.message}`));
    return Math.max(0, line.events.find(({ name }) => name === "disconnect").at - began);
  });
  const times = { cut: await Promise.all(cut), refused: await Promise.all(refused) };
  assert.deepEqual(await Promise.all(changed), nodes.map(() => 401), `a change after ${way}`);
  if (saysUntilCut) return times;
  const said = person ? (await allMessages(nodes[0], admin, ticket_id)).map((message) => message.message_content) : [];
  assert.deepEqual(said, lines.map(() => "Before"), `what was said after ${way}`);
  return times;
}

await asCommand(import.meta.url, { rounds: 25 }, async (options) => {
  for (const bus of ["redis", "postgres"]) {
    console.log(`by ${bus}:`);
    await withCluster({ bus }, (cluster) => cutOff(cluster, options));
  }
});
