// @vitest-environment happy-dom
import { ApiError } from "@smilechat/client";
import { expect, test, vi } from "vitest";
import type { Ticket, TicketPatch } from "../src/backend/types";
import { anticipate, Overtaken, save } from "../src/tickets/save";
import { at, ticket } from "./fixtures";

/** A server that holds one ticket and refuses changes made upon an older state of it. */
function server(current: Ticket) {
  const state = { current, puts: 0 };
  const calls = {
    put: vi.fn(async (_id: string, patch: TicketPatch) => {
      state.puts += 1;
      if (patch.if_updated_at !== state.current.updated_at) throw new ApiError(409, "conflict", "changed meanwhile");
      const { if_updated_at: _, ...fields } = patch;
      state.current = { ...state.current, ...fields, updated_at: at(50 + state.puts) } as Ticket;
      return state.current;
    }),
    get: async () => state.current,
  };
  return { state, calls };
}

const seen = ticket({ updated_at: at(1) });

test("a change of what nobody else has touched is saved at once", async () => {
  const { calls } = server(seen);
  expect((await save(calls, seen, { priority: "high" })).priority).toBe("high");
  expect(calls.put).toHaveBeenCalledTimes(1);
});

test("a new message meanwhile stops no change", async () => {
  const { calls } = server({ ...seen, updated_at: at(2), last_seq: 2, unread_count: 1 });
  const saved = await save(calls, seen, { tags: ["order"] });
  expect(saved.tags).toEqual(["order"]);
  expect(saved.last_seq).toBe(2);
});

test("the same field changed by a colleague is a conflict, and shows theirs", async () => {
  const theirs = { ...seen, updated_at: at(2), tags: ["refund"] };
  const { calls, state } = server(theirs);
  await expect(save(calls, seen, { tags: ["order"] })).rejects.toMatchObject({ current: theirs });
  expect(state.current.tags).toEqual(["refund"]);
});

test("who takes a ticket that a colleague took first is told so", async () => {
  const theirs = { ...seen, updated_at: at(2), support_id: "chloe", status: "in_progress" as const };
  const { calls } = server(theirs);
  await expect(save(calls, seen, { status: "in_progress", support_id: "ben" })).rejects.toBeInstanceOf(Overtaken);
});

test("a ticket that changes all the time is given up on, with the server's word", async () => {
  const calls = {
    put: vi.fn(async () => Promise.reject(new ApiError(409, "conflict", "changed meanwhile"))),
    get: async () => ticket({ updated_at: at(9) }),
  };
  await expect(save(calls, seen, { priority: "high" })).rejects.toMatchObject({ code: "conflict" });
  expect(calls.put).toHaveBeenCalledTimes(4);
});

test("other refusals pass as they are", async () => {
  const calls = { put: async () => Promise.reject(new ApiError(403, "forbidden", "no")), get: async () => seen };
  await expect(save(calls, seen, { priority: "high" })).rejects.toMatchObject({ code: "forbidden" });
});

test("what is shown before the answer is what the server would make of it", () => {
  expect(anticipate(seen, { status: "in_progress" }, "ben")).toMatchObject({
    status: "in_progress",
    support_id: "ben",
  });
  const taken = ticket({ status: "in_progress", support_id: "ben" });
  expect(anticipate(taken, { support_id: null }, "ben")).toMatchObject({ status: "open", support_id: null });
  expect(anticipate(taken, { support_id: "chloe" }, "ben")).toMatchObject({
    status: "in_progress",
    support_id: "chloe",
  });
  expect(anticipate(taken, { status: "closed" }, "ben").closed_at).not.toBeNull();
  expect(anticipate(ticket({ status: "closed", closed_at: at(1) }), { status: "open" }, "ben").closed_at).toBeNull();
  expect(seen).toEqual(ticket({ updated_at: at(1) }));
});
