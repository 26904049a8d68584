// How the widget will look, drawn while one types: a picture, not the widget itself.
import { useComputedColorScheme } from "@mantine/core";
import { palette } from "@smilechat/readable/colors";
import { IconMessageCircle2, IconSend } from "@tabler/icons-react";
import type { CSSProperties } from "react";
import { useMe } from "../backend/session";
import type { WidgetSettings } from "../backend/types";
import { Face } from "../parts/Face";
import styles from "./WidgetPreview.module.css";

export function WidgetPreview({ settings }: { settings: WidgetSettings }) {
  const me = useMe();
  const own = useComputedColorScheme();
  const theme = settings.theme === "auto" ? own : settings.theme;
  const { primary, onPrimary } = palette(settings.primary_color, theme);
  const look = { "--brand": primary, "--on-brand": onPrimary } as CSSProperties;
  return (
    <figure className={styles.stage} data-side={settings.position} data-theme={theme} style={look}>
      <figcaption className="visually-hidden">Preview of the widget</figcaption>
      <div className={styles.window} aria-hidden="true">
        <header>
          <Face id={me.id} name={me.name} url={me.avatar_url} size="sm" />
          <div>
            <strong>{settings.name || "Support"}</strong>
            <span>Here to help</span>
          </div>
        </header>
        <div className={styles.talk}>
          <p className={styles.theirs}>{settings.greeting || "Hello! How can we help?"}</p>
          {settings.quick_replies.length > 0 ? (
            <div className={styles.replies}>
              {settings.quick_replies.map((reply) => (
                <span key={reply}>{reply}</span>
              ))}
            </div>
          ) : (
            <p className={styles.own}>Is my order on its way?</p>
          )}
        </div>
        <footer>
          <span>Write a message…</span>
          <IconSend size={18} />
        </footer>
      </div>
      <span className={styles.launcher} aria-hidden="true">
        <IconMessageCircle2 size={26} stroke={1.75} />
      </span>
    </figure>
  );
}
