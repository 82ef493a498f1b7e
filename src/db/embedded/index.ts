export { startEmbedded, type EmbeddedOptions, type EmbeddedServer } from './server.ts';
export { embeddedUrl, findEmbedded, type RunningEmbedded } from './running.ts';
export { binariesIn, locateBinaries, type Binaries } from './binaries.ts';
