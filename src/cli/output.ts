import { stripVTControlCharacters } from 'node:util';
import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

export interface OutputOptions {
  readonly json: boolean;
  /** Undefined: as the terminal and NO_COLOR, FORCE_COLOR say. */
  readonly color: boolean | undefined;
  readonly stdout?: NodeJS.WriteStream;
  readonly stderr?: NodeJS.WriteStream;
}

/**
 * What a command says. With --json, standard output carries JSON and nothing else: one document for a command that ends,
 * one a line for a command that follows. Standard error is for people in either case.
 */
export class Output {
  readonly json: boolean;
  readonly colors: Colors;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;

  constructor({ json, color, stdout = process.stdout, stderr = process.stderr }: OutputOptions) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.colors = picocolors.createColors(color ?? (wantsColor() && stdout.isTTY));
  }

  /** A person looks at standard output, and it can be redrawn. */
  get interactive(): boolean {
    return !this.json && this.#stdout.isTTY && process.env['TERM'] !== 'dumb' && process.env['CI'] === undefined;
  }

  get columns(): number {
    return this.#stdout.isTTY ? Math.max(40, this.#stdout.columns) : 120;
  }

  get rows(): number {
    return this.#stdout.isTTY ? Math.max(10, this.#stdout.rows) : 40;
  }

  /** The outcome of a command that ends. */
  result(document: unknown, human: () => string): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    else this.line(human());
  }

  /** One item of a command that follows. */
  item(document: unknown, human: () => string): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(document)}\n`);
    else this.line(human());
  }

  /** Text for people; silent under --json. */
  line(text = ''): void {
    if (!this.json) this.#stdout.write(`${text}\n`);
  }

  /** As it is, for redrawing; only where `interactive`. */
  write(text: string): void {
    this.#stdout.write(text);
  }

  /** Beside the result: progress, warnings, errors. */
  notice(text: string): void {
    this.#stderr.write(`${this.#stderr.isTTY ? text : stripVTControlCharacters(text)}\n`);
  }
}

function wantsColor(): boolean {
  if (process.env['NO_COLOR'] !== undefined && process.env['NO_COLOR'] !== '') return false;
  return process.env['TERM'] !== 'dumb';
}
