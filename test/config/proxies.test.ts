import { afterEach, expect, test, vi } from 'vitest';
import { createProxyResolver } from '../../src/config/proxies.js';

afterEach(() => vi.unstubAllEnvs());

const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
const service = 'https://generativelanguage.googleapis.com/v1beta';

/** The proxy of an address where these variables are all that the environment has of proxies. */
async function findProxy(url: string, variables: Record<string, string>) {
  for (const name of names) vi.stubEnv(name, variables[name]);
  return (await createProxyResolver(variables))?.(url);
}

test('without a variable, or with an empty one, there is none', async () => {
  expect(await createProxyResolver({ PATH: '/bin', HTTPS_PROXY: ' ', NO_PROXY: 'x' })).toBeUndefined();
});

test.each([
  [service, { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
  [service, { https_proxy: 'https://p:1' }, 'https://p:1'],
  [service, { HTTP_PROXY: 'http://p:1' }, undefined],
  ['http://gateway/', { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://q:1' }, 'http://p:1'],
  [service, { ALL_PROXY: 'http://p:1' }, 'http://p:1'],
  // As curl has it: a proxy speaks HTTP unless it is said to speak TLS.
  [service, { HTTPS_PROXY: 'p:3128' }, 'http://p:3128'],
  [service, { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'generativelanguage.googleapis.com' }, undefined],
  [service, { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'localhost, .googleapis.com' }, undefined],
  [service, { HTTPS_PROXY: 'http://p:1', no_proxy: '*' }, undefined],
  [service, { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'generativelanguage.googleapis.com:8443' }, 'http://p:1'],
])('of %s with %j it is %s', async (url, variables, proxy) => {
  expect(await findProxy(url, variables)).toBe(proxy);
});
