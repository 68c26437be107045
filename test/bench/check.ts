import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNode, timePairs } from './measure.js';
import type { Say } from './say.js';

const rounds = 15;
const bin = 'bin/boticelli.js';

/** `check` of many files against parsing them, and of long ones against shorter ones. */
export async function check(say: Say, folder: string): Promise<void> {
  const env = { HOME: folder };
  for (const [what, narrative] of [
    ['small narratives', smallNarrative],
    ['copies of our samples', sample],
  ] as const) {
    const many = join(folder, what.replaceAll(' ', '_'));
    mkdirSync(many);
    for (let at = 0; at < 1000; at += 1) writeFileSync(join(many, `narrative_${at}.toml`), narrative(at));
    const pair = await timePairs(
      { args: [bin, 'check', many], env },
      { args: ['test/bench/peers/parse-toml.mjs', many], env },
      rounds,
    );
    say(
      `\`check\` of 1,000 ${what} against parsing them with @iarna/toml`,
      `${pair.ours.toFixed(0)} ms`,
      `${pair.peer.toFixed(0)} ms`,
      pair.ratio.toFixed(2),
      'under 2',
    );
  }
  await growth(say, folder, env);
}

/** Those that name no other file, which would be read too. */
const samples = ['chapters', 'headline', 'quick_test', 'release_post', 'review', 'three_takes', 'two_models'];

function sample(at: number): string {
  return readFileSync(`narratives/${samples[at % samples.length]}.toml`, 'utf8');
}

/** Time that grows linearly doubles with the acts; start-up, which does not grow, is taken off. */
async function growth(say: Say, folder: string, env: Record<string, string>): Promise<void> {
  const file = (acts: number) => {
    const path = join(folder, `${acts}.toml`);
    const names = Array.from({ length: acts }, (_, at) => `act_${at}`);
    const lines = names.map((name) => `${name} = "Say ${name}."`);
    const text = `[narrative]\nname = "x"\n[toc]\norder = ${JSON.stringify(names)}\n[acts]\n${lines.join('\n')}\n`;
    writeFileSync(path, text);
    return { args: [bin, 'check', path], env };
  };
  const best = async (acts: number) => {
    const timed = file(acts);
    const times: number[] = [];
    for (let round = 0; round < 7; round += 1) times.push(await runNode(timed));
    return Math.min(...times);
  };
  const [start, half, whole] = [await best(1), await best(10_000), await best(20_000)] as const;
  const ratio = (whole - start) / (half - start);
  say(
    '`check` of 20,000 acts against 10,000, less the start',
    `${(whole - start).toFixed(0)} ms`,
    `${(half - start).toFixed(0)} ms`,
    ratio.toFixed(2),
    'about 2',
  );
}

function smallNarrative(at: number): string {
  return `[narrative]
name = "narrative_${at}"
model = "gemini-flash-lite-latest"
temperature = 0.7

[toc]
order = ["draft", "final"]

[acts]
draft = "Write a short post about number ${at}."

[acts.final]
max_tokens = 2000
[[acts.final.input]]
type = "text"
content = "Give it one title."
`;
}
