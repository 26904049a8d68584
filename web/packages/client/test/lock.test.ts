import { expect, test } from "vitest";
import { createLock } from "../src/lock.js";
import { clock } from "./harness/clock.js";
import { sharedStorage } from "./harness/tabs.js";

test("one tab at a time, and a tab that is gone gives way when its lease ends", async () => {
  const { environment, pass } = clock();
  const kept = sharedStorage();
  const [one, two] = [createLock(environment, kept.tab()), createLock(environment, kept.tab())];
  const ran: string[] = [];
  let finish = () => {};
  void one("work", async () => {
    ran.push("one begins");
    await new Promise<void>((done) => {
      finish = done;
    });
    ran.push("one ends");
  });
  void two("work", async () => void ran.push("two"));
  await pass(1_000);
  // Both saw it free; who wrote last has it first.
  expect(ran).toEqual(["two", "one begins"]);
  await pass(60_000);
  finish();
  await pass(1_000);
  expect(ran).toEqual(["two", "one begins", "one ends"]);

  kept.values.set("work:lease", `somebody ${environment.now() + 10_000}`);
  void two("work", async () => void ran.push("two again"));
  await pass(9_000);
  expect(ran).not.toContain("two again");
  await pass(2_000);
  expect(ran).toContain("two again");
});

test("a lease is renewed as long as the work lasts", async () => {
  const { environment, pass } = clock();
  const kept = sharedStorage();
  const [one, two] = [createLock(environment, kept.tab()), createLock(environment, kept.tab())];
  void one("work", () => new Promise(() => {}));
  await pass(100);
  let ran = false;
  void two("work", async () => {
    ran = true;
  });
  await pass(120_000);
  expect(ran).toBe(false);
});

test("what fails under a lock frees it", async () => {
  const { environment, pass } = clock();
  const lock = createLock(environment, sharedStorage().tab());
  const failing = lock("work", () => Promise.reject(new Error("no"))).catch((fault: Error) => fault.message);
  await pass(100);
  expect(await failing).toBe("no");
  const next = lock("work", async () => "yes");
  await pass(100);
  expect(await next).toBe("yes");
});
