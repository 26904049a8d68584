// Accounts and tokens: argon2id with the product's own parameters, access tokens as HS256 JWTs.

import { createHash, randomBytes, randomUUID } from "node:crypto";

import argon2 from "argon2";
import { Router } from "express";
import jwt from "jsonwebtoken";

const cost = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const issuer = "smilechat-peer";
const seconds = 86_400;

export class Refusal extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

export function tokens(secret) {
  return {
    sign: (user) =>
      jwt.sign({ role: user.role, name: user.name }, secret, { subject: user.id, issuer, expiresIn: seconds }),
    verify(token) {
      try {
        const claims = jwt.verify(token, secret, { issuer, algorithms: ["HS256"] });
        return { id: claims.sub, role: claims.role, name: claims.name, isStaff: claims.role !== "customer" };
      } catch {
        throw new Refusal(401, "unauthorized");
      }
    },
  };
}

/** Leaves the caller in `request.caller`. */
export function signedIn(keys) {
  return (request, _, next) => {
    const [scheme, token] = request.headers.authorization?.split(" ") ?? [];
    if (scheme !== "Bearer") throw new Refusal(401, "unauthorized");
    request.caller = keys.verify(token);
    next();
  };
}

export async function newUser(store, { username, password, role }) {
  const isGood = typeof username === "string" && username.length >= 3 && typeof password === "string";
  if (!isGood || password.length < 8) throw new Refusal(422, "invalid");
  const user = { id: randomUUID(), username, name: username, role, passwordHash: await argon2.hash(password, cost) };
  await store.insertUser(user, Date.now());
  return shown(user, Date.now());
}

export function authRoutes(store, keys) {
  const routes = Router();
  routes.post("/register", async (request, answer) => {
    const user = await newUser(store, { ...request.body, role: "customer" });
    answer.status(201).json(await session(user));
  });
  routes.post("/login", async (request, answer) => {
    const { username, password } = request.body ?? {};
    const user = await store.findUserByName(String(username));
    const isRight = user && (await argon2.verify(user.passwordHash, String(password)));
    if (!isRight) throw new Refusal(401, "invalid_credentials");
    answer.json(await session(shown(user, user.createdAt)));
  });

  async function session(user) {
    const refreshToken = randomBytes(32).toString("base64url");
    await store.insertSession(createHash("sha256").update(refreshToken).digest(), user.id, Date.now());
    return {
      user,
      access_token: keys.sign(user),
      refresh_token: refreshToken,
      token_type: "Bearer",
      expires_in: seconds,
    };
  }
  return routes;
}

function shown({ id, username, name, role }, createdAt) {
  const at = new Date(createdAt).toISOString();
  const always = { email: null, avatar_url: null, status: "online" };
  return { id, username, name, role, roles: [role], ...always, created_at: at, updated_at: at, last_active: at };
}
