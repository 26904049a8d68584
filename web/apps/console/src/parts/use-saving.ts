// A form's way to the server: busy, saved, or what is wrong with which field.
import { notifications } from "@mantine/notifications";
import { ApiError } from "@smilechat/client";
import { useState } from "react";
import { fieldErrors, inWords } from "../backend/errors";

export interface Saving {
  isBusy: boolean;
  /** In words, where no field of the form is to blame. */
  error: string | null;
  fields: Record<string, string>;
  /** The server's word for what went wrong. */
  code: string | null;
  /** Answers whether it worked. */
  run(work: () => Promise<unknown>, done?: string): Promise<boolean>;
}

export function useSaving(): Saving {
  const [isBusy, setIsBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const fields = fieldErrors(failure);
  return {
    isBusy,
    fields,
    code: failure instanceof ApiError ? failure.code : null,
    error: failure !== null && Object.keys(fields).length === 0 ? inWords(failure) : null,
    async run(work, done) {
      setIsBusy(true);
      setFailure(null);
      try {
        await work();
        if (done) notifications.show({ message: done, withBorder: true });
        return true;
      } catch (error) {
        setFailure(error);
        return false;
      } finally {
        setIsBusy(false);
      }
    },
  };
}
