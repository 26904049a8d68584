/**
 * Owns what a bot, a help centre and opening hours bring to the widget: the choice whom to ask, the way to a person, the sources of an
 * answer, articles to search and read, when people are back. A part of its own, fetched when the window is opened where there is any of them.
 * Invariant: it shows through `Guide` alone; nothing else of the widget imports it.
 */
import type { Answer, Ticket } from "@smilechat/client";
import type { PageConfig } from "../config";
import type { Guide, WidgetState } from "../state";
import styles from "../styles/guide.css?inline";
import { addStyles } from "../stylesheet";
import { AnswerText } from "./Answer";
import { Help } from "./Help";
import { knowledge } from "./knowledge";
import { openingWords } from "./opening";
import { Start } from "./Start";
import { splitSources } from "./sources";
import { Writing } from "./Writing";

export type Profile = Answer<"GET /api/bot/profile">;

export interface Place {
  server: string;
  page: PageConfig;
  profile: Profile;
  get(): WidgetState;
  set(change: Partial<WidgetState>): void;
}

export function openGuide({ server, page, profile, set }: Place): Guide {
  addStyles(styles);
  const articles = knowledge(server, page, profile.help_url ?? "");
  return {
    opening: (now) =>
      typeof profile.is_open === "boolean" ? { isOpen: profile.is_open, words: openingWords(profile, now) } : null,
    start: (now) => (
      <Start
        now={now}
        profile={profile}
        onChoose={(wantsPerson) => set({ wantsPerson })}
        onRead={() => set({ isReading: true })}
      />
    ),
    end: (now, ticket, onFailure) => (
      <Writing now={now} profile={profile} ticket={ticket} onPerson={() => handOver(now, ticket, onFailure)} />
    ),
    answer(message) {
      if (message.kind !== "bot") return null;
      const { text, sources } = splitSources(message.message_content, server);
      return sources.length ? <AnswerText text={text} sources={sources} /> : null;
    },
    help: (now) => <Help now={now} articles={articles} onLeave={() => set({ isReading: false })} />,
  };
}

async function handOver({ client, language }: WidgetState, ticket: Ticket | null, onFailure: (text: string) => void) {
  try {
    if (client && ticket)
      await client.request("POST /api/tickets/{id}/handoff", { path: { id: ticket.ticket_id }, body: {} });
  } catch {
    onFailure(language.texts.sendFailed);
  }
}
