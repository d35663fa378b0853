// A node in a process of its own that holds the consumer `copier`, to be killed in the middle of its work:
// `node -r ./run-ts.cjs consumer-process.ts <database url>`. It tells every event it handles, before the commit.
import { copyingNode } from './copier.js';

copyingNode(process.argv[2] ?? '', (event) => process.send?.({ seq: event.seq }))
  .then(() => process.send?.({ ready: true }))
  .catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
