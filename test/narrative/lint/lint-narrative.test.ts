import { expect, it } from 'vitest';
import { builtInModels, defaultModel } from '../../../src/facts/models.js';
import { lintNarrative } from '../../../src/narrative/lint/lint-narrative.js';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import { readNarrative } from '../../../src/narrative/parse/read-narrative.js';
import { createDiagnostics } from '../../../src/toml/create-diagnostics.js';
import { readToml } from '../../../src/toml/read-toml.js';
import { formatDiagnostics, mediaFolder } from '../check-source.js';
import { type RuleCase, testRule } from '../test-rule.js';

/** Returns the warnings of `lintNarrative` about `text`: TOML that need not be a valid narrative. */
async function lintText(text: string, override: { model?: string; now?: number } = {}): Promise<string[]> {
  const read = readToml(Buffer.from(text));
  if (!read.ok) throw new Error((await read.diagnose()).message);
  const readNested = () => undefined;
  const pendingNarrative = readNarrative({
    table: read.table,
    folder: mediaFolder,
    readNested,
    isFromStdin: false,
  });
  for (const task of pendingNarrative.pending) await task();
  const { narrative, referencesByAct } = pendingNarrative.finish();
  const now = Date.parse('2026-11-30');
  const context = { actsToRun: narrative.acts, usedVariables: new Set<string>(), referencesByAct, now, ...override };
  return formatDiagnostics(await createDiagnostics(lintNarrative(read.table, context), text));
}

const narrative = (settings: string) => `[narrative]\nname = "x"\n${settings}\n[toc]\norder = ["a"]\n[acts]\na = "x"\n`;
const act = (settings: string) =>
  `[narrative]\nname = "x"\n[toc]\norder = ["a"]\n[acts.a]\ninput = [{ type = "text", content = "x" }]\n${settings}\n`;

const rule = (name: string, cases: RuleCase[]) => testRule(name, cases, (text) => lintText(text));

rule('retired-model', [
  [
    'reports the shutdown date wherever the model is named',
    `${narrative('model = "gemini-2.0-flash"\nfallback = ["models/gemini-2.5-pro"]')}[acts.b]\nmodel = "gemini-2.5-flash"\n`,
    `warning 3:9 retired-model: "model" in [narrative] is "gemini-2.0-flash", which Google shut down on 2026-06-01`,
    `warning 4:13 retired-model: element 1 of "fallback" in [narrative] is "gemini-2.5-pro", which Google shuts down on 2026-12-01; gemini-3.8-flash then serves requests for it, at the price of gemini-3.8-flash`,
    `warning 10:9 retired-model: "model" in [acts.b] is "gemini-2.5-flash", which Google shuts down on 2026-12-01; gemini-3.5-flash-lite then serves requests for it, at the price of gemini-3.5-flash-lite`,
  ],
]);

it('says that another model serves the requests for a retired one', async () => {
  const text = await lintText(narrative('model = "gemini-2.5-pro"'), { now: Date.parse('2026-12-01') });
  expect(text.join()).toContain('which Google shut down on 2026-12-01; gemini-3.8-flash now serves requests for it');
});

rule('unknown-model', [
  [
    'suggests the nearest model',
    act('model = "gemini-3.8-flsh"'),
    'warning 7:9 unknown-model: "model" in [acts.a] is "gemini-3.8-flsh", which is not a model known to this version → gemini-3.8-flash',
  ],
  [
    'does not suggest a retired model',
    act('model = "gemini-1.5-pro"'),
    'warning 7:9 unknown-model: "model" in [acts.a] is "gemini-1.5-pro", which is not a model known to this version',
  ],
  [
    'suggests nothing for a model of another provider',
    narrative('model = "gpt-4o"'),
    'warning 3:9 unknown-model: "model" in [narrative] is "gpt-4o", which is not a model known to this version',
  ],
  ['accepts a known model with prefix', narrative(`model = "models/${defaultModel}"`)],
  [
    'accepts models newer than the table of facts',
    narrative('model = "gemini-3.10-flash"\nfallback = ["gemini-5-pro"]'),
  ],
  ['accepts tuned models and Gemma', narrative('model = "tunedModels/mine-1"\nfallback = ["gemma-4-31b-it"]')],
]);

