import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { chromiumSkipReason, startChromium } from '../helpers/chromium.js';
import { openTestDatabase } from '../helpers/test-database.js';
import { storeRowsRun } from '../report/report-fixture.js';
import { formatMs, printRow, quantile, timePairs } from './measure.js';

const rounds = 7;
const rowCount = 2000;
const label = `\`runs report\` of ${rowCount.toLocaleString('en-US')} rows`;

/** Measures the page of a run with many rows: its size, and the time to write it, to open it and to filter it. */
export async function benchReport(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-report-'));
  const env = { HOME: folder, BOTICELLI_STATE_DIR: folder };
  const path = join(folder, 'report.html');
  const database = await openTestDatabase(folder);
  storeRowsRun(database, '20261130-090000-000001', rowCount);
  database.close();
  const report = { args: ['bin/boticelli.js', 'runs', 'report', '--output', path, '--force'], env };
  const written = await timePairs(report, { args: ['bin/boticelli.js', 'runs', 'show'], env }, rounds);
  const ratio = written.ratio.toFixed(2);
  printRow(`${label}, against \`runs show\``, formatMs(written.ours), formatMs(written.peer), ratio, '');
  printRow(`${label}, size`, `${Math.round(statSync(path).size / 1000)} kB`, '', '', '');
  if (chromiumSkipReason === undefined) await benchPage(path, folder);
  else printRow(`${label}, opened: ${chromiumSkipReason}`, '', '', '', '');
  rmSync(folder, { recursive: true });
}

async function benchPage(path: string, folder: string): Promise<void> {
  const emptyPath = join(folder, 'empty.html');
  writeFileSync(emptyPath, '<!doctype html><title>empty</title><p>empty');
  const browser = await startChromium();
  const times = { ours: [] as number[], empty: [] as number[], filter: [] as number[] };
  // The first round starts processes of the browser and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, offline: true });
    const emptyMs = await measureLoad(page, emptyPath);
    const oursMs = await measureLoad(page, path);
    const filterMs = Number(await page.evaluate(filterScript));
    await page.close();
    if (round === 0) continue;
    times.empty.push(emptyMs);
    times.ours.push(oursMs);
    times.filter.push(filterMs);
  }
  await browser.close();
  const [ours, empty, filter] = [times.ours, times.empty, times.filter].map((timesMs) => quantile(timesMs, 0.5)) as [
    ...[number, number, number],
  ];
  printRow(`${label}, opened, against an empty page`, formatMs(ours), formatMs(empty), '', 'under 2000 ms');
  printRow(`${label}, filtered by a word`, formatMs(filter), '', '', 'under 200 ms');
}

/** Measures a load up to the next frame after it, so that layout and painting count. */
async function measureLoad(page: Page, path: string): Promise<number> {
  const startedAt = performance.now();
  await page.goto(pathToFileURL(path).href);
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
  return performance.now() - startedAt;
}

/** Runs in the page. Resolves to the time from typing a word into the filter to the next frame. */
const filterScript = `(async () => {
  const startedAt = performance.now();
  const filter = document.querySelector('.filter');
  filter.value = 'comment 1234';
  filter.dispatchEvent(new Event('input'));
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - startedAt;
})()`;
