// Lets plain node run the project's TypeScript: `node -r ./test/support/run-ts.cjs file.ts`. For tests that need a
// process of its own, which Jest's transforms do not reach. Types are stripped, not checked.
// With COVERAGE_OF_CHILDREN set, the process writes what it has run of src/ into that directory when it ends.
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const coverage = process.env.COVERAGE_OF_CHILDREN;
const options = {
  swcrc: false,
  sourceMaps: coverage ? true : 'inline',
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2023',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
};

/** A process that loads the whole service would transform for two seconds each time it starts. */
const PROJECT = path.resolve(__dirname, '../..');
const cache = path.join(PROJECT, 'node_modules/.cache/muster/run-ts');
const version = JSON.stringify([options, require('@swc/core/package.json').version]);

function transform(filename) {
  const source = fs.readFileSync(filename, 'utf8');
  const name = createHash('sha256').update(version).update(`${filename}\0${source}`).digest('hex');
  const cached = path.join(cache, `${name}.js`);
  try {
    return fs.readFileSync(cached, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const { code, map } = require('@swc/core').transformSync(source, { ...options, filename });
  const text = coverage ? instrumented(code, map, filename) : code;
  fs.mkdirSync(cache, { recursive: true });
  writeWhole(cached, text);
  return text;
}

/** Renamed into its place, so that a process beside this one never reads half of it. */
function writeWhole(file, text) {
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, text);
  fs.renameSync(draft, file);
}

/** As Jest does it: what swc wrote is instrumented, and its source map leads back to the TypeScript. */
function instrumented(code, map, filename) {
  if (!filename.startsWith(path.join(PROJECT, 'src') + path.sep)) return code;
  const { createInstrumenter } = require('istanbul-lib-instrument');
  return createInstrumenter({ compact: false }).instrumentSync(code, filename, JSON.parse(map));
}

if (coverage) {
  process.on('exit', () => {
    if (!globalThis.__coverage__) return;
    fs.mkdirSync(coverage, { recursive: true });
    writeWhole(path.join(coverage, `${process.pid}-${Date.now()}.json`), JSON.stringify(globalThis.__coverage__));
  });
}

require.extensions['.ts'] = (module, filename) => module._compile(transform(filename), filename);

// Imports name the file that the compiler will have written: './x.js' for './x.ts'.
const resolve = Module._resolveFilename;
const client = path.resolve(__dirname, '../../clients/typescript/src/index.ts');
Module._resolveFilename = function (request, parent, ...rest) {
  if (request === '@muster/client') return client;
  if (/^\.{1,2}\/.*\.js$/.test(request) && parent?.filename?.endsWith('.ts')) {
    try {
      return resolve.call(this, request.replace(/\.js$/, '.ts'), parent, ...rest);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return resolve.call(this, request, parent, ...rest);
};

process.setSourceMapsEnabled(true);
