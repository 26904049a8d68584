// A question put to the bot as it is saved, outside of any ticket.
import { Alert, Button, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { type TryAnswer, tryBot } from "../../backend/bot";
import { Passages } from "../../parts/Passages";
import { costWords, latencyWords, outcomeWords, reasonWords, runErrorWords, tokenWords } from "../../parts/run-words";
import { useSaving } from "../../parts/use-saving";
import { Panel } from "../Panel";
import styles from "./Bot.module.css";

export function TryPanel({ isChanged }: { isChanged: boolean }) {
  const saving = useSaving();
  const [question, setQuestion] = useState("");
  const [answer, setAnswer] = useState<TryAnswer | null>(null);
  const shown = useRef<HTMLElement>(null);
  // It stands below what may be the end of the screen, and is read aloud by being focused.
  useEffect(() => {
    if (!answer) return;
    shown.current?.focus({ preventScroll: true });
    shown.current?.scrollIntoView({ block: "nearest" });
  }, [answer]);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void saving.run(async () => setAnswer(await tryBot(question)));
  };
  return (
    <Panel title="Try it" lead="Nobody but you sees it, and it becomes no ticket. What it spends counts.">
      <form className={styles.ask} onSubmit={onSubmit}>
        <TextInput
          label="A question"
          placeholder="As a customer would ask it"
          maxLength={2000}
          value={question}
          onChange={(event) => setQuestion(event.currentTarget.value)}
          error={saving.fields.question}
        />
        <Button type="submit" loading={saving.isBusy} disabled={question.trim() === ""}>
          Ask
        </Button>
      </form>
      {isChanged && <p className={styles.note}>It answers as it is saved; your changes count once you save them.</p>}
      {saving.error && <Alert color="red" variant="light" role="alert" mt="sm" title={saving.error} />}
      {answer && (
        <section ref={shown} className={styles.answer} tabIndex={-1} aria-label="What it answers">
          <Answer answer={answer} />
        </section>
      )}
    </Panel>
  );
}

function Answer({ answer }: { answer: TryAnswer }) {
  const { reply, outcome, reason, passages, model, input_tokens, output_tokens, cost, latency_ms } = answer;
  const took = [
    latencyWords(latency_ms),
    ...(model ? [model] : []),
    ...(input_tokens + output_tokens > 0 ? [tokenWords(input_tokens, output_tokens)] : []),
    ...(cost > 0 ? [`cost ${costWords(cost)}`] : []),
  ];
  return (
    <Stack gap="xs">
      <p className={styles.outcome}>
        <strong>{outcomeWords(outcome)}</strong>
        {reason && `: ${reasonWords(reason)}`}
      </p>
      {reply !== null && (
        <p className={styles.reply} dir="auto">
          {reply}
        </p>
      )}
      {answer.error && <p className={styles.fault}>{runErrorWords(answer.error)}</p>}
      {passages.length > 0 && <Passages passages={passages} />}
      <p className={styles.note}>{took.join(" · ")}</p>
    </Stack>
  );
}
