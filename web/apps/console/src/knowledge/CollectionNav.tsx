// The shelves: choose one, and as an admin make, rename, order and delete them.
import { ActionIcon, Menu, UnstyledButton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { IconArrowDown, IconArrowUp, IconDots, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import { isAdmin, useMe } from "../backend/session";
import type { ArticleSummary, Collection } from "../backend/types";
import { CollectionForm } from "./CollectionForm";
import styles from "./CollectionNav.module.css";
import { moved } from "./collection-order";
import { countByCollection, LOOSE } from "./narrow";
import { refreshKnowledge } from "./queries";

interface Props {
  collections: Collection[];
  articles: ArticleSummary[];
  current: string | null;
  onChoose: (collection: string | null) => void;
}

export function CollectionNav({ collections, articles, current, onChoose }: Props) {
  const canArrange = isAdmin(useMe());
  const counts = countByCollection(articles);
  const add = () =>
    modals.open({
      title: "New collection",
      children: <CollectionForm position={(collections.at(-1)?.position ?? 0) + 1} />,
    });
  const loose = counts.get(LOOSE) ?? 0;
  return (
    <nav className={styles.nav} aria-label="Collections">
      <div className={styles.head}>
        <h2>Collections</h2>
        {canArrange && (
          <ActionIcon variant="subtle" color="gray" aria-label="New collection" onClick={add}>
            <IconPlus size={17} />
          </ActionIcon>
        )}
      </div>
      <ul>
        <Shelf
          label="All articles"
          count={articles.length}
          isCurrent={current === null}
          onChoose={() => onChoose(null)}
        />
        {collections.map((collection, place) => (
          <Shelf
            key={collection.collection_id}
            label={collection.name}
            count={counts.get(collection.collection_id) ?? 0}
            isCurrent={current === collection.collection_id}
            onChoose={() => onChoose(collection.collection_id)}
          >
            {canArrange && (
              <ShelfMenu
                collection={collection}
                collections={collections}
                place={place}
                onGone={() => current === collection.collection_id && onChoose(null)}
              />
            )}
          </Shelf>
        ))}
        {loose > 0 && collections.length > 0 && (
          <Shelf label="In none" count={loose} isCurrent={current === LOOSE} onChoose={() => onChoose(LOOSE)} />
        )}
      </ul>
    </nav>
  );
}

interface ShelfProps {
  label: string;
  count: number;
  isCurrent: boolean;
  onChoose: () => void;
  children?: React.ReactNode;
}

function Shelf({ label, count, isCurrent, onChoose, children }: ShelfProps) {
  return (
    <li className={styles.shelf} data-current={isCurrent}>
      <UnstyledButton className={styles.choose} aria-current={isCurrent ? "true" : undefined} onClick={onChoose}>
        <span>{label}</span>
        <span className={styles.count}>
          {count}
          <span className="visually-hidden"> articles</span>
        </span>
      </UnstyledButton>
      {children}
    </li>
  );
}

interface ShelfMenuProps {
  collection: Collection;
  collections: Collection[];
  place: number;
  onGone: () => void;
}

function ShelfMenu({ collection, collections, place, onGone }: ShelfMenuProps) {
  const move = (by: -1 | 1) => () =>
    void attempt("Not moved", async () => {
      // One after another: each is a change of its own, and the order is right when the last is made.
      for (const { collection_id, position } of moved(collections, place, by)) {
        await client.request("PUT /api/kb/collections/{id}", { path: { id: collection_id }, body: { position } });
      }
    });
  const remove = () =>
    void attempt("Not deleted", async () => {
      await client.request("DELETE /api/kb/collections/{id}", { path: { id: collection.collection_id } });
      onGone();
    });
  const askToRemove = () =>
    modals.openConfirmModal({
      title: `Delete the collection “${collection.name}”?`,
      children: "Its articles stay, in no collection.",
      labels: { confirm: "Delete", cancel: "Keep it" },
      confirmProps: { color: "red" },
      onConfirm: remove,
    });
  return (
    <Menu position="bottom-end" width={170}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`More about ${collection.name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconPencil size={16} />}
          onClick={() =>
            modals.open({ title: "Change the collection", children: <CollectionForm collection={collection} /> })
          }
        >
          Change
        </Menu.Item>
        <Menu.Item leftSection={<IconArrowUp size={16} />} disabled={place === 0} onClick={move(-1)}>
          Move up
        </Menu.Item>
        <Menu.Item
          leftSection={<IconArrowDown size={16} />}
          disabled={place === collections.length - 1}
          onClick={move(1)}
        >
          Move down
        </Menu.Item>
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={askToRemove}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

async function attempt(title: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    notifications.show({ title, message: inWords(error), color: "red", withBorder: true });
  }
  await refreshKnowledge();
}
