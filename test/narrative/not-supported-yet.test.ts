import { expect, it } from 'vitest';
import { faultsOf, head } from './faults.js';

const input = 'input = [{ type = "text", content = "x" }]\n';

it.each([
  ['further generation settings', `${head('a')}[acts.a]\ntop_p = 1\n${input}`, '6:1', '"top_p" in [acts.a]'],
  ['JSON replies', `${head('a')}[acts.a]\nformat = "json"\n${input}`, '6:1', '"format" in [acts.a]'],
  [
    'inputs of other types',
    `${head('a')}[[acts.a.input]]\ntype = "audio"\nfile = "x.mp3"\n`,
    '6:8',
    'inputs of type "audio"',
  ],
  [
    'media from a URL',
    `${head('a')}[[acts.a.input]]\ntype = "image"\nurl = "https://x"\n`,
    '7:1',
    '"url" in [[acts.a.input]]',
  ],
  [
    'media by reference',
    `${head('a')}[[acts.a.input]]\ntype = "image"\nref = "media.x"\n`,
    '7:1',
    '"ref" in [[acts.a.input]]',
  ],
  [
    'a URL as a file',
    `${head('a')}[[acts.a.input]]\ntype = "image"\nfile = "https://x/y.png"\n`,
    '7:8',
    'media from a URL',
  ],
  [
    'documents as media',
    `${head('a')}[acts]\na = "x"\n[media.m]\nfile = "paper.pdf"\n`,
    '8:8',
    'media of type application/pdf',
  ],
  [
    'sound as media',
    `${head('a')}[acts]\na = "x"\n[media.m]\nfile = "paper.pdf"\nmime = "audio/mpeg"\n`,
    '9:8',
    'media of type audio/mpeg',
  ],
])('says plainly that this version has no %s', async (_feature, source, place, words) => {
  expect(await faultsOf(source)).toEqual([`${place} not-supported-yet: this version does not know ${words} yet`]);
});

it.each(['}}', 'a {b} c', '}}\n', 'narrative: a story', 'media. Then more'])('takes %j for a text', async (text) => {
  expect(await faultsOf(`${head('a')}[acts]\na = [${JSON.stringify(text)}]\n`)).toEqual([]);
});
