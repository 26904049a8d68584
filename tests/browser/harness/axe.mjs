// Asks axe-core whether everybody can use what is on the screen. The person needs `hasAxe`.

import assert from "node:assert/strict";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Of the whole page, or of one part of it. */
export async function assertAccessible(page, what, part) {
  await page.waitForFunction(isStill);
  const violations = await page.evaluate(
    async ([tags, selector]) => {
      const where = selector ? { include: [selector] } : document;
      const { violations } = await window.axe.run(where, { runOnly: tags, resultTypes: ["violations"] });
      return violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`)}`,
      );
    },
    [TAGS, part],
  );
  assert.deepEqual(violations, [], what);
}

/** Colors on their way from one to another are nobody's choice. What moves for ever is not waited for. */
function isStill() {
  const roots = [document, document.querySelector("smilechat-widget")?.shadowRoot].filter(Boolean);
  const moving = roots
    .flatMap((root) => root.getAnimations({ subtree: true }))
    .filter((animation) => {
      return animation.playState === "running" && animation.effect?.getComputedTiming().iterations !== Infinity;
    });
  return moving.length === 0;
}
