// Who is in charge of a ticket that has a bot: the bot, nobody yet, or a person.
import { IconHandStop, IconRobot, IconUser } from "@tabler/icons-react";
import type { BotState } from "../backend/types";
import styles from "./ChargeMark.module.css";

export const CHARGE_NAMES: Record<BotState, string> = {
  bot: "The bot answers",
  handoff_requested: "Waits for a person",
  human: "A person answers",
};

const SHORT: Record<BotState, string> = { bot: "Bot", handoff_requested: "Waits", human: "Person" };
const ICONS = { bot: IconRobot, handoff_requested: IconHandStop, human: IconUser };

export function ChargeMark({ state, isShort = false }: { state: BotState; isShort?: boolean }) {
  const Icon = ICONS[state];
  return (
    <span className={styles.mark} data-state={state} title={isShort ? CHARGE_NAMES[state] : undefined}>
      <Icon size={13} aria-hidden="true" />
      {isShort ? SHORT[state] : CHARGE_NAMES[state]}
    </span>
  );
}
