import { ERRORS, MusterError, isMusterError, messageOf, type ErrorCode } from '../base/errors.ts';
import type { Finding } from '../config/finding.ts';
import type { Output } from './output.ts';

/** What ends a command: one clear message, its remedy and the exit code. A stack only for those who asked (`--log-level debug`). */
export function printError(output: Output, error: unknown, options: { readonly stack: boolean }): number {
  const failure = asMusterError(error);
  const exitCode = failure.kind.exitCode;
  const findings = findingsOf(failure);
  if (output.json) {
    output.item(
      {
        error: {
          code: failure.code,
          message: failure.message,
          remedy: failure.remedy,
          exit_code: exitCode,
          ...(findings.length > 0 ? { findings } : {}),
        },
      },
      () => '',
    );
  }
  const { red, bold, dim } = output.colors;
  if (findings.length > 1) {
    output.notice(`${red(bold('error'))} ${ERRORS[failure.code].title}:`);
    for (const finding of findings)
      output.notice(
        `  ${bold(finding.where)} ${finding.message}${finding.remedy === undefined ? '' : `\n    ${dim('→')} ${finding.remedy}`}`,
      );
  } else {
    output.notice(`${red(bold('error'))} ${sentence(failure.message)}\n      ${dim('→')} ${sentence(failure.remedy)}`);
  }
  if (options.stack)
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) output.notice(dim(cause.stack ?? cause.message));
  return exitCode;
}

export function asMusterError(error: unknown): MusterError {
  if (isMusterError(error)) return error;
  const code = systemCode(error);
  if (code !== undefined) return new MusterError(code, messageOf(error), { cause: error });
  return new MusterError('INTERNAL', messageOf(error), {
    remedy: 'Run it again with --log-level debug and report what it prints.',
    cause: error,
  });
}

/** What the operating system said, where it can be told apart from a bug. */
function systemCode(error: unknown): ErrorCode | undefined {
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'DISK_FULL';
    case 'EADDRINUSE':
      return 'PORT_TAKEN';
    default:
      return undefined;
  }
}

function findingsOf(error: MusterError): readonly Finding[] {
  const findings = error.data['findings'];
  return Array.isArray(findings) ? (findings as Finding[]) : [];
}

const sentence = (text: string): string => (/[.!?:`]$/.test(text) ? text : `${text}.`);
