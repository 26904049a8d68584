// A private note: never the customer's to see, and never to be mistaken for a message.
import { IconLock } from "@tabler/icons-react";
import { useMe } from "../backend/session";
import type { Note } from "../backend/types";
import { clockTime, fullTime } from "../parts/time";
import { usePerson, useStaff } from "../tickets/people";
import styles from "./NoteBubble.module.css";
import { RichText } from "./RichText";

export function NoteBubble({ note }: { note: Note }) {
  const me = useMe();
  const author = useStaff().find((person) => person.id === note.author_id);
  // The bot writes notes, too, and is no colleague.
  const other = usePerson(note.author_id, !author);
  const name = note.author_id === me.id ? "You" : (author?.name ?? other?.name ?? "A colleague");
  return (
    <article className={styles.note} aria-label={`Private note by ${name}, ${fullTime(note.timestamp)}`}>
      <p className={styles.head}>
        <IconLock size={13} aria-hidden="true" />
        <span>{name}, private note</span>
        <time dateTime={note.timestamp}>{clockTime(note.timestamp)}</time>
      </p>
      <div className={styles.body} dir="auto">
        <RichText text={note.body} />
      </div>
    </article>
  );
}
