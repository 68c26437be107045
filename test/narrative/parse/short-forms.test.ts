import { describe, expect, test } from 'vitest';
import type { Narrative } from '../../../src/narrative/narrative.js';
import { checkSource, collectProblems } from '../check-source.js';
import { testRule } from '../test-rule.js';

/** Loads a narrative that must have no problems. */
async function load(source: string): Promise<Narrative | undefined> {
  expect(await collectProblems(source)).toEqual([]);
  return (await checkSource(source)).narrative;
}

const header = '[narrative]\nname = "x"\n';

describe('short forms', () => {
  const long = `${header}[toc]\norder = ["look", "say"]\n[media.dot]\nfile = "dot.png"\n[acts.look]\ninput = [{ type = "image", ref = "media.dot" }, { type = "text", content = "Look." }]\n[acts.say]\ntemperature = 1\ninput = [{ type = "text", content = "Say {{look}}." }]\n`;

  test('mean the same as the long form, also under the older table name [metadata]', async () => {
    const short = `[metadata]\nname = "x"\n[media.dot]\nfile = "dot.png"\n[acts.look]\nprompt = "Look."\nmedia = ["media.dot"]\n[acts.say]\nprompt = "Say {{look}}."\ntemperature = 1\n`;
    expect(await load(short)).toEqual(await load(long));
  });

  test('allow media without a prompt', async () => {
    const narrative = await load(`${header}[media.dot]\nfile = "dot.png"\n[acts.a]\nmedia = ["media.dot"]\n`);
    expect(narrative?.acts[0]?.inputs).toMatchObject([{ type: 'image', name: 'dot.png' }]);
  });

  test('run the acts in the order of the file, whatever their names', async () => {
    const source = `${header}[acts]\n10 = "Ten."\nb = "B."\n9 = "Nine."\ntoString = "S."\n2.prompt = "Two."\n[acts.1]\nprompt = "One."\n[acts.a]\nprompt = "A."\n`;
    const narrative = await load(source);
    expect(narrative?.acts.map(({ name }) => name)).toEqual(['10', 'b', '9', 'toString', '2', '1', 'a']);
  });

  test('allow no placeholder for an act that is later in the file', async () => {
    expect(await collectProblems(`${header}[acts]\n2 = "Two {{1}}."\n1 = "One {{2}}."\n`)).toEqual([
      '4:10 not-played-yet: {{1}} has no value: the act "1" has not run when this text is used',
    ]);
  });
});

testRule('conflicting-keys, missing-key of an act', [
  [
    'reports a prompt beside inputs',
    `${header}[acts.a]\nprompt = "x"\ninput = [{ type = "text", content = "y" }]\n`,
    '4:1 conflicting-keys: [acts.a] has both "prompt" and "input"; move the prompt into an input',
  ],
  [
    'reports media beside inputs',
    `${header}[acts.a]\ninput = [{ type = "text", content = "y" }]\nmedia = []\n`,
    '5:1 conflicting-keys: [acts.a] has both "media" and "input"; move the media into an input',
    '5:9 empty-prompt: "media" in [acts.a] is empty',
  ],
  [
    'reports a text input without a source, and one with two sources',
    `${header}[acts.a]\ninput = [{ type = "text" }, { type = "text", content = "y", file = "z" }]\n`,
    '4:10 missing-key: [[acts.a.input]] has none of "content", "file"',
    '4:29 conflicting-keys: [[acts.a.input]] has both "content" and "file"',
  ],
]);

testRule('unknown-media, wrong-type, empty-prompt, empty-order of the short forms', [
  [
    'suggests the name with its prefix',
    `${header}[media.dot]\nfile = "dot.png"\n[acts.a]\nmedia = ["dot", "media.dto", "media.dot"]\n`,
    '6:10 unknown-media: "dot" is not defined in [media] → media.dot',
    '6:17 unknown-media: "media.dto" is not defined in [media] → media.dot',
  ],
  [
    'shows how to write a single medium, which must be in an array',
    `${header}[media.dot]\nfile = "dot.png"\n[acts.a]\nmedia = "media.dot"\n`,
    '6:9 wrong-type: "media" in [acts.a] must be an array, not a string; write media = ["media.dot"]',
  ],
  ['reports an empty prompt', `${header}[acts.a]\nprompt = " "\n`, '4:10 empty-prompt: "prompt" in [acts.a] is empty'],
  ['reports a file without acts', `${header}[acts]\n`, '3:2 empty-order: [acts] is empty; define at least one act'],
]);

testRule('missing-order', [
  [
    'requires [toc] in a file that nests a narrative, and points at the reference, not at a prompt that looks like a reference',
    `${header}[acts]\na = "Hello."\nb = ["narrative:c d", "narrative:missing"]\n`,
    '5:23 missing-order: the act "b" runs a narrative, so the file needs [toc] with an "order"',
    '5:23 narrative-not-found: the narrative "missing.toml" does not exist',
  ],
]);
