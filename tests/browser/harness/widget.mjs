// The visitor's side, by what a visitor sees and presses. Playwright looks into the widget's shadow root by itself.

/** Opens the window, which the launcher does once the script is there. */
export async function openChat(page) {
  await page.getByRole("button", { name: /^Open chat/ }).click();
  return chatIn(page);
}

export function chatIn(page) {
  const dialog = page.locator("smilechat-widget").getByRole("dialog").first();
  const field = dialog.getByRole("textbox");
  return {
    dialog,
    field,
    log: dialog.getByRole("log"),
    async write(text) {
      await field.fill(text);
      await field.press("Enter");
    },
    /** The messages on the screen, from above. */
    texts: () => dialog.locator("article .bubble").allTextContents(),
    message: (text) => dialog.getByRole("article").filter({ hasText: text }),
    async attach(files) {
      await dialog.locator("input[type=file]").setInputFiles(files);
    },
  };
}
