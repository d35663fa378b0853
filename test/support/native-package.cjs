// Jest's transformer of what lies in node_modules: Node itself loads it.
module.exports = {
  process: (_source, path) => ({
    code: `module.exports = globalThis[Symbol.for('muster.native')](${JSON.stringify(path)});`,
  }),
};
