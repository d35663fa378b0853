const { availableParallelism } = require('node:os');

// Nest 12, keyv and jose are published as ES modules only: swc rewrites everything to CommonJS once and Jest caches it.
const shared = { target: 'es2023', keepClassNames: true };
const typescript = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'commonjs' },
  jsc: {
    ...shared,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
};
const javascript = { swcrc: false, module: { type: 'commonjs' }, jsc: { ...shared, parser: { syntax: 'ecmascript' } } };

const project = (displayName, testMatch, more = {}) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/clients/typescript/dist'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@muster/client$': '<rootDir>/clients/typescript/src/index.ts',
  },
  transform: { '^.+\\.ts$': ['@swc/jest', typescript], '^.+\\.m?js$': ['@swc/jest', javascript] },
  transformIgnorePatterns: [],
  ...more,
});

module.exports = {
  // Only for what hangs: on a busy machine with a slow disk everything takes many times as long.
  testTimeout: 180_000,
  // Much of a test is waiting, so two share one core well.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  projects: [
    project('unit', ['<rootDir>/{src,clients/typescript/src}/**/*.spec.ts']),
    project('integration', ['<rootDir>/test/**/*.spec.ts'], {
      globalSetup: '<rootDir>/test/support/global-setup.cjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.cjs',
    }),
  ],
};
