/**
 * One at a time, across tabs. Used to refresh tokens once and to send unsent messages from one tab.
 *
 * With Web Locks the browser does it. Elsewhere, if the storage is shared with others (it can `watch`), a lease in it
 * does, which ends by itself when its holder is gone. Two holders at once stay possible with a lease:
 * **whatever runs under a lock has to be harmless when it runs twice.**
 */
import { type Environment, freshId } from "./platform.js";
import type { KeyValueStorage } from "./storage.js";

export type Lock = <T>(name: string, work: () => Promise<T>) => Promise<T>;

const LEASE = 10_000;
const LOOK_AGAIN = 100;
/** Within so long, all who saw a lease free have written theirs. */
const SETTLED = 20;

export function createLock(environment: Environment, storage: KeyValueStorage): Lock {
  if (environment.locks) {
    const { locks } = environment;
    return (name, work) => locks.request(name, work);
  }
  const tails = new Map<string, Promise<unknown>>();
  const leased: Lock = storage.watch ? leases(environment, storage) : (_, work) => work();
  return (name, work) => {
    const turn = (tails.get(name) ?? Promise.resolve()).then(() => leased(name, work));
    const tail = turn.catch(() => {});
    tails.set(name, tail);
    void tail.then(() => tails.get(name) === tail && tails.delete(name));
    return turn;
  };
}

function leases(environment: Environment, storage: KeyValueStorage): Lock {
  const { now, after } = environment;
  const me = freshId(environment);
  const pause = (milliseconds: number) => new Promise<void>((done) => void after(milliseconds, done));

  return async (name, work) => {
    const key = `${name}:lease`;
    const holder = async () => {
      const [id, until] = (await storage.get(key))?.split(" ") ?? [];
      return Number(until) > now() ? id : undefined;
    };
    const take = () => storage.set(key, `${me} ${now() + LEASE}`);
    const acquire = async () => {
      if (await holder()) return false;
      await take();
      // Whoever wrote last has it.
      await pause(SETTLED);
      return (await holder()) === me;
    };
    while (!(await acquire())) await pause(LOOK_AGAIN * (1 + environment.random()));

    let renewal = () => {};
    const renew = () => {
      renewal = after(LEASE / 3, () => {
        void take();
        renew();
      });
    };
    renew();
    try {
      return await work();
    } finally {
      renewal();
      if ((await holder()) === me) await storage.remove(key);
    }
  };
}
