import { afterEach, expect, test, vi } from 'vitest';
import { createProxyResolver } from '../../src/config/proxies.js';

afterEach(() => vi.unstubAllEnvs());

const variableNames = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);
const service = 'https://generativelanguage.googleapis.com/v1beta';

/**
 * Finds the proxy of a URL if these are the only proxy variables of the environment. They are set in `process.env` too,
 * because the library `proxy-from-env` reads them there.
 */
async function findProxy(url: string, variables: Record<string, string>) {
  for (const name of variableNames) vi.stubEnv(name, variables[name]);
  return (await createProxyResolver(variables))?.(url);
}

test('finds no proxy without a variable or with an empty one', async () => {
  expect(await createProxyResolver({ PATH: '/bin', HTTPS_PROXY: ' ', NO_PROXY: 'x' })).toBeUndefined();
});

test.each([
  [service, { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
  [service, { https_proxy: 'https://p:1' }, 'https://p:1'],
  [service, { HTTP_PROXY: 'http://p:1' }, undefined],
  ['http://gateway/', { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://q:1' }, 'http://p:1'],
  [service, { ALL_PROXY: 'http://p:1' }, 'http://p:1'],
  // As in curl: a proxy without a scheme uses HTTP.
  [service, { HTTPS_PROXY: 'p:3128' }, 'http://p:3128'],
  [service, { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'generativelanguage.googleapis.com' }, undefined],
  [service, { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'localhost, .googleapis.com' }, undefined],
  [service, { HTTPS_PROXY: 'http://p:1', no_proxy: '*' }, undefined],
  [service, { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'generativelanguage.googleapis.com:8443' }, 'http://p:1'],
])('finds the proxy of %s with %j: %s', async (url, variables, proxy) => {
  expect(await findProxy(url, variables)).toBe(proxy);
});
