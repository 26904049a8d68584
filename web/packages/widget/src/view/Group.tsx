/** Owns messages of one person that stand together: the face, the bubbles, and what is said of them below. */
import type { ConversationMessage } from "@smilechat/client";
import { findLinks } from "@smilechat/readable/links";
import { isEmojiOnly, type Row } from "../rows";
import type { WidgetState } from "../state";
import { clock } from "../time";
import { Avatar } from "./Avatar";
import { Alert, Tick, Ticks, Wait } from "./icons";
import { loadAttachments, useLazily } from "./lazy";

interface Props {
  row: Extract<Row, { kind: "group" }>;
  now: WidgetState;
}

const SIGNS = { sending: Wait, failed: Alert, sent: Tick, delivered: Ticks, read: Ticks };

export function Group({ row, now }: Props) {
  const { texts } = now.language;
  const sender = row.messages[0]?.sender;
  const name = sender?.name || (row.messages[0]?.kind === "bot" ? texts.assistant : texts.support);
  return (
    <div class={`group ${row.own ? "own" : ""}`}>
      {!row.own && <Avatar name={name} url={sender?.avatar_url} />}
      <div class="column">
        {row.messages.map((message, index) => {
          const next = row.messages[index + 1];
          const isTold = !next || (row.own && next.state !== message.state);
          return (
            <article key={message.key} class={`message ${message.state}`} aria-label={row.own ? texts.you : name}>
              <Content message={message} now={now} />
              {isTold && <Below message={message} now={now} name={row.own ? null : name} />}
            </article>
          );
        })}
      </div>
    </div>
  );
}

function Content({ message, now }: { message: ConversationMessage; now: WidgetState }) {
  const text = message.message_content;
  const parts = useLazily(message.attachments.length > 0, loadAttachments);
  return (
    <>
      {parts &&
        message.attachments.map((attachment) => (
          <parts.AttachmentView key={attachment.attachment_id} attachment={attachment} now={now} />
        ))}
      {text &&
        (now.guide?.answer(message) ?? (
          <p class={`bubble ${isEmojiOnly(text) ? "jumbo" : ""}`} dir="auto">
            {findLinks(text).map((piece) =>
              piece.href ? (
                <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                  {piece.text}
                </a>
              ) : (
                piece.text
              ),
            )}
          </p>
        ))}
    </>
  );
}

function Below({ message, now, name }: { message: ConversationMessage; now: WidgetState; name: string | null }) {
  const { texts, code } = now.language;
  const at = <time dateTime={message.timestamp}>{clock(Date.parse(message.timestamp), code)}</time>;
  if (name !== null || message.state === "received")
    return (
      <p class="below">
        <bdi>{name}</bdi> · {at}
      </p>
    );
  const Sign = SIGNS[message.state];
  return (
    <p class={`below ${message.state}`}>
      <Sign />
      {texts[message.state]}
      {message.state === "failed" ? (
        <>
          <button type="button" onClick={() => void now.conversation?.retry(message.key)}>
            {texts.retry}
          </button>
          <button type="button" onClick={() => void now.conversation?.discard(message.key)}>
            {texts.discard}
          </button>
        </>
      ) : (
        message.state !== "sending" && <> · {at}</>
      )}
    </p>
  );
}
