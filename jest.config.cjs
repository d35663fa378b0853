const { availableParallelism } = require('node:os');
const { dependencies, devDependencies } = require('./package.json');

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

// What our code and tests import. What these import Node finds, and Jest's own must stay as it is.
const packages = Object.keys({ ...dependencies, ...devDependencies }).filter(
  (name) => !/^(?:@muster|@swc|@?jest)/.test(name),
);

const project = (displayName, testMatch, more = {}) => ({
  displayName,
  testMatch,
  testEnvironment: '<rootDir>/test/support/environment.cjs',
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/clients/typescript/dist'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@muster/client$': '<rootDir>/clients/typescript/src/index.ts',
  },
  transform: {
    [`/node_modules/(?:${packages.join('|')})/.+\\.[cm]?js$`]: '<rootDir>/test/support/native-package.cjs',
    '^.+\\.ts$': ['@swc/jest', typescript],
  },
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
