export { factsOf, type RunFacts, type RunSaid } from './facts.ts';
