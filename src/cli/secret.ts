import { readFile } from 'node:fs/promises';
import { MusterError, messageOf } from '../base/errors.ts';

/** A key as an option gives it: itself, or after an @ the path of a file that holds it, so that no history of a shell does. */
export async function secretOf(text: string): Promise<string> {
  if (!text.startsWith('@')) return text;
  try {
    return (await readFile(text.slice(1), 'utf8')).trim();
  } catch (cause) {
    throw new MusterError('USAGE', `${text.slice(1)} cannot be read: ${messageOf(cause)}`, {
      remedy: 'After the @ stands the path of a file that holds the key, and nothing else.',
      cause,
    });
  }
}
