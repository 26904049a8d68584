import {
  ColorInput,
  Input,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import type { WidgetSettings } from "../backend/types";

const SWATCHES = ["#0c7150", "#2563eb", "#7c3aed", "#be185d", "#c2410c", "#b45309", "#0f766e", "#17211c"];

const LANGUAGES = [
  { value: "auto", label: "The visitor's own" },
  { value: "en", label: "English" },
  { value: "es", label: "Español" },
  { value: "de", label: "Deutsch" },
  { value: "fr", label: "Français" },
  { value: "ar", label: "العربية" },
  { value: "bn", label: "বাংলা" },
  { value: "hi", label: "हिन्दी" },
];

interface Props {
  settings: WidgetSettings;
  onChange: (settings: WidgetSettings) => void;
  errors: Record<string, string>;
}

export function WidgetForm({ settings, onChange, errors }: Props) {
  const set = (patch: Partial<WidgetSettings>) => onChange({ ...settings, ...patch });
  return (
    <Stack>
      <TextInput
        label="Name"
        description="Whom visitors write to"
        maxLength={200}
        value={settings.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        error={errors.name}
      />
      <Textarea
        label="Greeting"
        description="Leave it empty, and each visitor is greeted in their own language"
        autosize
        minRows={2}
        maxRows={6}
        maxLength={1000}
        value={settings.greeting}
        onChange={(event) => set({ greeting: event.currentTarget.value })}
        error={errors.greeting}
      />
      <TagsInput
        label="Quick replies"
        description="Up to six, to be sent by one tap. Enter adds one"
        maxTags={6}
        acceptValueOnBlur
        value={settings.quick_replies}
        onChange={(replies) => set({ quick_replies: replies.map((reply) => reply.slice(0, 80)) })}
        error={errors.quick_replies}
      />
      <ColorInput
        label="Color"
        description="The text on it turns dark or light by itself"
        swatches={SWATCHES}
        swatchesPerRow={8}
        withEyeDropper={false}
        value={settings.primary_color}
        onChange={(color) => set({ primary_color: color.toLowerCase() })}
        error={errors.primary_color}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Choice
          label="Side"
          value={settings.position}
          onChange={(position) => set({ position })}
          options={{ left: "Left", right: "Right" }}
        />
        <Choice
          label="Look"
          value={settings.theme}
          onChange={(theme) => set({ theme })}
          options={{ auto: "Auto", light: "Light", dark: "Dark" }}
        />
        <Choice
          label="Ask for name and e-mail first"
          value={settings.prechat}
          onChange={(prechat) => set({ prechat })}
          options={{ none: "No", optional: "May skip", required: "Always" }}
        />
        <Select
          label="Language"
          data={LANGUAGES}
          value={settings.language}
          allowDeselect={false}
          onChange={(language) => language && set({ language })}
        />
      </SimpleGrid>
      <Switch
        label="A sound for new messages"
        checked={settings.sound}
        onChange={(event) => set({ sound: event.currentTarget.checked })}
      />
      <Switch
        label="Ask how it was, once a ticket is closed"
        checked={settings.ask_rating}
        onChange={(event) => set({ ask_rating: event.currentTarget.checked })}
      />
    </Stack>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: Record<T, string>;
}

function Choice<T extends string>({ label, value, onChange, options }: ChoiceProps<T>) {
  const data = Object.entries<string>(options).map(([option, text]) => ({ value: option, label: text }));
  return (
    <Input.Wrapper label={label} labelElement="div">
      <SegmentedControl
        fullWidth
        aria-label={label}
        data={data}
        value={value}
        onChange={(next) => onChange(next as T)}
      />
    </Input.Wrapper>
  );
}
