import { MusterError } from '../../base/errors.ts';
import { durationMs } from '../../base/duration.ts';
import { nearest } from '../../config/nearest.ts';
import { allows } from '../../http/permissions.ts';
import { SCOPES } from '../../server/access/scopes.ts';
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
              { title: 'CONFINED TO', shrinkTo: 12 },
              { title: 'STANDING' },
              { title: 'CREATED', align: 'right' },
              { title: 'LAST USED', align: 'right' },
            ],
            keys.map((key) => [
              key.keyId,
              printable(key.name),
              key.role,
              confinedTo(key),
              standing(key),
              ago(key.createdAt, at),
              ago(key.lastUsedAt, at),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

const confinedTo = ({ scopes, projects }: KeyRecord): string =>
  printable([...(scopes ?? []), ...(projects ?? []).map((project) => `project ${project}`)].join(', ')) || '-';

export async function create(
  invocation: Invocation,
  options: { role: Role; expires?: string; scope?: readonly string[]; project?: readonly string[] },
  name: string,
): Promise<void> {
  const { output } = invocation;
  const scopes = options.scope === undefined ? null : scopesOf(options.scope, options.role);
  const lifetimeMs = options.expires === undefined ? undefined : durationMs(options.expires);
  await withFleet(invocation, async ({ access, now }) => {
    const fresh = newKey();
    const expiresAt = lifetimeMs === undefined ? null : (await now()) + lifetimeMs;
    const record = await access.addKey({
      keyId: fresh.keyId,
      name,
      secretHash: fresh.secretHash,
      role: options.role,
      scopes,
      projects: options.project === undefined ? null : [...new Set(options.project)],
      createdBy: 'cli',
      expiresAt,
    });
    output.result({ ...toDocument(record), key: fresh.key }, () => fresh.key);
    if (!output.json)
      output.notice(
        output.colors.dim(
          `A key for "${printable(name)}" with role ${options.role}${confinement(scopes, options.project)}. It is shown this once; only its hash is kept.`,
        ),
      );
  });
}

/** Sorted, each once. Throws USAGE for what is no permission, or more than the role. */
function scopesOf(said: readonly string[], role: Role): readonly string[] {
  const scopes = [...new Set(said)].toSorted();
  for (const scope of scopes) {
    const known = SCOPES.find((one) => one === scope);
    if (known === undefined) {
      const meant = nearest(scope, SCOPES);
      throw new MusterError('USAGE', `"${printable(scope)}" is no permission`, {
        remedy: meant === undefined ? `There are ${SCOPES.join(', ')}.` : `Did you mean ${meant}?`,
      });
    }
    if (!allows({ role, scopes: null }, known))
      throw new MusterError('USAGE', `The role ${role} does not include ${known}`, { remedy: 'Give the key a higher --role.' });
  }
  return scopes;
}

/** As in "with role operator, for traces:write alone, in shop alone". */
function confinement(scopes: readonly string[] | null, projects: readonly string[] | undefined): string {
  const may = scopes === null ? '' : `, for ${scopes.join(', ')} alone`;
  return projects === undefined ? may : `${may}, in ${printable(projects.join(', '))} alone`;
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
