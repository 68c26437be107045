import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { chromiumSkipReason, startChromium } from '../../helpers/chromium.js';
import { runInProcess } from '../../helpers/in-process.js';
import { openTestDatabase } from '../../helpers/test-database.js';
import { storeRowsRun, storeRun } from '../../report/report-fixture.js';

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC';

/** Texts that would run a script if any of them were markup. */
const hostile = [
  '<script>window.canary = 1</script>',
  '</script><img src=x onerror="window.canary = 1">',
  '[click](javascript:window.canary=1) <a href="javascript:window.canary=1">click</a>',
  '![x](https://example.invalid/x.png "\\" onerror=window.canary=1")',
  '`</code><svg onload=window.canary=1>`',
  '"><details open ontoggle=window.canary=1>',
].join('\n\n');

let browser: Browser;
let pages: Record<'single' | 'rows' | 'several', string>;

/** Stores runs, and writes three pages: about a single run, about a run with rows, and about two runs. */
async function writePages(): Promise<typeof pages> {
  const cwd = createTemporaryFolder(afterAll);
  const database = await openTestDatabase(join(cwd, 'state'));
  const media = [
    { mimeType: 'image/png', byteLength: 90, file: '02-draw-1.png', data: png },
    { mimeType: 'image/png', byteLength: 1_200_000, file: '02-draw-2.png' },
  ];
  const sources = [{ title: hostile, uri: 'https://example.org/' }, { uri: 'javascript:window.canary=1' }];
  const error = { code: 'blocked', message: hostile, act: hostile };
  storeRun(database, {
    ...{ id: '20261130-090000-000001', narrative: hostile, status: 'failed', actCount: 3, error },
    acts: [
      { act: hostile, end: { text: hostile, durationMs: 6000, waitMs: 2000, firstTokenMs: 3000, sources } },
      { act: 'draw', end: { text: '{"a": [1, 2]}', durationMs: 4000, model: hostile, media } },
      { act: 'last', events: [{ type: 'act-note', about: 'reply', message: hostile }] },
    ],
  });
  storeRowsRun(database, '20261130-090000-000002', 20);
  for (const [id, text] of [
    ['20261130-090000-000003', 'A short post.'],
    ['20261130-090000-000004', 'A brief post.'],
  ] as const) {
    const draft = { act: 'draft', end: { text } };
    storeRun(database, { id, acts: [draft, { act: 'title', end: { text: 'The same title' } }] });
  }
  database.close();
  const write = async (name: string, ...ids: string[]) => {
    const args = ['runs', 'report', ...ids.map((id) => `20261130-090000-${id}`), '--output', name];
    const env = { BOTICELLI_STATE_DIR: join(cwd, 'state') };
    expect(await runInProcess(args, { cwd, env })).toMatchObject({ code: 0, stderr: '' });
    return join(cwd, name);
  };
  return {
    single: await write('single.html', '000001'),
    rows: await write('rows.html', '000002'),
    several: await write('several.html', '000003', '000004'),
  };
}

/** Opens a page without a network. */
async function openPage(path: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ ...options, offline: true });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  const url = pathToFileURL(path).href;
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) requests.push(request.url());
  });
  await page.goto(url);
  return { page, problems, requests };
}

