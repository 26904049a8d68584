// When people are there, and what the bot says when it passes somebody on.
import { ActionIcon, Button, Group, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import type { Opening } from "../../backend/types";
import { Panel } from "../Panel";
import styles from "./Bot.module.css";
import { DAYS, type Day, fault, likeMonday, tidyTime, withDay } from "./hours";
import type { PanelParts } from "./parts";

export function HoursPanel({ draft, set, errors }: PanelParts) {
  const error = Object.entries(errors).find(([field]) => field.startsWith("hours"))?.[1];
  return (
    <Panel
      title="When people are there"
      lead="Outside of these hours, whoever asks for a person is told when you are back. None at all: nothing is told of hours."
    >
      <Stack>
        <Select
          label="Time zone"
          data={zones(draft.timezone)}
          searchable
          limit={60}
          allowDeselect={false}
          value={draft.timezone}
          onChange={(timezone) => timezone && set({ timezone })}
          error={errors.timezone}
        />
        <div className={styles.week}>
          {DAYS.map(({ id, name }) => (
            <DayRow key={id} day={id} name={name} hours={draft.hours} onChange={(hours) => set({ hours })} />
          ))}
        </div>
        {error && (
          <p className={styles.fault} role="alert">
            {error}
          </p>
        )}
        {draft.hours.some(({ day }) => day === "mon") && (
          <Group>
            <Button variant="default" size="compact-md" onClick={() => set({ hours: likeMonday(draft.hours) })}>
              Tuesday to Friday like Monday
            </Button>
          </Group>
        )}
        <Textarea
          label="Said when a person is asked for"
          description="Leave it empty for the bot's own words, in the customer's language"
          autosize
          minRows={2}
          maxLength={1000}
          value={draft.handoff_open}
          onChange={(event) => set({ handoff_open: event.currentTarget.value })}
          error={errors.handoff_open}
        />
        <Textarea
          label="The same outside of your hours"
          description="{when} stands for when you are back"
          autosize
          minRows={2}
          maxLength={1000}
          value={draft.handoff_closed}
          onChange={(event) => set({ handoff_closed: event.currentTarget.value })}
          error={errors.handoff_closed}
        />
      </Stack>
    </Panel>
  );
}

interface DayRowProps {
  day: Day;
  name: string;
  hours: Opening[];
  onChange: (hours: Opening[]) => void;
}

function DayRow({ day, name, hours, onChange }: DayRowProps) {
  const own = hours.filter((opening) => opening.day === day);
  const change = (next: Pick<Opening, "from" | "to">[]) =>
    onChange(
      withDay(
        hours,
        day,
        next.map(({ from, to }) => ({ from, to })),
      ),
    );
  const set = (place: number, patch: Partial<Opening>) =>
    change(own.map((opening, at) => (at === place ? { ...opening, ...patch } : opening)));
  const last = own.at(-1);
  return (
    <fieldset className={styles.day} aria-label={name}>
      <span>{name}</span>
      <div className={styles.openings}>
        {own.length === 0 && <span className={styles.closed}>Nobody</span>}
        {own.map((opening, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: hours have no name, and what is typed must not move the field
          <div key={place} className={styles.opening}>
            <Time label={`${name}, from`} value={opening.from} onChange={(from) => set(place, { from })} />
            <span aria-hidden="true">–</span>
            <Time label={`${name}, to`} value={opening.to} onChange={(to) => set(place, { to })} />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${opening.from} to ${opening.to} on ${name}`}
              onClick={() => change(own.filter((_, at) => at !== place))}
            >
              <IconX size={16} />
            </ActionIcon>
            {fault(opening) && (
              <span className={styles.fault} role="alert">
                {fault(opening)}
              </span>
            )}
          </div>
        ))}
      </div>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Add hours on ${name}`}
        onClick={() =>
          change([...own, { from: last && last.to < "23:00" ? last.to : "09:00", to: last ? "24:00" : "17:00" }])
        }
      >
        <IconPlus size={17} />
      </ActionIcon>
    </fieldset>
  );
}

function Time({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      w={72}
      size="xs"
      aria-label={label}
      maxLength={5}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onBlur={(event) => onChange(tidyTime(event.currentTarget.value))}
    />
  );
}

function zones(own: string): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  return [...new Set(["UTC", own, ...known])];
}
