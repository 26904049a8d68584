// Which days, and whose figures.
import { SegmentedControl, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { isAdmin, useMe } from "../backend/session";
import { fault, lastDays, type Period, PRESETS, type PresetId, today, ZONE } from "./period";
import { useBreakdown } from "./queries";
import styles from "./Reports.module.css";
import type { Subject } from "./subject";

export interface PickedPeriod extends Period {
  preset: PresetId;
}

interface Props {
  picked: PickedPeriod;
  onPick: (picked: PickedPeriod) => void;
  subject: Subject;
  onSubject: (subject: Subject) => void;
}

export function PeriodPicker({ picked, onPick, subject, onSubject }: Props) {
  const [draft, setDraft] = useState<Period>(picked);
  const isCustom = picked.preset === "custom";
  const wrong = isCustom ? fault(draft) : null;
  const choose = (preset: PresetId) => {
    const period = preset === "custom" ? picked : lastDays(Number(preset), today(ZONE));
    setDraft({ from: period.from, to: period.to });
    onPick({ from: period.from, to: period.to, preset });
  };
  const write = (patch: Partial<Period>) => {
    const next = { ...draft, ...patch };
    setDraft(next);
    if (!fault(next)) onPick({ ...next, preset: "custom" });
  };
  return (
    <div className={styles.controls}>
      <SegmentedControl
        size="xs"
        aria-label="Period"
        data={PRESETS}
        value={picked.preset}
        onChange={(value) => choose(value as PresetId)}
      />
      {isCustom && (
        <span className={styles.days}>
          <TextInput
            size="xs"
            type="date"
            aria-label="First day"
            value={draft.from}
            max={draft.to}
            error={wrong !== null}
            onChange={(event) => write({ from: event.currentTarget.value })}
          />
          <span aria-hidden="true">to</span>
          <TextInput
            size="xs"
            type="date"
            aria-label="Last day"
            value={draft.to}
            error={wrong !== null}
            onChange={(event) => write({ to: event.currentTarget.value })}
          />
          {wrong && (
            <span className={styles.wrong} role="alert">
              {wrong}
            </span>
          )}
        </span>
      )}
      <SubjectSelect period={picked} subject={subject} onSubject={onSubject} />
    </div>
  );
}

function SubjectSelect({ period, subject, onSubject }: { period: Period } & Pick<Props, "subject" | "onSubject">) {
  const me = useMe();
  const agents = useBreakdown("agents", period).data?.data ?? [];
  const tags = useBreakdown("tags", period).data?.data ?? [];
  const people = isAdmin(me) ? agents.map(({ id, name }) => ({ value: `agent:${id}`, label: name })) : [];
  const mine = { value: `agent:${me.id}`, label: `${me.name} (you)` };
  const options = {
    people: [mine, ...people.filter(({ value }) => value !== mine.value)],
    tags: tags.map(({ id }) => ({ value: `tag:${id}`, label: id })),
  };
  // What was chosen stays to be seen, even if it has no figures in these days.
  const isListed = [...options.people, ...options.tags].some(({ value }) => value === subject);
  const kept = subject && !isListed ? [{ value: subject, label: subject.split(":").slice(1).join(":") }] : [];
  return (
    <Select
      size="xs"
      w={190}
      aria-label="Whose figures"
      data={[
        { value: "", label: "Everybody" },
        ...kept,
        { group: "People", items: options.people },
        ...(options.tags.length > 0 ? [{ group: "Tags", items: options.tags }] : []),
      ]}
      value={subject}
      searchable={options.people.length + options.tags.length > 8}
      allowDeselect={false}
      onChange={(value) => onSubject(value ?? "")}
    />
  );
}
