/** What visitors of a page are told that the server refuses, in every language. Fetched with the part that finds out. */
export const REFUSAL_TEXTS: Record<string, string> = {
  en: "The chat is not available here.",
  ar: "الدردشة غير متاحة هنا.",
  bn: "চ্যাট এখানে পাওয়া যাচ্ছে না।",
  de: "Der Chat ist hier nicht verfügbar.",
  es: "El chat no está disponible aquí.",
  fr: "La discussion n’est pas disponible ici.",
  hi: "चैट यहाँ उपलब्ध नहीं है।",
};

/** `code` is a language tag such as `de-AT`. */
export function refusalText(code: string): string {
  const language = code.split("-")[0] ?? "en";
  return (Object.hasOwn(REFUSAL_TEXTS, language) ? REFUSAL_TEXTS[language] : undefined) ?? (REFUSAL_TEXTS.en as string);
}
