import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { textReply } from '../helpers/gemini/replies.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { formatMs, type MeasuredProgram, printRow, type TimedCommand, timePairs } from './measure.js';

const rowCount = 200;

/**
 * Measures 200 rows with `--jobs 4`, at 20 ms a request, against a pool around the SDK, a shell loop and, where it is
 * installed, promptfoo.
 */
export async function benchRows({ bin, createEnvironment }: MeasuredProgram): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-rows-'));
  const server = await startGeminiServer();
  server.setDefaultReply(() => textReply('A reply', { headersDelayMs: 20 }));
  const [narrative, loopNarrative, source] = ['rows.toml', 'loop.toml', 'rows.csv'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const render = (text: string) => `[narrative]\nname = "n"\n[toc]\norder = ["a"]\n[acts]\na = "Answer: ${text}"\n`;
  writeFileSync(narrative, render('{{row.text}}'));
  writeFileSync(loopNarrative, `${render('{{vars.text}}')}[vars]\ntext = ""\n`);
  const texts = Array.from({ length: rowCount }, (_, index) => `comment ${index}`);
  writeFileSync(source, `text\n${texts.join('\n')}\n`);
  const env = createEnvironment(server.url);
  try {
    const ours = { args: [bin, 'run', narrative, '--each', source, '--jobs', '4', '--quiet'], env };
    const poolComparison = await timePairs(ours, { args: ['test/bench/peers/sdk-pool.mjs', source], env }, 5);
    const label = `${rowCount} rows, four at a time, 20 ms a request`;
    printRow(
      `${label}: against a pool around the SDK`,
      formatMs(poolComparison.ours),
      formatMs(poolComparison.peer),
      poolComparison.ratio.toFixed(2),
      '1.10',
    );
    printRow(`${label}: against a pool around the SDK, CPU time`, '', '', poolComparison.cpuRatio.toFixed(2), '');
    const promptfoo = findPromptfoo();
    if (promptfoo === undefined) printRow(`${label}: against promptfoo`, '', 'not installed', '', '0.50');
    else {
      const peer = createPromptfooCommand(promptfoo, { folder, source, baseUrl: server.url });
      const { ours: oursMs, peer: peerMs, ratio } = await timePairs(ours, peer, 3);
      printRow(`${label}: against promptfoo eval`, formatMs(oursMs), formatMs(peerMs), ratio.toFixed(2), '0.50');
    }
    const loopMs = await timeShellLoop(bin, loopNarrative, texts, env);
    printRow(
      `${label}: against a shell loop`,
      formatMs(poolComparison.ours),
      formatMs(loopMs),
      (poolComparison.ours / loopMs).toFixed(2),
      '0.15',
    );
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the script of promptfoo: the file that the variable PROMPTFOO names, or the command `promptfoo` in PATH. */
function findPromptfoo(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'promptfoo'));
  const found = [process.env.PROMPTFOO ?? '', ...candidates].find((file) => file !== '' && existsSync(file));
  return found === undefined ? undefined : realpathSync(found);
}

/** Creates the command that evaluates the same prompts, without a cache, a database or a request to promptfoo's servers. */
function createPromptfooCommand(
  script: string,
  { folder, source, baseUrl }: { folder: string; source: string; baseUrl: string },
): TimedCommand {
  const config = join(folder, 'promptfoo.json');
  const provider = { id: 'google:gemini-flash-lite-latest', config: { apiBaseUrl: baseUrl, apiKey: 'key' } };
  writeFileSync(config, JSON.stringify({ prompts: ['Answer: {{text}}'], providers: [provider], tests: source }));
  const flags = ['--no-cache', '--no-write', '--no-progress-bar', '--no-table'];
  const env = { PROMPTFOO_CONFIG_DIR: folder, PROMPTFOO_DISABLE_TELEMETRY: '1', PROMPTFOO_DISABLE_UPDATE: '1' };
  return { args: [script, 'eval', '-c', config, '-j', '4', ...flags], env: { HOME: folder, ...env } };
}

async function timeShellLoop(bin: string, narrative: string, texts: readonly string[], env: Record<string, string>) {
  const script = `for t in "$@"; do "${process.execPath}" "${bin}" run "${narrative}" --quiet --var text="$t"; done`;
  const startedAt = performance.now();
  await promisify(execFile)('bash', ['-c', script, 'loop', ...texts], { env });
  return performance.now() - startedAt;
}
