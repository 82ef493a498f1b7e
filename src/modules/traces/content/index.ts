export { factsOf, type RunSaid } from './facts.ts';
