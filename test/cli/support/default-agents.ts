import { defaultAgents } from '../../../src/cli/runtime/parts.ts';
import { builtInModules } from '../../../src/modules/built-in.ts';

/** How many agents a first start sets to work. */
export const DEFAULT_AGENTS_AT_WORK = defaultAgents(builtInModules, false).filter(({ state }) => state === 'active').length;
