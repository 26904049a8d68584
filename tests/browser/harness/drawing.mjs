// A picture to send, drawn by the browser itself.

const PAGE = `<body style="margin: 0; background: linear-gradient(160deg, #e9dcc3, #c58b4e)">
  <div style="margin: 40px 90px; height: 220px; border-radius: 14px; background: #5a3218"></div>`;

export async function drawing(browser) {
  const page = await browser.newPage({ viewport: { width: 400, height: 300 } });
  await page.setContent(PAGE);
  const picture = await page.screenshot();
  await page.close();
  return picture;
}
