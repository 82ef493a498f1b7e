import type { Output } from './output.ts';
import type { StepListener } from './runtime/steps.ts';
import { shorten } from './table.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;

/** Steps on a terminal: a spinner with what runs now, a line for each that is done. */
export class SpinnerSteps implements StepListener {
  readonly #output: Output;
  readonly #running = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  begin(name: string): void {
    this.#running.set(name, '');
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MS);
    this.#draw();
  }

  progress(name: string, detail: string): void {
    this.#running.set(name, detail);
    this.#draw();
  }

  end(name: string, ms: number, detail: string | undefined): void {
    const { green, dim } = this.#output.colors;
    this.#finish(name, `${green('✓')} ${name}${detail === undefined ? '' : ` ${dim(detail)}`} ${dim(seconds(ms))}`);
  }

  fail(name: string): void {
    this.#finish(name, `${this.#output.colors.red('✗')} ${name}`);
  }

  #finish(name: string, line: string): void {
    this.#running.delete(name);
    this.#output.write(`\r\x1b[2K${line}\n`);
    if (this.#running.size > 0) return this.#draw();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #draw(): void {
    const { cyan, dim } = this.#output.colors;
    const frame = FRAMES[this.#frame++ % FRAMES.length] ?? '';
    const text = [...this.#running].map(([name, detail]) => (detail === '' ? name : `${name} (${detail})`)).join(', ');
    this.#output.write(`\r\x1b[2K${cyan(frame)} ${dim(shorten(text, this.#output.columns - 3))}`);
  }
}

/** Steps elsewhere: a line when one is done. */
export class PlainSteps implements StepListener {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  begin(): void {}
  progress(): void {}

  end(name: string, ms: number, detail: string | undefined): void {
    this.#output.line(`${name}${detail === undefined ? '' : ` ${detail}`}: ${seconds(ms)}`);
  }

  fail(name: string): void {
    this.#output.line(`${name}: failed`);
  }
}

const seconds = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

const silent: StepListener = { begin: () => undefined, progress: () => undefined, end: () => undefined, fail: () => undefined };

/** How this run shows its steps. */
export function stepListener(output: Output): StepListener {
  if (output.json) return silent;
  return output.interactive ? new SpinnerSteps(output) : new PlainSteps(output);
}
