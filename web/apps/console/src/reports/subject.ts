// Whose figures. Pure.

/** `""` for everybody's, or `agent:<id>`, `tag:<tag>`. */
export type Subject = string;

export function subjectQuery(subject: Subject): { agent?: string; tag?: string } {
  const [kind, ...rest] = subject.split(":");
  const name = rest.join(":");
  if (kind === "agent") return { agent: name };
  return kind === "tag" ? { tag: name } : {};
}
