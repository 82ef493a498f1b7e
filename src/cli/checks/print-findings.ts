import type { Finding } from '../../config/finding.ts';
import type { Output } from '../output.ts';
import { plural } from '../wording.ts';

/** Findings for people: what is wrong stands out, each with its remedy. */
export function findingLines(findings: readonly Finding[], { colors }: Pick<Output, 'colors'>): string {
  const marks: Readonly<Record<Finding['severity'], string>> = {
    ok: colors.green('✓'),
    note: colors.blue('i'),
    warning: colors.yellow('!'),
    error: colors.red('✗'),
  };
  return findings
    .map(
      ({ severity, where, message, remedy }) =>
        `${marks[severity]} ${colors.bold(where)}  ${message}${remedy === undefined ? '' : `\n    ${colors.dim('→')} ${remedy}`}`,
    )
    .join('\n');
}

export function sumLine(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']): number => findings.filter((finding) => finding.severity === severity).length;
  return [`${count('ok')} ok`, plural(count('note'), 'note'), plural(count('warning'), 'warning'), plural(count('error'), 'error')].join(
    ', ',
  );
}
