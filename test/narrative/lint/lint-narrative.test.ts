import { expect, it } from 'vitest';
import { builtInModels, defaultModel } from '../../../src/facts/models.js';
import { lintNarrative } from '../../../src/narrative/lint/lint-narrative.js';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import { readNarrativeTable } from '../../../src/narrative/parse/read-narrative.js';
import { createDiagnostics } from '../../../src/toml/create-diagnostics.js';
import { readToml } from '../../../src/toml/read-toml.js';
import { formatDiagnostics, mediaFolder } from '../check-source.js';
import { type RuleCase, testRuleWith } from '../test-rule.js';

/** What a friend would say of a file, whether or not this version reads all of its keys. */
async function lintText(text: string): Promise<string[]> {
  const read = await readToml(Buffer.from(text));
  if ('diagnostic' in read) throw new Error(read.diagnostic.message);
  const inner = { read: () => undefined };
  const draft = readNarrativeTable({ table: read.table, folder: mediaFolder, inner, isFromStdin: false });
  for (const task of draft.pending) await task();
  const { narrative, referencesByAct } = draft.finish();
  const context = { orderedActs: narrative.acts, usedVariables: new Set<string>(), referencesByAct };
  return formatDiagnostics(await createDiagnostics(lintNarrative(read.table, context), text));
}

const narrative = (settings: string) => `[narrative]\nname = "x"\n${settings}\n[toc]\norder = ["a"]\n[acts]\na = "x"\n`;
const act = (settings: string) =>
  `[narrative]\nname = "x"\n[toc]\norder = ["a"]\n[acts.a]\ninput = [{ type = "text", content = "x" }]\n${settings}\n`;

const rule = (name: string, cases: RuleCase[]) => testRuleWith(lintText, name, cases);

rule('retired-model', [
  [
    'says when, wherever the model is named',
    `${narrative('model = "gemini-2.0-flash"\nfallback = ["models/gemini-2.5-pro"]')}[acts.b]\nmodel = "gemini-2.5-flash"\n`,
    `~ 3:9 retired-model: "model" in [narrative] is "gemini-2.0-flash"; Google's date for its shutdown is 2026-06-01`,
    `~ 4:13 retired-model: element 1 of "fallback" in [narrative] is "gemini-2.5-pro"; Google's date for its shutdown is 2026-12-01`,
    `~ 10:9 retired-model: "model" in [acts.b] is "gemini-2.5-flash"; Google's date for its shutdown is 2026-12-01`,
  ],
]);

rule('unknown-model', [
  [
    'suggests the model that was meant',
    act('model = "gemini-3.8-flsh"'),
    '~ 7:9 unknown-model: "model" in [acts.a] is "gemini-3.8-flsh", which is no model that this version knows → gemini-3.8-flash',
  ],
  [
    'suggests none that retires',
    act('model = "gemini-1.5-pro"'),
    '~ 7:9 unknown-model: "model" in [acts.a] is "gemini-1.5-pro", which is no model that this version knows',
  ],
  [
    'has nothing to suggest for a model of another house',
    narrative('model = "gpt-4o"'),
    '~ 3:9 unknown-model: "model" in [narrative] is "gpt-4o", which is no model that this version knows',
  ],
  ['knows an older name of the table', narrative(`model = "models/${defaultModel}"`)],
  [
    'is silent on what is younger than its table',
    narrative('model = "gemini-3.10-flash"\nfallback = ["gemini-4-pro"]'),
  ],
  ['is silent on tuned models and Gemma', narrative('model = "tunedModels/mine-1"\nfallback = ["gemma-4-31b-it"]')],
]);

rule('tokens-for-thoughts', [
  [
    'is about a small cap of a model that thinks',
    act('model = "gemini-3.8-flash"\nmax_tokens = 500'),
    '~ 8:14 tokens-for-thoughts: "max_tokens" in [acts.a] is 500, which the thoughts of gemini-3.8-flash may use up: raise it, or set "thinking"',
  ],
  [
    'knows what the narrative says, and says it of the narrative once',
    `${narrative('model = "gemini-3.8-flash"\nmax_tokens = 100')}[acts.b]\nmax_tokens = 200\n[acts.c]\ntemperature = 1\n`,
    '~ 4:14 tokens-for-thoughts: "max_tokens" in [narrative] is 100, which the thoughts of gemini-3.8-flash may use up: raise it, or set "thinking"',
    '~ 10:14 tokens-for-thoughts: "max_tokens" in [acts.b] is 200, which the thoughts of gemini-3.8-flash may use up: raise it, or set "thinking"',
  ],
  [
    "knows the narrative's cap where an act alone names a model that thinks",
    `${narrative('max_tokens = 100')}[acts.b]\nmodel = "gemini-3.8-flash"\n[acts.c]\nmodel = "gemini-3.8-flash"\nthinking = "minimal"\n`,
    '~ 9:9 tokens-for-thoughts: "max_tokens" in [narrative] is 100, which the thoughts of gemini-3.8-flash may use up: raise it, or set "thinking"',
  ],
  [
    "knows the narrative's cap and model where an act alone asks for long thoughts",
    `${narrative('model = "gemini-3.8-flash"\nmax_tokens = 500\nthinking = "minimal"')}[acts.b]\nthinking = "high"\n`,
    '~ 11:12 tokens-for-thoughts: "max_tokens" in [narrative] is 500, which the thoughts of gemini-3.8-flash may use up: raise it, or set "thinking"',
  ],
  ['is silent where there is room', act('model = "gemini-3.8-flash"\nmax_tokens = 2000')],
  [
    'is silent where the model is told to think little',
    act('model = "gemini-3.8-flash"\nmax_tokens = 99\nthinking = 0'),
  ],
  ['is silent at the minimal level', act('model = "gemini-3.8-flash"\nmax_tokens = 99\nthinking = "minimal"')],
  ['is silent on models of which it is not known', act('max_tokens = 5')],
]);

