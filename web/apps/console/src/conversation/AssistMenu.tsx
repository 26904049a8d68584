// Help with writing: a reply to begin with, the draft said differently or in another language, an article out of the ticket.
// What a server does not offer is not here, and nothing is ever sent by it.
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconArticle, IconLanguage, IconMessageReply, IconSparkles, IconWand } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Assistance, AssistRequest, Tone } from "../backend/bot";
import type { Ticket } from "../backend/types";
import { type ArticleSeed, NEW_ARTICLE } from "../parts/article-seed";
import { askForHelp, LANGUAGES, useAssistKinds } from "../tickets/assist";
import styles from "./Assist.module.css";

const TONES: { tone: Tone; label: string }[] = [
  { tone: "friendly", label: "Friendlier" },
  { tone: "formal", label: "More formal" },
  { tone: "shorter", label: "Shorter" },
  { tone: "clearer", label: "Clearer" },
];
/** The server takes no longer ones. */
const MOST_LETTERS = 8_000;

interface Props {
  ticket: Ticket;
  draft: string;
  /** Into the draft, to be read. */
  onHelp: (help: Assistance) => void;
}

export function AssistMenu({ ticket, draft, onHelp }: Props) {
  const kinds = useAssistKinds(ticket.ticket_id);
  const [, navigate] = useLocation();
  const [isBusy, setIsBusy] = useState(false);
  const dropdown = useRef<HTMLDivElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const [isChoosing, setIsChoosing] = useState(false);
  if (kinds.length === 0) return null;

  const toggle = (open: boolean) => {
    setIsOpen(open);
    setIsChoosing(false);
  };
  const chooseLanguage = () => {
    setIsChoosing(true);
    // The item that had the focus is gone by then, and the keys with it.
    requestAnimationFrame(() => dropdown.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus());
  };
  const ask = async (request: AssistRequest, take: (help: Assistance) => void) => {
    setIsBusy(true);
    const help = await askForHelp(ticket.ticket_id, request);
    setIsBusy(false);
    if (help) take(help);
  };
  const openArticle = ({ title, text, model }: Assistance) => {
    const from = `Begun from ticket #${ticket.number}${model ? `, with the help of ${model}` : ""}. Check it, and take out what is the customer's.`;
    const seed: ArticleSeed = { title: title ?? ticket.subject, body: text, from };
    navigate(NEW_ARTICLE, { state: seed });
  };
  const text = draft.trim();
  const canChange = text !== "" && text.length <= MOST_LETTERS;
  return (
    <Menu position="top-start" width={230} opened={isOpen} onChange={toggle}>
      <Menu.Target>
        <Tooltip label="Help with writing" disabled={isOpen}>
          <ActionIcon variant="subtle" color="gray" aria-label="Help with writing" loading={isBusy}>
            <IconSparkles size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown ref={dropdown} className={styles.menu ?? ""}>
        {isChoosing ? (
          <>
            <Menu.Label>Translate your draft to</Menu.Label>
            {LANGUAGES.map(({ tag, name }) => (
              <Menu.Item
                key={tag}
                lang={tag}
                onClick={() => void ask({ kind: "translate", text, language: tag }, onHelp)}
              >
                {name}
              </Menu.Item>
            ))}
          </>
        ) : (
          <>
            {kinds.includes("reply") && (
              <Menu.Item
                leftSection={<IconMessageReply size={16} />}
                onClick={() => void ask({ kind: "reply" }, onHelp)}
              >
                Suggest a reply
              </Menu.Item>
            )}
            {kinds.includes("article") && (
              <Menu.Item
                leftSection={<IconArticle size={16} />}
                onClick={() => void ask({ kind: "article" }, openArticle)}
              >
                Draft an article from this ticket
              </Menu.Item>
            )}
            {kinds.includes("rewrite") && (
              <>
                <Menu.Label>Your draft</Menu.Label>
                {TONES.map(({ tone, label }) => (
                  <Menu.Item
                    key={tone}
                    disabled={!canChange}
                    leftSection={<IconWand size={16} />}
                    onClick={() => void ask({ kind: "rewrite", text, tone }, onHelp)}
                  >
                    {label}
                  </Menu.Item>
                ))}
              </>
            )}
            {kinds.includes("translate") && (
              <Menu.Item
                disabled={!canChange}
                closeMenuOnClick={false}
                leftSection={<IconLanguage size={16} />}
                onClick={chooseLanguage}
              >
                Translate…
              </Menu.Item>
            )}
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
