import { expect, it } from 'vitest';
import { isValidModelName, stripModelPrefix } from '../../src/util/model-name.js';

it.each([
  'gemini-3.8-flash',
  'models/gemini-3.8-flash',
  'tunedModels/mine',
  'gemma-3-27b-it',
  'publishers/google/models/x',
])('accepts %s as a model name', (name) => expect(isValidModelName(name)).toBe(true));

it.each([
  '',
  'models/',
  'a b',
  'a\tb',
  'a\u0000b',
  'a?b',
  'a&b',
  'a#b',
  'a%2fb',
  'a\\b',
  '../a',
  'a/../b',
  '{{vars.m}}',
  'modèle',
])('rejects %j as a model name', (name) => expect(isValidModelName(name)).toBe(false));

it('strips only the models/ prefix', () => {
  expect(stripModelPrefix('models/gemini-3.8-flash')).toBe('gemini-3.8-flash');
  expect(stripModelPrefix('tunedModels/mine')).toBe('tunedModels/mine');
});
