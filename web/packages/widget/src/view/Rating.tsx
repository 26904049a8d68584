/**
 * Owns the question how it was, once a conversation is closed: a score, a few words, and what was answered. Loaded when it
 * is first asked. Invariant: nothing is sent before the visitor says so, since arrows move through the scores.
 */
import type { Answer, Client } from "@smilechat/client";
import { useEffect, useRef, useState } from "preact/hooks";
import { ratingTexts } from "../languages/rating";
import styles from "../styles/rating.css?inline";

export { styles };

interface Props {
  client: Client;
  ticketId: string;
  language: string;
  /** Whether the reader follows the conversation at its end. */
  isAtEnd: boolean;
  onFailure: () => void;
}

type State = Answer<"GET /api/tickets/{id}/rating">;

const FACES = ["😞", "🙁", "😐", "🙂", "😄"];

export function Rating({ client, ticketId, language, isAtEnd, onFailure }: Props) {
  const texts = ratingTexts(language);
  const [state, setState] = useState<State | null>(null);
  const [isEditing, setEditing] = useState(false);
  const [score, setScore] = useState(0);
  const [comment, setComment] = useState("");
  const [isBusy, setBusy] = useState(false);
  const box = useRef<HTMLElement>(null);
  const path = { id: ticketId };
  const isShown = state !== null && (state.may_rate || state.rating !== null);

  useEffect(() => {
    let isCurrent = true;
    client.request("GET /api/tickets/{id}/rating", { path }).then(
      (found) => isCurrent && setState(found),
      // Then nobody is asked: it is no reason to trouble a visitor.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [ticketId]);
  useEffect(() => {
    if (isShown && isAtEnd) box.current?.scrollIntoView({ block: "end" });
  }, [isShown]);

  if (!isShown) return null;
  const { rating, may_rate: mayRate } = state;
  // An earlier closing was rated; this one is not.
  const isAnswered = rating !== null && !isEditing;

  if (isAnswered) {
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
    if (!score || isBusy) return;
    setBusy(true);
    try {
      const said = comment.trim();
      const body = { score, ...(said && { comment: said }) };
      const given = await client.request("POST /api/tickets/{id}/rating", { path, body });
      setState({ rating: given, may_rate: true });
      setEditing(false);
      box.current?.focus({ preventScroll: true });
    } catch {
      onFailure();
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
