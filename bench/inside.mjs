// Runs one bench in the runtime that runs this: inside.mjs BENCH OPTIONS. Its result is JSON in the last line of the output.

const [name, options] = process.argv.slice(2);
const { run } = await import(`./${name}.mjs`);
const progress = (text) => console.error(text);
const result = await run({ ...JSON.parse(options), runtimes: [], progress });
console.log(JSON.stringify(result));
