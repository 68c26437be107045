#!/usr/bin/env node
import * as nodeModule from 'node:module';

// V8's compile cache: Node 22.1 and later have it, Node 20 does not. A cache folder that can't be written is no fault.
nodeModule.enableCompileCache?.();

const { main } = await import('../dist/cli.js');
await main(process);
