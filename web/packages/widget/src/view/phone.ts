/** Owns what a panel that fills the screen needs on a phone: the page below holds still, the keyboard hides nothing. */
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

export function useWholeScreen(panel: RefObject<HTMLElement | null>, isActive: boolean): void {
  useEffect(() => {
    const style = panel.current?.style;
    if (!isActive || !style) return;
    const page = document.documentElement.style;
    const before = page.overflow;
    page.overflow = "hidden";
    // The keyboard makes only the visible part smaller, not the window.
    const visible = window.visualViewport;
    const follow = () => {
      style.height = visible ? `${visible.height}px` : "";
      style.top = visible ? `${visible.offsetTop}px` : "";
    };
    follow();
    visible?.addEventListener("resize", follow);
    visible?.addEventListener("scroll", follow);
    return () => {
      page.overflow = before;
      style.height = style.top = "";
      visible?.removeEventListener("resize", follow);
      visible?.removeEventListener("scroll", follow);
    };
  }, [isActive]);
}