describe.skipIf(chromiumSkipReason !== undefined)('the page of runs report in Chromium', () => {
  beforeAll(async () => {
    [browser, pages] = await Promise.all([startChromium(), writePages()]);
  }, 60_000);
  afterAll(() => browser?.close());

  test('loads from a file offline, with no error and no horizontal scrolling, in light and dark, at 1280 and 390 px', async () => {
    for (const [path, width, colorScheme] of [
      [pages.single, 1280, 'light'],
      [pages.single, 390, 'dark'],
      [pages.rows, 390, 'light'],
      [pages.several, 390, 'dark'],
    ] as const) {
      const { page, problems } = await openPage(path, { viewport: { width, height: 800 }, colorScheme });
      expect(problems).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(background).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 23, 28)');
    }
  });

  test('draws a bar for each act, in which waiting, thinking and answering have widths in proportion to their durations', async () => {
    const { page } = await openPage(pages.single, { viewport: { width: 1280, height: 800 } });
    // Each part as its kind, its start and its width, in thousandths of the bar.
    const measureParts = (index: number) =>
      page.evaluate(`(() => {
        const bar = document.querySelectorAll('.bars svg')[${index}];
        const whole = bar.getBoundingClientRect();
        const toShare = (pixels) => Math.round((1000 * pixels) / whole.width);
        return [...bar.children].map((part) => {
          const { x, width } = part.getBoundingClientRect();
          return [part.getAttribute('class'), toShare(x - whole.x), toShare(width)];
        });
      })()`);
    // The acts took 6 and 4 s: the first waited 2 s and had its first token after 3 s.
    expect(await measureParts(0)).toEqual([
      ['wait', 0, 200],
      ['thinking', 200, 100],
      ['answering', 300, 300],
    ]);
    // The second act has no time of a first token, so its whole time is one part.
    expect(await measureParts(1)).toEqual([['thinking-and-answering', 600, 400]]);
    expect(await page.locator('.bars svg').first().getAttribute('aria-label')).toBe(
      'waiting 2.0 s, thinking 1.0 s, answering 3.0 s',
    );
  });

  test('runs nothing that a reply, a name or an error contains, and loads nothing', async () => {
    const { page, problems, requests } = await openPage(pages.single);
    await page.getByRole('button', { name: 'Expand all' }).click();
    for (const link of await page.locator('.act a').all()) {
      expect(await link.getAttribute('href')).toMatch(/^https?:/);
    }
    expect(await page.evaluate('window.canary')).toBeUndefined();
    expect(await page.locator('main script, main [onerror], main [onload], main [ontoggle]').count()).toBe(0);
    expect(await page.locator('main').textContent()).toContain('<script>window.canary = 1</script>');
    expect(requests).toEqual([]);
    expect(problems).toEqual([]);
    // Even if a script became part of the markup, the content security policy of the page would block it.
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.canary = 1\">')");
    await page.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { text: 'window.canary = 1' }))",
    );
    expect(await page.evaluate('window.canary')).toBeUndefined();
  });

  test('shows pictures, and says which are no longer stored', async () => {
    const { page } = await openPage(pages.single);
    const measureWidth =
      "document.querySelector('figure img').decode().then(() => document.querySelector('figure img').naturalWidth)";
    expect(await page.evaluate(measureWidth)).toBe(10);
    expect(await page.locator('#r1-a2').textContent()).toContain(
      'Not stored in the history: 02-draw-2.png, image/png, 1,200,000 bytes',
    );
  });

  test('lists failed rows first, and sorts and filters rows from the keyboard', async () => {
    const { page } = await openPage(pages.rows);
    const numbers = () => page.locator('tbody tr:not([hidden]) [role=rowheader]').allTextContents();
    const press = async (name: string, key: string) => {
      await page.getByRole('columnheader', { name }).getByRole('button').focus();
      await page.keyboard.press(key);
      return page.getByRole('columnheader', { name }).getAttribute('aria-sort');
    };
    const others = Array.from({ length: 20 }, (_, index) => `${index + 1}`).filter(
      (number) => !['10', '20'].includes(number),
    );
    expect(await numbers()).toEqual(['10', '20', ...others]);
    expect(await press('Row', 'Enter')).toBe('ascending');
    expect((await numbers()).slice(0, 3)).toEqual(['1', '2', '3']);
    expect(await press('Row', 'Space')).toBe('descending');
    expect((await numbers()).slice(0, 3)).toEqual(['20', '19', '18']);
    await page.getByLabel('Filter').focus();
    await page.keyboard.type('comment 13 ODD');
    expect(await numbers()).toEqual(['13']);
    expect(await page.locator('.count').textContent()).toBe('1 of 20 rows');
    await page.getByLabel('Filter').fill('');
    await page.getByLabel('Status').selectOption('blocked');
    expect(await numbers()).toEqual(['20', '10']);
  });

  test('marks the words in which runs differ', async () => {
    const { page } = await openPage(pages.several);
    const pair = page.locator('.pair');
    expect(await pair.locator('h3').allTextContents()).toEqual(['draft']);
    expect(await pair.locator('del').allTextContents()).toEqual(['short']);
    expect(await pair.locator('ins').allTextContents()).toEqual(['brief']);
    expect(await page.locator('.comparison').textContent()).toContain('1 reply is the same in all runs.');
  });

  test.each(['single', 'rows', 'several'] as const)('has no serious accessibility problem (%s)', async (name) => {
    const { page } = await openPage(pages[name]);
    // `evaluate` needs no script element, which the content security policy of the page would block.
    await page.evaluate(axe.source);
    const findProblems = async (options: axe.RunOptions) => {
      const json = await page.evaluate(`axe.run(${JSON.stringify(options)}).then(JSON.stringify)`);
      const { violations } = JSON.parse(String(json)) as axe.AxeResults;
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      return serious.map(({ id, nodes }) => [id, nodes[0]?.html]);
    };
    expect(await findProblems({ resultTypes: ['violations'] })).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await findProblems({ runOnly: ['color-contrast'] })).toEqual([]);
  });
});
