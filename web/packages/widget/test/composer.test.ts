// @vitest-environment happy-dom
/** What a visitor has written is theirs until it is kept: on the screen, or as a draft that a reload brings back. */
import type { Attachment } from "@smilechat/client";
import { h, render } from "preact";
import { beforeEach, expect, test, vi } from "vitest";
import { ENGLISH } from "../src/languages";
import type { Actions, WidgetState } from "../src/state";
import { DRAFT } from "../src/storage";
import { Composer } from "../src/view/Composer";
import type { Files, WaitingFile } from "../src/view/files";

let finish: (isSent: boolean) => void;
let root: HTMLElement;
const onFailure = vi.fn();
const send = vi.fn(() => new Promise<boolean>((done) => (finish = done)));
const remove = vi.fn();

beforeEach(() => {
  vi.clearAllMocks();
  sessionStorage.clear();
  root = document.createElement("div");
});

function show(waiting: WaitingFile[] = [], firstMessage: string | null = null): void {
  const files: Files = { waiting, add() {}, remove, collect: async () => waiting.map(() => ({}) as Attachment) };
  const now = { conversation: null, language: ENGLISH, isOpen: true, firstMessage } as WidgetState;
  render(h(Composer, { now, actions: { send } as unknown as Actions, files, onFailure }), root);
}

const field = () => root.querySelector("textarea") as HTMLTextAreaElement;
const draft = () => sessionStorage.getItem(DRAFT);

async function write(text: string): Promise<void> {
  field().value = text;
  field().dispatchEvent(new Event("input", { bubbles: true }));
  await vi.waitFor(() => expect(root.querySelector<HTMLButtonElement>("button.send")?.disabled).toBe(false));
}

async function submit(): Promise<void> {
  root.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await vi.waitFor(() => expect(send).toHaveBeenCalled());
}

test("a message on its way stays the draft until it is kept", async () => {
  show();
  await write("Where is my parcel?");
  await submit();
  await vi.waitFor(() => expect(field().value).toBe(""));
  expect(draft()).toBe("Where is my parcel?");
  finish(true);
  await vi.waitFor(() => expect(draft()).toBeNull());
});

test("one that fails is back in the field, with what was written meanwhile", async () => {
  show();
  await write("Where is my parcel?");
  await submit();
  field().value = "It is late";
  field().dispatchEvent(new Event("input", { bubbles: true }));
  finish(false);
  await vi.waitFor(() => expect(field().value).toBe("Where is my parcel?\nIt is late"));
  expect(draft()).toBe("Where is my parcel?\nIt is late");
  expect(onFailure).toHaveBeenLastCalledWith(ENGLISH.texts.sendFailed);
});

test("files stay in the tray and their text the draft until both are kept", async () => {
  show([{ id: 7, file: new File(["bytes"], "picture.png", { type: "image/png" }) } as WaitingFile]);
  await write("See the picture");
  await submit();
  expect([draft(), remove.mock.calls]).toEqual(["See the picture", []]);
  finish(false);
  await vi.waitFor(() => expect(onFailure).toHaveBeenLastCalledWith(ENGLISH.texts.sendFailed));
  expect([field().value, draft(), remove.mock.calls]).toEqual(["See the picture", "See the picture", []]);
  send.mockClear();
  await vi.waitFor(() => expect(root.querySelector<HTMLButtonElement>("button.send")?.disabled).toBe(false));
  await submit();
  finish(true);
  await vi.waitFor(() => expect(field().value).toBe(""));
  expect([draft(), remove.mock.calls]).toEqual([null, [[7]]]);
});

test("a quick reply on its way to a first conversation is a draft, too, beside what is being written", async () => {
  show();
  await write("And another thing");
  show([], "Where is my order?");
  await vi.waitFor(() => expect(draft()).toBe("Where is my order?\nAnd another thing"));
  await write("And another thing!");
  expect(draft()).toBe("Where is my order?\nAnd another thing!");
  show();
  await vi.waitFor(() => expect(draft()).toBe("And another thing!"));
  expect(field().value).toBe("And another thing!");
});
