/** Owns the end of a conversation that the bot has: the answer that is being written, and the way to a person. */
import type { Ticket } from "@smilechat/client";
import { useState } from "preact/hooks";
import { guideTexts } from "../languages/guide";
import type { WidgetState } from "../state";
import { Avatar } from "../view/Avatar";
import { Person } from "./icons";
import type { Profile } from "./index";

interface Props {
  now: WidgetState;
  profile: Profile;
  ticket: Ticket | null;
  onPerson: () => Promise<void>;
}

export function Writing({ now, profile, ticket, onPerson }: Props) {
  const words = guideTexts(now.language.code);
  const [isAsking, setAsking] = useState(false);
  const ask = async () => {
    setAsking(true);
    await onPerson();
    setAsking(false);
  };
  return (
    <>
      {now.delta && (
        // Read aloud once it is whole, as the message that takes its place.
        <div class="group" aria-hidden="true">
          <Avatar name={profile.name} url={profile.avatar_url} />
          <div class="column">
            <p class="bubble growing" dir="auto">
              {now.delta}
            </p>
          </div>
        </div>
      )}
      {ticket?.bot_state === "bot" && ticket.status !== "closed" && (
        <button type="button" class="quiet person" disabled={isAsking} onClick={() => void ask()}>
          <Person />
          {words.askPerson}
        </button>
      )}
    </>
  );
}
