import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mediaBytes } from '../helpers/media-bytes.js';

/** A folder that someone else wrote, in a home folder with files of the user. */
export interface HostileFolder {
  /** The folder itself. */
  repository: string;
  /** `$XDG_CONFIG_HOME` of the user. */
  configHome: string;
  /** The user's own `boticelli.toml`. */
  userSettings: string;
  write(name: string, content: string): void;
  link(name: string, target: string): void;
  /** All files outside of the repository, with their bytes. */
  readOutside(): Record<string, string>;
}

/** Texts of the user's files, which must be neither printed nor sent. */
export const secretPattern = /top-secret|root:x:0/;

export function createHostileFolder(onCleanup: (clean: () => void) => void): HostileFolder {
  const home = mkdtempSync(join(tmpdir(), 'boticelli-hostile-'));
  onCleanup(() => rmSync(home, { recursive: true, force: true }));
  const [repository, configHome] = [join(home, 'repository'), join(home, 'config')];
  for (const folder of [repository, join(configHome, 'boticelli'), join(home, 'state')])
    mkdirSync(folder, { recursive: true });
  const files: Record<string, string | Buffer> = {
    'private.txt': 'top-secret\n',
    'picture.png': Buffer.concat([mediaBytes.png, Buffer.from('top-secret')]),
    passwd: 'root:x:0:0:top-secret\n',
    'credentials.toml': '[registry]\ntoken = "top-secret"\n',
    'schema.json': '{"type": "object", "description": "top-secret"}\n',
    'broken.json': '{"key": top-secret}\n',
    'own.toml': '[narrative]\nname = "own"\n[toc]\norder = ["a"]\n[acts]\na = "top-secret"\n',
    'app.db': 'not a database: top-secret',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content);
  return {
    repository,
    configHome,
    userSettings: join(configHome, 'boticelli/boticelli.toml'),
    write: (name, content) => writeFileSync(join(repository, name), content),
    link: (name, target) => symlinkSync(target, join(repository, name)),
    readOutside: () =>
      Object.fromEntries(
        readdirSync(home, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && !entry.path.startsWith(repository))
          .map((entry) => [join(entry.path, entry.name), readFileSync(join(entry.path, entry.name), 'latin1')]),
      ),
  };
}

/** Renders a narrative with the act `a`. `act` is the value of the act, in TOML; `more` is appended to the file. */
export function renderHostileNarrative(act: string, more = ''): string {
  return `[narrative]\nname = "n"\nmodel = "gemini-3.5-flash-lite"\n[toc]\norder = ["a"]\n[acts]\na = ${act}\n${more}`;
}

/** Starts a server that counts connections. Its address is not the usual loopback address, and stands for any other host. */
export async function startListener(onCleanup: (clean: () => void) => void) {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.3', resolve));
  onCleanup(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return { host: `127.0.0.3:${address.port}`, connections: () => connections };
}
