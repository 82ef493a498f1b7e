export { startEmbedded, type EmbeddedOptions, type EmbeddedServer } from './server.ts';
export { findEmbedded } from './running.ts';
export { binariesIn, locateBinaries, type Binaries } from './binaries.ts';
