// A customer's message in the reader's own language, below it.
import { Loader, UnstyledButton } from "@mantine/core";
import { IconLanguage } from "@tabler/icons-react";
import { useState } from "react";
import type { Assistance } from "../backend/bot";
import { askForHelp, OWN_LANGUAGE, useAssistKinds } from "../tickets/assist";
import styles from "./Assist.module.css";

const MOST_LETTERS = 8_000;

export function Translation({ ticketId, text }: { ticketId: string; text: string }) {
  const kinds = useAssistKinds(ticketId);
  const [isBusy, setIsBusy] = useState(false);
  const [help, setHelp] = useState<Assistance | null>(null);
  if (!kinds.includes("translate") || text.length > MOST_LETTERS) return null;
  const translate = async () => {
    setIsBusy(true);
    setHelp(await askForHelp(ticketId, { kind: "translate", text, language: OWN_LANGUAGE }));
    setIsBusy(false);
  };
  if (!help) {
    return (
      <UnstyledButton className={styles.translate} disabled={isBusy} onClick={() => void translate()}>
        {isBusy ? <Loader size={11} /> : <IconLanguage size={13} aria-hidden="true" />}
        Translate
      </UnstyledButton>
    );
  }
  return (
    <div className={styles.translation} dir="auto" role="status">
      <p>{help.text}</p>
      <p className={styles.by}>
        Translated{help.model ? ` by ${help.model}` : ""}.{" "}
        <UnstyledButton onClick={() => setHelp(null)}>Hide</UnstyledButton>
      </p>
    </div>
  );
}
