import { describe, expect, test } from "vitest";
import { askHealth, judge } from "../src/backend/standing";

const well = { isReached: true, down: [] };

describe("how the page stands with the server", () => {
  test("it is live by a WebSocket to a server that has all of itself", () => {
    expect(judge("live", "websocket", well)).toEqual({ state: "live", why: null });
    expect(judge("live", "websocket", null).state).toBe("live");
    expect(judge("catching_up", "websocket", well).state).toBe("catching_up");
  });

  test("without a socket it is degraded while requests are answered, and offline while they are not", () => {
    expect(judge("offline", null, well)).toEqual({ state: "degraded", why: "no_socket" });
    expect(judge("offline", null, { isReached: false, down: [] }).state).toBe("offline");
    expect(judge("offline", null, null).state).toBe("offline");
  });

  test("polling alone is a detour", () => {
    expect(judge("live", "polling", well)).toEqual({ state: "degraded", why: "polling" });
  });

  test("what the server misses is named, the worst first", () => {
    const misses = (...down: string[]) => judge("live", "websocket", { isReached: true, down }).why;
    expect(misses("bus")).toBe("bus");
    expect(misses("files", "bus")).toBe("bus");
    expect(misses("files", "database")).toBe("database");
    expect(misses("something of a later version")).toBeNull();
  });

  test("health is what /readyz says, also by 503, and a proxy's page is no answer", async () => {
    const answer = (status: number, body: string) => async () => new Response(body, { status });
    const of = (...states: string[]) =>
      JSON.stringify({ dependencies: states.map((status, place) => ({ name: ["database", "files"][place], status })) });
    expect(await askHealth(answer(200, of("ok", "ok")))).toEqual(well);
    expect(await askHealth(answer(503, of("down", "ok")))).toEqual({ isReached: true, down: ["database"] });
    expect(await askHealth(answer(502, "<html>bad gateway</html>"))).toEqual({ isReached: false, down: [] });
    expect(await askHealth(() => Promise.reject(new TypeError("no network")))).toEqual({ isReached: false, down: [] });
  });
});
