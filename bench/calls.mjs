/** Calls the functions that the other process gave to `answerCalls`. */
export function caller(child) {
  const waiting = new Map();
  let calls = 0;
  child.on('message', ({ call, value, error }) => {
    const { resolve, reject } = waiting.get(call) ?? {};
    waiting.delete(call);
    if (error) reject?.(new Error(error));
    else resolve?.(value);
  });
  return (name, ...args) =>
    new Promise((resolve, reject) => {
      waiting.set(++calls, { resolve, reject });
      child.send({ call: calls, name, args });
    });
}

/** Lets the parent call `functions`. */
export function answerCalls(functions) {
  process.on('message', async ({ call, name, args }) => {
    try {
      process.send({ call, value: await functions[name](...args) });
    } catch (error) {
      process.send({ call, error: String(error?.stack ?? error) });
    }
  });
}

/** Milliseconds by the clock that all processes of the machine share. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;
