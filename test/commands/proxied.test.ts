import { expect, test } from 'vitest';
import { isProxied } from '../../src/commands/proxied.js';

const google = 'https://generativelanguage.googleapis.com';
const proxy = 'http://proxy:3128';

test.each([
  [google, {}, false],
  [google, { HTTPS_PROXY: '' }, false],
  [google, { HTTPS_PROXY: proxy }, true],
  [google, { https_proxy: proxy }, true],
  ['http://127.0.0.1:8080', { HTTPS_PROXY: proxy }, false],
  [google, { HTTPS_PROXY: proxy, NO_PROXY: 'localhost,.googleapis.com' }, false],
  [google, { HTTPS_PROXY: proxy, NO_PROXY: 'googleapis.com' }, false],
  [google, { HTTPS_PROXY: proxy, no_proxy: 'a *' }, false],
  [google, { HTTPS_PROXY: proxy, NO_PROXY: 'apis.com, example.org' }, true],
  ['https://gateway:8443/x', { HTTPS_PROXY: proxy, NO_PROXY: 'gateway:8443' }, false],
  ['nonsense', { HTTPS_PROXY: proxy }, false],
])('%s with %j: %j', (baseUrl, environment, expected) => {
  expect(isProxied(baseUrl, environment)).toBe(expected);
});