rule('unsupported-thinking', [
  [
    'names the levels of the model',
    act('model = "gemini-4-argon"\nthinking = "minimal"'),
    'warning 8:12 unsupported-thinking: "thinking" in [acts.a] is "minimal", which is not supported by gemini-4-argon, whose levels are "low", "medium", "high"',
  ],
  [
    'reports a number of tokens for Gemini 4',
    act('model = "models/gemini-4-neon"\nthinking = 1024'),
    'warning 8:12 unsupported-thinking: "thinking" in [acts.a] is 1024, which is not supported by gemini-4-neon, whose levels are "low", "medium", "high", "xhigh"',
  ],
  [
    'reports a level for a model that accepts only a number',
    act('model = "gemini-2.5-flash-lite"\nthinking = "low"'),
    'warning 8:12 unsupported-thinking: "thinking" in [acts.a] is "low", which is not supported by gemini-2.5-flash-lite, which accepts only a number of tokens',
  ],
  [
    'reports a setting of the narrative once for its model, and once for each act with another model',
    `${narrative('model = "gemini-3.8-flash"\nthinking = "xhigh"')}[acts.b]\nsystem = "x"\n[acts.c]\nmodel = "gemini-4-carbon"\n`,
    'warning 4:12 unsupported-thinking: "thinking" in [narrative] is "xhigh", which is not supported by gemini-3.8-flash, whose levels are "low", "medium", "high"',
    'warning 12:9 unsupported-thinking: "thinking" in [narrative] is "xhigh", which is not supported by gemini-4-carbon, whose levels are "low", "medium", "high"',
  ],
  ['accepts what the model supports', act('model = "gemini-4-hydrogen"\nthinking = "xhigh"')],
  [
    'accepts any level for a model whose levels are unknown',
    act('model = "gemini-flash-lite-latest"\nthinking = "xhigh"'),
  ],
]);

rule('unsupported-image', [
  [
    'names the sizes of the model',
    act('model = "gemini-3.1-flash-lite-image"\nimage = { size = "2K" }'),
    'warning 8:9 unsupported-image: "image" in [acts.a] has the size "2K", which is not supported by gemini-3.1-flash-lite-image, whose sizes are "1K"',
  ],
  [
    'reports a shape that only some models draw',
    act('model = "gemini-3-pro-image"\nimage = { aspect_ratio = "1:8" }'),
    'warning 8:9 unsupported-image: "image" in [acts.a] has the aspect_ratio "1:8", which is not supported by gemini-3-pro-image, whose aspect ratios are "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"',
  ],
  [
    'reports a model that does not draw',
    act('model = "gemini-3.8-flash"\nimage = { size = "1K" }'),
    'warning 8:9 unsupported-image: "image" in [acts.a] has no effect on gemini-3.8-flash, which does not draw',
  ],
  [
    'accepts what the model draws',
    act('model = "gemini-3.1-flash-image"\nimage = { aspect_ratio = "1:8", size = "512" }'),
  ],
]);

rule('ignored-sampling', [
  [
    'reports each parameter that the model ignores',
    act('model = "gemini-4-argon"\ntemperature = 0.2\ntop_p = 0.9\ntop_k = 5\nseed = 1'),
    'warning 8:15 ignored-sampling: "temperature" in [acts.a] has no effect on gemini-4-argon',
    'warning 9:9 ignored-sampling: "top_p" in [acts.a] has no effect on gemini-4-argon',
    'warning 10:9 ignored-sampling: "top_k" in [acts.a] has no effect on gemini-4-argon',
  ],
  ['accepts sampling parameters for older models', act('model = "gemini-3.5-flash"\ntemperature = 0.2')],
]);

