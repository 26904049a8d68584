// One message. The customer's on the left, our side's on the right; groups of one sender stand close.
import { UnstyledButton } from "@mantine/core";
import { IconAlertCircle, IconBook2, IconCheck, IconChecks, IconClock, IconRobot } from "@tabler/icons-react";
import { Link } from "wouter";
import { inWords } from "../backend/errors";
import type { Conversation, ConversationMessage } from "../backend/types";
import { Face } from "../parts/Face";
import { clockTime, fullTime } from "../parts/time";
import { AttachmentView } from "./AttachmentView";
import { splitSource } from "./bot-source";
import styles from "./MessageBubble.module.css";
import { RichText } from "./RichText";
import { Translation } from "./Translation";

interface Props {
  message: ConversationMessage;
  isFirst: boolean;
  isLast: boolean;
  isCustomers: boolean;
  conversation: Conversation;
}

export function MessageBubble({ message, isFirst, isLast, isCustomers, conversation }: Props) {
  if (message.kind === "event") return <p className={styles.event}>{message.message_content}</p>;
  const { sender } = message;
  const isBots = message.kind === "bot";
  const by = isBots ? `${sender.name}, automatically` : sender.name;
  const { text, source } = isBots
    ? splitSource(message.message_content)
    : { text: message.message_content, source: null };
  return (
    <article
      className={styles.message}
      data-side={isCustomers ? "theirs" : "ours"}
      data-first={isFirst}
      data-last={isLast}
      aria-label={`${by}, ${fullTime(message.timestamp)}`}
    >
      {isCustomers && (
        <span className={styles.face}>{isLast && <Face id={sender.id} name={sender.name} size="sm" />}</span>
      )}
      <div className={styles.body}>
        {isFirst && (
          <p className={styles.by}>
            {isBots && <IconRobot size={13} aria-hidden="true" />}
            {message.own ? "You" : by}
          </p>
        )}
        {message.message_content !== "" && (
          <div
            className={styles.bubble}
            data-state={message.state}
            data-kind={message.kind}
            title={fullTime(message.timestamp)}
            dir="auto"
          >
            <RichText text={text} />
            {source && (
              <Link className={styles.source ?? ""} to={`/knowledge/articles/${source.slug}`}>
                <IconBook2 size={13} aria-hidden="true" />
                {source.title}
              </Link>
            )}
          </div>
        )}
        {isCustomers && message.seq !== null && text.trim() !== "" && (
          <Translation ticketId={conversation.ticketId.get() ?? ""} text={text} />
        )}
        {message.attachments.length > 0 && (
          <div className={styles.attachments}>
            {message.attachments.map((attachment) => (
              <AttachmentView key={attachment.attachment_id} attachment={attachment} />
            ))}
          </div>
        )}
        {message.state === "failed" ? (
          <Failure message={message} conversation={conversation} />
        ) : (
          (isLast || message.state === "sending") && <Receipt message={message} />
        )}
      </div>
    </article>
  );
}

function Receipt({ message }: { message: ConversationMessage }) {
  return (
    <p className={styles.receipt} data-state={message.state}>
      {message.state === "sending" ? "Sending" : clockTime(message.timestamp)}
      {message.own && <Ticks state={message.state} />}
    </p>
  );
}

function Ticks({ state }: { state: ConversationMessage["state"] }) {
  if (state === "sending") return <IconClock size={13} aria-hidden="true" />;
  if (state === "sent") return <IconCheck size={14} role="img" aria-label="Sent" />;
  if (state === "delivered") return <IconChecks size={14} role="img" aria-label="Delivered" />;
  if (state === "read") return <IconChecks size={14} role="img" aria-label="Read" className={styles.read} />;
  return null;
}

function Failure({ message, conversation }: { message: ConversationMessage; conversation: Conversation }) {
  return (
    <p className={styles.failure} role="alert">
      <IconAlertCircle size={14} aria-hidden="true" />
      Not sent. {message.error ? inWords(message.error) : ""}
      <UnstyledButton onClick={() => void conversation.retry(message.key)}>Try again</UnstyledButton>
      <UnstyledButton onClick={() => void conversation.discard(message.key)}>Discard</UnstyledButton>
    </p>
  );
}
