// The look of the library's components: one accent, tinted neutrals, small corners. The rest is in tokens.css.
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const leaf: MantineColorsTuple = [
  "#eaf6f0",
  "#d2ecdf",
  "#a6dac2",
  "#79c8a5",
  "#4cb389",
  "#2b9d71",
  "#168760",
  "#0c7150",
  "#085b40",
  "#054631",
];

const gray: MantineColorsTuple = [
  "#f7f8f5",
  "#f0f2ed",
  "#e4e8e0",
  "#d6dbd1",
  "#c2c9be",
  "#9da79e",
  "#667169",
  "#4a554e",
  "#2e3933",
  "#17211c",
];

const dark: MantineColorsTuple = [
  "#dbe3de",
  "#b7c2bb",
  "#92a098",
  "#6c7a72",
  "#3b4842",
  "#2e3934",
  "#212b26",
  "#161e1a",
  "#101613",
  "#0a0f0d",
];

export const theme = createTheme({
  primaryColor: "leaf",
  primaryShade: 7,
  colors: { leaf, gray, dark },
  fontFamily: "'Figtree Variable', ui-sans-serif, system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, monospace",
  fontSizes: { xs: "0.75rem", sm: "0.84375rem", md: "0.9375rem", lg: "1.0625rem", xl: "1.25rem" },
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1.0625rem" } } },
  defaultRadius: "md",
  radius: { xs: "4px", sm: "6px", md: "8px", lg: "12px", xl: "18px" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, fz: 12 } },
    Menu: {
      defaultProps: {
        shadow: "md",
        radius: "md",
        transitionProps: { duration: 80 },
        // So that a menu belongs to its place on the page, for screen readers too.
        withinPortal: false,
        withInitialFocusPlaceholder: false,
      },
    },
    Modal: { defaultProps: { radius: "lg", centered: true, closeButtonProps: { "aria-label": "Close" } } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Drawer: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Badge: { defaultProps: { tt: "none", fw: 600 } },
    SegmentedControl: { defaultProps: { withItemsBorders: false } },
    Switch: { defaultProps: { withThumbIndicator: false } },
    Button: { defaultProps: { size: "sm" } },
  },
});

/** As our tokens have it. The words on the filled one are white, in the light and in the dark. */
const red = {
  "--mantine-color-red-6": "var(--danger)",
  "--mantine-color-red-light-color": "var(--danger)",
  "--mantine-color-red-filled": "#b02a1d",
  "--mantine-color-red-filled-hover": "#96231a",
};

/** Where the library's own choice has too little contrast, or does not follow our tokens. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...red,
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-soft)",
    "--mantine-color-placeholder": "var(--ink-faint)",
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-error": "var(--danger)",
    "--mantine-color-anchor": "var(--accent-ink)",
  },
  dark: {
    ...red,
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-soft)",
    "--mantine-color-placeholder": "var(--ink-faint)",
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-default": "var(--sunken)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-error": "var(--danger)",
    "--mantine-color-anchor": "var(--accent-ink)",
  },
});
