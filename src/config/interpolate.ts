/** Why a `${…}` could not be replaced, and how to mend it. */
export interface InterpolationFailure {
  readonly message: string;
  readonly remedy: string;
}

const REFERENCE = /\$(\$?)\{([^}]*)(\})?/g;
const PARTS = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in one scalar; `$${` writes a literal `${`. It happens after YAML was parsed,
 * so that a value can never become structure.
 */
export function interpolate(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly value: string } | { readonly failure: InterpolationFailure } {
  let failure: InterpolationFailure | undefined;
  const value = text.replace(REFERENCE, (whole, escaped: string, inside: string, closed: string | undefined) => {
    if (escaped === '$') return whole.slice(1);
    const parts = closed === undefined ? null : PARTS.exec(inside);
    if (parts === null) {
      failure ??= {
        message: `"${whole}" is not a reference to an environment variable`,
        remedy: 'Write ${NAME} or ${NAME:-default}; a literal "${" is written "$${".',
      };
      return whole;
    }
    const name = parts[1] ?? '';
    const found = environment[name];
    if (found !== undefined && (found !== '' || parts[2] === undefined)) return found;
    if (parts[2] !== undefined) return parts[2];
    failure ??= {
      message: `environment variable ${name} is not set`,
      remedy: `Set ${name} (in .env, for instance), or give a default: \${${name}:-…}.`,
    };
    return whole;
  });
  return failure === undefined ? { value } : { failure };
}
