// @vitest-environment happy-dom
/** A page that the server refuses is told apart from a lost connection, to the visitor and to who builds the page. */
import { h, render } from "preact";
import { afterEach, expect, test, vi } from "vitest";
import { askIntroduction } from "../src/introduction";
import { ENGLISH } from "../src/languages";
import { refusalText } from "../src/languages/refusal";
import type { Actions, WidgetState } from "../src/state";
import { Panel } from "../src/view/Panel";

const SERVER = "https://chat.example";
const problem = (status: number, body: string) => async () => new Response(body, { status });
const lost = async () => {
  throw new TypeError("Failed to fetch");
};

/** What comes of the question where the two addresses answer so. */
function asked(widget: () => Promise<Response>, loader: () => Promise<Response>) {
  vi.stubGlobal("fetch", (url: string) => (url === `${SERVER}/widget.js` ? loader() : widget()));
  return askIntroduction(SERVER, { apiKey: "pk_x" });
}

afterEach(() => {
  render(null, document.body);
  vi.unstubAllGlobals();
});

test.each([
  ["an unknown key", problem(401, '{"code":"unauthorized"}'), lost, /does not know this apiKey.*\(unauthorized\)/],
  ["another origin", problem(403, '{"code":"origin_not_allowed"}'), lost, /Settings, Widget.*\(origin_not_allowed\)/],
  ["an origin that no key lists", lost, problem(200, ""), /Settings, Widget.*\(origin_not_allowed\)/],
])("%s is a refusal", async (_, widget, loader, message) => {
  const { refusal } = await asked(widget, loader);
  expect(refusal?.advice).toMatch(message);
  expect(refusal?.words("de-AT")).toBe(refusalText("de"));
});

test.each([
  ["no network", lost, lost],
  ["a proxy whose server is away", lost, problem(502, "")],
  ["a gate before the server", problem(401, "<h1>Sign in</h1>"), problem(200, "")],
  ["a server that is starting", problem(503, '{"code":"unavailable"}'), problem(200, "")],
  ["a server that is older", problem(404, '{"code":"not_found"}'), problem(200, "")],
])("%s is none", async (_, widget, loader) => {
  expect((await asked(widget, loader)).refusal ?? null).toBeNull();
});

test("the visitor is told so, and has nothing to write into", () => {
  const settings = { name: "Shop", staff: [], isStaffed: null, quickReplies: [], prechat: "required" };
  const now = {
    settings,
    language: ENGLISH,
    isOpen: true,
    stage: "none",
    refusal: { words: refusalText },
  } as unknown as WidgetState;
  render(h(Panel, { now, actions: {} as Actions, isFullScreen: false }), document.body);
  expect(document.querySelector("[role=alert].empty")?.textContent).toBe("The chat is not available here.");
  expect(document.querySelector("textarea, input")).toBeNull();
});
