import { afterEach, expect, test, vi } from "vitest";
import { openDesk, windowFeatures } from "../src/desk";

const staff = { username: "ben", password: "x", name: "Ben Okafor" };

afterEach(() => vi.unstubAllGlobals());

/** A browser whose `window.open` answers this, and what was done in their order. */
function browser(opened: { pathname: string } | null) {
  const done: string[] = [];
  const desk = opened && {
    document: { title: "" },
    location: { pathname: opened.pathname, replace: (to: string) => done.push(`go ${to}`) },
    focus: () => done.push("focus"),
    close: () => done.push("close"),
  };
  const open = (url: string, name: string) => {
    done.push(`open ${url || "nothing"} ${name}`);
    return desk;
  };
  vi.stubGlobal("window", { open });
  vi.stubGlobal("screen", { availWidth: 1920, availHeight: 1080 });
  return done;
}

test("the window opens first, and goes to the desk once somebody is signed in", async () => {
  const done = browser({ pathname: "blank" });
  expect(await openDesk(staff, async ({ username }) => void done.push(`sign in ${username}`))).toBe(true);
  expect(done).toEqual(["open nothing smilechat-desk", "focus", "sign in ben", "go /app"]);
});

test("a desk that is open already is only brought to the front", async () => {
  const done = browser({ pathname: "/app/tickets/1" });
  await openDesk(staff, async () => void done.push("sign in"));
  expect(done).toEqual(["open nothing smilechat-desk", "focus"]);
});

test("where windows are blocked one is signed in all the same", async () => {
  const done = browser(null);
  expect(await openDesk(staff, async () => void done.push("sign in"))).toBe(false);
  expect(done.at(-1)).toBe("sign in");
});

test("a refusal closes the window again", async () => {
  const done = browser({ pathname: "blank" });
  await expect(openDesk(staff, () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  expect(done.at(-1)).toBe("close");
});

test("the desk stands at the left of a wide screen, and in a tab on a small one", () => {
  const screen = { availLeft: 1920, availTop: 25, availWidth: 1600, availHeight: 875 };
  expect(windowFeatures(screen)).toBe("popup,left=1920,top=25,width=992,height=875");
  expect(windowFeatures({ availWidth: 390, availHeight: 800 })).toBe("");
});
