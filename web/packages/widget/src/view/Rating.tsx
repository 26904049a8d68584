/**
 * Owns the question how it was, once a conversation is closed: a score, a few words, and what was answered. Loaded when it
 * is first asked. Invariant: nothing is sent before the visitor says so, since arrows move through the scores.
 */
import type { Answer, Ticket } from "@smilechat/client";
import { useEffect, useRef, useState } from "preact/hooks";
import { ratingTexts } from "../languages/rating";
import type { WidgetState } from "../state";
import styles from "../styles/rating.css?inline";

export { styles };

interface Props {
  now: WidgetState;
  ticket: Ticket;
  onFailure: (text: string) => void;
}

type State = Answer<"GET /api/tickets/{id}/rating">;

/** So many pixels from the end, the question itself among them, somebody follows the conversation. */
const NEAR_END = 320;
const FACES = ["😞", "🙁", "😐", "🙂", "😄"];

/** The question, as the list of messages shows it. */
export function ask(now: WidgetState, ticket: Ticket, onFailure: (text: string) => void) {
  return <Rating now={now} ticket={ticket} onFailure={onFailure} />;
}

function Rating({ now, ticket, onFailure }: Props) {
  const { client } = now;
  const texts = ratingTexts(now.language.code);
  const [state, setState] = useState<State | null>(null);
  const [isEditing, setEditing] = useState(false);
  const [score, setScore] = useState(0);
  const [comment, setComment] = useState("");
  const [isBusy, setBusy] = useState(false);
  const box = useRef<HTMLElement>(null);
  const path = { id: ticket.ticket_id };
  const isShown = state !== null && (state.may_rate || state.rating?.closed_at === ticket.closed_at);

  useEffect(() => {
    let isCurrent = true;
    // Of an earlier closing.
    setState(null);
    setEditing(false);
    client?.request("GET /api/tickets/{id}/rating", { path }).then(
      (found) => isCurrent && setState(found),
      // Then nobody is asked: it is no reason to trouble a visitor.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [ticket.ticket_id, ticket.closed_at]);
  useEffect(() => {
    const area = box.current?.closest(".scroll");
    // Whoever reads further up is left there.
    const below = area ? area.scrollHeight - area.scrollTop - area.clientHeight : 0;
    if (below < NEAR_END) box.current?.scrollIntoView({ block: "end" });
  }, [isShown]);

  if (!isShown) return null;
  const { may_rate: mayRate } = state;
  // What was said of an earlier closing says nothing of this one.
  const rating = state.rating?.closed_at === ticket.closed_at ? state.rating : null;

  if (rating && !isEditing) {
    return (
      <section class="rating" ref={box} tabIndex={-1} aria-label={texts.thanks}>
        <p role="status">
          <span role="img" aria-label={texts.scores[rating.score - 1]}>
            {FACES[rating.score - 1]}
          </span>{" "}
          {texts.thanks}
        </p>
        {mayRate && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              setScore(rating.score);
              setComment(rating.comment ?? "");
              setEditing(true);
            }}
          >
            {texts.change}
          </button>
        )}
      </section>
    );
  }

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!score || isBusy || !client) return;
    setBusy(true);
    try {
      const said = comment.trim();
      const body = { score, ...(said && { comment: said }) };
      const given = await client.request("POST /api/tickets/{id}/rating", { path, body });
      setState({ rating: given, may_rate: true });
      setEditing(false);
      box.current?.focus({ preventScroll: true });
    } catch {
      onFailure(now.language.texts.sendFailed);
    } finally {
      setBusy(false);
    }
  };

  return (
    <section class="rating" ref={box} tabIndex={-1} aria-label={texts.question}>
      <form onSubmit={submit}>
        <fieldset class="scores">
          <legend>{texts.question}</legend>
          {FACES.map((face, index) => (
            <label key={face} class="score">
              <input
                type="radio"
                name="score"
                value={index + 1}
                checked={score === index + 1}
                aria-label={texts.scores[index]}
                onChange={() => setScore(index + 1)}
              />
              <span aria-hidden="true" title={texts.scores[index]}>
                {face}
              </span>
            </label>
          ))}
        </fieldset>
        {score > 0 && (
          <>
            <p class="score-word" aria-hidden="true">
              {texts.scores[score - 1]}
            </p>
            <textarea
              class="rating-comment"
              aria-label={texts.comment}
              placeholder={texts.comment}
              maxLength={1000}
              rows={2}
              dir="auto"
              value={comment}
              onInput={(event) => setComment(event.currentTarget.value)}
            />
            <button type="submit" class="button small" aria-disabled={isBusy}>
              {texts.send}
            </button>
          </>
        )}
      </form>
    </section>
  );
}
