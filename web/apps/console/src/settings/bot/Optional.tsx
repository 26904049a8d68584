// Switches a part on that may be absent.
import { Switch } from "@mantine/core";

export function Optional({ isOn, onChange, what }: { isOn: boolean; onChange: (isOn: boolean) => void; what: string }) {
  return (
    <Switch aria-label={`Use a ${what}`} checked={isOn} onChange={(event) => onChange(event.currentTarget.checked)} />
  );
}
