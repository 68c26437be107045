import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer();
});
afterEach(() => server.close());

const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
const narrative = `[narrative]
name = "people"
[toc]
order = ["find", "greet"]
[acts]
greet = "Greet them."
[acts.find]
format = "json"
schema = "person.json"
input = [{ type = "text", content = "Who?" }]
`;

function createOptions() {
  const cwd = createTemporaryFolder(onTestFinished, { 'n.toml': narrative, 'person.json': JSON.stringify(schema) });
  return { server, cwd, env: { GEMINI_TIER: 'tier_1' } };
}
const run = (...flags: string[]) => runInProcess(['run', 'n.toml', ...flags], createOptions());

test('sends the JSON schema only in the request of its act, and accepts a reply that matches it', async () => {
  server.queueReplies(textReply(['{"name":', ' "Ada"}']), textReply(['Hello Ada']));
  expect(await runBoticelli(['run', 'n.toml', '--quiet'], createOptions())).toEqual({
    ...{ code: 0, signal: null, stderr: '' },
    stdout: '{"name": "Ada"}\n\nHello Ada\n',
  });
  expect(server.generateRequests[0]?.body.generationConfig).toEqual({
    responseMimeType: 'application/json',
    responseJsonSchema: schema,
  });
  expect(server.generateRequests[1]?.body.generationConfig).toEqual({});
});

test('after an invalid reply, requests the act again with that reply in the conversation; the requests of later acts do not contain it', async () => {
  server.queueReplies(
    textReply(['Sure: {"name": "A"}']),
    textReply(['```json\n{"name": "Ada"}\n```']),
    textReply(['Hello Ada']),
  );
  const { code, stdout, stderr } = await run('--stream');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '{"name": "Ada"}\n\nHello Ada\n' });
  expect(stderr).toContain('find: attempt 1 failed: the reply is not JSON: it begins with "Sure:');
  expect(stderr).toContain('retrying now');
  const roles = server.generateRequests.map(({ body }) =>
    body.contents.map(({ role }: { role: string }) => role).join(' '),
  );
  expect(roles).toEqual(['user', 'user model user', 'user model user']);
  expect(server.generateRequests[1]?.body.contents[2].parts[0].text).toContain(JSON.stringify(schema));
  expect(server.generateRequests[2]?.body.contents[2].parts).toEqual([{ text: 'Greet them.' }]);
});

test('in ndjson, the invalid JSON reply has no act-delta, the valid one has exactly one, and act-retry reports the retry', async () => {
  server.queueReplies(textReply(['{', '}']), textReply(['{"name":', '"Ada"}']), textReply(['Hello', ' Ada']));
  const { code, stdout } = await run('--stream', '-o', 'ndjson');
  expect(code).toBe(0);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.filter(({ type }) => type === 'act-delta').map(({ text }) => text)).toEqual([
    '{"name":"Ada"}',
    'Hello',
    ' Ada',
  ]);
  expect(events.find(({ type }) => type === 'act-retry')).toMatchObject({
    ...{ act: 'find', attempt: 1, delayMs: 0, discard: false },
    error: { code: 'invalid_reply' },
  });
  expect(events.find(({ type }) => type === 'act-end')).toMatchObject({ text: '{"name":"Ada"}', attempts: 2 });
});

test('a second invalid reply ends the run with 76, and neither reply is printed', async () => {
  server.setDefaultReply(textReply(['{"name": 3}']));
  const { code, stdout, stderr } = await run('--stream', '--quiet');
  expect({ code, stdout }).toEqual({ code: 76, stdout: '' });
  expect(stderr).toBe(
    'boticelli: find: the reply does not match its schema: /name must be string\n' +
      '  Describe the JSON in the prompt, simplify the schema, or use another model.\n',
  );
  expect(server.generateRequests).toHaveLength(2);
});

test('does not request truncated JSON again', async () => {
  server.queueReplies(textReply(['{"name": "A'], { finishReason: 'MAX_TOKENS' }));
  const { code, stderr } = await run('--quiet');
  expect(code).toBe(76);
  expect(stderr).toContain('the reply was cut off by max_tokens');
  expect(server.generateRequests).toHaveLength(1);
});

test('a rehearsal says what would be sent and requests nothing', async () => {
  const { code, stdout } = await run('--rehearse', '--quiet');
  expect(code).toBe(0);
  expect(stdout).toContain(`format json, a schema of ${JSON.stringify(schema).length} bytes`);
  expect(server.requests).toEqual([]);
});
