import { expect, test } from 'vitest';
import { checkSource, collectProblems, renderHead } from '../check-source.js';
import { testRule } from '../test-rule.js';

const input = 'input = [{ type = "text", content = "x" }]\n';
/** Renders a narrative with one act. Its settings begin on line 6. */
const act = (settings: string) => `${renderHead('a')}[acts.a]\n${settings}\n${input}`;
const parametersOf = async (source: string) => (await checkSource(source)).narrative?.acts[0]?.parameters;

testRule('unknown-value', [
  [
    'lists the allowed values and suggests the nearest',
    act('thinking = "hig"\nformat = "jsn"'),
    '6:12 unknown-value: "thinking" in [acts.a] must be "minimal", "low", "medium", "high", "xhigh" or a whole number, not "hig" → high',
    '7:10 unknown-value: "format" in [acts.a] must be "text" or "json", not "jsn" → json',
  ],
  [
    'lists the tools and suggests the nearest',
    act('tools = ["google_serch", "url_context", "search"]\nmedia_resolution = "hi"'),
    '6:10 unknown-value: element 1 of "tools" in [acts.a] must be "google_search", "url_context" or "code_execution", not "google_serch" → google_search',
    '6:41 unknown-value: element 3 of "tools" in [acts.a] must be "google_search", "url_context" or "code_execution", not "search"',
    '7:20 unknown-value: "media_resolution" in [acts.a] must be "low", "medium" or "high", not "hi"',
  ],
  [
    'checks the resolution of media and inputs',
    `${renderHead('a')}[acts.a]\n[[acts.a.input]]\ntype = "image"\nfile = "dot.png"\nmedia_resolution = "hgh"\n[[acts.a.input]]\ntype = "image"\nref = "media.dot"\n[media.dot]\nfile = "dot.png"\nmedia_resolution = "ultra_high"\n`,
    '9:20 unknown-value: "media_resolution" in [[acts.a.input]] must be "low", "medium" or "high", not "hgh" → high',
    '15:20 unknown-value: "media_resolution" in [media.dot] must be "low", "medium" or "high", not "ultra_high"',
  ],
  [
    'checks safety categories and thresholds',
    `[narrative]\nname = "x"\nsafety = { harassment = "only_hig", harasment = "none" }\n[toc]\norder = ["a"]\n[acts]\na = "x"\n`,
    '3:25 unknown-value: "harassment" in [narrative.safety] must be "low_and_above", "medium_and_above", "only_high", "none" or "off", not "only_hig" → only_high',
    '3:37 unknown-key: unknown key "harasment" in [narrative.safety] → harassment',
  ],
  [
    'checks safety categories of an act, even if the act is named "safety"',
    `${renderHead('safety')}[acts.safety]\nmodle = "m"\n${input}[acts.safety.safety]\nhate_speach = "none"\n`,
    '6:1 unknown-key: unknown key "modle" in [acts.safety] → model',
    '9:1 unknown-key: unknown key "hate_speach" in [acts.safety.safety] → hate_speech',
  ],
]);

testRule('image', [
  [
    'lists the allowed shapes and sizes, and suggests the nearest key',
    act('image = { aspect_ratio = "16-9", siz = "1K" }').replace('[toc]', 'image = { size = "2k" }\n[toc]'),
    '3:18 unknown-value: "size" in [narrative.image] must be "512", "1K", "2K" or "4K", not "2k" → 2K',
    '7:26 unknown-value: "aspect_ratio" in [acts.a.image] must be "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8" or "8:1", not "16-9" → 16:9',
    '7:34 unknown-key: unknown key "siz" in [acts.a.image] → size',
  ],
  [
    'reports a value that is not a table',
    act('image = "16:9"'),
    '6:9 wrong-type: "image" in [acts.a] must be a table, not a string',
  ],
]);

testRule('media-json', [
  [
    'reports JSON replies of a model that draws',
    act('model = "gemini-3.1-flash-image"\nformat = "json"'),
    '7:10 media-json: "format" in [acts.a] is "json", but gemini-3.1-flash-image replies with pictures; remove "format", or use another model',
  ],
  [
    'reports JSON replies of a model that speaks, even if [narrative] names the model and the act does not',
    act('format = "json"').replace('[toc]', 'model = "models/gemini-3.8-flash-tts"\n[toc]'),
    '7:10 media-json: "format" in [acts.a] is "json", but gemini-3.8-flash-tts replies with speech; remove "format", or use another model',
  ],
  ['accepts text', act('model = "gemini-3.1-flash-image"\nformat = "text"')],
]);

testRule('wrong-type, out-of-range', [
  [
    'list what tools and media_resolution may be',
    act('tools = "google_search"\nmedia_resolution = 2'),
    '6:9 wrong-type: "tools" in [acts.a] must be an array, not a string; write tools = ["google_search"]',
    '7:20 wrong-type: "media_resolution" in [acts.a] must be "low", "medium" or "high", not a number',
  ],
  [
    'list what thinking, format and schema may be',
    act('thinking = 1.5\nformat = 3\nschema = 4'),
    '6:12 wrong-type: "thinking" in [acts.a] must be "minimal", "low", "medium", "high", "xhigh" or a whole number, not 1.5',
    '7:10 wrong-type: "format" in [acts.a] must be "text" or "json", not a number',
    '8:10 wrong-type: "schema" in [acts.a] must be a table or a file name, not a number',
  ],
  [
    'check the range of each parameter',
    act('top_p = 1.1\ntop_k = 0\nseed = 2147483648\nthinking = -1\nstop = [""]'),
    '6:9 out-of-range: "top_p" in [acts.a] must be at most 1, not 1.1',
    '7:9 out-of-range: "top_k" in [acts.a] must be at least 1, not 0',
    '8:8 out-of-range: "seed" in [acts.a] must be at most 2147483647, not 2147483648',
    '9:12 out-of-range: "thinking" in [acts.a] must be at least 0, not -1',
    '10:9 out-of-range: element 1 of "stop" in [acts.a] is empty',
  ],
  [
    'limit the number of stop sequences',
    act('stop = ["1", "2", "3", "4", "5", "6"]'),
    '6:8 out-of-range: "stop" in [acts.a] may have at most 5 elements, not 6',
  ],
]);

