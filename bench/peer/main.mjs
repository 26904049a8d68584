// The peer: the product's brief as a careful Node developer would write it, with the stack that it names: Express 5,
// Socket.IO 4, jsonwebtoken, argon2, and better-sqlite3 or pg. It is what the benchmark compares with, and no product:
// it does what is measured, with the product's names and shapes of answers, and leaves out what only costs (rate limits,
// logs, metrics, CORS, sessions that can be revoked at once, files, notes, search).
//
// What is fair: statements are prepared, indexes fit the queries, a message is on disk before its ack (WAL with
// synchronous=FULL; PostgreSQL with synchronous_commit), a send on PostgreSQL is one round trip, Socket.IO encodes a
// broadcast once, `ws` has its native mask, Express computes no ETag.
//
//   node bench/peer/main.mjs                                   serves; PORT, HOST, DATABASE_URL, JWT_SECRET as the product
//   node bench/peer/main.mjs user create --username U --role support --password-stdin

import { createServer } from "node:http";
import { text } from "node:stream/consumers";

import express from "express";

import { authRoutes, newUser, tokens } from "./auth.mjs";
import { attachSockets } from "./sockets.mjs";
import { openPostgres } from "./store/postgres.mjs";
import { openSqlite } from "./store/sqlite.mjs";
import { ticketRoutes } from "./tickets.mjs";

const { PORT = "3100", HOST = "127.0.0.1", DATABASE_URL = "sqlite://peer.db", JWT_SECRET } = process.env;
if (!JWT_SECRET) throw new Error("JWT_SECRET is missing");

const isSqlite = DATABASE_URL.startsWith("sqlite://");
const store = isSqlite ? openSqlite(DATABASE_URL.slice("sqlite://".length)) : await openPostgres(DATABASE_URL);
const keys = tokens(JWT_SECRET);

if (process.argv[2] === "user") {
  const option = (name) => process.argv[process.argv.indexOf(name) + 1];
  const password = (await text(process.stdin)).replace(/\n$/, "");
  const user = await newUser(store, { username: option("--username"), password, role: option("--role") });
  console.log(JSON.stringify(user));
  await store.close();
} else {
  serve();
}

function serve() {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(express.json({ limit: "1mb" }));
  const server = createServer(app);
  const live = attachSockets(server, store, keys);
  app.get("/readyz", (_, answer) => answer.json({ status: "ok" }));
  app.use("/api/auth", authRoutes(store, keys));
  app.use("/api", ticketRoutes(store, keys, live));
  app.use((_, answer) => answer.status(404).json(problem(404, "not_found")));
  app.use((error, _, answer, __) => {
    const status = error.status ?? 500;
    if (status >= 500) console.error(error);
    answer.status(status).json(problem(status, error.code ?? "internal"));
  });
  server.listen(Number(PORT), HOST);
  process.once("SIGTERM", () => {
    live.close();
    server.closeAllConnections();
    server.close(() => store.close());
  });
}

function problem(status, code) {
  return { type: `/docs/errors#${code}`, title: code, status, detail: code, code };
}
