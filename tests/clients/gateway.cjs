// Scenarios of the gateway tests, played by the real client. Usage: node gateway.cjs URL SCENARIO
const assert = require('node:assert');
const { io } = require('socket.io-client');

const [url, scenario] = process.argv.slice(2);
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
const connect = (options = {}) => io(url, { auth: { token: 'good' }, forceNew: true, ...options });

async function talk(transports, transportAtLast) {
  const [a, b] = [connect({ transports }), connect({ transports })];
  await Promise.all([once(a, 'connect'), once(b, 'connect'), once(a, 'welcome'), once(b, 'welcome')]);
  assert.notStrictEqual(a.id, b.id);

  // 500 events at once, acked in order, in the middle of an upgrade too.
  const answers = [];
  await new Promise((resolve) => {
    for (let i = 0; i < 500; i++) {
      a.emit('echo', { i }, (reply) => {
        answers.push(reply.i);
        if (answers.length === 500) resolve();
      });
    }
  });
  assert.deepStrictEqual(answers, [...Array(500).keys()]);

  // Payloads of every kind, text beyond ASCII, none at all.
  for (const payload of ['grüße 👋🏽', 1.5, true, null, [1, [2]], { deep: { er: [] } }, 'x'.repeat(500_000)]) {
    assert.deepStrictEqual(await b.timeout(5000).emitWithAck('echo', payload), payload);
  }
  assert.strictEqual(await b.timeout(5000).emitWithAck('echo'), null);
  assert.deepStrictEqual(Buffer.from(await b.timeout(5000).emitWithAck('echo', Buffer.from([1, 2]))), Buffer.from([1, 2]));
  b.emit('echo', Buffer.from([3]));
  assert.deepStrictEqual(await once(b, 'echo'), [Buffer.from([3])]);
  b.emit('echo', 'no ack');
  assert.deepStrictEqual(await once(b, 'echo'), ['no ack']);

  while (a.io.engine.transport.name !== transportAtLast) await once(a.io.engine, 'upgrade');
  assert.deepStrictEqual(await a.timeout(5000).emitWithAck('echo', 'after'), 'after');
  // The farewells are on their way when the connections are given up.
  const closed = [a, b].map((socket) => once(socket.io.engine, 'close'));
  a.disconnect();
  b.disconnect();
  await Promise.all(closed);
}

async function refused() {
  const socket = connect({ auth: { token: 'bad' } });
  const [error] = await once(socket, 'connect_error');
  assert.strictEqual(error.message, 'unauthorized');
  assert.strictEqual(socket.active, false);
}

// The server goes: the client must take it for a lost connection and try again by itself.
async function drained(transports) {
  const socket = connect({ transports, reconnectionDelay: 50 });
  await once(socket, 'welcome');
  console.log('joined');
  const [reason] = await once(socket, 'disconnect');
  assert.ok(['transport close', 'transport error'].includes(reason), reason);
  await once(socket.io, 'reconnect_attempt');
  console.log('reconnecting');
  socket.disconnect();
}

const scenarios = {
  polling: () => talk(['polling'], 'polling'),
  websocket: () => talk(['websocket'], 'websocket'),
  upgrade: () => talk(['polling', 'websocket'], 'websocket'),
  refused,
  'drained-websocket': () => drained(['websocket']),
  'drained-polling': () => drained(['polling']),
};

setTimeout(() => {
  console.error(scenario, 'took too long');
  process.exit(1);
}, 20_000);
scenarios[scenario]().then(
  () => process.exit(0),
  (error) => {
    console.error(scenario, error);
    process.exit(1);
  },
);
