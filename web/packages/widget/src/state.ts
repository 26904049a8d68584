/** Owns the shape of everything the widget shows. Read by the view, changed by the widget and its chat alone. */
import type { Attachment, Client, Conversation, ConversationMessage, Ticket } from "@smilechat/client";
import type { VNode } from "preact";
import type { Settings } from "./config";
import type { Language } from "./languages";
import type { Refusal } from "./refusal";

export interface WidgetState {
  settings: Settings;
  language: Language;
  isOpen: boolean;
  /** `none`: nobody has written yet. */
  stage: "none" | "opening" | "ready" | "failed";
  conversation: Conversation | null;
  client: Client | null;
  /** The first message, while session and ticket are being made for it. */
  firstMessage: string | null;
  /** Answers of the form before the chat; null while it has not been filled in. */
  visitor: Visitor | null;
  isIdentified: boolean;
  unread: number;
  preview: Preview | null;
  isMuted: boolean;
  /** The server will not have this page, or its key. */
  refusal?: Refusal | null;
  /** The question how it was; there once it is to be asked. */
  ask?: (now: WidgetState, ticket: Ticket, onFailure: (text: string) => void) => VNode;
  /** What a bot and a help centre bring; there once they are known to be. */
  guide?: Guide;
  /** The visitor wants no bot to answer first. */
  wantsPerson?: boolean;
  /** The help centre is shown in the place of the conversation. */
  isReading?: boolean;
  /** What the bot is writing, as far as it has come. */
  delta?: string | null;
}

export interface Guide {
  /** Whether people are there by the hours that are told, in words, too; null where none are. */
  opening(now: WidgetState): Opening | null;
  /** Below the greeting, until something has been said. */
  start(now: WidgetState): VNode;
  /** Behind the messages. */
  end(now: WidgetState, ticket: Ticket | null, onFailure: (text: string) => void): VNode;
  /** A message that names its sources; null for any other. */
  answer(message: ConversationMessage): VNode | null;
  /** In the place of the conversation. */
  help(now: WidgetState): VNode;
}

export interface Opening {
  isOpen: boolean;
  words: string;
}

/** What a visitor says of themselves in the form before the chat. */
export interface Visitor {
  name?: string;
  email?: string;
}

/** What is shown beside the closed launcher. */
export interface Preview {
  text: string;
  sender: ConversationMessage["sender"] | null;
}

/** What the view may ask for. */
export interface Actions {
  open(): void;
  close(): void;
  toggle(): void;
  /** Sends into the conversation, and begins it if need be; false: it did not work, the text is still the visitor's. */
  send(text: string, attachments: readonly Attachment[]): Promise<boolean>;
  /** The conversation, begun if need be: files need its ticket. */
  begin(): Promise<Conversation>;
  introduce(visitor: Visitor): void;
  tryAgain(): void;
  setMuted(isMuted: boolean): void;
  dismissPreview(): void;
}
