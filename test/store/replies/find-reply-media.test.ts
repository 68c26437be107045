import { expect, onTestFinished, test, vi } from 'vitest';
import { createReplyMediaFinder } from '../../../src/store/replies/find-reply-media.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { openTestDatabase } from '../../helpers/test-database.js';

test('finds the media of a reply by its narrative, its text and the sizes of the media', async () => {
  const database = await openTestDatabase(createTemporaryFolder(onTestFinished));
  onTestFinished(() => void database.close());
  const insert = database.prepare("INSERT INTO answers VALUES (?, 0, 'm', 'n', ?, ?)");
  const media = (base64: string) => [{ mimeType: 'image/png', base64 }];
  insert.run('a', 1, JSON.stringify({ text: 'A cat', turn: { media: media('AAAA') } }));
  insert.run('b', 2, JSON.stringify({ text: 'A cat', turn: { media: media('BBBBBBBB') } }));
  insert.run('c', 3, '{"base64": ');
  insert.run('d', 4, JSON.stringify({ text: 'A cat', turn: { media: { base64: 7 } } }));
  const find = (byteLength: number, text = 'A cat', narrative = 'n') =>
    createReplyMediaFinder(database, narrative)({ text, media: [{ mimeType: 'image/png', byteLength }] });
  expect(find(3)).toEqual(media('AAAA'));
  expect(find(6)).toEqual(media('BBBBBBBB'));
  expect([find(4), find(3, 'A dog'), find(3, 'A cat', 'other')]).toEqual([undefined, undefined, undefined]);
});

test('reads all stored replies at the first call, and then one reply for each call', async () => {
  const database = await openTestDatabase(createTemporaryFolder(onTestFinished));
  onTestFinished(() => void database.close());
  const insert = database.prepare("INSERT INTO answers VALUES (?, 0, 'm', 'n', ?, ?)");
  for (let index = 0; index < 50; index += 1) {
    const media = [{ mimeType: 'image/png', base64: 'AAAA' }];
    insert.run(`k${index}`, index, JSON.stringify({ text: `t${index}`, turn: { media } }));
  }
  const prepare = vi.spyOn(database, 'prepare');
  const find = createReplyMediaFinder(database, 'n');
  for (let index = 0; index < 50; index += 1)
    expect(find({ text: `t${index}`, media: [{ mimeType: 'image/png', byteLength: 3 }] })).toHaveLength(1);
  // One query lists the replies. Each of the 50 is read once at the first call, and once when it is found.
  expect(prepare.mock.calls.length).toBe(1 + 50 + 50);
});