rule('tokens-above-limit', [
  [
    'reports a limit above the longest reply of the model',
    act('model = "gemini-3.8-flash"\nmax_tokens = 65537'),
    'warning 8:14 tokens-above-limit: "max_tokens" in [acts.a] is 65537, but a reply of gemini-3.8-flash has at most 65536 tokens',
  ],
  ['accepts a reply of Gemini 4 that takes several requests', act('model = "gemini-4-argon"\nmax_tokens = 500000')],
]);

it('checks a narrative for the model of --model instead of the models that it names', async () => {
  const text = `${narrative('model = "gemini-3.5-flash"\nthinking = "minimal"')}[acts.b]\nmodel = "gemini-2.0-flash"\n`;
  expect(await lintText(text, { model: 'gemini-4-argon' })).toEqual([
    'warning 4:12 unsupported-thinking: "thinking" in [narrative] is "minimal", which is not supported by gemini-4-argon, whose levels are "low", "medium", "high"',
  ]);
  expect(await lintText(text, { model: 'gemini-2.0-flash' })).toEqual([
    'warning 1:2 retired-model: --model is "gemini-2.0-flash", which Google shut down on 2026-06-01',
  ]);
  expect(await lintText(text, { model: 'gemini-3.5-flash' })).toEqual([]);
});

rule('tokens-for-thoughts', [
  [
    'reports a small limit for a thinking model',
    act('model = "gemini-3.8-flash"\nmax_tokens = 500'),
    'warning 8:14 tokens-for-thoughts: "max_tokens" in [acts.a] is 500, which the thinking of gemini-3.8-flash may use up; raise it or set "thinking"',
  ],
  [
    'reports a limit of the narrative once, and the limit of an act in addition',
    `${narrative('model = "gemini-3.8-flash"\nmax_tokens = 100')}[acts.b]\nmax_tokens = 200\n[acts.c]\nseed = 1\n`,
    'warning 4:14 tokens-for-thoughts: "max_tokens" in [narrative] is 100, which the thinking of gemini-3.8-flash may use up; raise it or set "thinking"',
    'warning 10:14 tokens-for-thoughts: "max_tokens" in [acts.b] is 200, which the thinking of gemini-3.8-flash may use up; raise it or set "thinking"',
  ],
  [
    'applies the limit of the narrative to the model of an act',
    `${narrative('max_tokens = 100')}[acts.b]\nmodel = "gemini-3.8-flash"\n[acts.c]\nmodel = "gemini-3.6-flash"\nthinking = "minimal"\n`,
    'warning 9:9 tokens-for-thoughts: "max_tokens" in [narrative] is 100, which the thinking of gemini-3.8-flash may use up; raise it or set "thinking"',
  ],
  [
    'applies the limit and model of the narrative to the thinking of an act',
    `${narrative('model = "gemini-3.6-flash"\nmax_tokens = 500\nthinking = "minimal"')}[acts.b]\nthinking = "high"\n`,
    'warning 11:12 tokens-for-thoughts: "max_tokens" in [narrative] is 500, which the thinking of gemini-3.6-flash may use up; raise it or set "thinking"',
  ],
  ['accepts a large limit', act('model = "gemini-3.8-flash"\nmax_tokens = 2000')],
  ['accepts a small limit if thinking is turned off', act('model = "gemini-3.8-flash"\nmax_tokens = 99\nthinking = 0')],
  ['accepts minimal thinking', act('model = "gemini-3.6-flash"\nmax_tokens = 99\nthinking = "minimal"')],
  ['accepts a small limit if no model is named', act('max_tokens = 5')],
]);

rule('live-schema', [
  [
    'reports a schema',
    act('model = "gemini-3.8-live"\nformat = "json"\nschema = { type = "object" }'),
    'warning 9:1 live-schema: gemini-3.8-live is a Live model, which cannot be forced to follow a schema; describe it in the prompt as well',
  ],
  [
    'reports JSON without a schema, in an act with the Live model of the narrative',
    `[narrative]\nname = "x"\nmodel = "gemini-3.8-live"\n[toc]\norder = ["a"]\n[acts.a]\nformat = "json"\n`,
    'warning 7:1 live-schema: gemini-3.8-live is a Live model, which cannot be forced to reply in JSON; ask for JSON in the prompt as well',
  ],
]);