rule('live-schema', [
  [
    'says that the model will not see the schema',
    act('model = "gemini-3.8-live"\nformat = "json"\nschema = { type = "object" }'),
    "~ 9:1 live-schema: gemini-3.8-live is a Live model, which can't be given a schema: say it in the prompt too",
  ],
  [
    'says so of JSON without a schema too, and of the model of the narrative',
    `[narrative]\nname = "x"\nmodel = "gemini-3.8-live"\n[toc]\norder = ["a"]\n[acts.a]\nformat = "json"\n`,
    "~ 7:1 live-schema: gemini-3.8-live is a Live model, which can't be told to write JSON: say it in the prompt too",
  ],
]);

rule('live-unsupported', [
  [
    'is about stop sequences, which the Live API has not',
    act('model = "gemini-3.8-live"\nstop = ["END"]'),
    '~ 8:1 live-unsupported: gemini-3.8-live is a Live model, and the Live API has no stop sequences: the act would fail',
  ],
  [
    'is about thinking, where the model thinks as it likes',
    act('model = "models/gemini-3.8-live"\nthinking = "low"'),
    "~ 8:1 live-unsupported: gemini-3.8-live is a Live model, which can't be told how long to think: the act would fail",
  ],
  [
    "knows the narrative's settings, and says it of the narrative once",
    `${narrative('model = "gemini-3.8-live"\nstop = ["END"]')}[acts.b]\ntemperature = 1\n`,
    '~ 4:1 live-unsupported: gemini-3.8-live is a Live model, and the Live API has no stop sequences: the act would fail',
  ],
  [
    'is told of the act that alone names a Live model',
    `${narrative('stop = ["END"]')}[acts.b]\nmodel = "gemini-3.8-live"\n[acts.c]\nmodel = "gemini-3.8-live"\nstop = []\n`,
    '~ 9:1 live-unsupported: gemini-3.8-live is a Live model, and the Live API has no stop sequences: the act would fail',
  ],
  ['lets models that can be told think', act('model = "gemini-3.1-flash-live-preview"\nthinking = "low"')],
]);

rule('misspelt-reference', [
  [
    'finds "media." misspelt, and a medium in another notation',
    `[acts]\na = ["medai.logo", "media/logo", "x"]\nb = "Media: logos"\n[acts.c]\ninput = [{ type = "text", content = "meda.logo" }, { ref = "media.logo" }]\n[media.logo]\nfile = "x"\n`,
    '~ 2:6 misspelt-reference: element 1 of "a" in [acts] is sent as the text "medai.logo", but looks like a reference → media.logo',
    '~ 2:20 misspelt-reference: element 2 of "a" in [acts] is sent as the text "media/logo", but looks like a reference → media.logo',
    '~ 3:5 misspelt-reference: "b" in [acts] is sent as the text "Media: logos", but looks like a reference → media.logo',
    '~ 5:37 misspelt-reference: "content" in [[acts.c.input]] is sent as the text "meda.logo", but looks like a reference: a medium is shown by an input of its type with ref = "media.logo"',
  ],
  [
    'finds a reference where only a text can stand',
    `[acts.c]\ninput = [{ type = "text", content = "media.logo" }, { type = "text", content = "narrative:x" }]\n[media.logo]\nfile = "x"\n`,
    '~ 2:37 misspelt-reference: "content" in [[acts.c.input]] is sent as the text "media.logo", but looks like a reference: a medium is shown by an input of its type with ref = "media.logo"',
    '~ 2:80 misspelt-reference: "content" in [[acts.c.input]] is sent as the text "narrative:x", but looks like a reference: to play it, write the act as an array of strings, with "narrative:x" among them',
  ],
  [
    'finds "narrative:" misspelt',
    '[acts]\na = "narative:review"\n',
    '~ 2:5 misspelt-reference: "a" in [acts] is sent as the text "narative:review", but looks like a reference → narrative:review',
  ],
  [
    'finds a narrative whose name has a space in it',
    '[acts]\na = "narrative:two words"\nb = "narrative: tell a story"\n',
    '~ 2:5 misspelt-reference: "a" in [acts] is sent as the text "narrative:two words", but looks like a reference: a narrative that is played has no space in its name',
  ],
  [
    'takes sentences and other words for what they are',
    '[acts]\na = ["media.logo", "medium.com", "Translate: media.logo", "e.g. a logo", "a/b", "media"]\n[media.logo]\nfile = "x"\n',
  ],
]);

