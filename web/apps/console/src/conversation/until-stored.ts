// What has to wait for a message to be with the server.
import type { Conversation } from "../backend/types";

/** True once the message is stored; false as soon as it was refused or given up. Until then it may take as long as an outage. */
export function untilStored({ messages }: Pick<Conversation, "messages">, key: string): Promise<boolean> {
  return new Promise((settle) => {
    const look = () => {
      const message = messages.get().find((one) => one.key === key);
      if (message?.state === "sending") return;
      stop();
      settle(message !== undefined && message.state !== "failed");
    };
    const stop = messages.subscribe(look);
    look();
  });
}
