import { MusterError } from '../../base/errors.ts';
import { durationMs } from '../../base/duration.ts';
import { nearest } from '../../config/nearest.ts';
import { newKey } from '../../server/access/secrets.ts';
import type { KeyRecord, Role } from '../../state/access.ts';
import { toDocument } from '../documents.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago } from '../wording.ts';

const MOST = 1_000;

export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ access, now }) => {
    const [keys, at] = await Promise.all([access.keys({ limit: MOST }), now()]);
    const standing = (key: KeyRecord): string => {
      if (key.revokedAt !== null) return output.colors.dim('revoked');
      return key.expiresAt !== null && key.expiresAt <= at ? output.colors.dim('expired') : output.colors.green('valid');
    };
    output.result({ items: keys.map((key) => toDocument(key)) }, () =>
      keys.length === 0
        ? 'No keys. `muster keys create <name>` makes one.'
        : drawTable(
            [
              { title: 'KEY' },
              { title: 'NAME', shrinkTo: 10 },
              { title: 'ROLE' },
              { title: 'STANDING' },
              { title: 'CREATED', align: 'right' },
              { title: 'LAST USED', align: 'right' },
            ],
            keys.map((key) => [key.keyId, printable(key.name), key.role, standing(key), ago(key.createdAt, at), ago(key.lastUsedAt, at)]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

export async function create(
  invocation: Invocation,
  options: { role: Role; expires?: string; project?: readonly string[] },
  name: string,
): Promise<void> {
  const { output } = invocation;
  const lifetimeMs = options.expires === undefined ? undefined : durationMs(options.expires);
  await withFleet(invocation, async ({ access, now }) => {
    const fresh = newKey();
    const expiresAt = lifetimeMs === undefined ? null : (await now()) + lifetimeMs;
    const record = await access.addKey({
      keyId: fresh.keyId,
      name,
      secretHash: fresh.secretHash,
      role: options.role,
      scopes: null,
      projects: options.project === undefined ? null : [...new Set(options.project)],
      createdBy: 'cli',
      expiresAt,
    });
    output.result({ ...toDocument(record), key: fresh.key }, () => fresh.key);
    if (!output.json)
      output.notice(
        output.colors.dim(
          `A key for "${printable(name)}" with role ${options.role}${options.project === undefined ? '' : `, for ${printable(options.project.join(', '))} alone`}. It is shown this once; only its hash is kept.`,
        ),
      );
  });
}

export async function revoke(invocation: Invocation, _options: unknown, keyId: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ access }) => {
    if (!(await access.revokeKey(keyId))) {
      const inForce = (await access.keys({ limit: MOST })).filter((key) => key.revokedAt === null).map((key) => key.keyId);
      const meant = nearest(keyId, inForce);
      throw new MusterError('NOT_FOUND', `There is no key ${printable(keyId)} in force`, {
        remedy: meant === undefined ? 'Run `muster keys list`.' : `Did you mean ${meant}?`,
      });
    }
    output.result({ key_id: keyId, revoked: true }, () => `${keyId} is valid no more, and the sessions it opened have ended.`);
  });
}
