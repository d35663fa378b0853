// The arrows of docs/architecture.md, checked:
//   main → app.module → gateways → aggregates → shared
//   workflows → tasks → agents → workspaces          documents → agents → workspaces
//   workers → tasks → agents → workspaces            webhooks → workspaces            examples → src/index.ts
//   src/cli → clients/typescript
const AGGREGATES = 'workspaces|agents|tasks|documents|workflows|workers|webhooks';

/** What an aggregate may import besides itself and `shared`. */
const MAY_USE = {
  workspaces: [],
  agents: ['workspaces'],
  tasks: ['agents', 'workspaces'],
  documents: ['agents', 'workspaces'],
  workflows: ['tasks', 'agents', 'workspaces'],
  workers: ['tasks', 'agents', 'workspaces'],
  webhooks: ['workspaces'],
};

const arrows = Object.entries(MAY_USE).map(([aggregate, others]) => ({
  name: `${aggregate}-arrow`,
  comment: `${aggregate} may import ${['itself', ...others, 'shared'].join(', ')}. Against the arrow, speak through the event log.`,
  severity: 'error',
  from: { path: `^src/${aggregate}/` },
  to: {
    path: '^(src|migrations|test|bench|examples)/',
    pathNot: `^src/(${[aggregate, ...others, 'shared'].join('|')})/`,
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or miss a third. A type that points back loads nothing.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...arrows,
    {
      name: 'aggregates-by-index',
      comment: 'Another aggregate is entered through its index.ts only.',
      severity: 'error',
      from: { path: '^(src|bench)/([^/]+)' },
      to: { path: `^src/(${AGGREGATES})/`, pathNot: ['^$1/$2/', `^src/(${AGGREGATES})/index\\.ts$`] },
    },
    {
      name: 'shared-knows-no-aggregate',
      comment: 'shared stands below everything; what it needs from above is handed to it by app.module.ts.',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^(src|migrations|test|bench)/', pathNot: '^src/shared/' },
    },
    {
      name: 'gateways-below-the-app',
      comment: 'Gateways translate for the aggregates; the application composes them.',
      severity: 'error',
      from: { path: '^src/gateways/' },
      to: { path: '^(src|migrations|test|bench)/', pathNot: `^src/(gateways|shared|${AGGREGATES})/` },
    },
    {
      name: 'nothing-imports-the-entry-points',
      comment: 'Only the command `muster start` runs main.ts.',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: '^src/main\\.ts$' },
    },
    { name: 'nothing-imports-the-command', severity: 'error', from: {}, to: { path: '^src/cli\\.ts$' } },
    {
      name: 'typeorm-in-its-places',
      comment: 'typeorm appears in entities, repositories, modules, migrations and shared/database.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['\\.(entity|repository|module)\\.ts$', '^src/shared/database/'] },
      to: { path: '^node_modules/(typeorm|@nestjs/typeorm)/' },
    },
    {
      name: 'src-without-tests',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { path: '^(test|bench|scripts|examples)/' },
    },
    {
      name: 'client-on-its-own',
      comment: 'The client runs beside other programs: it knows of the server what docs/openapi.json says.',
      severity: 'error',
      from: { path: '^clients/' },
      to: { path: '^(src|migrations|test|bench|scripts|examples)/' },
    },
    {
      name: 'client-by-the-front-door',
      comment: 'The command and the tests import what every other program can.',
      severity: 'error',
      from: { path: '^(src|test|examples)/' },
      to: { path: '^clients/', pathNot: '^clients/typescript/src/index\\.ts$' },
    },
    {
      name: 'client-for-the-command',
      comment: 'The service does not call itself.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^clients/' },
    },
    {
      name: 'examples-by-the-front-door',
      comment: 'An example imports what an application outside can import.',
      severity: 'error',
      from: { path: '^examples/([^/]+)/' },
      to: { path: '^(src|migrations|test|bench|examples)/', pathNot: ['^src/index\\.ts$', '^examples/$1/'] },
    },
    {
      name: 'no-development-dependency-in-src',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'A package must stand in package.json. bench has one of its own, for the peers it is measured beside.',
      severity: 'error',
      from: { pathNot: '^bench/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    { name: 'resolvable', severity: 'error', from: { pathNot: '^bench/' }, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types only count as well: an arrow is about knowing, not about loading.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