testRule('schema-without-json', [
  [
    'reports a schema without JSON',
    act('schema = { type = "object" }'),
    '6:1 schema-without-json: "schema" in [acts.a] requires format = "json"',
  ],
]);

testRule('schema-not-found', [
  ['reports an empty file name', act('format = "json"\nschema = ""'), '7:10 schema-not-found: the file name is empty'],
  [
    'points at the file name',
    act('format = "json"\nschema = "missing.json"'),
    '7:10 schema-not-found: the file "missing.json" does not exist',
  ],
]);

testRule('bad-schema', [
  [
    'points into a schema in the narrative, and suggests a value',
    `${act('format = "json"')}[acts.a.schema]\ntype = "object"\nrequired = "b"\n[acts.a.schema.properties.b]\ntype = "strng"\n`,
    '12:8 bad-schema: "type" in [acts.a.schema.properties.b] must be one of "array", "boolean", "integer", "null", "number", "object", "string" → string',
  ],
  [
    'points at elements of arrays',
    act('format = "json"\nschema.type = ["string", "nul"]'),
    '7:26 bad-schema: element 2 of "type" in [acts.a.schema] must be one of "array", "boolean", "integer", "null", "number", "object", "string" → null',
  ],
  [
    'reports unresolved references',
    act('format = "json"\nschema = { "$ref" = "#/$defs/x" }'),
    `7:10 bad-schema: "schema" in [acts.a] can't be used: can't resolve reference #/$defs/x from id #`,
  ],
  [
    'reports unknown dialects',
    act('format = "json"\nschema = { "$schema" = "http://json-schema.org/draft-04/schema#" }'),
    '7:24 bad-schema: "$schema" in [acts.a.schema] names an unknown dialect; supported are 2020-12 and draft-07',
  ],
  [
    'reports only the first value that JSON cannot represent',
    act('format = "json"\nschema.enum = [nan]\nschema.const = 2020-01-01'),
    `7:16 bad-schema: element 1 of "enum" in [acts.a.schema] is the number NaN, which JSON can't represent`,
  ],
  [
    'requires that a schema file is valid JSON, an object and a valid schema',
    `${renderHead('a', 'b', 'c')}[acts.a]\nformat = "json"\nschema = "../schemas/broken.json"\n${input}[acts.b]\nformat = "json"\nschema = "../schemas/list.json"\n${input}[acts.c]\nformat = "json"\nschema = "../schemas/wrong.json"\n${input}`,
    expect.stringMatching(/^7:10 bad-schema: the file "\.\.\/schemas\/broken\.json" is not valid JSON: .+$/),
    '11:10 bad-schema: "../schemas/list.json" is not a valid JSON Schema: it must be an object',
    '15:10 bad-schema: "../schemas/wrong.json" is not a valid JSON Schema: /properties/a/type must be one of "array", "boolean", "integer", "null", "number", "object", "string"',
  ],
]);

test('reports a schema that is nested too deeply, instead of overflowing the stack', async () => {
  const deep = `schema = ${'{a='.repeat(5000)}1${'}'.repeat(5000)}`;
  const [problem] = await collectProblems(act(`format = "json"\n${deep}`));
  expect(problem).toMatch(/bad-schema: "schema" in \[acts\.a\] is nested too deeply$/);
});

test('an act inherits the parameters that it does not set; its "safety" table is not merged with that of the narrative', async () => {
  const source = `[narrative]
name = "x"
top_p = 0.5
seed = 7
thinking = "low"
stop = ["END"]
safety = { harassment = "only_high", hate_speech = "off" }
[toc]
order = ["a"]
[acts.a]
top_p = 1
top_k = 3
thinking = 0
safety = { dangerous_content = "low_and_above" }
${input}`;
  expect(await parametersOf(source)).toEqual({
    ...{ topP: 1, topK: 3, seed: 7, thinking: 0, stop: ['END'] },
    safety: { HARM_CATEGORY_DANGEROUS_CONTENT: 'BLOCK_LOW_AND_ABOVE' },
  });
});

test('reads a schema from a table and from a file, which may be in draft-07', async () => {
  const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
  const table = act(
    'format = "json"\nschema = { type = "object", properties = { name.type = "string" }, required = ["name"] }',
  );
  expect(await parametersOf(table)).toEqual({ format: 'json', schema });
  expect(await parametersOf(act('format = "json"\nschema = "../schemas/name.json"'))).toEqual({
    format: 'json',
    schema,
  });
  const older = await parametersOf(act('format = "json"\nschema = "../schemas/draft-07.json"'));
  expect(older?.schema).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#' });
});

test('the format "text" is the default', async () => {
  expect(await parametersOf(act('format = "text"'))).toEqual({});
});
