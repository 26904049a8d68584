/**
 * The REST API's types: what the OpenAPI document says (`api.gen.ts`), under short names.
 * Used by everything here and by whoever shows what the server holds.
 */
import type { components, paths as generated } from "./api.gen.js";

type Schemas = components["schemas"];

export type Session = Schemas["Session"];
export type User = Schemas["User"];
export type Person = Schemas["Person"];
export type UserStatus = Schemas["UserStatus"];
export type Role = Schemas["Role"];
export type Status = Schemas["Status"];
export type Ticket = Schemas["Ticket"];
export type TicketStatus = Schemas["TicketStatus"];
export type TicketPatch = Schemas["TicketPatch"];
export type Priority = Schemas["Priority"];
export type Sender = Schemas["Sender"];
export type Note = Schemas["Note"];
export type ApiKey = Schemas["ApiKey"];
export type CreatedApiKey = Schemas["CreatedApiKey"];
export type Invite = Schemas["Invite"];
export type CreatedInvite = Schemas["CreatedInvite"];
export type AuditEntry = Schemas["Entry"];
export type TotpOffer = Schemas["TotpOffer"];
export type Message = Schemas["Message"];
/** Its `url` needs the token: see `Client.download`. */
export type Attachment = Schemas["Attachment"];
export type WidgetSettings = Schemas["WidgetSettings"];
/** What the widget shows before anybody has written. */
export type WidgetIntroduction = Schemas["Widget"];
/** How a customer found it, once their ticket was closed. */
export type Rating = Schemas["Rating"];
export type RatingState = Schemas["RatingState"];
export type RatedTicket = Schemas["RatedTicket"];
/** What happened in some time, summed. */
export type Totals = Schemas["Totals"];
export type Overview = Schemas["Overview"];
export type Series = Schemas["Series"];
export type SeriesPoint = Schemas["Point"];
export type Breakdown = Schemas["Breakdown"];
export type BreakdownGroup = Schemas["Group"];
export type LiveBoard = Schemas["LiveBoard"];
export type Usage = Schemas["Usage"];
export type Article = Schemas["Article"];
export type ArticlePatch = Schemas["ArticlePatch"];
export type ArticleStatus = Schemas["ArticleStatus"];
/** An article without its text. */
export type ArticleSummary = Schemas["ArticleSummary"];
/** A text that an article had. */
export type ArticleVersion = Schemas["ArticleVersion"];
export type SiteImport = Schemas["SiteImport"];
export type Collection = Schemas["Collection"];
export type NewArticle = Schemas["NewArticle"];
export type BotSettings = Schemas["BotSettings"];
/** Who is in charge of a ticket that has, or had, a bot. */
export type BotState = Schemas["BotState"];
/** Some hours of each week. */
export type Opening = Schemas["Opening"];
/** What the bot made of a message, and from what. */
export type Run = Schemas["Run"];
export type RunPassage = Schemas["RunPassage"];
/** Open work, counted to 1,000 at most. */
export type TicketCounts = Schemas["TicketCounts"];

export interface Page<T> {
  data: T[];
  next_cursor?: string | null;
}

interface Call<Path, Query, Body, Answer> {
  path: Path;
  query: Query;
  body: Body;
  answer: Answer;
}

type Method = "get" | "put" | "post" | "delete";
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : undefined;
type Succeeded = 200 | 201 | 204;

type CallOf<Operation> = Operation extends { parameters: infer Parameters; responses: infer Responses }
  ? Call<
      Parameters extends { path: infer Path } ? Path : unknown,
      Parameters extends { query?: infer Query } ? Query : unknown,
      Operation extends { requestBody: infer Body }
        ? Json<Body>
        : Operation extends { requestBody?: infer Body }
          ? Json<NonNullable<Body>> | undefined
          : undefined,
      { [S in keyof Responses & Succeeded]: Json<Responses[S]> }[keyof Responses & Succeeded]
    >
  : never;

type GeneratedCalls = {
  [P in keyof generated as P extends `/api/${string}`
    ? { [M in Method]: generated[P] extends Record<M, object> ? `${Uppercase<M>} ${P}` : never }[Method]
    : never]: unknown;
};

/** `"GET /api/tickets"`, `"PUT /api/tickets/{id}"` …: every call of the server. */
export type Endpoint = keyof GeneratedCalls;

type Described<E extends Endpoint> = E extends `${infer M} ${infer P extends keyof generated & string}`
  ? CallOf<generated[P][Lowercase<M> & keyof generated[P]]>
  : never;

/** What a call answers. */
export type Answer<E extends Endpoint> = Described<E>["answer"];

type PathOption<Path> = unknown extends Path ? { path?: undefined } : { path: Path };
type BodyOption<Body> = undefined extends Body ? { body?: Body } : { body: Body };
type QueryOption<Query> = unknown extends Query ? { query?: undefined } : { query?: Query };

/** What a call takes: `path` and `body` where it has them, `query` if you like. */
export type CallOptions<E extends Endpoint> = PathOption<Described<E>["path"]> &
  BodyOption<Described<E>["body"]> &
  QueryOption<Described<E>["query"]> & {
    signal?: AbortSignalLike;
    /** Makes a repeat of a POST harmless. */
    idempotencyKey?: string;
  };

/** The part of an `AbortSignal` that `fetch` needs; named here because the DOM's types are not. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The arguments after the endpoint: none are needed where none can be. */
export type CallArguments<E extends Endpoint> =
  Record<string, never> extends CallOptions<E> ? [options?: CallOptions<E>] : [options: CallOptions<E>];
