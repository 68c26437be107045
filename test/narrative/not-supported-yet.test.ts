import { expect, it } from 'vitest';
import { faultsOf, head } from './faults.js';

const input = 'input = [{ type = "text", content = "x" }]\n';

it.each([
  ['further generation settings', `${head('a')}[acts.a]\ntop_p = 1\n${input}`, '6:1', '"top_p" in [acts.a]'],
  ['JSON replies', `${head('a')}[acts.a]\nformat = "json"\n${input}`, '6:1', '"format" in [acts.a]'],
])('says plainly that this version has no %s', async (_feature, source, place, words) => {
  expect(await faultsOf(source)).toEqual([`${place} not-supported-yet: this version does not know ${words} yet`]);
});

it.each(['}}', 'a {b} c', '}}\n', 'narrative: a story', 'media. Then more'])('takes %j for a text', async (text) => {
  expect(await faultsOf(`${head('a')}[acts]\na = [${JSON.stringify(text)}]\n`)).toEqual([]);
});
