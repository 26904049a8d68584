/**
 * Owns the widget's life: boot, update, identify, open, close, shutdown, and the state that the view shows.
 * Used by the commands (app.ts) and by the view through `Actions`.
 * Invariant: the client package is loaded once somebody writes, or if an earlier session is kept here, and not before.
 */
import type { Chat, Proof } from "./chat";
import { mergeConfig, type PageConfig, type ServerSettings, settingsFrom } from "./config";
import { tell } from "./events";
import { askIntroduction, ask as askServer } from "./introduction";
import { ENGLISH, speak } from "./languages";
import { type Mounted, mount } from "./mount";
import { value } from "./observable";
import type { Actions, WidgetState } from "./state";
import { DRAFT, keep, kept, onOtherTab } from "./storage";

export type { Proof };

/** How long a visitor may look around before the greeting shows itself. */
const GREETING_DELAY = 5_000;
/** How long the answer to who is there holds. */
const FRESH = 60_000;

export function createWidget(server: string, nonce: string | undefined) {
  const state = value<WidgetState>(freshState());
  const set = (change: Partial<WidgetState>) => state.set({ ...state.get(), ...change });
  let page: PageConfig = {};
  let introduction: Partial<ServerSettings> = {};
  let askedAt = 0;
  let ledAt = 0;
  let mounted: Mounted | null = null;
  let chat: Chat | null = null;
  let endings: (() => void)[] = [];
  const key = (name: string) => `smilechat:${page.apiKey ?? "default"}:${name}`;

  const hasSession = () => kept("localStorage", key("visitor:session"));
  const loadChat = async (): Promise<Chat> => {
    const { openChat } = await import("./chat");
    chat ??= openChat({ server, apiKey: page.apiKey, prefix: key("visitor"), get: state.get, set });
    return chat;
  };
  const resume = async () => {
    if (state.get().refusal) return;
    try {
      await (await loadChat()).resume();
    } catch {
      // Its file could not be fetched.
      set({ stage: "failed" });
    }
  };

  const actions: Actions = {
    open() {
      if (!mounted || state.get().isOpen) return;
      set({ isOpen: true, preview: null });
      keep("sessionStorage", key("open"), "yes");
      keep("sessionStorage", key("greeted"), "yes");
      tell("open", {});
      void askAgain();
      void lead().catch(() => {});
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
    begin: async () => (await loadChat()).begin(),
    async send(text, attachments) {
      const isFirst = !state.get().conversation;
      if (isFirst) set({ firstMessage: text });
      try {
        // Later messages wait in the client's outbox; for the first there is none yet.
        if (isFirst && !navigator.onLine) await new Promise((back) => addEventListener("online", back, { once: true }));
        await (await actions.begin()).send(text, attachments);
        return true;
      } catch (error) {
        // Why it did not work may be that the page is no longer let in.
        void ask().catch(() => {});
        tell("error", { code: (error as { code?: string }).code ?? "send_failed", message: (error as Error).message });
        return false;
      } finally {
        set({ firstMessage: null });
      }
    },
    introduce: (visitor) => set({ visitor }),
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

  const ask = async () => {
    askedAt = Date.now();
    const { settings, refusal = null } = await askIntroduction(server, page);
    introduction = { ...introduction, ...settings };
    if (refusal && !state.get().refusal) {
      // For who builds the page. Visitors are told in the window.
      console.warn(`SmileChat: ${refusal.advice}`);
      tell("error", { code: "refused", message: refusal.advice });
    }
    set({ refusal });
    await applyConfig();
  };
  /** Who was there when the page was loaded may have gone. */
  const askAgain = async () => {
    if (Date.now() - askedAt <= FRESH) return;
    const wasRefused = state.get().refusal;
    await ask().catch(() => {});
    if (wasRefused && hasSession()) await resume();
  };
  /** A bot, a help centre and hours bring a part of their own, which pages without them do not load. */
  const lead = async () => {
    if (state.get().refusal || Date.now() - ledAt < FRESH) return;
    ledAt = Date.now();
    const profile = await (await askServer(server, page, "bot/profile")).json();
    if (!profile.enabled && !profile.help_url && typeof profile.is_open !== "boolean") return set({ guide: undefined });
    const { openGuide } = await import("./guide");
    if (mounted) set({ guide: openGuide({ server, page, profile, get: state.get, set }) });
  };
  const applyConfig = async () => {
    const settings = settingsFrom(introduction, page);
    set({ settings, language: await speak(settings.language, navigator.languages) });
  };

  const greet = () => {
    const { settings, isOpen, conversation, preview, refusal } = state.get();
    if (!settings.greeting || refusal || isOpen || conversation || preview || kept("sessionStorage", key("greeted")))
      return;
    set({ preview: { text: settings.greeting, sender: null } });
  };

  const boot = async (given: PageConfig = {}) => {
    if (mounted) return update(given);
    page = mergeConfig((window as { SmileChatConfig?: PageConfig }).SmileChatConfig ?? {}, given);
    await ask();
    set({ isMuted: kept("localStorage", key("muted")) !== null });
    mounted = mount(state, actions, page.nonce ?? nonce);
    const greeting = setTimeout(greet, GREETING_DELAY);
    endings = [
      () => clearTimeout(greeting),
      onOtherTab(key("visitor:ticket"), (ticket) => ticket && !chat && void resume()),
    ];
    tell("ready", {});
    if (hasSession()) void resume();
    if (kept("sessionStorage", key("open")) && !mounted.isFullScreen()) actions.open();
  };

  const update = async (change: PageConfig = {}) => {
    page = mergeConfig(page, change);
    await applyConfig();
  };

  const shutdown = async () => {
    for (const end of endings) end();
    mounted?.remove();
    mounted = null;
    for (const name of [key("open"), key("greeted"), DRAFT]) keep("sessionStorage", name, null);
    if (chat || hasSession()) await (await loadChat()).end();
    chat = null;
    ledAt = 0;
    state.set(freshState());
  };

  return {
    boot,
    update,
    identify: async (proof: Proof) => (await loadChat()).identify(proof),
    shutdown,
    open: actions.open,
    close: actions.close,
    toggle: actions.toggle,
  };
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
