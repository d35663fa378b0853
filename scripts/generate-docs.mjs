// Writes what can be taken from the code: docs/openapi.json whole, the types of clients/typescript, the tests of
// docs/requirements.md, and in three pages what stands between `<!-- generated -->` and `<!-- /generated -->`. With --check nothing is written, and a
// stale file is an error. Needs dist: run `npm run docs`, which builds it.
import 'reflect-metadata';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { clientTypes } from './client-types.mjs';
import { withProofs } from './requirements.mjs';

const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');
const built = createRequire(join(root, 'dist', 'src', 'index.js'));
const GENERATED = /(<!-- generated -->\n)[^]*?(<!-- \/generated -->)/;

/** The document of the whole application, whose providers are not made: no database is needed. */
async function routes() {
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = built('./app.module.js');
  const { loadConfig } = built('./config.js');
  const { createFastifyAdapter, createOpenApiDocument } = built('./shared/http/index.js');
  const { version } = built('../package.json');

  const servers = { databaseUrl: 'postgres://localhost/none', directUrl: 'postgres://localhost/none' };
  const adapter = createFastifyAdapter({ bodyLimit: 1024, trustProxy: false });
  const app = await NestFactory.create(AppModule.forRoot(loadConfig({}), servers), adapter, {
    preview: true,
    abortOnError: false,
    logger: ['error'],
  });
  return createOpenApiDocument(app, { title: 'Muster', version });
}

function realtime(document) {
  const { describeMethods, rpcErrorTable } = built('./gateways/realtime/index.js');
  const errors = rpcErrorTable().map(({ what, status, number }) => [`${number}`, `\`${what}\``, `${status}`]);
  const methods = describeMethods(document).methods.map(methodRow);
  return [
    table(['Number', 'Kind, or code', 'Status'], errors),
    '### Methods\n\nOptional parameters have a question mark. `methods` answers all of this as an [OpenRPC](https://spec.open-rpc.org) document with the JSON Schemas of parameters and results.',
    table(['Method', 'Parameters', 'Route, or what it does'], methods),
  ].join('\n\n');
}

function methodRow({ name, summary, params, 'x-route': route }) {
  const named = params.filter((one) => one.name !== 'progressToken' && one.name !== 'idempotencyKey');
  const parameters = named.map((one) => `\`${one.name}\`${one.required ? '' : '?'}`).join(', ');
  return [`\`${name}\``, parameters, route ? `\`${route}\`` : summary];
}

function configuration() {
  const { describeSettings } = built('./config.js');
  const rows = describeSettings().map(({ name, type, default: fallback, description }) => [
    `\`${name}\``,
    type,
    fallback === null ? '' : `\`${fallback}\``,
    description,
  ]);
  return table(['Name', 'Type', 'Default', 'Meaning'], rows);
}

function eventTypes() {
  built('./app.module.js');
  return built('./shared/events/index.js').eventCatalogue();
}

const events = () => eventTypes().map(eventSection).join('\n');

function eventSection({ type, subjectType, description, data }) {
  const schema = data ? `\`\`\`json\n${JSON.stringify(data, null, 2)}\n\`\`\`` : 'No data.';
  return `### ${type}\n\n${description} Subject: ${subjectType}.\n\n${schema}\n`;
}

function table(head, rows) {
  const cell = (text) => text.replaceAll('|', '\\|');
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

const read = (file) => readFileSync(join(root, file), 'utf8');

/** The page with its generated part made anew. */
function page(file, body) {
  if (!GENERATED.test(read(file))) throw new Error(`${file} has no place for its generated part.`);
  return read(file).replace(
    GENERATED,
    (_, open, close) => `${open}\n<!-- prettier-ignore-start -->\n${body}\n<!-- prettier-ignore-end -->\n\n${close}`,
  );
}

const document = await routes();
const { REST_METHODS } = built('./gateways/realtime/ws/rest-methods.js');
const files = {
  'docs/openapi.json': `${JSON.stringify(document, null, 2)}\n`,
  'clients/typescript/src/generated.ts': await clientTypes(document, [...REST_METHODS.values()], eventTypes()),
  'docs/configuration.md': page('docs/configuration.md', configuration()),
  'docs/events.md': page('docs/events.md', events()),
  'docs/realtime.md': page('docs/realtime.md', realtime(document)),
  'docs/requirements.md': withProofs(read('docs/requirements.md')),
};
for (const [file, text] of Object.entries(files)) {
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (check) {
    console.error(`${file} is stale: run npm run docs and commit it.`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`${file} written`);
  }
}
