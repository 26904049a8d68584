/** Owns the scrolling list: greeting, history, what is being written, and where the reader is in it. */
import type { ConversationMessage } from "@smilechat/client";
import { useEffect } from "preact/hooks";
import { fill } from "../languages";
import { rowsOf } from "../rows";
import type { Actions, WidgetState } from "../state";
import { dayAndClock } from "../time";
import { Avatar } from "./Avatar";
import { Group } from "./Group";
import { Alert, Down } from "./icons";
import { useObservable } from "./observe";
import { useScrolling } from "./scrolling";
import { Welcome } from "./Welcome";

interface Props {
  now: WidgetState;
  actions: Actions;
  onFailure: (text: string | null) => void;
}

const NONE: never[] = [];

export function Messages({ now, actions, onFailure }: Props) {
  const { ask, guide, conversation, language, stage, firstMessage } = now;
  const { texts } = language;
  const stored = useObservable(conversation?.messages, NONE);
  const isLive = useObservable(conversation?.connection, "offline") === "live";
  const typing = useObservable(conversation?.typing, NONE);
  const typists = isLive && !now.delta ? typing : NONE;
  const hasOlder = useObservable(conversation?.hasOlder, false);
  const ticket = useObservable(conversation?.ticket, null);
  const ticketId = useObservable(conversation?.ticketId, null);
  const error = useObservable(conversation?.error, null);
  const messages = stored.length || firstMessage === null ? stored : [unsent(firstMessage)];
  const isFailed = stage === "failed" || error !== null;
  const isLoading = stage === "opening" || (ticketId !== null && ticket === null && !messages.length && !isFailed);
  const scrolling = useScrolling(messages, () => void conversation?.loadOlder());

  useEffect(() => {
    if (scrolling.isAtEnd && now.isOpen && scrolling.isLookedAt) conversation?.markRead();
  });

  return (
    <div class="messages">
      <div
        class="scroll"
        ref={scrolling.area}
        onScroll={scrolling.onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        tabIndex={0}
        role="log"
        aria-label={texts.messages}
        aria-busy={isLoading}
      >
        <div class="rows">
          {isLoading && <Skeleton label={texts.loading} />}
          {isFailed && (
            <div class="empty">
              <Alert />
              <p>{texts.loadFailed}</p>
              <button type="button" class="button small" onClick={actions.tryAgain}>
                {texts.retry}
              </button>
            </div>
          )}
          {hasOlder && (
            <button type="button" class="quiet older" onClick={() => void conversation?.loadOlder()}>
              {texts.older}
            </button>
          )}
          {!hasOlder && !isLoading && !isFailed && (
            <Welcome
              now={now}
              isFresh={!messages.length}
              onReply={(text) => void actions.send(text, []).then((sent) => sent || onFailure(texts.sendFailed))}
            >
              {!messages.length && guide?.start(now)}
            </Welcome>
          )}
          {rowsOf(messages).map((row) =>
            row.kind === "time" ? (
              <p key={row.key} class="time">
                {dayAndClock(row.at, Date.now(), language.code)}
              </p>
            ) : row.kind === "event" ? (
              <p key={row.key} class="event" dir="auto">
                {row.text}
              </p>
            ) : (
              <Group key={row.key} row={row} now={now} />
            ),
          )}
          {ticket?.status === "closed" && [<p class="event">{texts.closed}</p>, ask?.(now, ticket, onFailure)]}
          {typists.map((typist) => (
            <div key={typist.user_id} class="group">
              <Avatar name={typist.name} />
              <p class="bubble typing" aria-label={fill(texts.typing, { name: typist.name })} role="img">
                <i />
                <i />
                <i />
              </p>
            </div>
          ))}
          {guide?.end(now, ticket, onFailure)}
        </div>
      </div>
      {!scrolling.isAtEnd && (
        <button type="button" class="newest" aria-label={texts.newest} onClick={scrolling.toEnd}>
          <Down />
          {scrolling.missed > 0 && <span class="count">{scrolling.missed}</span>}
        </button>
      )}
    </div>
  );
}

function Skeleton({ label }: { label: string }) {
  return (
    <div class="skeleton" role="img" aria-label={label}>
      <i />
      <i />
      <i />
    </div>
  );
}

/** The first message, as it will look, while its ticket is being made. */
function unsent(text: string): ConversationMessage {
  return {
    key: "first",
    state: "sending",
    own: true,
    message_id: null,
    seq: null,
    sender: { id: "", name: "", role: "customer", avatar_url: null },
    message_content: text,
    kind: "text",
    attachments: [],
    timestamp: new Date().toISOString(),
    error: null,
  };
}
