// SmileChat under pm2: so many processes of the one binary, each on a port of its own; nginx in front takes them in turn
// (deploy/nginx/smilechat.conf).
//
//   export DATABASE_URL=postgres://… JWT_SECRET=…
//   SMILECHAT_BIN=/usr/local/bin/smilechat SMILECHAT_NODES=2 pm2 start deploy/pm2/ecosystem.config.cjs
//   pm2 save && pm2 startup
//
// A rolling restart is one process after another, each awaited; docs/OPERATIONS.md has the loop. `pm2 restart all` ends them
// all at once.

const binary = process.env.SMILECHAT_BIN ?? "/usr/local/bin/smilechat";
const nodes = Number(process.env.SMILECHAT_NODES ?? 2);
const firstPort = Number(process.env.PORT ?? 3100);

if (nodes > 1 && !/^postgres(ql)?:/.test(process.env.DATABASE_URL ?? "")) {
  throw new Error("more than one process needs DATABASE_URL=postgres://…; SQLite belongs to one (SMILECHAT_NODES=1)");
}

module.exports = {
  apps: Array.from({ length: nodes }, (_, index) => ({
    name: `smilechat-${firstPort + index}`,
    script: binary,
    args: "serve",
    interpreter: "none",
    // Not pm2's cluster, which is Node's own: the binary uses all cores by itself.
    exec_mode: "fork",
    instances: 1,
    // pm2 sends SIGINT, on which the server drains: `server.drain_seconds` is 8 by default. It must not be shot before.
    kill_timeout: 15_000,
    treekill: false,
    autorestart: true,
    // From 0.2 s up to 15 s between two starts, while the database is away perhaps.
    exp_backoff_restart_delay: 200,
    merge_logs: true,
    env: {
      SMILECHAT_ENV: process.env.SMILECHAT_ENV ?? "production",
      HOST: process.env.HOST ?? "127.0.0.1",
      PORT: String(firstPort + index),
      SMILECHAT_SERVER__TRUSTED_PROXIES: process.env.SMILECHAT_SERVER__TRUSTED_PROXIES ?? "1",
      LOG_FORMAT: process.env.LOG_FORMAT ?? "json",
    },
  })),
};
