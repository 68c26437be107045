import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { textReply } from '../helpers/gemini/replies.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { type BenchTarget, formatMs, printRow, timePairs } from './measure.js';

const rowCount = 200;

/** Measures 200 rows with `--jobs 4`, at 20 ms a request, against a shell loop and against a pool around the SDK. */
export async function benchRows({ bin, createEnvironment }: BenchTarget): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-rows-'));
  const server = await startGeminiServer();
  server.setDefaultReply(() => textReply('A reply', { headersDelayMs: 20 }));
  const [narrative, single, source] = ['rows.toml', 'single.toml', 'rows.csv'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const render = (text: string) => `[narrative]\nname = "n"\n[toc]\norder = ["a"]\n[acts]\na = "Answer: ${text}"\n`;
  writeFileSync(narrative, render('{{row.text}}'));
  writeFileSync(single, `${render('{{vars.text}}')}[vars]\ntext = ""\n`);
  const texts = Array.from({ length: rowCount }, (_, index) => `comment ${index}`);
  writeFileSync(source, `text\n${texts.join('\n')}\n`);
  const env = createEnvironment(server.url);
  try {
    const ours = { args: [bin, 'run', narrative, '--each', source, '--jobs', '4', '--quiet'], env };
    const pool = await timePairs(ours, { args: ['test/bench/peers/sdk-pool.mjs', source], env }, 5);
    const label = `${rowCount} rows, four at a time, 20 ms a request`;
    printRow(
      `${label}: a pool around the SDK`,
      formatMs(pool.ours),
      formatMs(pool.peer),
      pool.ratio.toFixed(2),
      '1.10',
    );
    printRow(`${label}: its CPU time`, '', '', pool.cpuRatio.toFixed(2), '');
    const loopMs = await timeShellLoop(bin, single, texts, env);
    printRow(`${label}: a shell loop`, formatMs(pool.ours), formatMs(loopMs), (pool.ours / loopMs).toFixed(2), '0.15');
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timeShellLoop(bin: string, narrative: string, texts: readonly string[], env: Record<string, string>) {
  const script = `for t in "$@"; do "${process.execPath}" "${bin}" run "${narrative}" --quiet --var text="$t"; done`;
  const startedAt = performance.now();
  await promisify(execFile)('bash', ['-c', script, 'loop', ...texts], { env });
  return performance.now() - startedAt;
}
