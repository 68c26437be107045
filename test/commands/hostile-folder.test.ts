import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { canaryKey } from '../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { runInProcess } from '../helpers/in-process.js';
import {
  createHostileFolder,
  type HostileFolder,
  renderHostileNarrative,
  secretPattern,
  startListener,
} from './hostile-folder-fixture.js';

let hostile: HostileFolder;
let before: Record<string, string>;
beforeEach(() => {
  hostile = createHostileFolder(onTestFinished);
  before = hostile.readOutside();
});
// Whatever a command does in the folder, it changes no file outside of it.
afterEach(() => expect(hostile.readOutside()).toEqual(before));

const userKey = { GEMINI_API_KEY: canaryKey };
/** Runs a command in the folder, and expects that its output contains neither the key nor the user's files. */
async function runCommand(args: string[], env: Record<string, string> = userKey) {
  const { repository, configHome } = hostile;
  // The state folder is in the repository, because commands may write to it: only the files outside must not change.
  const stateFolder = join(repository, 'state');
  const absoluteArgs = args.map((arg) => (arg.endsWith('.toml') ? join(repository, arg) : arg));
  const result = await runInProcess(absoluteArgs, {
    cwd: repository,
    env: { BOTICELLI_STATE_DIR: stateFolder, XDG_CONFIG_HOME: configHome, ...env },
  });
  expect(result.stdout + result.stderr).not.toMatch(secretPattern);
  expect(result.stdout + result.stderr).not.toContain(canaryKey);
  return result;
}
/** The environment sets no state folder, so the one that the working folder sets is used. */
const withoutStateFolder = { ...userKey, BOTICELLI_STATE_DIR: '' };

/** Lets the user trust the folder. */
function trust(): void {
  writeFileSync(hostile.userSettings, `trust = ["${hostile.repository}"]\n`);
  before = hostile.readOutside();
}

describe('a service address that the working folder sets', () => {
  const tables = { base_url: 'providers.gemini', redis_url: 'quota' };
  const probe = ['limits', 'probe', '-m', 'm', '--requests', '1', '--yes'];
  const commands = {
    base_url: [['run', 'n.toml'], ['models'], ['limits'], probe],
    redis_url: [['run', 'n.toml'], ['limits'], probe],
  };
  test.each([
    ['boticelli.toml', 'base_url'],
    ['.env', 'base_url'],
    ['boticelli.toml', 'redis_url'],
    ['.env', 'redis_url'],
  ] as const)('receives no connection before the user trusts the folder: %s with %s', async (file, setting) => {
    const listener = await startListener(onTestFinished);
    const url = `${setting === 'base_url' ? 'http' : 'redis'}://${listener.host}`;
    const variable = setting === 'base_url' ? 'GOOGLE_GEMINI_BASE_URL' : 'BOTICELLI_REDIS_URL';
    hostile.write('n.toml', renderHostileNarrative('"x"'));
    if (file === '.env') hostile.write('.env', `${variable}=${url}\n`);
    else hostile.write('boticelli.toml', `[${tables[setting]}]\n${setting} = "${url}"\n`);
    for (const command of commands[setting]) {
      const { code, stderr } = await runCommand(command);
      expect({ command, code }).toEqual({ command, code: 78 });
      expect(stderr).toContain(`to ${listener.host}, but the current folder may come from someone else`);
      expect(stderr).toContain(
        `add trust = ["${hostile.repository}"] above the first table of ${hostile.userSettings}`,
      );
      expect(stderr).toContain(`set ${variable} to it in your environment`);
    }
    // These commands work, because they connect to neither address.
    for (const command of [['check', 'n.toml'], ['runs']]) expect((await runCommand(command)).code).toBe(0);
    expect(listener.connections()).toBe(0);
    trust();
    await runCommand(['limits']);
    // `limits` connects to Redis, but sends nothing to the service.
    if (setting === 'redis_url') expect(listener.connections()).toBeGreaterThan(0);
  });
});

describe('a state folder that the working folder sets', () => {
  test.each([
    ['..', {}],
    ['.', { 'boticelli.db': '../app.db' }],
    ['.', { 'boticelli.db': '../state/new.db' }],
    ['data', { data: '../state' }],
  ])(
    'is rejected if its path or a link in it leads out of the working folder: BOTICELLI_STATE_DIR=%s with links %j',
    async (value, links: Record<string, string>) => {
      for (const [name, target] of Object.entries(links)) hostile.link(name, target);
      hostile.write('.env', `BOTICELLI_STATE_DIR=${value}\n`);
      hostile.write('n.toml', renderHostileNarrative('"x"'));
      for (const command of [
        ['run', 'n.toml', '--rehearse'],
        ['limits'],
        ['models'],
        ['runs'],
        ['runs', 'show', 'last'],
      ]) {
        const { code, stderr } = await runCommand(command, withoutStateFolder);
        expect({ command, code }).toEqual({ command, code: 78 });
        expect(stderr).toMatch(/^boticelli: BOTICELLI_STATE_DIR in \.env (is outside of|leads through)/);
        expect(stderr).toContain('add trust = [');
        expect(stderr).toContain('set BOTICELLI_STATE_DIR to it in your environment');
      }
    },
  );
});