rule('live-unsupported', [
  [
    'reports stop sequences',
    act('model = "gemini-3.8-live"\nstop = ["END"]'),
    'warning 8:1 live-unsupported: gemini-3.8-live is a Live model, and the Live API has no stop sequences; the act would fail',
  ],
  [
    'reports thinking for a model with fixed thinking',
    act('model = "models/gemini-3.8-live"\nthinking = "low"'),
    'warning 8:1 live-unsupported: gemini-3.8-live is a Live model, whose thinking is not configurable; the act would fail',
  ],
  [
    'reports settings of the narrative once',
    `${narrative('model = "gemini-3.8-live"\nstop = ["END"]')}[acts.b]\ntemperature = 1\n`,
    'warning 4:1 live-unsupported: gemini-3.8-live is a Live model, and the Live API has no stop sequences; the act would fail',
  ],
  [
    'reports inherited settings at the act that names a Live model',
    `${narrative('stop = ["END"]')}[acts.b]\nmodel = "gemini-3.8-live"\n[acts.c]\nmodel = "gemini-3.8-live"\nstop = []\n`,
    'warning 9:1 live-unsupported: gemini-3.8-live is a Live model, and the Live API has no stop sequences; the act would fail',
  ],
  [
    'accepts thinking for a Live model that supports it',
    act('model = "gemini-3.1-flash-live-preview"\nthinking = "low"'),
  ],
  [
    'reports tools other than google_search',
    act('model = "gemini-3.8-live"\ntools = ["google_search", "url_context"]'),
    'warning 8:1 live-unsupported: gemini-3.8-live is a Live model, and the Live API does not have the tool url_context; the act would fail',
  ],
  [
    'reports tools of the narrative at the act that names a Live model',
    `${narrative('tools = ["code_execution"]')}[acts.b]\nmodel = "gemini-3.8-live"\n[acts.c]\nmodel = "gemini-3.8-live"\ntools = []\n`,
    'warning 9:1 live-unsupported: gemini-3.8-live is a Live model, and the Live API does not have the tool code_execution; the act would fail',
  ],
]);

rule('tools-with-json', [
  [
    'reports tools of a model that rejects them together with JSON',
    act('model = "gemini-2.5-flash-lite"\ntools = ["google_search"]\nformat = "json"'),
    'warning 9:10 tools-with-json: "format" in [acts.a] is "json", which gemini-2.5-flash-lite rejects together with tools; the act would fail',
  ],
  [
    'considers the tools and the model of the narrative, unless the act has an empty list of tools',
    `${narrative('model = "gemini-2.5-flash-lite"\ntools = ["url_context"]')}[acts.b]\nformat = "json"\nprompt = "x"\n[acts.c]\nformat = "json"\nprompt = "x"\ntools = []\n`,
    'warning 10:10 tools-with-json: "format" in [acts.b] is "json", which gemini-2.5-flash-lite rejects together with tools; the act would fail',
  ],
  [
    'accepts tools together with JSON for later models',
    act('model = "gemini-3.8-flash"\ntools = ["google_search"]\nformat = "json"'),
  ],
  ['accepts tools without JSON for every model', act('model = "gemini-2.5-flash-lite"\ntools = ["google_search"]')],
]);

rule('own-resolution', [
  ...['gemini-2.5-flash-lite', 'gemini-3.8-live'].map((model): RuleCase => {
    const reason = model.includes('live') ? 'is a Live model, which has one resolution for all media' : 'rejects it';
    return [
      `reports the resolution of a single medium for ${model}`,
      `[narrative]\nname = "x"\nmodel = "${model}"\n[acts.a]\nprompt = "x"\nmedia = ["media.dot"]\n[media.dot]\nfile = "dot.png"\nmedia_resolution = "low"\n`,
      `warning 4:7 own-resolution: the act "a" has a medium with its own "media_resolution", but ${model} ${reason}; set "media_resolution" for the act instead`,
    ];
  }),
  [
    'accepts the resolution of a single medium for Gemini 3, and that of a narrative for every model',
    `[narrative]\nname = "x"\nmodel = "gemini-2.5-flash-lite"\nmedia_resolution = "high"\n[acts.a]\nmodel = "gemini-3.8-flash"\nprompt = "x"\nmedia = ["media.dot"]\n[acts]\nb = "x"\n[media.dot]\nfile = "dot.png"\nmedia_resolution = "low"\n`,
  ],
]);

