import { MusterError } from '../../base/errors.ts';
import { equalHashes, sha256 } from './secrets.ts';

const MIN_LENGTH = 12;

/** The administrator's key that MUSTER_BOOTSTRAP_KEY presets. It is held in memory only, and hashed even there. */
export interface BootstrapKey {
  /** Names the key without telling it: sessions opened with it are bound to this. */
  readonly fingerprint: string;
  matches(text: string): boolean;
}

/** Throws CONFIG_INVALID where it is too short, or could not be sent in a header. */
export function bootstrapKey(text: string): BootstrapKey {
  const problem =
    text.length < MIN_LENGTH
      ? `has ${text.length} characters; it needs ${MIN_LENGTH} or more`
      : !/^[\x21-\x7e]+$/.test(text)
        ? 'has a space or a character outside ASCII, which cannot be sent in a header'
        : undefined;
  if (problem !== undefined) {
    throw new MusterError('CONFIG_INVALID', `MUSTER_BOOTSTRAP_KEY ${problem}`, {
      remedy: 'Set it to 12 or more random characters, for example the output of `openssl rand -hex 24`.',
    });
  }
  const hash = sha256(text);
  return {
    fingerprint: sha256(`muster bootstrap ${hash.toString('hex')}`)
      .toString('hex')
      .slice(0, 32),
    matches: (candidate) => equalHashes(hash, sha256(candidate)),
  };
}
