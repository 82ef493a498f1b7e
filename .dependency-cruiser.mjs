// The floors of the house as rules: a room imports only from floors below it. See docs/architecture.md.
const FLOORS = ['base', 'outbound', 'config', 'db', 'state', 'agent', 'fleet', 'http', 'modules', 'server', 'cli'];

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const floors = FLOORS.slice(0, -1).map((room, floor) => ({
  name: `${room}-looks-up`,
  comment: `src/${room} may import only from the floors below it: ${FLOORS.slice(0, floor).join(', ') || 'none'}.`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: String.raw`\.test\.ts$` },
  to: { path: `^src/(${FLOORS.slice(floor + 1).join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...floors,
    {
      name: 'nothing-imports-the-face',
      comment: 'src/index.ts is the public API: for those outside, not for the rooms.',
      severity: 'error',
      from: { path: '^src/', pathNot: String.raw`^src/(index|testing)\.ts$` },
      to: { path: String.raw`^src/(index|testing)\.ts$` },
    },
    {
      name: 'module-past-the-door',
      comment: "A module uses another only through that one's index.ts.",
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: { path: '^src/modules/[^/]+/', pathNot: [String.raw`^src/modules/[^/]+/index\.ts$`, '^src/modules/$1/'] },
    },
    {
      name: 'web-talks-http',
      comment: 'The dashboard knows the REST API and nothing of the program behind it.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|bench|test|scripts)/' },
    },
    {
      name: 'source-stands-alone',
      comment: 'What is shipped does not import tests, benchmarks or the dashboard.',
      severity: 'error',
      from: { path: '^src/', pathNot: String.raw`\.test\.ts$` },
      to: { path: String.raw`^(web|test|bench|scripts)/|\.test\.ts$` },
    },
    {
      name: 'no-development-package-in-source',
      comment: 'A published Muster has only `dependencies`.',
      severity: 'error',
      from: { path: '^src/', pathNot: String.raw`\.test\.ts$` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: String.raw`\.css$` } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.cache|bench/peers)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.css'],
    },
  },
};
