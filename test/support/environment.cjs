// Jest's environment, but in the process's own realm, where packages can be loaded once for all files of a worker by
// native-package.cjs. In Jest's own, a file that starts the service loads 3,500 modules of packages anew: 4 s each.
const vm = require('node:vm');
const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

/** What Jest takes for a context to compile in. */
const OWN_REALM = Object.freeze({});

const { compileFunction } = vm;
vm.compileFunction = (code, parameters, { parsingContext, ...options } = {}) =>
  compileFunction(code, parameters, parsingContext === OWN_REALM ? options : { ...options, parsingContext });

globalThis[Symbol.for('muster.native')] = require;

module.exports = class {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  fakeTimers = null;

  constructor({ projectConfig }) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    Error.stackTraceLimit = 100;
    // Jest adds up what each file has run.
    delete globalThis.__coverage__;
  }

  async setup() {}

  async teardown() {
    this.fakeTimersModern.dispose();
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return OWN_REALM;
  }
};