describe('a command in a folder that sets both the key and the address', () => {
  let server: GeminiServer;
  beforeEach(async () => {
    server = await startGeminiServer();
    hostile.write('.env', `GEMINI_API_KEY=key-of-the-author\nGOOGLE_GEMINI_BASE_URL=${server.url}\n`);
  });
  afterEach(() => server.close());

  const schemaAct = '{ format = "json", schema = "../schema.json", input = [{ type = "text", content = "x" }] }';
  const document = (file: string) => `{ input = [{ type = "document", file = "${file}" }] }`;
  test.each<[string, string, Record<string, string>, string]>([
    ['a relative file', document('../private.txt'), {}, 'the file "../private.txt" is outside of'],
    ['an absolute file', document('/etc/passwd'), {}, 'the file "/etc/passwd" is outside of'],
    ['a missing file', document('../missing.txt'), {}, 'the file "../missing.txt" is outside of'],
    ['a link', document('notes.txt'), { 'notes.txt': '../private.txt' }, 'the file "notes.txt" is outside of'],
    ['a linked folder', document('up/private.txt'), { up: '..' }, 'the file "up/private.txt" is outside of'],
    ['a variable', document('{{vars.x}}'), {}, 'the file "../private.txt" is outside of'],
    ['a schema', schemaAct, {}, 'the file "../schema.json" is outside of'],
    ['a nested narrative', '"narrative:own"', { 'own.toml': '../own.toml' }, 'the narrative "own.toml" is outside of'],
  ])('reads no file outside of the folder before the user trusts it: %s', async (name, act, links, message) => {
    for (const [link, target] of Object.entries(links)) hostile.link(link, target);
    hostile.write('n.toml', renderHostileNarrative(act, '[vars]\nx = "../private.txt"\n'));
    for (const command of ['run', 'check']) {
      const { code, stdout, stderr } = await runCommand([command, 'n.toml'], {});
      expect({ command, code }).toEqual({ command, code: 66 });
      expect(stdout + stderr).toContain(message);
      expect(stdout + stderr).toContain('chooses both the API key and the address that would receive the file');
      expect(stdout + stderr).toContain(`add trust = ["${hostile.repository}"]`);
    }
    expect(server.requests).toHaveLength(0);
    trust();
    if (name !== 'a missing file') expect((await runCommand(['check', 'n.toml'], {})).code).toBe(0);
  });

  test('reads no narrative outside of the folder through a link', async () => {
    hostile.link('n.toml', '../own.toml');
    for (const command of ['run', 'check']) {
      const { code, stdout, stderr } = await runCommand([command, 'n.toml'], {});
      expect({ command, code }).toEqual({ command, code: 66 });
      expect(stdout + stderr).toMatch(/n\.toml is outside of/);
    }
    expect(server.requests).toHaveLength(0);
  });

  test('sends files of the folder', async () => {
    hostile.write('inside.txt', 'Inside.');
    hostile.write('n.toml', renderHostileNarrative(document('inside.txt')));
    expect((await runCommand(['run', 'n.toml'], {})).code).toBe(0);
    expect(server.generateRequests).toHaveLength(1);
  });

  test('fetches no page of a private network', async () => {
    hostile.write('n.toml', renderHostileNarrative(`{ input = [{ type = "document", url = "${server.url}/page" }] }`));
    const { code, stderr } = await runCommand(['run', 'n.toml'], {});
    expect(code).toBe(66);
    expect(stderr).toMatch(/127\.0\.0\.1:\d+ is a private address/);
    expect(server.requests).toHaveLength(0);
  });
});

test('prints no line of a file outside of the folder, even if a link or a schema path leads to the file', async () => {
  hostile.link('users.toml', '../passwd');
  hostile.link('cargo.toml', '../credentials.toml');
  hostile.write('nested.toml', renderHostileNarrative('["narrative:users", "narrative:cargo", "x"]'));
  hostile.write('schema.toml', renderHostileNarrative('{ format = "json", schema = "../broken.json", input = [] }'));
  for (const file of ['users.toml', 'cargo.toml', 'nested.toml', 'schema.toml']) {
    for (const args of [
      ['check', file],
      ['check', file, '--format', 'json'],
      ['run', file],
    ]) {
      const { code, stdout, stderr } = await runCommand(args);
      expect({ args, code }).toEqual({ args, code: 65 });
      expect(stdout + stderr).toMatch(/syntax|unknown-table|bad-schema/);
    }
  }
  hostile.link('boticelli.toml', '../credentials.toml');
  expect((await runCommand(['limits'])).code).toBe(78);
});
