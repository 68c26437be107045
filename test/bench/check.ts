import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatMs, printRow, runNode, timePairs } from './measure.js';

const rounds = 15;
const bin = 'bin/boticelli.js';

/** Measures `check` of many files against parsing them, and of long narratives against shorter ones. */
export async function benchCheck(folder: string): Promise<void> {
  const env = { HOME: folder };
  for (const [label, render] of [
    ['small narratives', renderSmallNarrative],
    ['copies of our samples', readSample],
  ] as const) {
    const inputFolder = join(folder, label.replaceAll(' ', '_'));
    mkdirSync(inputFolder);
    for (let index = 0; index < 1000; index += 1)
      writeFileSync(join(inputFolder, `narrative_${index}.toml`), render(index));
    const pair = await timePairs(
      { args: [bin, 'check', inputFolder], env },
      { args: ['test/bench/peers/parse-toml.mjs', inputFolder], env },
      rounds,
    );
    printRow(
      `\`check\` of 1,000 ${label} against parsing them with @iarna/toml`,
      formatMs(pair.ours),
      formatMs(pair.peer),
      pair.ratio.toFixed(2),
      '2.60 or less',
    );
  }
  await benchGrowth(folder, env);
}

/** Samples that refer to no other files. `check` would read such files too, but the TOML parser would not. */
const samples = ['chapters', 'headline', 'quick_test', 'release_post', 'review', 'three_takes', 'two_models'];

function readSample(index: number): string {
  return readFileSync(`narratives/${samples[index % samples.length]}.toml`, 'utf8');
}

/** Measures whether twice the number of acts takes twice the time, after subtracting the startup time. */
async function benchGrowth(folder: string, env: Record<string, string>): Promise<void> {
  const createCommand = (acts: number) => {
    const path = join(folder, `${acts}.toml`);
    const names = Array.from({ length: acts }, (_, index) => `act_${index}`);
    const lines = names.map((name) => `${name} = "Say ${name}."`);
    const text = `[narrative]\nname = "x"\n[toc]\norder = ${JSON.stringify(names)}\n[acts]\n${lines.join('\n')}\n`;
    writeFileSync(path, text);
    return { args: [bin, 'check', path], env };
  };
  const measureBest = async (acts: number) => {
    const command = createCommand(acts);
    const times: number[] = [];
    for (let round = 0; round < 7; round += 1) times.push(await runNode(command));
    return Math.min(...times);
  };
  const [startMs, halfMs, fullMs] = [
    await measureBest(1),
    await measureBest(10_000),
    await measureBest(20_000),
  ] as const;
  const ratio = (fullMs - startMs) / (halfMs - startMs);
  printRow(
    '`check` of 20,000 acts against 10,000, without startup',
    formatMs(fullMs - startMs),
    formatMs(halfMs - startMs),
    ratio.toFixed(2),
    'about 2',
  );
}

function renderSmallNarrative(index: number): string {
  return `[narrative]
name = "narrative_${index}"
model = "gemini-flash-lite-latest"
temperature = 0.7

[toc]
order = ["draft", "final"]

[acts]
draft = "Write a short post about number ${index}."

[acts.final]
max_tokens = 2000
[[acts.final.input]]
type = "text"
content = "Give it one title."
`;
}
