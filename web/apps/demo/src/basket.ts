/** The basket: a count in the header and a word for screen readers. Used by `main`. Nothing is bought here. */

export function connectBasket(page: Document): void {
  const count = page.querySelector("[data-basket-count]");
  const said = page.querySelector("[data-basket-said]");
  let items = 0;
  page.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>("[data-adds]") : null;
    if (!button || !count || !said) return;
    items += 1;
    count.textContent = String(items);
    said.textContent = `${button.dataset.adds} is in the basket. ${items === 1 ? "One item" : `${items} items`} in all.`;
  });
}