rule('ignored-service-tier', [
  [
    'reports a service tier of an act with a Live model',
    act('model = "gemini-3.8-live"\nservice_tier = "flex"'),
    'warning 8:1 ignored-service-tier: gemini-3.8-live is a Live model, on which service_tier has no effect',
  ],
  [
    'reports an inherited service tier at the act that names a Live model',
    `${narrative('service_tier = ["flex", "standard"]')}[acts.b]\nmodel = "gemini-3.8-live"\n`,
    'warning 9:1 ignored-service-tier: gemini-3.8-live is a Live model, on which service_tier has no effect',
  ],
  ['accepts a service tier of other models', act('model = "gemini-3.8-flash"\nservice_tier = "flex"')],
]);

rule('misspelt-reference', [
  [
    'finds a misspelt "media.", and references in another notation such as "media/logo"',
    `[acts]\na = ["medai.logo", "media/logo", "x"]\nb = "Media: logos"\n[acts.c]\ninput = [{ type = "text", content = "meda.logo" }, { ref = "media.logo" }]\n[media.logo]\nfile = "x"\n`,
    'warning 2:6 misspelt-reference: element 1 of "a" in [acts] is sent as the text "medai.logo", but looks like a reference → media.logo',
    'warning 2:20 misspelt-reference: element 2 of "a" in [acts] is sent as the text "media/logo", but looks like a reference → media.logo',
    'warning 3:5 misspelt-reference: "b" in [acts] is sent as the text "Media: logos", but looks like a reference → media.logo',
    'warning 5:37 misspelt-reference: "content" in [[acts.c.input]] is sent as the text "meda.logo", but looks like a reference; to send the media, write an input with ref = "media.logo" and the type of the media, such as type = "image"',
  ],
  [
    'finds a correct reference that is the content of a text input',
    `[acts.c]\ninput = [{ type = "text", content = "media.logo" }, { type = "text", content = "narrative:x" }]\n[media.logo]\nfile = "x"\n`,
    'warning 2:37 misspelt-reference: "content" in [[acts.c.input]] is sent as the text "media.logo", but looks like a reference; to send the media, write an input with ref = "media.logo" and the type of the media, such as type = "image"',
    'warning 2:80 misspelt-reference: "content" in [[acts.c.input]] is sent as the text "narrative:x", but looks like a reference; to run the narrative, write the act as an array of strings that contains "narrative:x"',
  ],
  [
    'finds a misspelt "narrative:"',
    '[acts]\na = "narative:review"\n',
    'warning 2:5 misspelt-reference: "a" in [acts] is sent as the text "narative:review", but looks like a reference → narrative:review',
  ],
  [
    'finds a narrative name with a space',
    '[acts]\na = "narrative:two words"\nb = "narrative: tell a story"\n',
    'warning 2:5 misspelt-reference: "a" in [acts] is sent as the text "narrative:two words", but looks like a reference; the name of a nested narrative has no spaces',
  ],
  [
    'accepts sentences and other words',
    '[acts]\na = ["media.logo", "medium.com", "Translate: media.logo", "e.g. a logo", "a/b", "media"]\n[media.logo]\nfile = "x"\n',
  ],
]);

rule('unused-media', [
  [
    'reports media that no act uses',
    `[acts]\nx = ["media.one"]\n[[acts.y.input]]\ntype = "image"\nref = "media.two"\n[media]\none.file = "x"\ntwo.file = "x"\nthree.file = "x"\n`,
    'warning 9:1 unused-media: no act uses "media.three"',
  ],
]);

