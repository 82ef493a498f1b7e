import type { Outbound } from '../../../../outbound/index.ts';
import { loadFunction, isModule } from '../own-function.ts';
import { chat, type ChatOptions } from './chat.ts';
import { command, type CommandOptions } from './command.ts';
import { overHttp } from './over-http.ts';
import { ownModule } from './own-module.ts';
import type { Target } from './target.ts';

export { attempt, type Patience } from './patient.ts';
export type { Answer, Target } from './target.ts';

export interface TargetOptions extends Omit<ChatOptions, 'outbound'>, Omit<CommandOptions, 'outbound'> {
  readonly outbound: Pick<Outbound, 'request' | 'run'>;
  /** Where bundles of modules in TypeScript are kept. */
  readonly codeFolder: string;
}

/**
 * `http://…`: the inputs are posted as JSON, and the body that comes back is the outputs. `model:<name>`: a chat with that model. `./answer.mjs`: the
 * function it exports. Anything else is a command: the inputs on its standard input, the outputs on its standard output. What comes back and is no
 * JSON is `{"output": "…"}`.
 */
export async function targetOf(text: string, options: TargetOptions): Promise<Target> {
  if (/^https?:\/\//.test(text)) return overHttp(text, options);
  if (text.startsWith('model:')) return chat(text.slice('model:'.length), options);
  if (isModule(text)) return ownModule(await loadFunction(text, options.codeFolder), options.timeoutMs);
  return command(text, options);
}
