import { EXIT } from '../../base/errors.ts';
import { examineConfig } from '../../config/load.ts';
import { hasErrors, type Finding } from '../../config/finding.ts';
import { ok } from '../checks/check.ts';
import { findingLines, sumLine } from '../checks/print-findings.ts';
import type { Invocation } from '../invocation.ts';
import { knownToModules } from '../runtime/check-names.ts';
import { ownVersion } from '../version.ts';

interface ValidateOptions {
  readonly production?: boolean;
  readonly comprehensive?: boolean;
}

/** Reads the configuration and tells everything about it. Exit code 78 where it is not valid, 1 where a check failed. */
export async function run(invocation: Invocation, options: ValidateOptions): Promise<number> {
  const { output } = invocation;
  const { config, findings: ofFiles } = examineConfig({
    environment: process.env,
    cwd: process.cwd(),
    overrides: invocation.overrides(),
    ...knownToModules(),
  });
  const findings: Finding[] = [...ofFiles];
  const { NOT_CHECKED, checkProductionConfig, checkProductionDatabase } = await import('../checks/production.ts');
  if (config !== undefined) {
    findings.push(
      ok(
        'configuration',
        config.files.length === 0
          ? 'no file; every setting has its default'
          : `${config.files.join(', ')} ${config.files.length === 1 ? 'is' : 'are'} valid`,
      ),
    );
    if (options.production === true) findings.push(...checkProductionConfig({ config }));
    if (options.comprehensive === true) {
      const { databaseFindings, machineFindings } = await import('../checks/run-checks.ts');
      findings.push(
        ...(await machineFindings(config)),
        ...(await databaseFindings(config, ownVersion(), options.production === true ? checkProductionDatabase : undefined)),
      );
    }
  }
  const unchecked =
    options.production === true
      ? [...NOT_CHECKED, ...(options.comprehensive === true ? [] : ['database and machine: add --comprehensive'])]
      : [];
  output.result({ valid: !hasErrors(findings), findings, not_checked: unchecked }, () =>
    [
      findingLines(findings, output),
      '',
      sumLine(findings),
      ...(unchecked.length > 0 ? ['', `Not checked: ${unchecked.join('; ')}.`] : []),
    ].join('\n'),
  );
  if (config === undefined) return EXIT.config;
  return hasErrors(findings) ? EXIT.failure : EXIT.ok;
}
