import { diagnosticsModule } from './diagnostics/index.ts';
import { healthModule } from './health/index.ts';
import type { Module } from './module.ts';
import { performanceModule } from './performance/index.ts';

/** The modules that come with Muster. They use the same contract as a user's own, and have the same rights. */
export const builtInModules: readonly Module[] = [performanceModule, healthModule, diagnosticsModule];