const renderThreeActs = (settings: string, acts: string) =>
  `[narrative]\nname = "x"\n${settings}\n[toc]\norder = ["a", "b", "c"]\n[acts]\n${acts}`;

rule('unread-reply', [
  [
    'reports an act whose reply no later act sees, if a later act sees the reply of another act',
    renderThreeActs('context = "none"', 'a = "x"\nb = "y"\nc = "{{a}}"\n'),
    'warning 8:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'considers the context of each act',
    renderThreeActs('', 'a = "x"\nb.context = "none"\nc.context = ["b"]\n'),
    'warning 7:1 unread-reply: no later act sees the reply of "a"',
  ],
  ['accepts independent acts', renderThreeActs('context = "none"', 'a = "x"\nb = "y"\nc = "z"\n')],
  ['accepts a last act with full context', renderThreeActs('', 'a = "x"\nb.context = "none"\nc = "z"\n')],
  [
    'considers the system instruction of the narrative and of acts',
    renderThreeActs('context = "none"\nsystem = "Like {{a}}"', 'a.system = ""\nb.system = ""\nc = "x"\n'),
    'warning 9:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'considers placeholders in the file or url of media',
    `${renderThreeActs('context = "none"', 'a = "x"\nb = "y"\nc = ["media.m"]\n')}[media.m]\nfile = "{{a}}.png"\n`,
    'warning 8:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'knows that a nested narrative sees no earlier acts',
    renderThreeActs('context = ["a"]', 'a = "x"\nb = "y"\nc = "narrative:d"\n'),
    'warning 8:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'ignores placeholders if templates are off',
    renderThreeActs('context = "none"\ntemplates = false', 'a = "x"\nb.context = ["a"]\nc = "{{b}}"\n'),
    'warning 9:1 unread-reply: no later act sees the reply of "b"',
  ],
  [
    'accepts acts that each see the previous one',
    renderThreeActs('context = "previous"', 'a = "x"\nb = "y"\nc = "{{previous}}"\n'),
  ],
]);

it('reports media that a Live model does not accept, whether the act is a string, an array or a table', async () => {
  const source = `[narrative]
name = "x"
model = "gemini-3.8-live"
[toc]
order = ["string", "array", "table", "not_live"]
[media]
paper.file = "paper.pdf"
film.url = "https://youtu.be/abc"
dot.file = "dot.png"
[acts]
string = "media.paper"
array = ["media.dot", "media.film", "What is it?"]
table.input = [{ type = "image", ref = "media.dot" }, { type = "document", ref = "media.paper" }]
[acts.not_live]
model = "gemini-3.8-flash"
input = [{ type = "document", file = "paper.pdf" }]
`;
  const content = { file: 'x.toml', bytes: Buffer.from(source), folder: mediaFolder };
  const { diagnostics } = await checkNarrative(content, { lint: lintNarrative });
  const live =
    'gemini-3.8-live is a Live model, which accepts only text, images and audio, and no media that the service reads from a URL; the act would fail';
  expect(formatDiagnostics(diagnostics)).toEqual([
    `warning 11:10 live-unsupported: "string" in [acts] can't be sent: ${live}`,
    `warning 12:23 live-unsupported: element 2 of "array" in [acts] can't be sent: ${live}`,
    `warning 13:55 live-unsupported: element 2 of "input" in [acts.table] can't be sent: ${live}`,
  ]);
});

it('lints five thousand acts within the time limit of a test', async () => {
  const names = Array.from({ length: 5000 }, (_, index) => `act_${index}`);
  const lines = names.map((name) => `${name} = "{{previous}} media.x"`).join('\n');
  const text = `[narrative]\nname = "x"\ncontext = "none"\n[toc]\norder = ${JSON.stringify(names)}\n[acts]\n${lines}\n`;
  expect(await lintText(text)).toEqual([]);
});

it('the table of models contains the default model', () => {
  expect(builtInModels.has(defaultModel)).toBe(true);
});
