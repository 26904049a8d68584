/** The shop's page: reads what the server hands out, adds the chat, and shows the way to the support desk. */
import "./styles/page.css";
import "./styles/guide.css";
import "./styles/shop.css";
import { connectBasket } from "./basket";
import { addChat, connectChatButtons } from "./chat";
import { type DemoConfig, readConfig, type Staff } from "./config";
import { openDesk } from "./desk";

connectBasket(document);
connectChatButtons();
const config = await readConfig(location.search, fetch);
if (config.key) addChat(config.key);
guide(config);

function guide({ key, staff, isDevelopment }: DemoConfig): void {
  const panel = part("[data-guide]");
  const show = (name: string) => {
    panel.dataset.guide = name;
  };
  if (key && staff) {
    part("[data-staff-name]").textContent = staff.name;
    connectDesk(staff);
    show("ready");
  } else if (key) show("shop");
  else show(isDevelopment ? "empty" : "closed");
}

function connectDesk(staff: Staff): void {
  const button = part<HTMLButtonElement>("[data-opens-desk]");
  const status = part("[data-desk-status]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    status.textContent = "";
    try {
      const isOpen = await openDesk(staff);
      part("[data-desk-link]").hidden = isOpen;
      if (!isOpen) status.textContent = "Your browser keeps new windows from opening. You are signed in:";
    } catch {
      status.textContent = "That did not work. Is the server still running? Please try again.";
    } finally {
      button.disabled = false;
    }
  });
}

function part<E extends HTMLElement = HTMLElement>(selector: string): E {
  const found = document.querySelector<E>(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return found;
}
