import { expect, test } from 'vitest';
import { getStopScope } from '../../../src/commands/run/rows/stop-scope.js';
import { BoticelliError, QuotaExceeded } from '../../../src/errors.js';
import { createTooLargeError } from '../../../src/quota/limiter/reservation-errors.js';

const retryAt = new Date();
const createRejection = (code: 'rate_limited' | 'quota_exhausted', details = {}) =>
  new QuotaExceeded(code, 'x', { violations: [], ...details });

test.each([
  ['a used-up cost limit', new BoticelliError('budget_exceeded', 'x'), 'command'],
  ['a rejected key', new BoticelliError('auth', 'x'), 'command'],
  ['an output that can not be written', new BoticelliError('output_failed', 'x'), 'command'],
  [
    'a daily quota that the limiter knows to be used up',
    new BoticelliError('quota_exhausted', 'x', { retryAt }),
    'model',
  ],
  ['a daily quota that the service says is used up', createRejection('quota_exhausted'), 'model'],
  [
    'a rejection that concerns the whole project',
    createRejection('quota_exhausted', { isProjectWide: true }),
    'command',
  ],
  ['a wait longer than --max-wait', new BoticelliError('rate_limited', 'x', { retryAt }), 'model'],
  ['an unknown model', new BoticelliError('model_not_found', 'x'), 'model'],
  ['a prompt that is too large', createTooLargeError({ model: 'm', tokens: 2, limit: 1 }), undefined],
  ['a rejection by the service because of a rate limit', createRejection('rate_limited'), undefined],
  ['a blocked prompt', new BoticelliError('blocked', 'x'), undefined],
  ['an overloaded service', new BoticelliError('unavailable', 'x'), undefined],
])(
  'a failure stops all further rows ("command"), further rows of its model ("model"), or none (undefined): %s',
  (_name, error, scope) => {
    expect(getStopScope(error)).toBe(scope);
  },
);
