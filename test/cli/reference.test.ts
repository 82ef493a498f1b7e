import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { renderCommands } from './reference/commands.ts';
import { renderConfiguration, renderEnvironmentTemplate } from './reference/configuration.ts';
import { renderErrors } from './reference/errors.ts';

const files: readonly (readonly [string, () => string])[] = [
  ['docs/reference/cli.md', renderCommands],
  ['docs/reference/configuration.md', renderConfiguration],
  ['docs/reference/errors.md', renderErrors],
  ['.env.example', renderEnvironmentTemplate],
];

describe('the reference says what the code does', () => {
  for (const [name, render] of files) {
    it(`${name} is current`, () => {
      const path = fileURLToPath(new URL(`../../${name}`, import.meta.url));
      const text = render();
      if (process.env['UPDATE_REFERENCE'] === '1') writeFileSync(path, text);
      expect(readFileSync(path, 'utf8')).toBe(text);
    });
  }
});
