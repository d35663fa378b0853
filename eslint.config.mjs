import tseslint from 'typescript-eslint';

/** A rule of the house that is a shape in the syntax tree. */
const shape = (selector, message) => ({ selector, message });

const RELATIVE_IMPORT = shape(
  ':matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration)[source.value=/^\\.{1,2}\\u002F(?!.*\\.(c?js|json)$)/]',
  'A relative import names the file that will be there: end it in .js.',
);
const ENVIRONMENT = shape(
  'MemberExpression[object.name="process"][property.name="env"]',
  'src/config.ts is the only reader of the environment; take what you need from the configuration.',
);
const CONSTRUCTOR = shape(
  'MethodDefinition[kind="constructor"] > FunctionExpression[params.length>5]',
  'A constructor over five parameters misses a noun.',
);

export default tseslint.config(
  { ignores: ['**/dist/', 'coverage/', 'node_modules/', '.muster/', 'clients/typescript/src/generated.ts'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Asynchrony: a floating promise inside a transaction outlives it.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // An async method that answers at once keeps its errors in the promise.
      '@typescript-eslint/require-await': 'off',

      // Types
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      // `rows.map(TaskView.of)` reads best; static factories do not use `this`.
      '@typescript-eslint/unbound-method': ['error', { ignoreStatic: true }],
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',

      // Shape of the code
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
      'no-restricted-syntax': ['error', RELATIVE_IMPORT, CONSTRUCTOR],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@nestjs/common', importNames: ['forwardRef'], message: 'Speak through the event log.' },
            { name: '@nestjs/core', importNames: ['ModuleRef'], message: 'Ask for what you need in the constructor.' },
          ],
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts', '**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', RELATIVE_IMPORT, CONSTRUCTOR, ENVIRONMENT] },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts', '**/*.spec.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', '**/*.spec.ts'],
    rules: {
      // `expect(spy.method)`
      '@typescript-eslint/unbound-method': 'off',
      // `nodes[0]?.stop()` among promises, as an index may miss.
      '@typescript-eslint/await-thenable': 'off',
      // `expect.any(String)` and the bodies of answers are of type any.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
