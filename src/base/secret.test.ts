import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { Secret } from './secret.ts';

it('when a secret is printed in any way, its text does not show; reveal gives it', () => {
  const secret = new Secret('hunter2');
  const shown = [JSON.stringify({ secret }), inspect({ deep: [secret] }), String(secret), secret.toString()];
  for (const text of shown) {
    expect(text).toContain('***');
    expect(text).not.toContain('hunter2');
  }
  expect(secret.reveal()).toBe('hunter2');
});
