/** What a check of the configuration or the installation has to say. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note' | 'ok';
  /** Where: `config/monitoring.yml:3:16`, `.env:4`, an environment variable, or the name of a check. */
  readonly where: string;
  readonly message: string;
  /** How to mend it; absent where there is nothing to mend. */
  readonly remedy?: string;
}

export const hasErrors = (findings: readonly Finding[]): boolean => findings.some((finding) => finding.severity === 'error');
