import { EXIT } from '../../base/errors.ts';
import { hasErrors } from '../../config/finding.ts';
import { findingLines, sumLine } from '../checks/print-findings.ts';
import { databaseFindings, machineFindings } from '../checks/run-checks.ts';
import type { Invocation } from '../invocation.ts';
import { ownVersion } from '../version.ts';

/** Looks at machine, database and fleet. Exit code 1 where something must be mended. */
export async function run(invocation: Invocation): Promise<number> {
  const { output } = invocation;
  const config = await invocation.fullConfig();
  const findings = [...config.findings, ...(await machineFindings(config)), ...(await databaseFindings(config, ownVersion()))];
  output.result({ healthy: !hasErrors(findings), findings }, () => `${findingLines(findings, output)}\n\n${sumLine(findings)}`);
  return hasErrors(findings) ? EXIT.failure : EXIT.ok;
}
