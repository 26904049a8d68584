/**
 * Owns the widget's life: boot, update, identify, open, close, shutdown, and the state that the view shows.
 * Used by the commands (app.ts) and by the view through `Actions`.
 * Invariant: the client package is loaded once somebody writes, or if an earlier session is kept here, and not before.
 */
import type { Conversation } from "@smilechat/client";
import type { Chat, Proof, Visitor } from "./chat";
import { mergeConfig, type PageConfig, type ServerSettings, settingsFrom } from "./config";
import { tell } from "./events";
import { askIntroduction } from "./introduction";
import { ENGLISH, speak } from "./languages";
import { type Mounted, mount } from "./mount";
import { value } from "./observable";
import type { Actions, WidgetState } from "./state";
import { keep, kept, onOtherTab } from "./storage";

export type { Proof };

/** How long a visitor may look around before the greeting shows itself. */
const GREETING_DELAY = 5_000;

export type Widget = ReturnType<typeof createWidget>;

export function createWidget(server: string, nonce: string | undefined) {
  const state = value<WidgetState>(freshState());
  const set = (change: Partial<WidgetState>) => state.set({ ...state.get(), ...change });
  let page: PageConfig = {};
  let introduction: Partial<ServerSettings> = {};
  let mounted: Mounted | null = null;
  let chat: Chat | null = null;
  let endings: (() => void)[] = [];
  const key = (name: string) => `smilechat:${page.apiKey ?? "default"}:${name}`;

  /** Ends the following of the present conversation. */
  let leave = () => {};
  const adopt = async (conversation: Conversation) => {
    const { follow } = await import("./chat");
    leave();
    leave = follow(conversation, {
      unread(unread) {
        if (unread === state.get().unread) return;
        set({ unread });
        tell("unread", { count: unread });
      },
      arrived(message) {
        if (!state.get().isOpen) set({ preview: { text: message.message_content, sender: message.sender } });
      },
      wantsSound: () => state.get().settings.sound && !state.get().isMuted,
      titleFor: (message) => `${state.get().language.texts.newMessage} · ${message.sender.name}`,
    });
    set({ conversation, stage: "ready" });
  };
  const abandon = () => {
    leave();
    leave = () => {};
    set({ conversation: null, stage: "none" });
    if (state.get().unread) tell("unread", { count: 0 });
    set({ unread: 0 });
  };

  const loadChat = async (): Promise<Chat> => {
    const { openChat } = await import("./chat");
    if (chat) return chat;
    chat = openChat(
      server,
      page.apiKey,
      key("visitor"),
      () => !state.get().conversation?.ticketId.get() && void resume(),
    );
    endings.push(
      chat.client.session.state.subscribe((session) => {
        if (session.status !== "signed_out" || !state.get().conversation) return;
        abandon();
        set({ isIdentified: false });
      }),
    );
    set({ client: chat.client });
    return chat;
  };

  const resume = async () => {
    try {
      if (!state.get().conversation) set({ stage: "opening" });
      const earlier = await (await loadChat()).resume();
      if (earlier) await adopt(earlier);
      else if (!state.get().conversation) set({ stage: "none" });
    } catch {
      if (!state.get().conversation) set({ stage: "failed" });
    }
  };

  let beginning: Promise<Conversation> | null = null;
  const begin = (): Promise<Conversation> => {
    const { conversation, visitor } = state.get();
    if (conversation) return Promise.resolve(conversation);
    beginning ??= loadChat()
      .then((loaded) => loaded.begin(visitor))
      .then(async (begun) => {
        await adopt(begun);
        return begun;
      })
      .finally(() => {
        beginning = null;
      });
    return beginning;
  };

  const actions: Actions = {
    open() {
      if (!mounted || state.get().isOpen) return;
      set({ isOpen: true, preview: null });
      keep("sessionStorage", key("open"), "yes");
      keep("sessionStorage", key("greeted"), "yes");
      tell("open", {});
    },
    close() {
      if (!state.get().isOpen) return;
      set({ isOpen: false });
      keep("sessionStorage", key("open"), null);
      tell("close", {});
    },
    toggle() {
      if (state.get().isOpen) actions.close();
      else actions.open();
    },
    async send(text, attachments) {
      const isFirst = !state.get().conversation;
      if (isFirst) set({ firstMessage: text });
      try {
        await (await begin()).send(text, attachments);
        return true;
      } catch (error) {
        tell("error", { code: (error as { code?: string }).code ?? "send_failed", message: (error as Error).message });
        return false;
      } finally {
        if (isFirst) set({ firstMessage: null });
      }
    },
    begin,
    introduce: (visitor: Visitor) => set({ visitor }),
    tryAgain: () => void resume(),
    setMuted(isMuted) {
      keep("localStorage", key("muted"), isMuted ? "yes" : null);
      set({ isMuted });
    },
    dismissPreview() {
      keep("sessionStorage", key("greeted"), "yes");
      set({ preview: null });
    },
  };

  const applyConfig = async () => {
    const settings = settingsFrom(introduction, page);
    set({ settings, language: await speak(settings.language, navigator.languages) });
  };

  const greetLater = () => {
    const timer = setTimeout(() => {
      const { settings, isOpen, conversation, preview } = state.get();
      if (!settings.greeting || isOpen || conversation || preview || kept("sessionStorage", key("greeted"))) return;
      set({ preview: { text: settings.greeting, sender: null } });
    }, GREETING_DELAY);
    endings.push(() => clearTimeout(timer));
  };

  const boot = async (given?: PageConfig) => {
    if (mounted) return update(given ?? {});
    const ofPage = (window as { SmileChatConfig?: PageConfig }).SmileChatConfig ?? {};
    page = mergeConfig(ofPage, given ?? {});
    introduction = await askIntroduction(server, page);
    await applyConfig();
    set({ isMuted: kept("localStorage", key("muted")) !== null });
    mounted = mount(state, actions, page.nonce ?? nonce);
    endings.push(onOtherTab(key("visitor:ticket"), (ticket) => ticket && !state.get().conversation && void resume()));
    if (kept("localStorage", key("visitor:session"))) void resume();
    if (kept("sessionStorage", key("open")) && !mounted.isFullScreen()) actions.open();
    greetLater();
    tell("ready", {});
  };

  const update = async (change: PageConfig) => {
    page = mergeConfig(page, change);
    await applyConfig();
  };

  const identify = async (proof: Proof) => {
    await (await loadChat()).identify(proof);
    abandon();
    set({ isIdentified: true });
    await resume();
  };

  const shutdown = async () => {
    abandon();
    for (const end of endings) end();
    endings = [];
    for (const name of ["open", "greeted"]) keep("sessionStorage", key(name), null);
    keep("sessionStorage", key("draft"), null);
    const ending = kept("localStorage", key("visitor:session")) ? await loadChat() : chat;
    await ending?.forget();
    ending?.close();
    chat = null;
    mounted?.remove();
    mounted = null;
    state.set(freshState());
  };

  return { boot, update, identify, shutdown, open: actions.open, close: actions.close, toggle: actions.toggle };
}

function freshState(): WidgetState {
  return {
    settings: settingsFrom({}, {}),
    language: ENGLISH,
    isOpen: false,
    stage: "none",
    conversation: null,
    client: null,
    firstMessage: null,
    visitor: null,
    isIdentified: false,
    unread: 0,
    preview: null,
    isMuted: false,
  };
}
