// The peer of `boticelli check` on a folder: reads and parses each file with @iarna/toml, and prints nothing.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import TOML from '@iarna/toml';

const folder = process.argv[2];
for (const name of readdirSync(folder)) TOML.parse(readFileSync(join(folder, name), 'utf8'));
