import { Button, type MantineColorScheme, SegmentedControl, Stack, Switch, useMantineColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { chime } from "../browser/chime";
import { askToNotify, canNotify } from "../browser/notices";
import { setPreferences, usePreferences } from "../browser/preferences";
import { Page, Panel } from "./Panel";

export function PreferenceSettings() {
  const { sound, desktop, shortcuts } = usePreferences();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const turnDesktop = async (isWanted: boolean) => {
    const isOn = isWanted && (canNotify() || (await askToNotify()));
    setPreferences({ desktop: isOn, wasAsked: true });
    if (isWanted && !isOn) {
      const message = "The browser does not allow it. You find its settings for this page beside the address.";
      notifications.show({ title: "Still off", message, withBorder: true });
    }
  };
  return (
    <Page title="Notifications and look" lead="For you, in this browser.">
      <Panel title="When a customer writes" lead="In your tickets, and in those that nobody has yet.">
        <Stack>
          <Switch
            label="Show a notification while I am elsewhere"
            checked={desktop && canNotify()}
            onChange={(event) => void turnDesktop(event.currentTarget.checked)}
          />
          <Switch
            label="Play a soft sound"
            checked={sound}
            onChange={(event) => {
              setPreferences({ sound: event.currentTarget.checked });
              if (event.currentTarget.checked) chime();
            }}
          />
          <Button variant="default" size="xs" w="fit-content" onClick={chime}>
            Hear it
          </Button>
        </Stack>
      </Panel>
      <Panel title="Look">
        <SegmentedControl
          aria-label="Look"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as MantineColorScheme)}
          data={[
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
            { value: "auto", label: "Like the system" },
          ]}
        />
      </Panel>
      <Panel title="Keyboard">
        <Switch
          label="Shortcuts of a single key"
          description="Turn them off if you dictate, or if they get in your way. Ctrl K stays."
          checked={shortcuts}
          onChange={(event) => setPreferences({ shortcuts: event.currentTarget.checked })}
        />
      </Panel>
    </Page>
  );
}
