// The helps for staff: which there are for a ticket just now. None until the server has said so.
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { type Assistance, type AssistKind, type AssistRequest, assist, assistKinds } from "../backend/bot";
import { inWords } from "../backend/errors";

const LONG = 5 * 60_000;

export function useAssistKinds(ticketId: string): readonly AssistKind[] {
  const { data } = useQuery({
    queryKey: ["assist", ticketId],
    queryFn: ({ signal }) => assistKinds(ticketId, signal),
    staleTime: LONG,
    refetchOnWindowFocus: false,
    retry: false,
  });
  return data ?? NONE;
}

const NONE: readonly AssistKind[] = [];

/** The help, or null where there was none: said in words already. */
export async function askForHelp(ticketId: string, request: AssistRequest): Promise<Assistance | null> {
  try {
    return await assist(ticketId, request);
  } catch (error) {
    notifications.show({ title: "No help this time", message: inWords(error), color: "red", withBorder: true });
    return null;
  }
}

/** What a text is translated to, by the name that is shown. */
export const LANGUAGES = [
  { tag: "en", name: "English" },
  { tag: "de", name: "Deutsch" },
  { tag: "es", name: "Español" },
  { tag: "fr", name: "Français" },
  { tag: "it", name: "Italiano" },
  { tag: "nl", name: "Nederlands" },
  { tag: "pl", name: "Polski" },
  { tag: "pt", name: "Português" },
  { tag: "tr", name: "Türkçe" },
  { tag: "ar", name: "العربية" },
  { tag: "hi", name: "हिन्दी" },
  { tag: "ja", name: "日本語" },
  { tag: "zh", name: "中文" },
];

/** The reader's own. */
export const OWN_LANGUAGE = navigator.language.split("-")[0] ?? "en";