rule('unused-media', [
  [
    'is a medium that no act shows',
    `[acts]\nx = ["media.one"]\n[[acts.y.input]]\ntype = "image"\nref = "media.two"\n[media]\none.file = "x"\ntwo.file = "x"\nthree.file = "x"\n`,
    '~ 9:1 unused-media: no act uses the medium "three"',
  ],
]);

const order = (context: string, acts: string) =>
  `[narrative]\nname = "x"\n${context}\n[toc]\norder = ["a", "b", "c"]\n[acts]\n${acts}`;

rule('unread-reply', [
  [
    'is an act that no later one sees, where others do',
    order('context = "none"', 'a = "x"\nb = "y"\nc = "{{a}}"\n'),
    '~ 8:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'knows the context of each act',
    order('', 'a = "x"\nb.context = "none"\nc.context = ["b"]\n'),
    '~ 7:1 unread-reply: no later act sees the reply of "a"',
  ],
  ['takes independent acts for what they are', order('context = "none"', 'a = "x"\nb = "y"\nc = "z"\n')],
  ['is silent where the last one sees all', order('', 'a = "x"\nb.context = "none"\nc = "z"\n')],
  [
    'knows the system text of the narrative, and the acts that have another',
    order('context = "none"\nsystem = "Like {{a}}"', 'a.system = ""\nb.system = ""\nc = "x"\n'),
    '~ 9:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'knows the names of the media that an act shows',
    `${order('context = "none"', 'a = "x"\nb = "y"\nc = ["media.m"]\n')}[media.m]\nfile = "{{a}}.png"\n`,
    '~ 8:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'knows that a narrative which plays in an act sees nothing of those before it',
    order('context = ["a"]', 'a = "x"\nb = "y"\nc = "narrative:d"\n'),
    '~ 8:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'takes braces for text where templates are off',
    order('context = "none"\ntemplates = false', 'a = "x"\nb.context = ["a"]\nc = "{{b}}"\n'),
    '~ 9:1 unread-reply: no later act sees the reply of "b"',
  ],
  ['is silent on chains', order('context = "previous"', 'a = "x"\nb = "y"\nc = "{{previous}}"\n')],
]);

it('media that a Live model can not be shown are told of, however an act names them', async () => {
  const source = `[narrative]
name = "x"
model = "gemini-3.8-live"
[toc]
order = ["string", "array", "table", "written"]
[media]
paper.file = "paper.pdf"
film.url = "https://youtu.be/abc"
dot.file = "dot.png"
[acts]
string = "media.paper"
array = ["media.dot", "media.film", "What is it?"]
table.input = [{ type = "image", ref = "media.dot" }, { type = "document", ref = "media.paper" }]
[acts.written]
model = "gemini-3.8-flash"
input = [{ type = "document", file = "paper.pdf" }]
`;
  const content = { file: 'x.toml', bytes: Buffer.from(source), folder: mediaFolder };
  const { diagnostics } = await checkNarrative(content, { lint: lintNarrative });
  const live =
    'gemini-3.8-live is a Live model, which takes text, pictures and sound, and those as bytes: the act would fail';
  expect(formatDiagnostics(diagnostics)).toEqual([
    `~ 11:10 live-unsupported: "string" in [acts] can't be shown: ${live}`,
    `~ 12:23 live-unsupported: element 2 of "array" in [acts] can't be shown: ${live}`,
    `~ 13:55 live-unsupported: element 2 of "input" in [acts.table] can't be shown: ${live}`,
  ]);
});

it('advice is given on a narrative without fault alone, and takes time that grows linearly', async () => {
  const names = Array.from({ length: 5000 }, (_, at) => `act_${at}`);
  const lines = names.map((name) => `${name} = "{{previous}} media.x"`).join('\n');
  const text = `[narrative]\nname = "x"\ncontext = "none"\n[toc]\norder = ${JSON.stringify(names)}\n[acts]\n${lines}\n`;
  expect(await lintText(text)).toEqual([]);
});

it('the default model is one that is known', () => {
  expect(builtInModels.has(defaultModel)).toBe(true);
});
