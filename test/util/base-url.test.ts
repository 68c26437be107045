import { expect, test } from 'vitest';
import { isBaseUrl, stripApiVersion } from '../../src/util/base-url.js';

test.each([
  ['https://gateway.example/v1beta', 'https://gateway.example'],
  ['https://gateway.example/v1beta/', 'https://gateway.example'],
  ['https://gateway.example/v1', 'https://gateway.example'],
  ['https://gateway.example/v1alpha', 'https://gateway.example'],
  ['https://gateway.example/v1beta/openai', 'https://gateway.example'],
  ['https://gateway.example/v1beta/openai/', 'https://gateway.example'],
  ['https://gateway.example/team/gemini/v1beta', 'https://gateway.example/team/gemini'],
  ['https://gateway.example//v1beta', 'https://gateway.example'],
])('removes the version from %s', (baseUrl, expected) => {
  expect(stripApiVersion(baseUrl)).toBe(expected);
});

test.each([
  'https://gateway.example',
  'https://gateway.example/',
  'https://gateway.example/v1/team',
  'https://gateway.example/openai',
  'https://gateway.example/v1beta1',
  'http://v1',
  'http://v1/',
])('leaves %s unchanged', (baseUrl) => {
  expect(stripApiVersion(baseUrl)).toBe(baseUrl);
});

test.each([
  'http://localhost:9',
  'HTTPS://gateway.example/',
  'https://gateway.example/team/@gemini',
  'http://[::1]:8080/v1beta',
])('accepts the base URL %s', (baseUrl) => {
  expect(isBaseUrl(baseUrl)).toBe(true);
});

test.each([
  'gateway.example',
  'ftp://gateway.example',
  'https://me@gateway.example',
  'https://me:secret@gateway.example',
  'https://gateway.example/v1beta?',
  'https://gateway.example/?a=b',
  'https://gateway.example/#',
])('refuses the base URL %s', (baseUrl) => {
  expect(isBaseUrl(baseUrl)).toBe(false);
});
